"""Kept answers: given again only while nothing that they rest on has changed, and never to somebody else."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import strawberry
from tests.graphql.client import Api
from tests.graphql.shop import HOST, TODAY, open_shop
from tests.graphql.test_query_counts import counted
from tests.graphql.world import NOW, SmallHub, World

from accountpulse.core.clock import FixedClock
from accountpulse.core.scoring.retention import Retention
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.store import connections, tables, tokens
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.core.trail import operator
from accountpulse.graphql.answers.again import Way
from accountpulse.graphql.answers.cache import MOST_BYTES, AnswerCache, question
from accountpulse.graphql.answers.present import Present
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.schema import build_schema
from accountpulse.graphql.settings import ApiSettings
from accountpulse.hub import Hub

ALL_OF_IT = """{
  accounts { totalCount nodes {
    name plan links { key }
    score { value band segment components { state freshAt } }
    history(from: "2026-11-01") { points { score } }
    override { score } targets { score state } notes { text } pulses { value } outcomes { kind }
  } }
  connections { name state freshAt quarantine { totalCount } heldDeletes { known }
    streams { name state lastSuccessAt } lastRuns { state } }
  segments { name accounts }
  models { name version }
  unlinked { totalCount }
  portfolio { accounts groups { accounts } movement(since: "2026-11-20") { to } }
  releases { number }
  tokens { name revokedAt }
  auditTrail { totalCount }
}"""
ANN, ADMIN = operator("Ann"), operator("Ops")
MANY = "".join(f"y{i},Many {i},many{i}.example\n" for i in range(30))


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Iterator[Hub]:
    with open_shop(store, tmp_path) as hub:
        yield hub


DONE_BY = {
    "addNote": "note",
    "addOutcome": "outcome",
    "addPulse": "pulse",
    "cancelSync": "a sync that is to stop",
    "confirmDeletes": "deletes that somebody confirmed",
    "createToken": "a token",
    "endOverride": "another override, and its end",
    "endTarget": "the target's end",
    "linkRecord": "a person's link",
    "overrideScore": "override",
    "pauseConnection": "pause",
    "publishModels": "publish",
    "releaseRecord": "a person's word taken back",
    "removeNote": "the note's end",
    "removeOutcome": "the outcome's end",
    "removePulse": "the pulse's end",
    "resumeConnection": "resume",
    "retryQuarantine": "quarantine that is read again",
    "revokeToken": "the token's end",
    "rollBackModels": "roll back",
    "setTarget": "target",
    "startSync": "a sync that was asked for",
    "unlinkRecord": "a person's unlink",
}
"""The kind of write, below, that each mutation is."""


def keeping(hub: SmallHub) -> Api:
    """A client of an app that keeps answers, as it does by default."""
    return Api(hub, kept_bytes=MOST_BYTES)


def _files(folder: Path, *rows: str, columns: str = "id,name,plan,since") -> None:
    (folder / "accounts.csv").write_text("\n".join([columns, *rows]) + "\n")


def test_every_kind_of_write_that_can_change_an_answer_is_seen(shop: Hub, tmp_path: Path, subtests: pytest.Subtests) -> None:
    much = ApiSettings(bucket=10**9)
    api = Api(shop, kept_bytes=MOST_BYTES, scopes=["read", "admin"], settings=much)  # type: ignore[arg-type]  # the real hub
    shop.store.lag = 0  # some of what follows is written as another process would
    clock = shop.clock
    assert isinstance(clock, FixedClock)

    def sync() -> None:
        _files(tmp_path, "a1,Acme,enterprise,2024-01-05", "a2,Beta,starter,2024-06-05", "a3,Gamma,starter,2024-06-05")
        shop.sync("files")

    def publish() -> None:
        rules, _ = parse_rules(
            [
                {"name": "starters", "model": "standard", "when": {"plan": {"in": ["starter"]}}},
                {"name": "rest", "model": "standard", "default": True},
            ]
        )
        other = replace(shop.settings, segments=tuple(rules))
        with Hub.open(other, host=HOST, clock=clock) as hub:
            hub.releases.publish(author="us")

    def link() -> None:
        (tmp_path / "desk.csv").write_text("id,name,domain\nz1,Acme Support,gamma.example\n")
        shop.sync("desk")
        file = shop.settings.connections["files"]
        columns = {"source_id": "id", "name": "name", "plan": "plan", "customer_since": "since", "domains": "domain"}
        data = {"path": str(tmp_path / "accounts.csv"), "record": "account", "columns": columns, "timezone": "UTC"}
        _files(
            tmp_path,
            "a1,Acme,enterprise,2024-01-05,acme.example",
            "a2,Beta,starter,2024-06-05,beta.example",
            "a3,Gamma,starter,2024-06-05,gamma.example",
            columns="id,name,plan,since,domain",
        )
        config = HOST.connectors["tabular"].Config.model_validate({"files": [data]})
        other = replace(shop.settings, connections={**shop.settings.connections, "files": replace(file, config=config)})
        with Hub.open(other, host=HOST, clock=clock) as hub:
            hub.sync("files")

    def push() -> None:
        auth = base64.b64encode(b"sesame-open-up:").decode()
        about = {"context": {"groupId": "a1"}, "timestamp": "2026-11-20T10:00:00Z"}
        event = {"type": "track", "event": "login", "userId": "u1", "messageId": "m1", **about}
        body = json.dumps(event).encode()
        shop.receive("usage", InboundRequest("POST", "v1/track", {"authorization": f"Basic {auth}"}, body, clock.now()))

    def spoil() -> None:
        (tmp_path / "desk.csv").write_text("id,name,domain\nz1,Acme Support,acme.example\n,Nobody,b.example\n" + MANY)
        shop.sync("desk")

    def hold() -> None:
        # As the engine does at the end of a stream: files bring no deletes.
        with shop.store.write() as connection:
            desk = connections.by_name(connection, "desk").id
            connections.hold_deletes(connection, desk, "files", 30, 31, clock.now())
            bump(connection, "operations")

    def asked_for(what: Callable[..., object]) -> None:
        what("desk", "files", asker=ADMIN)
        shop.background.wait()

    def configured(**other: Any) -> Hub:
        return Hub.open(replace(shop.settings, **other), host=HOST, clock=clock)

    def thin() -> None:
        with configured(retention=Retention(keep_days=1)) as hub:
            assert hub.thin_history().forgotten

    def leave_out() -> None:
        with configured(connections={name: c for name, c in shop.settings.connections.items() if name != "desk"}):
            pass

    def end_token() -> None:
        (listed,) = (token for token in shop.tokens() if token.name == "other")
        operations.revoke_token(listed.prefix, asker=ADMIN)

    def end_another() -> None:
        people.override("Acme", 12, reason="r", until=clock.now() + timedelta(hours=2), asker=ANN)
        people.end_override("Acme", asker=ANN)

    people, operations = shop.people, shop.operations
    changes: list[tuple[str, Callable[[], object]]] = [
        ("sync", sync),
        ("score", shop.score),
        ("override", lambda: people.override("Acme", 11, reason="r", until=TODAY + timedelta(hours=2), asker=operator("o"))),
        ("what the override makes of the score", lambda: shop.score(full=True)),
        ("its expiry", lambda: clock.advance(timedelta(hours=2))),
        ("publish", publish),
        ("roll back", lambda: shop.releases.roll_back(author="us")),
        ("link", link),
        ("target", lambda: people.set_target("Acme", 99, due=date(2026, 11, 20), asker=operator("o"))),
        ("note", lambda: people.add_note("Acme", "n", asker=operator("o"))),
        ("pulse", lambda: people.enter_pulse("Acme", 50, reason="r", asker=operator("o"))),
        ("outcome", lambda: people.enter_outcome("Acme", "renewed", currency="USD", asker=ANN)),
        ("event", push),
        ("the note's end", lambda: people.remove_note(people.notes("Acme")[0].id, asker=ANN)),
        ("the pulse's end", lambda: people.remove_entry("pulse", people.pulses("Acme")[0].id, asker=ANN)),
        ("the outcome's end", lambda: people.remove_entry("outcome", people.outcomes("Acme")[0].id, asker=ANN)),
        ("another override, and its end", end_another),
        ("what was pushed, when it is applied", shop.apply_pushed),
        ("the next day, on which the target is missed", lambda: clock.advance(timedelta(days=1))),
        ("the target's end", lambda: people.end_target("Acme", asker=ANN)),
        ("days scored afterwards", lambda: shop.score(since=date(2026, 11, 18))),
        ("a connection that went stale", lambda: (clock.advance(timedelta(days=30)), shop.score())),
        ("history that is forgotten", thin),
        ("pause", lambda: operations.pause("desk", until=None, reason=None, asker=ADMIN)),
        ("resume", lambda: operations.resume("desk", asker=ADMIN)),
        ("a sync that was asked for", lambda: (operations.sync("desk", None, asker=ADMIN), shop.background.wait())),
        ("a sync that is to stop", lambda: operations.cancel("desk", asker=ADMIN)),
        ("a person's link", lambda: shop.links.link("desk:z1", "Acme", asker=ANN)),
        ("a person's unlink", lambda: shop.links.unlink("desk:z1", asker=ANN)),
        ("a person's word taken back", lambda: shop.links.release("desk:z1", asker=ANN)),
        ("a token", lambda: operations.create_token("other", ["read"], None, rows=EVERYTHING, asker=ADMIN)),
        ("the token's end", end_token),
        ("what could not be understood", spoil),
        ("quarantine that is read again", lambda: asked_for(operations.retry_quarantine)),
        ("deletes that are held", hold),
        ("deletes that somebody confirmed", lambda: asked_for(operations.confirm_deletes)),
        ("what a connection brought, forgotten", lambda: shop.sync("desk", reset=True, purge=True)),
        ("a connection that is configured no longer", leave_out),
    ]
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    assert DONE_BY.keys() == mutations.fields.keys()
    assert set(DONE_BY.values()) <= {what for what, _ in changes}
    before = api.get(ALL_OF_IT)
    for what, change in changes:
        with subtests.test(what=what):
            assert api.get(ALL_OF_IT) == before
            with counted(shop.store) as statements:
                api.get(ALL_OF_IT)
            assert not any("account_profile" in statement for statement in statements), "it was not kept"
            change()
            after = api.get(ALL_OF_IT)
            assert after != before
            before = after


def test_viewers_of_different_scope_never_share_an_answer(world: World) -> None:
    api = keeping(SmallHub(world.store))
    world.account("Acme", score=50.0)
    query = "{ viewer { name scopes } accounts { nodes { name } } }"
    assert api.get(query)["viewer"] == {"name": "tests", "scopes": ["read"]}
    for name, scopes in (("tests", ["read", "write"]), ("other", ["read"])):
        with world.store.write() as connection:
            token = tokens.create(connection, rows=EVERYTHING, name=name, scopes=scopes, now=NOW)
        answer = api.http.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"})
        assert answer.json()["data"]["viewer"] == {"name": name, "scopes": scopes}


def test_a_token_that_was_revoked_or_has_expired_gets_no_kept_answer(local_api: Api) -> None:
    local_api = keeping(local_api.hub)
    clock, store = local_api.hub.clock, local_api.hub.store
    with store.write() as connection:
        ending = tokens.create(
            connection, rows=EVERYTHING, name="short", scopes=["read"], now=NOW, expires_at=NOW + timedelta(hours=1)
        )
    request = {"json": {"query": "{ viewer { name } }"}, "headers": {"authorization": f"Bearer {ending}"}}
    assert local_api.http.post("/graphql", **request).status_code == 200
    clock.advance(timedelta(hours=1))
    assert local_api.http.post("/graphql", **request).status_code == 401
    assert local_api.get("{ viewer { name } }")
    with store.write() as connection:
        tokens.revoke(connection, local_api.token, NOW)
    assert local_api.ask("{ viewer { name } }").status == 401


def test_an_entity_tag_saves_the_body(local_api: Api) -> None:
    local_api = keeping(local_api.hub)
    url, params = "/graphql", {"query": "{ accounts { totalCount } }"}
    first = local_api.http.get(url, params=params, headers=local_api.headers)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"accept", "authorization"} <= set(first.headers["vary"].split(", "))
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        again = local_api.http.get(url, params=params, headers={**local_api.headers, "if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    with local_api.hub.store.write() as connection:
        connection.execute(sa.insert(tables.account).values(id=1, created_at=NOW))
        connection.execute(sa.insert(tables.account_profile).values(account_id=1, name="Acme", custom={}, origins={}))
        bump(connection, "facts")
    changed = local_api.http.get(url, params=params, headers={**local_api.headers, "if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    # A POST is always answered in full.
    posted = local_api.http.post(url, json=params, headers={**local_api.headers, "if-none-match": changed.headers["etag"]})
    assert posted.status_code == 200


@strawberry.type
class Weather:
    drawn = 0

    @resolver("How often it was asked.")
    def rain(self) -> int:
        Weather.drawn += 1
        return Weather.drawn


def test_what_may_change_by_itself_is_not_kept(local_api: Api) -> None:
    api = keeping(SmallHub(local_api.hub.store, graphql_types=(Weather,)))
    assert [api.get("{ rain }")["rain"] for _ in range(3)] == [1, 2, 3]
    assert [api.get("{ viewer { name } ...f } fragment f on Query { rain }")["rain"] for _ in range(2)] == [4, 5]
    api.get("{ modelPreview { problems { message } } }")
    api.get("{ modelPreview { problems { message } } }")
    assert len(api.hub.drafts) == 2


def test_answers_with_errors_are_not_kept(local_api: Api) -> None:
    local_api = keeping(local_api.hub)
    query = '{ node(id: "x") { id } }'
    requests = [local_api.ask(query).body["errors"][0]["extensions"]["requestId"] for _ in range(2)]
    assert requests[0] != requests[1]


def test_the_cache_holds_no_more_than_it_may() -> None:
    present = Present((("facts", 1),), NOW + timedelta(days=1))
    cache = AnswerCache(most_bytes=10_000)
    asked = [question(f"{{ a{i} }}", None, {}, None) for i in range(20)]
    for each in asked:
        cache.put(each, b"x" * 1_500, present)
    first, last = asked[0], asked[-1]
    assert 3 <= len(cache) <= 5
    assert cache.get(first, present, NOW) is None
    assert cache.get(last, present, NOW) is not None
    assert cache.get(last, present, NOW + timedelta(days=1)) is None
    cache.put(last, b"y", present)
    assert cache.get(last, Present((("facts", 2),), present.until), NOW) is None


def test_the_order_of_variables_does_not_matter_and_their_values_do() -> None:
    one, two, three = (question("{a}", None, variables, None) for variables in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}))
    assert one == two != three


def test_a_request_that_comes_again_byte_for_byte_is_answered_alike_and_to_nobody_else(local_api: Api) -> None:
    api = Api(local_api.hub, kept_bytes=MOST_BYTES, settings=ApiSettings(bucket=100_000, refill=1))
    with local_api.hub.store.write() as connection:
        other = tokens.create(connection, rows=EVERYTHING, name="other", scopes=["read"], now=NOW)
    body = b'{"query": "{ viewer { name } }"}'

    def ask(token: str | None, accept: str = "*/*", body: bytes = body) -> httpx.Response:
        sent = {} if token is None else {"authorization": f"Bearer {token}"}
        return api.http.post("/graphql", content=body, headers={**sent, "content-type": "application/json", "accept": accept})

    def differing(answer: httpx.Response) -> dict[str, str]:
        once = {"x-request-id", "ratelimit-remaining"}
        return {name: value for name, value in answer.headers.items() if name not in once}

    first, again = [ask(api.token) for _ in range(3)][::2]
    assert again.content == first.content
    assert differing(again) == differing(first)
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert int(first.headers["ratelimit-remaining"]) - int(again.headers["ratelimit-remaining"]) == 2
    assert ask(other).json() == {**first.json(), "data": {"viewer": {"name": "other"}}}
    assert ask(None).status_code == 401
    assert ask(api.token, "application/graphql-response+json").headers["content-type"].startswith("application/graphql-resp")
    assert ask(api.token, body=b'{"query": "{ viewer { scopes } }"}').json()["data"] == {"viewer": {"scopes": ["read"]}}
    with local_api.hub.store.write() as connection:
        tokens.revoke(connection, api.token, NOW)
    assert ask(api.token).status_code == 401


def test_who_asks_again_too_often_is_refused_all_the_same(local_api: Api) -> None:
    api = Api(local_api.hub, kept_bytes=MOST_BYTES, settings=ApiSettings(bucket=3, refill=1))
    codes = [api.ask("{ viewer { name } }").status for _ in range(6)]
    assert codes[:3] == [200] * 3
    assert 429 in codes


def test_the_ways_to_an_answer_go_with_it(local_api: Api) -> None:
    cache, scope = AnswerCache(2_000), {"headers": [(b"authorization", b"a")]}
    present = Present((), NOW + timedelta(days=1))
    one, two, three = (question(name, None, {}, None) for name in ("a", "b", "c"))
    kept = cache.put(one, b"1" * 500, present)
    for number in range(20):
        cache.lead(scope, b"body %d" % number, Way(kept, present, None, []))
    ways = cache.ways.of(scope)
    assert ways is not None
    assert 0 < len(ways) < 20
    kept.used = True
    cache.put(two, b"2" * 500, present)  # there is room for one: the older one was used meanwhile, and stays
    assert cache.get(one, present, NOW) is kept
    assert cache.get(two, present, NOW) is None
    cache.put(three, b"3" * 500, present)
    assert cache.ways.of(scope) is None
    assert len(cache) == 1


def test_on_postgresql_what_another_process_commits_is_heard(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite tells by itself")
    other = Store(store.url)
    store.lag = 3_600.0  # looking comes too late

    def changed(before: object) -> bool:
        deadline = time.monotonic() + 20
        while store.version() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        return store.version() != before

    try:
        before = store.version()  # from now on it listens, sooner or later: that it does is a change too
        with other.write() as connection:
            bump(connection, "models")
        assert changed(before)
        before = store.version()
        with other.write() as connection:
            bump(connection, "people")
        assert changed(before)
        before = store.version()
        with other.write():
            pass  # what answers rest on is as it was
        with other.write() as connection:
            bump(connection, "facts")
        assert changed(before)
    finally:
        other.close()
        store.close()
