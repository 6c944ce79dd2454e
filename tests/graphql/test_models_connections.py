"""Segments, models, metrics, connections, plugins, and `node`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.graphql.client import Api
from tests.graphql.world import NOW, TODAY, World

from accountpulse.core.store import tables
from accountpulse.graphql.relay import global_id


def test_segments_say_who_is_in_which_band(world: World, api: Api) -> None:
    world.account("a", score=10.0, mrr=100)
    world.account("b", score=20.0, mrr=None)
    world.account("c", score=90.0, mrr=5_000_000_000)
    query = "{ segments { name position rule since model { name } bands { band accounts mrr { amount currency } } } }"
    (segment,) = api.get(query)["segments"]
    assert segment["model"] == {"name": "standard"}
    assert segment["rule"]["default"] is True
    assert segment["bands"] == [
        {"band": "red", "accounts": 2, "mrr": {"amount": 100, "currency": "EUR"}},
        {"band": "green", "accounts": 1, "mrr": {"amount": 5_000_000_000, "currency": "EUR"}},
    ]


def test_segments_say_how_many_match_and_were_taken(world: World, api: Api) -> None:
    world.account("a", score=10.0)
    world.account("b", score=90.0)
    query = "{ segments { accounts alsoMatching } }"
    assert api.get(query)["segments"] == [{"accounts": 2, "alsoMatching": None}]
    kept = {"segment_id": 1, "accounts": 2}
    world.insert(
        tables.segment_daily,
        {"day": TODAY - timedelta(days=1), "basis": 0, "taken": 5, **kept},
        {"day": TODAY, "basis": 0, "taken": 7, **kept},
        {"day": TODAY, "basis": 2, "taken": 9, **kept},
    )
    assert api.get(query)["segments"] == [{"accounts": 2, "alsoMatching": 7}]


def test_models_and_metrics_are_told_whole(world: World, api: Api) -> None:
    query = """{
      models { name version goal scorer coverageFloor createdAt content bands { name start end } segments { name }
        groups { name weight metrics { weight typical missing normaliser metric { name title } } } }
      metrics { name title description unit group better money records }
    }"""
    found = api.get(query)
    (model,) = found["models"]
    assert model["segments"] == [{"name": "standard"}]
    assert [group["metrics"][0]["metric"]["title"] for group in model["groups"]] == ["Logins", "Tickets"]
    assert model["content"]["coverage_floor"] == model["coverageFloor"] == 0.4
    assert [(m["name"], m["better"], m["records"]) for m in found["metrics"]] == [
        ("logins_30d", "HIGHER", ["usage_day"]),
        ("tickets_30d", "LOWER", ["ticket"]),
    ]


CONNECTIONS = """
query($first: Int! = 5) {
  connections {
    name connector title state stateSince message identity identityDetails priority anchor provides pausedUntil removedAt
    freshAt
    streams { name state records position firstLoadedAt lastSuccessAt lastAttemptAt message }
    lastRuns(first: $first) {
      state startedAt finishedAt message
      streams { name state read opened closed unchanged quarantined retries message }
    }
  }
}
"""


def test_connections_say_how_they_stand(world: World, api: Api) -> None:
    stream = {"connection_id": 1, "records": ["account"], "state": "ok", "last_attempt_at": NOW}
    world.insert(
        tables.stream_state,
        {**stream, "stream": "accounts", "last_success_at": NOW},
        {**stream, "stream": "contacts", "last_success_at": NOW - timedelta(hours=1)},
    )
    for i in range(3):
        started = NOW + timedelta(minutes=i)
        world.insert(tables.run, {"id": i + 1, "connection_id": 1, "started_at": started, "state": "partial"})
    counts = {"read": 5, "opened": 3, "closed": 1, "unchanged": 2, "quarantined": 0, "retries": 1}
    world.insert(tables.run_stream, {"run_id": 3, "stream": "accounts", "state": "ok", **counts})
    message = {"connection_id": 2, "key": "m1", "received_at": NOW - timedelta(minutes=5)}
    world.insert(tables.inbox, message, {**message, "key": "m2", "received_at": NOW})
    crm, desk = api.get(CONNECTIONS, first=2)["connections"]
    assert (crm["title"], crm["identity"], crm["state"]) == ("Salesforce", "Our Org", "OK")
    assert crm["freshAt"] == "2026-11-21T11:00:00+00:00"
    assert [s["name"] for s in crm["streams"]] == ["accounts", "contacts"]
    assert [run["startedAt"][14:16] for run in crm["lastRuns"]] == ["02", "01"]
    assert crm["lastRuns"][0]["streams"] == [{"name": "accounts", "state": "ok", "message": None, **counts}]
    assert desk["title"] == "zendesk"
    assert desk["freshAt"] == "2026-11-21T12:00:00+00:00"
    assert desk["lastRuns"] == []
    assert set(api.ask(CONNECTIONS, first=51).codes) == {"BAD_INPUT"}


def test_a_connection_with_a_stream_that_was_never_read_is_not_fresh(world: World, api: Api) -> None:
    stream = {"connection_id": 1, "records": ["account"], "state": "new"}
    world.insert(
        tables.stream_state, {**stream, "stream": "accounts", "last_success_at": NOW}, {**stream, "stream": "contacts"}
    )
    assert api.get("{ connections { freshAt } }")["connections"][0]["freshAt"] is None


def test_plugins_and_the_viewer_are_told(api: Api) -> None:
    found = api.get("{ plugins { name version status reason hooks } viewer { name scopes } }")
    assert found["plugins"][0]["reason"] == "No module named 'acme'"
    assert found["viewer"] == {"name": "tests", "scopes": ["read"]}


NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


def test_everything_with_an_id_is_found_by_it(world: World, api: Api) -> None:
    world.account("Acme")
    query = "{ accounts { nodes { id } } segments { id } models { id } metrics { id } connections { id } }"
    found = api.get(query)
    ids = {
        "Account": found["accounts"]["nodes"][0]["id"],
        "Segment": found["segments"][0]["id"],
        "Model": found["models"][0]["id"],
        "Metric": found["metrics"][0]["id"],
        "SourceConnection": found["connections"][0]["id"],
    }
    for type_name, id in ids.items():
        assert api.get(NODE, id=id)["node"] == {"__typename": type_name, "id": id}


def test_an_id_that_is_none_or_of_another_type_says_so(world: World, api: Api, subtests: pytest.Subtests) -> None:
    world.account("Acme")
    for type_name in ("Account", "Segment", "Model", "SourceConnection", "UnlinkedAccount"):
        assert api.get(NODE, id=global_id(type_name, 4711))["node"] is None
    assert api.get(NODE, id=global_id("Metric", "no_such"))["node"] is None
    for id in (
        "",
        "Acme",
        "1",
        global_id("Account", "x"),
        global_id("Account", 2**40),
        global_id("Account", "-1"),
        "é",
        "\ud800",
    ):
        with subtests.test(id=ascii(id)):
            answer = api.ask(NODE, id=id)
            assert answer.codes == ["BAD_INPUT"]
            assert "is not an id of AccountPulse" in answer.body["errors"][0]["message"]
    assert "there is no type 'Run'" in api.ask(NODE, id=global_id("Run", 1)).body["errors"][0]["message"]
    answer = api.ask("query($id: ID!) { account(by: {id: $id}) { name } }", id=global_id("Model", 1))
    assert answer.codes == ["BAD_INPUT"]
    assert "is the id of a Model; an id of type Account" in answer.body["errors"][0]["message"]
