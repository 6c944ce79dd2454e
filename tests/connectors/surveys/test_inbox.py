"""Pushed surveys all the way into a store: each once, the last version counts, and an address finds its account."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from tests.connectors.surveys.test_receiver import NOW, RESPONSE, make, signed

from accountpulse.connectors.surveys.source import Surveys
from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import AuthError, InvalidRecord
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.core.sync.engine import Source
from accountpulse.core.sync.inbox import drain, receive
from accountpulse.core.sync.specs import spec_of


class Receiver:
    """A store with one connection that surveys are pushed to."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.connector = store, FixedClock(NOW), make()
        with store.write() as connection:
            ids = store_connections.register(connection, [spec_of("surveys", self.connector, self.connector.config)], NOW)
        self.source = Source(ids["surveys"], "surveys", self.connector)

    def push(self, body: Any, *, secret: str | None = None) -> int:
        raw = json.dumps(body).encode()
        headers = signed(raw, secret=secret) if secret is not None else signed(raw)
        return receive(self.store, self.clock, self.source, InboundRequest("POST", "responses", headers, raw, NOW))

    def versions(self, record: str = "survey_response") -> list[Any]:
        table = FACTS[record]
        with self.store.read() as connection:
            return [row._mapping for row in connection.execute(sa.select(table).order_by(table.c.id))]


@pytest.fixture
def receiver(store: Store) -> Receiver:
    return Receiver(store)


def test_a_response_counts_once_however_often_it_comes(receiver: Receiver) -> None:
    assert receiver.push([RESPONSE, RESPONSE]) == 1
    assert receiver.push(RESPONSE) == 0
    assert drain(receiver.store, receiver.clock, receiver.source).opened == 2  # the account, and the response
    assert receiver.push(RESPONSE) == 0
    assert drain(receiver.store, receiver.clock, receiver.source).read == 0
    assert [v["score"] for v in receiver.versions()] == [9.0]


def test_a_response_that_changed_replaces_itself(receiver: Receiver) -> None:
    receiver.push(RESPONSE)
    drain(receiver.store, receiver.clock, receiver.source)
    receiver.push({**RESPONSE, "score": 3})
    drain(receiver.store, receiver.clock, receiver.source)
    assert [v["score"] for v in receiver.versions() if v["known_to"] is None] == [3.0]


def test_what_is_refused_stores_nothing(receiver: Receiver) -> None:
    with pytest.raises(AuthError):
        receiver.push(RESPONSE, secret="stolen")
    with pytest.raises(InvalidRecord):
        receiver.push([RESPONSE, {**RESPONSE, "id": "r-2", "score": 11}])
    assert drain(receiver.store, receiver.clock, receiver.source).read == 0


def test_an_address_is_evidence_and_no_foreign_id(receiver: Receiver) -> None:
    receiver.push({**RESPONSE, "account": None})
    drain(receiver.store, receiver.clock, receiver.source)
    (account,) = receiver.versions("account")
    assert (account["emails"], account["references"]) == (["ann@acme.example"], [])
    assert Surveys.account_keys == "own"


def test_texts_that_not_every_database_takes_are_stored(receiver: Receiver) -> None:
    receiver.push({**RESPONSE, "id": "nul\0", "comment": "half \ud800 and \0"})
    result = drain(receiver.store, receiver.clock, receiver.source)
    assert (result.quarantined, len(receiver.versions())) == (0, 1)
