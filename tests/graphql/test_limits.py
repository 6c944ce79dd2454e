"""What may be asked: the cost of queries, how much a token may ask for, trusted documents, other origins, and for how long."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.graphql.client import Api, Http
from tests.graphql.execution.documents import Queries
from tests.graphql.world import TODAY, World

from accountpulse.graphql.limits.allowance import Allowances
from accountpulse.graphql.limits.cost import MOST, Costs
from accountpulse.graphql.schema import build_schema
from accountpulse.graphql.settings import ApiSettings, digest_of

SPEC = "application/graphql-response+json"
SCHEMA = build_schema()


def cost(query: str, **variables: Any) -> int:
    prepared = SCHEMA.documents.prepare(query)
    assert not prepared.errors, prepared.errors
    operation = prepared.operation(None)
    assert operation is not None
    return Costs(SCHEMA._schema).of(prepared, operation, variables)


@pytest.mark.parametrize(
    ("query", "variables", "points"),
    [
        ("{ viewer { name } }", {}, 1),
        ("{ accounts { nodes { name } } }", {}, 101),
        ("{ accounts(first: 3) { nodes { name } edges { cursor node { name } } } }", {}, 1 + 3 + 6),
        ("{ accounts(first: 3) { totalCount } }", {}, 101),
        ("query($n: Int) { accounts(first: $n) { nodes { name } } }", {"n": 7}, 8),
        ("query($n: Int) { accounts(first: $n) { nodes { name } } }", {}, 101),
        ("query($n: Int = 4) { accounts(last: $n) { nodes { name } } }", {}, 5),
        ("{ accounts(first: 2) { nodes { score { components { metric { name } } } } } }", {}, 1 + 2 * (1 + 1 + 30 * 2)),
        (
            "{ accounts(first: 2) { nodes { ...f } } } fragment f on Account { parent { ...g } } fragment g on Node { id }",
            {},
            5,
        ),
        ("{ a: accounts(first: 1) { nodes { name } } b: accounts(first: 1) { nodes { name } } }", {}, 4),
        ("{ accounts(first: 2000000000) { nodes { name } } }", {}, 2_000_000_001),
        (
            'query($n: Int) { accounts(first: $n) { nodes { history(from: "2026-01-01") { points { day } } } } }',
            {"n": 10**15},
            MOST,
        ),
    ],
)
def test_a_query_costs_what_it_can_return(query: str, variables: dict[str, Any], points: int) -> None:
    assert cost(query, **variables) == points
    assert cost(query, **variables) == points  # as it was kept


def objects(data: Any) -> int:
    if isinstance(data, dict):
        return 1 + sum(map(objects, data.values()))
    return sum(map(objects, data)) if isinstance(data, list) else 0


VALUES = {
    "first": ["1", "3", "null"],
    "last": ["null"],
    "after": ["null"],
    "before": ["null"],
    "from": ['"2026-11-01"'],
    "to": ["null"],
}


def test_no_answer_holds_more_objects_than_its_query_cost(local_api: Api) -> None:
    world = World.__new__(World)
    world.store, world._accounts = local_api.hub.store, 0
    for i in range(4):
        id = world.account(f"Account {i}", score=20.0 * i, parent_account_id=i or None)
        world.history(id, TODAY, 50.0)
        world.unlinked(f"z{i}", id)
    queries = Queries(SCHEMA._schema, 7, VALUES, most_fields=40)
    api = Api(local_api.hub, settings=ApiSettings(max_cost=MOST, bucket=MOST))
    largest = 0
    for _ in range(40):
        query = queries.make()
        answer = api.ask(query.text, **query.variables)
        if "extensions" not in answer.body:
            continue  # too deep, or too many aliases
        found = objects(answer.body.get("data") or {}) - 1  # the answer itself is none that was asked for
        assert found <= answer.body["extensions"]["cost"]["requestedQueryCost"], query.text
        largest = max(largest, found)
    assert largest >= 10


def test_a_query_that_costs_too_much_never_begins(local_api: Api) -> None:
    api = Api(local_api.hub, settings=ApiSettings(max_cost=50))
    for query in ("{ accounts { nodes { name } } }", "{ accounts(first: 51) { nodes { name } } }"):
        answer = api.http.post("/graphql", json={"query": query}, headers={**api.headers, "accept": SPEC})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_COSTLY"
        assert answer.json()["extensions"]["cost"]["maximumQueryCost"] == 50
    assert "data" in api.ask("{ accounts(first: 20) { nodes { name } } }").body


def test_an_allowance_leaks() -> None:
    now = [0.0]
    allowance = Allowances(100, 100, 10, lambda: now[0]).of(None)
    assert allowance.take(70) is None
    assert (allowance.remaining, allowance.full_in) == (30, 7.0)
    assert allowance.take(60) == 3
    assert allowance.remaining == 30  # nothing was spent
    now[0] = 3.0
    assert allowance.take(60) is None
    now[0] = 1_000.0
    assert allowance.remaining == 100
    assert allowance.take(1_000) is None  # more than can be saved takes everything


def test_a_token_that_asked_for_too_much_has_to_wait(local_api: Api) -> None:
    api = Api(local_api.hub, settings=ApiSettings(bucket=250, refill=1))
    query = {"query": "{ accounts { nodes { name } } rateLimit { limit remaining restoreRate fullAt } }"}
    first = api.http.post("/graphql", json=query, headers=api.headers)
    left = first.json()["data"]["rateLimit"]
    assert (left["limit"], left["restoreRate"]) == (250, 1)
    assert 148 <= left["remaining"] <= int(first.headers["ratelimit-remaining"]) < 250
    assert api.http.post("/graphql", json=query, headers=api.headers).status_code == 200
    refused = api.http.post("/graphql", json=query, headers=api.headers)
    assert refused.status_code == 429
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    # Another token has an allowance of its own, and small questions may still be asked.
    other = Api(local_api.hub, settings=ApiSettings(bucket=250, refill=1))
    assert api.ask("{ viewer { name } }").status == 200
    assert other.http.post("/graphql", json=query, headers=other.headers).status_code == 200


LISTED = "{ viewer { name } }"
ID = f"sha256:{digest_of(LISTED)}"


@pytest.mark.parametrize(
    ("mode", "request_", "status", "code"),
    [
        ("off", {"query": LISTED}, 200, None),
        ("off", {"documentId": ID}, 400, "BAD_REQUEST"),
        ("allow", {"documentId": ID}, 200, None),
        ("allow", {"query": "{ plugins { name } }"}, 200, None),
        ("allow", {"documentId": "sha256:0"}, 400, "UNKNOWN_DOCUMENT"),
        ("allow", {"documentId": digest_of(LISTED)}, 400, "UNKNOWN_DOCUMENT"),
        ("allow", {"documentId": ID, "query": LISTED}, 400, "BAD_REQUEST"),
        ("allow", {"documentId": 5}, 400, "BAD_REQUEST"),
        ("enforce", {"documentId": ID}, 200, None),
        ("enforce", {"query": LISTED}, 200, None),
        ("enforce", {"query": "{ plugins { name } }"}, 403, "UNTRUSTED_DOCUMENT"),
        ("enforce", {"query": "{ __schema { types { name } } }"}, 403, "UNTRUSTED_DOCUMENT"),
        ("enforce", {}, 400, "BAD_REQUEST"),
    ],
)
def test_trusted_documents(local_api: Api, mode: Any, request_: dict[str, Any], status: int, code: str | None) -> None:
    api = Api(local_api.hub, settings=ApiSettings(trusted=mode, documents={digest_of(LISTED): LISTED}))
    answers = [api.http.post("/graphql", json=request_, headers=api.headers)]
    if all(isinstance(value, str) for value in request_.values()):
        answers.append(api.http.get("/graphql", params=request_, headers=api.headers))
    for answer in answers:
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["code"] == code if code else answer.json()["data"]


def preflight(http: Http, origin: str) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    return http.request("OPTIONS", "/graphql", headers=asked)


def test_other_origins_may_ask_where_the_operator_says_so(local_api: Api) -> None:
    assert "access-control-allow-origin" not in preflight(local_api.http, "https://app.example").headers
    api = Api(local_api.hub, settings=ApiSettings(cors_origins=("https://app.example",)))
    allowed = preflight(api.http, "https://app.example")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in allowed.headers
    assert preflight(api.http, "https://evil.example").status_code == 400
    answer = api.http.post("/graphql", json={"query": LISTED}, headers={**api.headers, "origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "ratelimit-remaining" in answer.headers["access-control-expose-headers"]


def test_every_response_tells_browsers_to_keep_away(local_api: Api) -> None:
    responses = [
        local_api.http.post("/graphql", json={"query": LISTED}, headers=local_api.headers),
        local_api.http.post("/graphql", json={"query": LISTED}),
        local_api.http.get("/graphql", headers={"accept": "text/html"}),
        local_api.http.get("/health/live"),
        local_api.http.get("/nowhere"),
    ]
    for response in responses:
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_query_that_takes_too_long_is_given_up(local_api: Api) -> None:
    api = Api(local_api.hub, settings=ApiSettings(timeout=0.0))
    answer = api.http.post("/graphql", json={"query": "{ accounts { nodes { name } } }"}, headers=api.headers)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
