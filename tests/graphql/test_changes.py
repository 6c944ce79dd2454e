"""What people change through the API: done once, told in words where it can't be, and only by who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.graphql.client import Api, Asked
from tests.graphql.world import NOW, TODAY, World

from accountpulse.core.store import tokens
from accountpulse.core.store.people_tables import account_note, score_override
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.trail import trail
from accountpulse.graphql.relay import global_id
from accountpulse.graphql.schema import build_schema
from graphql import GraphQLField, is_required_input_field

ERRORS = "userErrors { field code message }"
OVERRIDE = (
    "mutation($input: OverrideScoreInput!) { done: overrideScore(input: $input) {"
    " account { name revision override { score owner } } override { id score owner reason expiresAt } scored " + ERRORS + " } }"
)
NOTE = "mutation($input: AddNoteInput!) { done: addNote(input: $input) { note { id text author } " + ERRORS + " } }"
UNTIL = (NOW + timedelta(days=30)).isoformat()


@pytest.fixture
def writer(world: World, api: Api) -> Api:
    """A client whose token may write. The world chose its own numbers: PostgreSQL's are to begin behind them."""
    with world.store.write() as connection:
        if not world.store.is_sqlite:
            for table in ("connection", "source_account"):
                connection.execute(sa.text(f"select setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))
        token = tokens.create(connection, rows=EVERYTHING, name="the app", scopes=["read", "write"], now=NOW)
    api.headers = {"authorization": f"Bearer {token}"}
    return api


def rows(world: World, table: sa.Table) -> list[sa.Row[Any]]:
    with world.store.read() as connection:
        return list(connection.execute(sa.select(table)))


def done(api: Api, mutation: str, **input: Any) -> Any:
    return api.get(mutation, input=input)["done"]


def acme(**input: Any) -> dict[str, Any]:
    return {"account": {"name": "Acme"}, **input}


def test_an_override_is_published_and_told_with_the_account(world: World, writer: Api) -> None:
    id = world.account("Acme", score=60.0)
    writer.hub.scorable.add(id)
    made = done(writer, OVERRIDE, **acme(score=80, until=UNTIL, reason="signed", owner="Ann"))
    assert made["account"] == {"name": "Acme", "revision": 1, "override": {"score": 80.0, "owner": "Ann"}}
    assert (made["override"]["reason"], made["scored"], made["userErrors"]) == ("signed", True, [])
    end = (
        "mutation($input: EndOverrideInput!) { done: endOverride(input: $input) {"
        " account { override { score } } override { id } } }"
    )
    assert done(writer, end, **acme()) == {"account": {"override": None}, "override": {"id": made["override"]["id"]}}
    (first, second) = rows(world, trail)
    assert (first.actor, first.action, second.actor, second.action) == ("the app", "override.set", "the app", "override.end")


def test_everything_can_be_put_in_and_taken_back(world: World, writer: Api) -> None:
    world.account("Acme", score=60.0)
    target = "mutation($input: SetTargetInput!) { done: setTarget(input: $input) { target { score due owner state } } }"
    assert done(writer, target, **acme(score=75, by=TODAY.isoformat())) == {
        "target": {"score": 75.0, "due": TODAY.isoformat(), "owner": "the app", "state": "OPEN"}
    }
    end = "mutation($input: EndTargetInput!) { done: endTarget(input: $input) { target { state endedBy } } }"
    assert done(writer, end, **acme(by="Bob")) == {"target": {"state": "ENDED", "endedBy": "Bob"}}
    made = {
        "Note": done(writer, NOTE, **acme(text="hm"))["note"],
        "Pulse": done(
            writer,
            "mutation($input: AddPulseInput!) { done: addPulse(input: $input) { pulse { id value author reason } scored } }",
            **acme(value=35, reason="cold"),
        )["pulse"],
        "Outcome": done(
            writer,
            "mutation($input: AddOutcomeInput!) { done: addOutcome(input: $input) {"
            " outcome { id kind at amount { amount currency } } } }",
            **acme(kind="CONTRACTED", amount={"amount": 1205, "currency": "EUR"}),
        )["outcome"],
    }
    ids = {kind: each.pop("id") for kind, each in made.items()}
    assert made == {
        "Note": {"text": "hm", "author": "the app"},
        "Pulse": {"value": 35.0, "author": "the app", "reason": "cold"},
        "Outcome": {"kind": "CONTRACTED", "at": NOW.isoformat(), "amount": {"amount": 1205, "currency": "EUR"}},
    }
    for kind, id in ids.items():
        answer = f"{{ removedId account {{ name }} {ERRORS} }}"
        remove = f"mutation($input: RemoveInput!) {{ done: remove{kind}(input: $input) {answer} }}"
        assert done(writer, remove, id=id) == {"removedId": id, "account": {"name": "Acme"}, "userErrors": []}
        assert done(writer, remove, id=id)["userErrors"][0]["code"] == "NOT_FOUND"
    left = writer.get('{ account(by: {name: "Acme"}) { notes { text } pulses { value } outcomes { kind } } }')["account"]
    assert left == {"notes": [], "pulses": [], "outcomes": []}


@pytest.mark.parametrize(
    ("input", "field", "code", "message"),
    [
        (acme(score=180, until=UNTIL, reason="x"), ["input", "score"], "INVALID", "found 180; allowed are 0 to 100"),
        (acme(score=80, until=NOW.isoformat(), reason="x"), ["input", "until"], "INVALID", "is not in the future"),
        (acme(score=80, until=UNTIL, reason=" "), ["input", "reason"], "INVALID", "write a few words"),
        (acme(score=80, until=UNTIL, reason="x", idempotencyKey=""), ["input", "idempotencyKey"], "INVALID", "1 to 200"),
        (acme(score=80, until=UNTIL, reason="x", expectedRevision=7), ["input", "expectedRevision"], "CONFLICT", "look again"),
        (
            {"account": {"name": "Nobody"}, "score": 80, "until": UNTIL, "reason": "x"},
            ["input", "account"],
            "NOT_FOUND",
            "there is no such account",
        ),
        (
            {"account": {"id": "junk"}, "score": 80, "until": UNTIL, "reason": "x"},
            ["input", "account"],
            "INVALID",
            "is not an id",
        ),
    ],
)
def test_a_mistake_is_data_and_nothing_is_done(
    world: World, writer: Api, input: dict[str, Any], field: list[str], code: str, message: str
) -> None:
    world.account("Acme", score=60.0)
    answer = done(writer, OVERRIDE, **input)
    (error,) = answer["userErrors"]
    assert (error["field"], error["code"]) == (field, code)
    assert message in error["message"]
    assert (answer["account"], answer["override"], answer["scored"]) == (None, None, False)
    assert rows(world, score_override) == rows(world, trail) == []


def test_what_a_source_brought_is_not_removed_here(world: World, writer: Api) -> None:
    remove = "mutation($input: RemoveInput!) { done: removePulse(input: $input) { removedId " + ERRORS + " } }"
    for type_name, key, message in (("Pulse", "survey:7", "was brought by survey"), ("Note", "7", "the id of a Note")):
        answer = done(writer, remove, id=global_id(type_name, key))
        assert answer["removedId"] is None
        assert answer["userErrors"][0]["field"] == ["input", "id"]
        assert message in answer["userErrors"][0]["message"]


def test_a_request_sent_again_is_done_once(world: World, writer: Api) -> None:
    world.account("Acme", score=60.0)
    first = done(writer, NOTE, **acme(text="hm", idempotencyKey="k-1"))
    assert done(writer, NOTE, **acme(text="hm", idempotencyKey="k-1")) == first
    (error,) = done(writer, NOTE, **acme(text="oh", idempotencyKey="k-1"))["userErrors"]
    assert (error["field"], error["code"]) == (["input", "idempotencyKey"], "CONFLICT")
    assert len(rows(world, account_note)) == 1


def test_only_a_token_that_may_write_changes_anything(world: World, api: Api) -> None:
    world.account("Acme", score=60.0)
    for mutation, field in build_schema()._schema.mutation_type.fields.items():  # type: ignore[union-attr]
        asked = _bare(api, mutation, field)
        assert asked.codes == ["FORBIDDEN"], mutation
        assert "lacks the scope" in asked.body["errors"][0]["message"]
    anonymous = Api(api.hub, require_token=False)
    asked = anonymous.ask(NOTE, input=acme(text="hm"))
    assert asked.codes == ["FORBIDDEN"]
    assert "runs without tokens" in asked.body["errors"][0]["message"]
    assert rows(world, trail) == []


def _bare(api: Api, mutation: str, field: GraphQLField) -> Asked:
    """Ask for a mutation with an input of its type, filled in with what its fields need."""
    samples = {
        "AccountBy": {"name": "Acme"}, "Float": 50, "String": "x", "DateTime": UNTIL, "Date": TODAY.isoformat(),
        "OutcomeKind": "RENEWED", "ID": "x", "SourceKey": {"connection": "crm", "key": "x"},
    }  # fmt: skip
    kind = field.args["input"].type.of_type
    input = {name: samples[str(each.type).rstrip("!")] for name, each in kind.fields.items() if is_required_input_field(each)}
    return api.ask(f"mutation($input: {kind.name}!) {{ {mutation}(input: $input) {{ __typename }} }}", input=input)


def test_nothing_is_changed_by_get(world: World, writer: Api) -> None:
    world.account("Acme", score=60.0)
    query = 'mutation { addNote(input: {account: {name: "Acme"}, text: "hm"}) { note { id } } }'
    answer = writer.http.get("/graphql", params={"query": query}, headers=writer.headers)
    assert answer.status_code in (400, 405)
    assert rows(world, trail) == []
