"""What is watched over WebSocket and event streams: told once for all who watch, and gone on with after a lost connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.graphql.client import Http
from tests.graphql.test_query_counts import counted
from tests.graphql.world import NOW, SmallHub, World
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from accountpulse.core.store import tables, tokens
from accountpulse.core.store.revisions import Domain, bump
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.graphql.app import create_app
from accountpulse.graphql.live import endpoint
from accountpulse.graphql.settings import ApiSettings, digest_of
from accountpulse.serving import serving
from accountpulse.testing.stores import fresh_store

PROTOCOL = Subprotocol("graphql-transport-ws")
CHANGED = """subscription($of: AccountFilter, $since: String) { scoreChanged(filter: $of, since: $since) {
  score band scoreBefore bandBefore cursor account { name score { components { reason } } } } }"""
BANDS = "subscription { bandChanged { band bandBefore account { name } } }"
SYNCS = "subscription { syncProgress { connection { name } running run { state streams { name read } } } }"
PATIENCE = 20.0


class Watched:
    """A served store with two accounts, and a token."""

    def __init__(self, world: World, port: int) -> None:
        self.world, self.store, self.port = world, world.store, port
        self.ids = {name: world.account(name, score=50.0) for name in ("Acme", "Beta")}
        self.token = self.make_token()
        self._minute = 0

    def make_token(self, *scopes: str) -> str:
        with self.store.write() as connection:
            return tokens.create(connection, rows=EVERYTHING, name="watcher", scopes=scopes or ["read"], now=NOW)

    def write(self, table: sa.Table, domain: Domain, condition: Any, **values: Any) -> None:
        with self.store.write() as connection:
            connection.execute(sa.update(table).where(condition).values(**values))
            bump(connection, domain)

    def score(self, name: str, score: float, band: str) -> None:
        self._minute += 1
        of = tables.score_current.c.account_id == self.ids[name]
        new = {"content_hash": str(score).encode(), "scored_at": NOW + timedelta(minutes=self._minute)}
        self.write(tables.score_current, "scores", of, score=score, band=band, **new)

    @contextmanager
    def socket(self, *, init: dict[str, Any] | None = None) -> Iterator[ClientConnection]:
        payload = {"authorization": f"Bearer {self.token}"} if init is None else init
        with self.bare() as socket:
            send(socket, {"type": "connection_init", "payload": payload})
            assert receive(socket) == {"type": "connection_ack"}
            yield socket

    def bare(self, port: int | None = None, protocol: Subprotocol = PROTOCOL) -> ClientConnection:
        return connect(_address(port or self.port), subprotocols=[protocol])


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with fresh_store(tmp_path_factory.mktemp("live")) as store:
        world = World(store)
        with serving(SmallHub(store), "127.0.0.1", 0) as listener:  # type: ignore[arg-type]  # all that the app needs
            yield Watched(world, listener.port)


def _address(port: int) -> str:
    return f"ws://127.0.0.1:{port}/graphql"


def send(socket: ClientConnection, message: dict[str, Any]) -> None:
    socket.send(json.dumps(message))


def receive(socket: ClientConnection) -> Any:
    frame = socket.recv(timeout=PATIENCE)
    assert isinstance(frame, str), "browsers' clients read text frames only"
    return json.loads(frame)


def subscribe(socket: ClientConnection, query: str, id: str = "1", **variables: Any) -> None:
    """Subscribe, and wait until it is watched."""
    send(socket, {"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})
    send(socket, {"type": "ping"})
    assert receive(socket) == {"type": "pong"}


def event(socket: ClientConnection) -> Any:
    message = receive(socket)
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    (value,) = message["payload"]["data"].values()
    return value


def closed_with(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as raised:
        socket.recv(timeout=PATIENCE)
    assert raised.value.rcvd is not None
    return raised.value.rcvd.code


def told(socket: ClientConnection, watched: Watched, name: str, *bands: str) -> Any:
    """Score an account until that is told: nobody says when a subscription has begun to watch."""
    for attempt in range(10):
        watched.score(name, 60 + attempt, bands[attempt % len(bands)])
        try:
            message = json.loads(socket.recv(timeout=2))
        except TimeoutError:
            continue
        (value,) = message["payload"]["data"].values()
        return value
    raise AssertionError("nothing was told")


def test_a_score_is_told_with_its_reasons_and_gone_on_with_after_a_lost_connection(watched: Watched) -> None:
    with watched.socket() as socket:
        subscribe(socket, CHANGED)
        first = told(socket, watched, "Acme", "yellow")
        assert (first["account"]["name"], first["band"], first["bandBefore"]) == ("Acme", "yellow", "yellow")
        assert first["account"]["score"]["components"][0]["reason"] == "Logins at 3"
        watched.score("Acme", 20, "red")
        second = event(socket)
        assert (second["score"], second["scoreBefore"], second["bandBefore"]) == (20.0, first["score"], "yellow")
        send(socket, {"type": "complete", "id": "1"})
    watched.score("Beta", 90, "green")
    watched.score("Beta", 91, "green")
    with watched.socket() as socket:
        subscribe(socket, CHANGED, since=second["cursor"], of={"name": {"eq": "Beta"}})
        missed = event(socket)
        assert (missed["account"]["name"], missed["score"], missed["scoreBefore"]) == ("Beta", 91.0, None)
        watched.score("Acme", 30, "red")
        watched.score("Beta", 92, "green")
        after = event(socket)
        assert (after["account"]["name"], after["score"], after["scoreBefore"]) == ("Beta", 92.0, 91.0)


def test_only_another_band_is_told_to_who_watches_bands(watched: Watched) -> None:
    watched.score("Acme", 20, "red")
    with watched.socket() as socket:
        subscribe(socket, BANDS)
        changed = told(socket, watched, "Acme", "yellow", "green")
        assert {changed["band"], changed["bandBefore"]} <= {"red", "yellow", "green"}
        assert changed["band"] != changed["bandBefore"]
        watched.score("Acme", 66.5, changed["band"])
        watched.score("Beta", 10, "red")
        assert event(socket)["account"] == {"name": "Beta"}


def test_who_watches_the_same_shares_one_execution(watched: Watched) -> None:
    query = CHANGED.replace("subscription(", "subscription Shared(")
    with ExitStack() as stack:
        sockets = [stack.enter_context(watched.socket()) for _ in range(3)]
        for socket in sockets:
            subscribe(socket, query)
        first = told(sockets[0], watched, "Beta", "green")
        for socket in sockets[1:]:
            while event(socket)["score"] != first["score"]:
                pass
        with counted(watched.store) as statements:
            watched.score("Beta", 5, "red")
            assert len({json.dumps(event(socket)) for socket in sockets}) == 1
        assert sum("account_profile.name" in statement for statement in statements) == 1


def test_a_sync_is_told_as_it_goes_on(watched: Watched) -> None:
    run = {"id": 1, "connection_id": 1, "started_at": NOW, "state": "running"}
    watched.world.insert(tables.run, run)
    with watched.socket() as socket:
        subscribe(socket, SYNCS)
        begun = event(socket)
        assert (begun["connection"], begun["running"], begun["run"]["streams"]) == ({"name": "crm"}, True, [])
        numbers = dict.fromkeys(("opened", "closed", "unchanged", "quarantined", "retries"), 0)
        watched.world.insert(tables.run_stream, {"run_id": 1, "stream": "accounts", "read": 7, "state": "ok", **numbers})
        watched.write(tables.run, "operations", tables.run.c.id == 1, message="on")
        assert event(socket)["run"]["streams"] == [{"name": "accounts", "read": 7}]
        watched.write(tables.run, "operations", tables.run.c.id == 1, state="ok", finished_at=NOW)
        ended = event(socket)
        assert (ended["running"], ended["run"]["state"]) == (False, "OK")


def test_events_are_streamed_over_http(watched: Watched) -> None:
    url, headers = f"http://127.0.0.1:{watched.port}/graphql/stream", {"authorization": f"Bearer {watched.token}"}
    asked = {"query": CHANGED, "variables": {"since": _cursor_of(watched)}}
    watched.score("Acme", 44, "yellow")
    with httpx.stream("POST", url, json=asked, headers={**headers, "accept": "text/event-stream"}, timeout=PATIENCE) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "event: next"
        data = json.loads(next(lines).removeprefix("data: "))
        assert data["data"]["scoreChanged"]["score"] == 44.0
    refusals = [
        ({"accept": "application/json", **headers}, asked, 406),
        ({"accept": "text/event-stream"}, asked, 401),
        ({"accept": "text/event-stream", **headers}, {"query": "{" * 200_000}, 413),
    ]
    for given, body, status in refusals:
        assert httpx.post(url, json=body, headers=given).status_code == status
    posted = httpx.post(url.removesuffix("/stream"), json={"query": SYNCS}, headers=headers).json()["errors"][0]
    assert "as an event stream to /graphql/stream" in posted["message"]
    query = httpx.post(url, json={"query": "{ viewer { name } }"}, headers={"accept": "text/event-stream", **headers})
    assert "only subscriptions" in query.text


def _cursor_of(watched: Watched) -> str:
    with watched.socket() as socket:
        subscribe(socket, CHANGED)
        cursor: str = told(socket, watched, "Beta", "green")["cursor"]
        return cursor


def test_a_token_that_was_revoked_ends_what_it_watches(watched: Watched) -> None:
    token = watched.make_token()
    with watched.socket(init={"Authorization": f"Bearer {token}"}) as socket:
        subscribe(socket, CHANGED)
        told(socket, watched, "Acme", "yellow")
        with watched.store.write() as connection:
            tokens.revoke(connection, token, NOW)
        watched.score("Acme", 11, "red")
        assert closed_with(socket) == 4403


def test_what_can_not_be_watched_is_refused(watched: Watched, subtests: pytest.Subtests) -> None:
    documents = {
        "{ viewer { name } }": "only subscriptions",
        'mutation { addNote(input: {account: {name: "Acme"}, text: "x"}) { note { id } } }': "only subscriptions",
        "subscription { ...f } fragment f on Subscription { scoreChanged { score } }": "into the operation itself",
        "subscription { scoreChanged { nothing } }": "Cannot query field",
        "subscription {": "Syntax Error",
        "subscription { scoreChanged { " + "a: score " * 50 + "} }": "aliases",
        'subscription { scoreChanged(since: "x") { score } }': "not a cursor",
    }
    with watched.socket() as socket:
        for number, (document, message) in enumerate(documents.items()):
            with subtests.test(document[:40]):
                subscribe_bare = {"type": "subscribe", "id": str(number), "payload": {"query": document}}
                send(socket, subscribe_bare)
                answer = receive(socket)
                assert answer["type"] == "error"
                assert message in answer["payload"][0]["message"]
                assert answer["payload"][0]["extensions"]["requestId"]


def test_only_trusted_documents_are_watched_where_others_are_refused(watched: Watched) -> None:
    hub: Any = SmallHub(watched.store)
    other = SYNCS.replace("running", "running run { startedAt }")
    settings = ApiSettings(trusted="enforce", documents={digest_of(SYNCS): SYNCS})
    http = Http(create_app(hub, settings=settings))
    headers = {"authorization": f"Bearer {watched.token}", "accept": "text/event-stream"}
    assert "UNTRUSTED_DOCUMENT" in http.post("/graphql/stream", json={"query": other}, headers=headers).text


def test_sockets_close_with_the_codes_that_clients_expect(watched: Watched, subtests: pytest.Subtests) -> None:
    welcome = {"type": "connection_init", "payload": {"authorization": f"Bearer {watched.token}"}}
    watch = {"type": "subscribe", "id": "1", "payload": {"query": SYNCS}}
    reader = {"type": "connection_init", "payload": {"authorization": f"Bearer {watched.make_token('write')}"}}
    cases: list[tuple[str, list[Any], int]] = [
        ("no JSON", ["hello"], 4400),
        ("an unknown type", [{"type": "hello"}], 4400),
        ("before it is known who asks", [watch], 4401),
        ("without a token", [{"type": "connection_init"}], 4403),
        ("a wrong token", [{"type": "connection_init", "payload": {"authorization": "Bearer ap_x"}}], 4403),
        ("a token that may not read", [reader], 4403),
        ("the same id twice", [welcome, watch, watch], 4409),
        ("twice who it is", [welcome, welcome], 4429),
    ]
    for what, messages, code in cases:
        with subtests.test(what), watched.bare() as socket:
            for message in messages:
                socket.send(message if isinstance(message, str) else json.dumps(message))
            if messages[0] is welcome:
                assert receive(socket) == {"type": "connection_ack"}
            assert closed_with(socket) == code
    with subtests.test("another protocol"), watched.bare(protocol=Subprotocol("graphql-ws")) as socket:
        assert closed_with(socket) == 4406


def test_who_says_nothing_is_let_go(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "INIT_TIMEOUT", timedelta(milliseconds=200))
    hub: Any = SmallHub(watched.store)
    with serving(hub, "127.0.0.1", 0) as listener, connect(_address(listener.port), subprotocols=[PROTOCOL]) as socket:
        assert closed_with(socket) == 4408


def test_accounts_that_change_together_are_read_together(watched: Watched) -> None:
    names = [f"Many {number}" for number in range(12)]
    watched.ids |= {name: watched.world.account(name, score=50.0) for name in names}
    query = CHANGED.replace("subscription(", "subscription Together(")
    with watched.socket() as socket:
        subscribe(socket, query, of={"name": {"contains": "Many"}})
        told(socket, watched, "Many 0", "yellow")
        with counted(watched.store) as statements:
            of = tables.score_current.c.account_id.in_([watched.ids[name] for name in names])
            new = {"content_hash": b"together", "scored_at": NOW + timedelta(days=1)}
            watched.write(tables.score_current, "scores", of, score=10.0, band="red", **new)
            events = [event(socket) for _ in names]
    assert sorted(each["account"]["name"] for each in events) == sorted(names)
    assert {each["account"]["score"]["components"][0]["reason"] for each in events} == {"Logins at 3"}
    assert len([each for each in statements if "account_profile" in each]) <= 2, (
        statements
    )  # what was written, and the accounts
