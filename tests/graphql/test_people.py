"""What people put in about accounts, as the API tells it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.graphql.client import Api
from tests.graphql.test_query_counts import counted
from tests.graphql.world import NOW, TODAY, World

from accountpulse.core.people import People
from accountpulse.core.trail import operator

ANN = operator("Ann")

ALL = """
override { score owner reason since expiresAt publishedScore rawScore }
targets { score due owner reason setAt state short missedSince endedAt endedBy }
notes { text author writtenAt }
pulses { value author reason at connection }
outcomes { kind at amount { amount currency } author connection }
"""
ONE = "query($name: String!) { account(by: {name: $name}) { " + ALL + " } }"


@pytest.fixture
def people(world: World, api: Api) -> People:
    """Writes as the commands do. The world chose its own numbers: PostgreSQL's are to begin behind them."""
    if not world.store.is_sqlite:
        with world.store.write() as connection:
            for table in ("connection", "source_account"):
                connection.execute(sa.text(f"select setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))
    return People(world.store, api.hub.clock, api.hub.zone)


def test_everything_people_put_in_is_told(world: World, api: Api, people: People) -> None:
    world.account("Acme", score=60.0, raw_score=43.0)
    people.override("Acme", 60, reason="signed", until=NOW + timedelta(days=3), asker=operator("Ann"))
    people.set_target("Acme", 50, due=TODAY, reason="soon", asker=operator("Bob"))
    people.set_target("Acme", 75, due=date(2026, 12, 31), asker=operator("Ann"))
    people.add_note("Acme", "their champion leaves", asker=operator("Cyd"))
    people.enter_pulse("Acme", 35, reason="cold", asker=operator("Ann"))
    people.enter_outcome("Acme", "contracted", at=NOW - timedelta(days=1), amount=Decimal(12), currency="JPY", asker=ANN)
    people.enter_outcome("Acme", "churned", currency="EUR", asker=ANN)
    now, later = "2026-11-21T12:00:00+00:00", "2026-11-24T12:00:00+00:00"
    missing = {"short": None, "missedSince": None}
    assert api.get(ONE, name="Acme")["account"] == {
        "override": {
            "score": 60.0,
            "owner": "Ann",
            "reason": "signed",
            "since": now,
            "expiresAt": later,
            "publishedScore": 60.0,
            "rawScore": 43.0,
        },
        "targets": [
            {"score": 75.0, "due": "2026-12-31", "owner": "Ann", "reason": None, "setAt": now, "state": "OPEN", "short": 15.0,
             "missedSince": None, "endedAt": None, "endedBy": None},
            {"score": 50.0, "due": "2026-11-21", "owner": "Bob", "reason": "soon", "setAt": now, "state": "ENDED", **missing,
             "endedAt": now, "endedBy": "Ann"},
        ],
        "notes": [{"text": "their champion leaves", "author": "Cyd", "writtenAt": now}],
        "pulses": [{"value": 35.0, "author": "Ann", "reason": "cold", "at": now, "connection": "people"}],
        "outcomes": [
            {"kind": "CHURNED", "author": "Ann", "at": now, "amount": None, "connection": "people"},
            {"kind": "CONTRACTED", "author": "Ann", "at": "2026-11-20T12:00:00+00:00",
             "amount": {"amount": 12, "currency": "JPY"}, "connection": "people"},
        ],
    }  # fmt: skip


def test_an_account_about_which_nobody_said_anything(world: World, api: Api) -> None:
    world.account("Quiet")
    found = api.get(ONE, name="Quiet")["account"]
    assert found == {"override": None, "targets": [], "notes": [], "pulses": [], "outcomes": []}


def test_time_alone_ends_an_override_and_makes_a_target_missed(world: World, api: Api, people: People) -> None:
    world.account("Acme", score=60.0)
    people.override("Acme", 60, reason="signed", until=NOW + timedelta(days=2), asker=operator("Ann"))
    people.set_target("Acme", 75, due=TODAY + timedelta(days=1), asker=operator("Ann"))
    query = '{ account(by: {name: "Acme"}) { override { score } targets { state missedSince } } }'
    api.hub.clock.advance(timedelta(days=2) - timedelta(seconds=1))
    assert api.get(query)["account"]["override"] == {"score": 60.0}
    api.hub.clock.advance(timedelta(seconds=1))
    assert api.get(query)["account"] == {"override": None, "targets": [{"state": "MISSED", "missedSince": "2026-11-23"}]}


def test_lists_are_cut_to_what_was_asked_for(world: World, api: Api, people: People) -> None:
    world.account("Acme")
    for i in range(4):
        api.hub.clock.advance(timedelta(seconds=1))
        people.add_note("Acme", f"note {i}", asker=operator("Ann"))
        people.enter_pulse("Acme", 10 + i, reason="x", asker=operator("Ann"))
    query = """{ account(by: {name: "Acme"}) {
      notes(first: 2) { text } more: notes(first: 3) { text } pulses(first: 1) { value } }
    }"""
    found = api.get(query)["account"]
    assert [[note["text"] for note in found[name]] for name in ("notes", "more")] == [
        ["note 3", "note 2"],
        ["note 3", "note 2", "note 1"],
    ]
    assert found["pulses"] == [{"value": 13.0}]


@pytest.mark.parametrize("field", ["targets", "notes", "pulses", "outcomes"])
@pytest.mark.parametrize("first", [0, 51])
def test_how_many_has_bounds(world: World, api: Api, field: str, first: int) -> None:
    world.account("Acme")
    asked = api.ask(f'{{ account(by: {{name: "Acme"}}) {{ {field}(first: {first}) {{ __typename }} }} }}')
    assert asked.codes == ["BAD_INPUT"]
    assert f"first is {first}; it must be between 1 and 50" in asked.body["errors"][0]["message"]


def test_the_number_of_statements_does_not_grow_with_the_page(world: World, api: Api, people: People) -> None:
    for i in range(12):
        world.account(f"Account {i:02}", score=50.0)
    for i in range(12):
        people.add_note(f"Account {i:02}", "a note", asker=operator("Ann"))
        people.enter_pulse(f"Account {i:02}", 50, reason="x", asker=operator("Ann"))
    for first in (3, 12):
        with counted(world.store) as statements:
            found = api.get("query($first: Int!) { accounts(first: $first) { nodes { " + ALL + " } } }", first=first)
        assert len(found["accounts"]["nodes"]) == first
        assert len(statements) == 1 + 5  # the page; one for each field


def test_peoples_connection_is_shown_as_theirs(world: World, api: Api, people: People) -> None:
    world.account("Acme")
    people.enter_pulse("Acme", 35, reason="cold", asker=operator("Ann"))
    found = api.get("{ connections { name state provides freshAt streams { name } } }")["connections"][-1]
    assert found == {
        "name": "people",
        "state": "OK",
        "provides": ["outcome", "pulse"],
        "freshAt": "2026-11-21T12:00:00+00:00",
        "streams": [],
    }
