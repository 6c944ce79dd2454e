"""Accounts: looked up, filtered, ordered, and what they tell of themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.graphql.client import Api
from tests.graphql.world import NOW, World

from accountpulse.core.store import tables

NAMES = """
query($filter: AccountFilter, $orderBy: [AccountOrder!]) {
  accounts(filter: $filter, orderBy: $orderBy) { nodes { name } totalCount }
}
"""


def names(api: Api, **variables: Any) -> list[str]:
    found = api.get(NAMES, **variables)["accounts"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["name"] for node in found["nodes"]]


@pytest.fixture
def portfolio(world: World) -> World:
    world.account("Alpha", score=30.0, owner="ann", plan="pro", mrr=10_000, region="EU", renewal_at=NOW + timedelta(days=10))
    world.account("Beta", score=55.5, owner="bob", plan="pro", mrr=5_000_000_000, coverage=0.9)
    world.account("Gamma", score=80.0, owner=None, plan="basic", mrr=None, lifecycle_stage="Onboarding", industry="50%_off")
    world.account("Delta", owner="ann", plan=None)
    return world


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"owner": {"eq": "ann"}}, ["Alpha", "Delta"]),
    ({"owner": {"in": ["ann", "bob"]}, "plan": {"eq": "pro"}}, ["Alpha", "Beta"]),
    ({"owner": {"in": []}}, []),
    ({"owner": {"null": True}}, ["Gamma"]),
    ({"owner": {"null": False}}, ["Alpha", "Beta", "Delta"]),
    ({"not": {"owner": {"eq": "ann"}}}, ["Beta", "Gamma"]),
    ({"name": {"contains": "ELT"}}, ["Delta"]),
    ({"industry": {"contains": "0%_"}}, ["Gamma"]),
    ({"industry": {"contains": "5%o"}}, []),
    ({"region": {"eq": "EU"}}, ["Alpha"]),
    ({"lifecycleStage": {"eq": "Onboarding"}}, ["Gamma"]),
    ({"segment": {"eq": "standard"}}, ["Alpha", "Beta", "Gamma"]),
    ({"band": {"in": ["red", "green"]}}, ["Alpha", "Gamma"]),
    ({"score": {"gte": 30, "lte": 55.5}}, ["Alpha", "Beta"]),
    ({"score": {"null": True}}, ["Delta"]),
    ({"coverage": {"gte": 0.6}}, ["Beta"]),
    ({"mrr": {"gte": 5_000_000_000}}, ["Beta"]),
    ({"renewalAt": {"lte": "2026-12-15T00:00:00Z"}}, ["Alpha"]),
    ({"or": [{"score": {"lte": 30}}, {"plan": {"eq": "basic"}}]}, ["Alpha", "Gamma"]),
    ({"or": []}, []),
    ({"and": [{"owner": {"eq": "ann"}}, {"not": {"plan": {"null": True}}}]}, ["Alpha"]),
    ({}, ["Alpha", "Beta", "Delta", "Gamma"]),
    ({"name": {"eq": "x' or 1=1 --"}}, []),
]


def test_a_filter_selects(portfolio: World, api: Api, subtests: pytest.Subtests) -> None:
    for filter, expected in FILTERS:
        with subtests.test(filter=filter):
            assert names(api, filter=filter) == expected


BAD_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"owner": {"eq": None}}, "filter.owner.eq is null"),
    ({"owner": None}, "filter.owner is null"),
    ({"not": {"not": {"not": {"not": {"not": {"owner": {"eq": "a"}}}}}}}, "nested more than 5 deep"),
    ({"owner": {"in": ["a"] * 201}}, "at most 200"),
    ({"or": [{"owner": {"eq": "a"}}] * 51}, "more than 50 tests"),
    ({"owner": {"eq": "a" * 501}}, "longer than 500"),
    ({"renewalAt": {"gte": "2026-12-15T00:00:00"}}, "has no time zone"),
]


def test_a_filter_that_cannot_be_used_says_why(api: Api, subtests: pytest.Subtests) -> None:
    for filter, message in BAD_FILTERS:
        with subtests.test(message=message):
            answer = api.ask(NAMES, filter=filter)
            assert answer.codes == ["BAD_INPUT"]
            assert message in answer.body["errors"][0]["message"]


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_text_that_no_database_keeps_is_the_callers_fault(api: Api, text: str) -> None:
    answer = api.ask(NAMES, filter={"owner": {"eq": text}})
    assert answer.codes == ["BAD_INPUT"] or answer.data["accounts"]["nodes"] == []


ORDERS: list[tuple[list[tuple[str, str]], list[str]]] = [
    ([("SCORE", "ASC")], ["Alpha", "Beta", "Gamma", "Delta"]),
    ([("SCORE", "DESC")], ["Gamma", "Beta", "Alpha", "Delta"]),
    ([("MRR", "DESC")], ["Beta", "Alpha", "Gamma", "Delta"]),
    ([("COVERAGE", "ASC"), ("NAME", "DESC")], ["Gamma", "Alpha", "Beta", "Delta"]),
    ([("RENEWAL_AT", "ASC"), ("NAME", "ASC")], ["Alpha", "Beta", "Delta", "Gamma"]),
    ([("NAME", "DESC")], ["Gamma", "Delta", "Beta", "Alpha"]),
]


def test_accounts_are_ordered_with_missing_values_last(portfolio: World, api: Api, subtests: pytest.Subtests) -> None:
    for order, expected in ORDERS:
        with subtests.test(order=order):
            assert names(api, orderBy=[{"field": field, "direction": direction} for field, direction in order]) == expected


def test_too_many_orders_are_refused(api: Api) -> None:
    assert api.ask(NAMES, orderBy=[{"field": "NAME"}] * 5).codes == ["BAD_INPUT"]


def test_an_account_is_found_by_id_domain_name_and_source(world: World, api: Api) -> None:
    world.account("Acme", domain="Acme.example")
    world.account("Twin")
    world.account("Twin")
    world.account("ÄRZTE Ärztehaus")
    query = "query($by: AccountBy!) { account(by: $by) { id name } }"
    acme = api.get(query, by={"name": "acme"})["account"]
    assert acme["name"] == "Acme"
    for by in ({"id": acme["id"]}, {"domain": "acme.EXAMPLE"}, {"source": {"connection": "crm", "key": "001-1"}}):
        assert api.get(query, by=by)["account"] == acme
    assert api.get(query, by={"name": "ÄRZTE Ärztehaus"})["account"]["name"] == "ÄRZTE Ärztehaus"
    assert api.get(query, by={"name": "nobody"})["account"] is None
    assert api.get(query, by={"source": {"connection": "crm", "key": "nothing"}})["account"] is None
    assert "several accounts have the name 'Twin'" in api.ask(query, by={"name": "Twin"}).body["errors"][0]["message"]
    assert api.ask(query, by={"name": "acme", "domain": "x"}).codes == ["GRAPHQL_VALIDATION_FAILED"]


ACCOUNT_PAGE = """
query($by: AccountBy!) {
  account(by: $by) {
    name domain owner plan industry region employees lifecycleStage customerSince renewalAt churnedAt custom
    mrr { amount currency }
    origins { field connection }
    parent { name }
    links { key connectionName method evidence since connection { name title } }
    score {
      value reference band bandSince rawScore rawBand steadiness coverage bounds { low high }
      trend28d trend90d segment day scoredAt
      model { name version model { goal bands { name start end } } }
      matchedSegments { segment why }
      components {
        metric { name title unit group better }
        group state value typicalValue component typicalComponent weight contribution reason sources freshAt
      }
      adjustments { code label points }
    }
  }
}
"""


def test_an_account_tells_everything_about_itself(world: World, api: Api) -> None:
    parent = world.account("Holding")
    id = world.account("Acme", score=50.0, mrr=5_000_000_000, parent_account_id=parent, custom={"tier": "gold"}, employees=12)
    world.insert(tables.source_account, {"id": 99, "connection_id": 2, "key": "z1", "first_known_at": NOW})
    link = {
        "source_account_id": 99,
        "account_id": id,
        "method": "domain",
        "evidence": "both use acme.example",
        "known_from": NOW,
    }
    world.insert(tables.link, link)
    account = api.get(ACCOUNT_PAGE, by={"name": "Acme"})["account"]
    assert account["mrr"] == {"amount": 5_000_000_000, "currency": "EUR"}
    assert account["parent"] == {"name": "Holding"}
    assert account["custom"] == {"tier": "gold"}
    assert [(x["key"], x["method"], x["since"]) for x in account["links"]] == [
        ("001-2", "ANCHOR", None),
        ("z1", "DOMAIN", "2026-11-21T12:00:00+00:00"),
    ]
    assert account["links"][0]["connection"] == {"name": "crm", "title": "Salesforce"}
    score = account["score"]
    assert score["band"] == "yellow"
    assert score["model"]["model"]["bands"][0] == {"name": "red", "start": 0.0, "end": 40.0}
    logins, ticket_part = score["components"]
    assert logins["metric"] == {"name": "logins_30d", "title": "Logins", "unit": "count", "group": "USAGE", "better": "HIGHER"}
    assert ticket_part["state"] == "NOT_CONNECTED"
    assert ticket_part["value"] is None
    total = score["reference"] + sum(c["contribution"] for c in score["components"])
    assert total + sum(a["points"] for a in score["adjustments"]) == pytest.approx(score["value"], abs=1e-9)


def test_a_score_says_what_is_raw_and_why_something_else_is_published(world: World, api: Api) -> None:
    waits = "a rise counts after 3 evaluations in a row at 75 or above, this is the 2nd"
    world.account("Acme", score=78.0, band="yellow", raw_band="green", steadiness=waits)
    score = api.get(ACCOUNT_PAGE, by={"name": "Acme"})["account"]["score"]
    shown = [score[name] for name in ("value", "band", "bandSince", "rawScore", "rawBand", "steadiness")]
    assert shown == [78.0, "yellow", "2026-11-18", 78.0, "green", waits]


def test_a_component_is_as_fresh_as_the_stalest_stream_it_rests_on(world: World, api: Api) -> None:
    world.account("Acme", score=50.0)
    old, new = NOW - timedelta(hours=5), NOW - timedelta(hours=1)
    for connection_id, at in ((1, new), (2, old)):
        stream = {
            "connection_id": connection_id,
            "stream": "use",
            "records": ["usage_day"],
            "state": "ok",
            "last_success_at": at,
        }
        world.insert(tables.stream_state, stream)
    query = '{ account(by: {name: "Acme"}) { score { components { freshAt } } } }'
    first = api.get(query)["account"]["score"]["components"]
    assert [part["freshAt"] for part in first] == [old.isoformat(), None]
    with world.store.write() as connection:
        connection.execute(
            sa.update(tables.stream_state).where(tables.stream_state.c.connection_id == 2).values(last_success_at=None)
        )
    assert api.get(query)["account"]["score"]["components"][0]["freshAt"] is None, "one that never succeeded is not fresh"


def test_a_component_that_nothing_explains_is_an_error_and_never_null(world: World, api: Api) -> None:
    world.account("Acme", score=50.0)
    query = "{ accounts { nodes { name score { components { metric { name } reason } } } } }"
    whole = api.get(query)
    with world.store.write() as connection:
        connection.execute(sa.update(tables.score_detail).values(told=None))
    for _ in range(3):  # plain, and compiled from the second time on
        broken = api.ask(query).body
        assert broken["data"] is None or broken["data"]["accounts"]["nodes"][0]["score"] is None
        assert broken["errors"][0]["path"][:5] == ["accounts", "nodes", 0, "score", "components"]
    assert all(part["reason"] for part in whole["accounts"]["nodes"][0]["score"]["components"])


def test_an_account_not_yet_scored_has_no_score(world: World, api: Api) -> None:
    world.account("New")
    assert api.get("{ accounts { nodes { score { value } mrr { amount } } } }")["accounts"]["nodes"] == [
        {"score": None, "mrr": None}
    ]


UNLINKED = """
query($c: String) {
  unlinked(connection: $c) {
    totalCount
    nodes {
      id key name domains connectionName reason firstKnownAt
      candidates { name method evidence account { name } }
    }
  }
}
"""


def test_unlinked_source_accounts_come_with_reason_and_candidates(world: World, api: Api) -> None:
    acme = world.account("Acme")
    world.unlinked("z7", acme, name="ACME Inc")
    world.unlinked("z8")
    query = UNLINKED
    found = api.get(query)["unlinked"]
    assert found["totalCount"] == 2
    first, second = found["nodes"]
    assert (first["key"], first["name"], first["connectionName"]) == ("z7", "ACME Inc", "desk")
    assert first["candidates"] == [
        {"name": "Some name", "method": "NAME", "evidence": "both are called the same", "account": {"name": "Acme"}}
    ]
    assert (second["name"], second["candidates"]) == (None, [])
    assert api.get(query, c="crm")["unlinked"]["totalCount"] == 0
    node = api.get("query($id: ID!) { node(id: $id) { id ... on UnlinkedAccount { key } } }", id=first["id"])["node"]
    assert node == {"id": first["id"], "key": "z7"}
