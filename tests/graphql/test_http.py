"""GraphQL over HTTP: who gets in, what is refused before it is read, and how answers are labelled."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.graphql import hostile
from tests.graphql.client import Api, Http
from tests.graphql.world import NOW, SmallHub

from accountpulse.core.store import tokens
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.graphql.app import create_app
from accountpulse.graphql.bodies import MAX_BODY
from accountpulse.graphql.relay import Cursors, global_id

QUERY = {"query": "{ viewer { name } }"}
SPEC = "application/graphql-response+json"


def test_without_a_good_token_nobody_gets_in(local_api: Api, subtests: pytest.Subtests) -> None:
    with local_api.hub.store.write() as connection:
        ended = tokens.create(
            connection, rows=EVERYTHING, name="old", scopes=["read"], now=NOW - timedelta(days=9), expires_at=NOW
        )
    cases: list[dict[str, str]] = [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer ap_wrong"},
        {"authorization": f"Basic {local_api.token}"},
        {"authorization": f"Bearer {local_api.token}x"},
        {"authorization": f"Bearer {ended}"},
    ]
    for headers in cases:
        with subtests.test(headers=str(headers)[:40]):
            answer = local_api.http.post("/graphql", json=QUERY, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith('Bearer realm="accountpulse"')
            (error,) = answer.json()["errors"]
            assert error["extensions"] == {"code": "UNAUTHENTICATED", "requestId": answer.headers["x-request-id"]}
            assert "accountpulse token create" in error["message"]
    introspection = local_api.http.post("/graphql", json={"query": "{ __schema { types { name } } }"})
    assert introspection.status_code == 401
    assert local_api.get("{ __schema { queryType { name } } }") == {"__schema": {"queryType": {"name": "Query"}}}


def test_a_token_without_the_scope_may_not_read(local_api: Api) -> None:
    with local_api.hub.store.write() as connection:
        token = tokens.create(connection, rows=EVERYTHING, name="writer", scopes=["write"], now=NOW)
    answer = local_api.http.post("/graphql", json=QUERY, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_without_tokens_everybody_may_read_but_no_foreign_page(local_api: Api) -> None:
    http = Http(create_app(local_api.hub, require_token=False))
    assert http.post("/graphql", json=QUERY).json()["data"] == {"viewer": {"name": "anonymous"}}
    assert http.get("/graphql", params=QUERY).status_code == 400
    assert http.get("/graphql", params=QUERY, headers={"x-accountpulse-client": "test"}).status_code == 200
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = http.post("/graphql", content=json.dumps(QUERY), headers={"content-type": content_type})
        assert answer.status_code == 415


def test_a_query_by_get_works_with_a_token(local_api: Api) -> None:
    params = {"query": "query Q($id: ID!) { node(id: $id) { id } }", "variables": '{"id": "x"}', "operationName": "Q"}
    answer = local_api.http.get("/graphql", params=params, headers=local_api.headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert (
        local_api.http.get("/graphql", params={"query": "mutation { __typename }"}, headers=local_api.headers).status_code
        == 405
    )
    bad = local_api.http.get("/graphql", params={**QUERY, "variables": "5"}, headers=local_api.headers)
    assert bad.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(local_api: Api, method: str) -> None:
    answer = local_api.http.request(method, "/graphql", headers=local_api.headers)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def _post(api: Api, content: bytes, **headers: str) -> httpx.Response:
    return api.http.post("/graphql", content=content, headers={**api.headers, "content-type": "application/json", **headers})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5",
        b"null",
        b'"{ viewer { name } }"',
        b"[]",
        b'[{"query": "{ viewer { name } }"}]',
        b"{",
        b'{"query": "\xff"}',
        b"{}",
        b'{"query": 5}',
        b'{"query": "{ viewer { name } }", "variables": []}',
        b'{"query": "{ viewer { name } }", "operationName": 5}',
        b'{"query": "{ viewer { name } }", "operationName": "Other"}',
        b'{"query": "{ viewer { name } }", "extensions": 5}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_request_is_refused(local_api: Api, body: bytes) -> None:
    answer = _post(local_api, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


def test_a_large_body_is_refused_before_it_is_read(local_api: Api) -> None:
    assert _post(local_api, b" " * 1_000_001).status_code == 413
    assert _post(local_api, b"{}", **{"content-length": "1000001"}).status_code == 413
    assert _post(local_api, b" " * 900_000 + json.dumps(QUERY).encode()).status_code == 200


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        (SPEC, SPEC),
        (f"{SPEC}, application/json", SPEC),
        (f"{SPEC};q=0.5, application/json", "application/json"),
        (f"application/json;q=0.9, {SPEC}", SPEC),
        (f"{SPEC};q=0", "application/json"),
        (f"{SPEC};q=much", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ],
)
def test_the_answer_is_labelled_as_the_client_prefers(local_api: Api, accept: str, media_type: str) -> None:
    good = _post(local_api, json.dumps(QUERY).encode(), accept=accept)
    assert good.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert good.status_code == 200
    for document in ("{", "{ nothing }", "query($id: ID!) { node(id: $id) { id } }"):
        refused = _post(local_api, json.dumps({"query": document}).encode(), accept=accept)
        assert refused.status_code == (400 if media_type == SPEC else 200)
        assert "data" not in refused.json()
    # Whether a day has come is known when it is asked for.
    began = _post(local_api, b'{"query": "{ portfolio(asOf: \\"2999-01-01\\") { day } }"}', accept=accept)
    assert began.status_code == 200
    assert began.json()["data"] is None


@pytest.mark.parametrize(
    ("query", "variables", "told"),
    [
        ("query($id: ID!) { node(id: $id) { id } }", {}, "Variable '$id' has invalid value"),
        ("query($n: Int) { accounts(first: $n) { totalCount } }", {"n": "x"}, "Variable '$n' has invalid value"),
        ("query($s: [String!]) { modelPreview(models: $s) { problems { place } } }", {"s": [5]}, "Variable '$s' has invalid"),
    ],
)
def test_a_variable_of_a_wrong_type_is_named(local_api: Api, query: str, variables: dict[str, Any], told: str) -> None:
    answer = _post(local_api, json.dumps({"query": query, "variables": variables}).encode(), accept=SPEC)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert told in error["message"]


def test_a_fault_of_ours_is_masked_and_logged(local_api: Api, caplog: pytest.LogCaptureFixture) -> None:
    hub = SmallHub(local_api.hub.store, metrics=None)  # type: ignore[arg-type]  # breaks a resolver
    broken = Api(hub)
    with caplog.at_level(logging.ERROR):
        answer = broken.ask("query($id: ID!) { node(id: $id) { id } viewer { name } }", id=global_id("Metric", "logins_30d"))
    (error,) = answer.body["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"] in error["message"]
    assert "NoneType" not in json.dumps(answer.body)
    assert answer.body["data"]["viewer"] == {"name": "tests"}
    assert error["extensions"]["requestId"] in caplog.text
    assert "NoneType" in caplog.text


def test_a_store_that_does_not_answer_is_unavailable(local_api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with local_api.hub.store.write() as connection:
        connection.exec_driver_sql("alter table account_profile rename to gone")
    with caplog.at_level(logging.ERROR):
        answer = local_api.ask("{ accounts { nodes { name } } }")
    assert answer.codes == ["UNAVAILABLE"]
    assert "account_profile" not in json.dumps(answer.body)


REFUSALS = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_INPUT", "BAD_REQUEST", "TOO_LARGE")


def test_hostile_requests_are_refused(local_api: Api, subtests: pytest.Subtests) -> None:
    for what, content in hostile.requests().items():
        with subtests.test(what=what):
            answer = _post(local_api, content, accept=SPEC)
            assert answer.status_code == (413 if len(content) > MAX_BODY else 400)
            error = answer.json()["errors"][0]
            assert error["extensions"]["code"] in REFUSALS
            assert "path" not in error  # of no field: none was executed


_ACCOUNT = "{ accounts(first: 1) { nodes { %s } } }"
_METRICS = "{ accounts(first: 1) { nodes { score { components { %s } } } } }"
_SOON = 'from: "2026-11-20", to: "2026-11-19"'
WRONG: list[tuple[str, str]] = [
    ("{ accounts(first: 101) { totalCount } }", "first is 101; it must be between 1 and 100"),
    ("{ accounts(last: 0) { totalCount } }", "last is 0"),
    ("{ accounts(first: -1) { totalCount } }", "first is -1"),
    ("{ accounts(first: 1, last: 1) { totalCount } }", "first or last"),
    ('{ accounts(after: "nonsense") { totalCount } }', "'nonsense' is not a cursor"),
    ('{ accounts(before: "WzFd") { totalCount } }', "'WzFd' is"),
    (f'{{ accounts(after: "{Cursors("score", [float, int]).encode([5.0, 1])}") {{ totalCount }} }}', "another order"),
    ("{ accounts(orderBy: [" + "{field: NAME} " * 5 + "]) { totalCount } }", "orderBy lists 5 things"),
    ("{ accounts(filter: " + "{not: " * 5 + "{}" + "}" * 5 + ") { totalCount } }", "nested more than 5 deep"),
    ("{ accounts(filter: {name: {in: [" + '"x" ' * 201 + "]}}) { totalCount } }", "lists 201 values"),
    ("{ accounts(filter: {name: {eq: null}}) { totalCount } }", "filter.name.eq is null"),
    ("{ ...all } fragment all on Query { accounts(first: 101) { totalCount } }", "first is 101"),
    ('{ account(by: {id: "x"}) { name } }', "'x' is not an id"),
    ('{ account(by: {name: ""}) { name } }', "empty text"),
    ('{ node(id: "x") { id } }', "'x' is not an id"),
    (f'{{ node(id: "{global_id("Token", 1)}") {{ id }} }}', "there is no type 'Token'"),
    (f'{{ node(id: "{global_id("Account", 2**31)}") {{ id }} }}', "is not an id"),
    ('{ nodes(ids: ["x"]) { id } }', "'x' is not an id"),
    ("{ nodes(ids: [" + '"x" ' * 101 + "]) { id } }", "101 ids were sent"),
    ('{ unlinked(after: "x") { totalCount } }', "'x' is not a cursor"),
    ('{ auditTrail(after: "x") { totalCount } }', "'x' is not a cursor"),
    ("{ featureAdoption(days: 366) { accounts } }", "days is 366"),
    ("{ portfolio(groupBy: [BAND, BAND]) { accounts } }", "groupBy lists 2 things"),
    ("{ portfolio { movement { movers(first: 101) { change } } } }", "first is 101"),
    ("{ modelPreview(first: 101) { problems { place } } }", "first is 101"),
    (f'{{ explainChange(by: {{name: "Acme"}}, {_SOON}) {{ points }} }}', "after to"),
    ('{ toReachBand(by: {id: "x"}) { __typename } }', "'x' is not an id"),
    ("{ connections { quarantine(first: 101) { totalCount } lastRuns { state } } }", "first is 101"),
    ("{ connections { lastRuns(first: 51) { state } } }", "first is 51"),
    (_ACCOUNT % f"history({_SOON}) {{ hasMore }}", "after to"),
    (_ACCOUNT % 'history(from: "2026-11-20", first: 501) { hasMore }', "first is 501"),
    (_ACCOUNT % f"historyBuckets({_SOON}) {{ open }}", "after to"),
    (_ACCOUNT % 'historyBuckets(every: DAY, from: "2020-01-01", to: "2026-01-01") { open }', "at most 500"),
    (_ACCOUNT % "features(first: 0) { uses }", "first is 0"),
    (_ACCOUNT % "notes(first: 101) { text }", "first is 101"),
    (_ACCOUNT % 'tickets(after: "x") { totalCount }', "'x' is not a cursor"),
    (_METRICS % 'records(after: "x") { totalCount }', "'x' is not a cursor"),
]


def test_arguments_that_cannot_be_used_are_refused_before_anything_is_read(local_api: Api, subtests: pytest.Subtests) -> None:
    with local_api.hub.store.write() as connection:
        # Whatever is executed comes to grief, with another code.
        for table in ("account_profile", "connection", "score_current", "score_history", "trail"):
            connection.exec_driver_sql(f"alter table {table} rename to gone_{table}")
    for query, told in WRONG:
        with subtests.test(query=query[:60]):
            answer = _post(local_api, json.dumps({"query": query}).encode(), accept=SPEC)
            assert answer.status_code == 400, answer.text
            error = answer.json()["errors"][0]
            assert error["extensions"]["code"] == "BAD_INPUT"
            assert "path" not in error
            assert told in error["message"]
            assert error["locations"]
    paged = "query($first: Int, $after: String) { accounts(first: $first, after: $after) { totalCount } }"
    for variables in ({"first": 101}, {"after": "x"}, {"first": 3, "after": ""}):
        with subtests.test(variables=str(variables)):
            answer = _post(local_api, json.dumps({"query": paged, "variables": variables}).encode(), accept=SPEC)
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_misspelt_fields_are_not_guessed_at(local_api: Api) -> None:
    assert "Did you mean" not in json.dumps(local_api.ask("{ viewr { name } }").body)


def test_health(local_api: Api) -> None:
    assert local_api.http.get("/health/live").json() == {"status": "alive"}
    assert local_api.http.get("/health/ready").json() == {"status": "ready"}
