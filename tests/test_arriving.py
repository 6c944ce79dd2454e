"""When accounts that are pushed to are scored, at any speed of the machine: the clock is the test's, all else is real."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.graphql.shop import HOST, TODAY
from tests.test_opening import settings_of

from accountpulse import arriving
from accountpulse.arriving import BURST, LONGEST, QUIET, Arrivals
from accountpulse.config.settings import ConnectionSettings
from accountpulse.core.clock import FixedClock
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.hub import Hub
from accountpulse.testing.stores import fresh_store

STEP = 0.09  # below QUIET: to the thread it is one burst


class Stream:
    """A hub that is pushed to, and the times at which it had accounts scored."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.now = 1000.0
        self.begun = self.now
        self.scored: list[float] = []
        self.arrivals = Arrivals(hub, self._score)
        self._numbers = count()

    def _score(self) -> None:
        self.scored.append(self.now - self.begun)
        self.hub.link_new()
        assert self.hub.rescore_changed()

    def push(self, account: str, events: int = 1) -> None:
        call = {"type": "track", "event": "export", "userId": "zoe", "timestamp": TODAY.isoformat()}
        calls = [{**call, "messageId": f"m{next(self._numbers)}", "context": {"groupId": account}} for _ in range(events)]
        headers = {"authorization": "Basic " + b64encode(b"key:").decode()}
        body = json.dumps({"batch": calls}).encode()
        assert self.hub.receive("usage", InboundRequest("POST", "v1/batch", headers, body, TODAY)) == events

    def wait(self, seconds: float = STEP) -> None:
        self.now += seconds
        self.arrivals.look(lambda: False)


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stream]:
    with fresh_store(tmp_path) as store:
        made = settings_of(store, tmp_path)
        config = HOST.connectors["segment"].Config.model_validate({"write_keys": ["key"]})
        usage = ConnectionSettings(name="usage", connector="segment", anchor=False, config=config)
        settings = replace(made, connections={**made.connections, "usage": usage})
        with Hub.open(settings, host=HOST, clock=FixedClock(TODAY)) as hub:
            hub.sync()
            hub.score()
            found = Stream(hub)
            # Scoring takes no time on this clock, so that nothing rests after it.
            monkeypatch.setattr(arriving, "time", SimpleNamespace(monotonic=lambda: found.now, thread_time=lambda: 0.0))
            yield found


def test_ten_thousand_events_for_one_account_cost_one_scoring(stream: Stream) -> None:
    for _ in range(100):
        stream.push("acme", 100)
        stream.wait()
    assert stream.scored == []
    stream.wait(QUIET)
    assert len(stream.scored) == 1
    for _ in range(20):
        stream.wait()
    assert len(stream.scored) == 1


def test_a_lone_event_is_scored_as_soon_as_it_is_quiet(stream: Stream) -> None:
    stream.push("acme")
    stream.wait()
    stream.wait(QUIET)
    assert stream.scored == [pytest.approx(STEP + QUIET)]


def test_a_burst_that_does_not_end_is_scored_in_between(stream: Stream) -> None:
    while stream.now - stream.begun < 2 * BURST + 1:
        stream.push("acme")
        stream.wait()
    first, second = stream.scored
    assert BURST <= first <= BURST + 2 * STEP
    assert BURST <= second - first <= BURST + 2 * STEP


def test_others_do_not_wait_for_the_burst_of_one(stream: Stream) -> None:
    for number in range(40):
        stream.push("acme")
        if number == 10:
            stream.push("beta")
        stream.wait()
    first = stream.scored[0]
    assert 11 * STEP + LONGEST <= first <= 11 * STEP + LONGEST + 2 * STEP


def test_events_for_many_are_scored_once_in_a_while(stream: Stream) -> None:
    for number in range(50):
        stream.push(f"customer-{number % 7}")
        stream.push(f"customer-{number % 5}-of-others")
        stream.wait()
    assert all(gap <= LONGEST + 2 * STEP for gap in (b - a for a, b in zip([0.0, *stream.scored], stream.scored, strict=False)))
    assert len(stream.scored) >= 3
