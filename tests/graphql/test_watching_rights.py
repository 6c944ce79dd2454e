"""Who watches is told of what they may see, for as long as they may: tokens of an identity provider, and of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.graphql.idp import Idp, provider, provider_of
from tests.graphql.test_live import CHANGED, PATIENCE, Watched, closed_with, event, receive, send, subscribe, told
from tests.graphql.world import NOW, SmallHub, World

from accountpulse.config.server import ServerSettings
from accountpulse.config.settings import Settings
from accountpulse.core.store import tables, tokens
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.graphql.settings import ApiSettings
from accountpulse.serving import serving
from accountpulse.testing.stores import fresh_store

BANDS = "subscription($since: String) { bandChanged(since: $since) { band account { name } } }"


class Firm(Watched):
    """Acme is Ann's, Beta is Bob's; an e-mail is the owner whose accounts somebody sees."""

    def __init__(self, world: World, port: int, idp: Idp, hub: SmallHub) -> None:
        super().__init__(world, port)
        self.idp, self.clock, self.settings = idp, hub.clock, hub.settings
        for name, owner in (("Acme", "Ann"), ("Beta", "Bob")):
            self.write(tables.account_profile, "facts", tables.account_profile.c.name == name, owner=owner)

    def jwt(self, owner: str, minutes: float = 30) -> str:
        """Of one person, whoever's accounts they see: what they see is not who they are."""
        ends = self.clock.now() + timedelta(minutes=minutes)
        return self.idp.token(email=owner, exp=ends.timestamp())

    @contextmanager
    def stream(self, token: str, query: str, **variables: str) -> Iterator[Iterator[Any]]:
        """What an event stream tells, as JSON. Nobody says when it has begun to watch: what must be told of needs `since`."""
        headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
        url, asked = f"http://127.0.0.1:{self.port}/graphql/stream", {"query": query, "variables": variables}
        with httpx.stream("POST", url, json=asked, headers=headers, timeout=PATIENCE) as answer:
            assert answer.status_code == 200
            yield (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: {"))


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with provider() as idp, fresh_store(tmp_path_factory.mktemp("rights")) as store:
        api = ApiSettings(provider=provider_of(idp, scope_prefix="ap:", rows={"owners": "email"}))
        hub: Any = SmallHub(store, settings=Settings(server=ServerSettings(api=api)))
        world = World(store)
        with serving(hub, "127.0.0.1", 0) as listener:
            yield Firm(world, listener.port, idp, hub)


def test_nobody_is_told_of_anothers_accounts_over_a_socket(firm: Firm, subtests: pytest.Subtests) -> None:
    for field, query in (("scoreChanged", CHANGED), ("bandChanged", BANDS)):
        with (
            subtests.test(field=field),
            firm.socket(init={"authorization": f"Bearer {firm.jwt('Ann')}"}) as ann,
            firm.socket(init={"authorization": f"Bearer {firm.jwt('Bob')}"}) as bob,
        ):
            subscribe(ann, query)
            subscribe(bob, query)
            assert told(ann, firm, "Acme", "red", "green")["account"]["name"] == "Acme"
            assert told(bob, firm, "Beta", "red", "green")["account"]["name"] == "Beta"
            for number in range(2):
                firm.score("Beta", 10 + number, f"Bob's {number}")
                firm.score("Acme", 20 + number, f"Ann's {number}")
                assert event(ann)["band"] == f"Ann's {number}"
                assert event(bob)["band"] == f"Bob's {number}"


def test_nobody_is_told_of_anothers_accounts_over_an_event_stream(firm: Firm) -> None:
    cursor = _cursor(firm)
    query = f'subscription {{ scoreChanged(since: "{cursor}") {{ band account {{ name }} }} }}'
    for owner, name, another in (("Ann", "Acme", "Beta"), ("Bob", "Beta", "Acme")):
        firm.score(another, 31, "unseen")
        firm.score(name, 32, f"missed by {owner}")
        with firm.stream(firm.jwt(owner), query) as events:
            for band in (f"missed by {owner}", f"seen by {owner}"):
                assert next(events)["data"]["scoreChanged"] == {"band": band, "account": {"name": name}}
                firm.score(another, 33, "unseen")
                firm.score(name, 34, f"seen by {owner}")


def _cursor(firm: Firm) -> str:
    with firm.socket() as socket:
        subscribe(socket, CHANGED)
        cursor: str = told(socket, firm, "Beta", "red", "green")["cursor"]
        return cursor


def test_each_token_lets_watch_to_its_own_end(firm: Firm) -> None:
    cursor = _cursor(firm)
    short, long = (firm.jwt("Ann", minutes) for minutes in (5, 60))
    with (
        firm.socket(init={"authorization": f"Bearer {short}"}) as ending,
        firm.socket(init={"Authorization": f"bearer {long}"}) as lasting,
        firm.stream(short, CHANGED, since=cursor) as events,
    ):
        subscribe(ending, CHANGED)
        subscribe(lasting, CHANGED)
        told(ending, firm, "Acme", "yellow", "green")
        next(events)
        firm.clock.advance(timedelta(minutes=6, seconds=1))  # beyond what clocks may differ
        firm.score("Acme", 77, "when one has ended")
        assert closed_with(ending) == 4403
        last = list(events)
        assert [error["extensions"]["code"] for error in last[-1]["errors"]] == ["UNAUTHENTICATED"]
        assert "when one has ended" not in json.dumps(last)
        while event(lasting)["band"] != "when one has ended":
            pass
        with firm.bare() as again:
            send(again, {"type": "connection_init", "payload": {"authorization": f"Bearer {short}"}})
            assert closed_with(again) == 4403


def test_while_nobody_can_tell_who_it_is_one_may_come_again_later(firm: Firm) -> None:
    token, firm.idp.down = firm.jwt("Ann"), True
    hub: Any = SmallHub(firm.store, settings=firm.settings)  # one that has not read the provider's keys yet
    try:
        with serving(hub, "127.0.0.1", 0) as listener, firm.bare(listener.port) as socket:
            send(socket, {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
            assert closed_with(socket) == 1013
    finally:
        firm.idp.down = False


def test_a_token_of_ours_ends_what_it_watches_whatever_happens_in_the_store(firm: Firm) -> None:
    with firm.store.write() as connection:
        ends = firm.clock.now() + timedelta(hours=1)
        ending = tokens.create(connection, rows=EVERYTHING, name="short", scopes=["read"], now=NOW, expires_at=ends)
    cursor, revoked, other = _cursor(firm), firm.make_token(), firm.make_token()
    with (
        firm.socket(init={"authorization": f"Bearer {ending}"}) as idle,
        firm.socket(init={"authorization": f"Bearer {revoked}"}) as watching,
        firm.socket(init={"authorization": f"Bearer {other}"}) as untouched,
        firm.stream(revoked, BANDS, since=cursor) as events,
    ):
        subscribe(watching, CHANGED)
        told(watching, firm, "Beta", "yellow", "green")
        next(events)
        with firm.store.write() as connection:
            tokens.revoke(connection, revoked, NOW)
        assert closed_with(watching) == 4403
        assert list(events)[-1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        firm.clock.advance(timedelta(hours=1))
        assert closed_with(idle) == 4403
        send(untouched, {"type": "ping"})
        assert receive(untouched) == {"type": "pong"}
