"""What is pushed to a real server is seen by who watches, and a burst of it costs few scorings."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from tests.benchmarks.sync_vendors import vendors_of
from tests.core.notify.receiver import SECRET as RECEIVERS_SECRET
from tests.core.notify.receiver import Receiver, receiving
from tests.load.events import send
from tests.load.queries import Asked, ask_while_reading
from tests.load.site import PATIENCE, Served, Site, served, write_key
from tests.load.watcher import Watcher, watching
from tests.postgres import PostgresUnavailable, temporary_postgres

from accountpulse.arriving import SPACING
from accountpulse.core.store import metric_frames
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.touched import how_many_touched

EVENTS, BATCH = 10_000, 100
RECORDS, CLIENTS = 4_000, 20
# Of each kind the metric whose component tells of it, and how its reason begins.
TELLS = {
    "stripe": ("overdue_days", "Days overdue rose from 0 to "),
    "zendesk": ("urgent_share_90d", "Urgent tickets at "),
    "typeform": ("nps_latest", "Latest NPS answer at "),
    "generic": ("csat_90d", "Customer satisfaction at "),
    "usage": ("days_since_last_activity", "Days since last activity at 0 days"),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def archive() -> Iterator[str]:
    with vendors_of(RECORDS) as url:
        yield url


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, archive: str, receiver: Receiver) -> Iterator[Served]:
    """On SQLite, all in one process."""
    folder = tmp_path_factory.mktemp("realtime")
    company = Site(len(TELLS) + 1, folder, archive=archive, hook=receiver.url, secret=RECEIVERS_SECRET)
    with served(company, str(folder / "store.db"), tokens=CLIENTS) as found:
        yield found


@pytest.fixture(scope="module")
def watcher(site: Served) -> Iterator[Watcher]:
    with watching(site) as found:
        yield found


@pytest.fixture(scope="module")
def store(site: Served) -> Iterator[Store]:
    found = Store(site.store)
    yield found
    found.close()


def settled(store: Store) -> int:
    """The number of the last scoring, once everything is applied and scored."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with store.read() as connection:
            waiting = connection.execute(sa.text("select count(*) from inbox where applied_at is null")).scalar()
            if not waiting and not how_many_touched(connection):
                header = metric_frames.header(connection)
                assert header is not None
                return int(header.number)
        assert time.monotonic() < deadline, f"{waiting} messages wait, or are not scored"
        time.sleep(0.1)


@pytest.mark.parametrize("kind", TELLS)
def test_what_a_vendor_pushes_is_seen_once_with_its_reason(site: Served, watcher: Watcher, store: Store, kind: str) -> None:
    account = list(TELLS).index(kind)
    pushed = site.site.webhook(kind, account)
    before = len(watcher.told)
    with httpx.Client() as client:
        assert site.push(client, pushed).status_code == 200
        told = watcher.wait_for(f"Company {account}", before)
        # A vendor that got no answer sends again: that is told to nobody.
        assert site.push(client, pushed).status_code == 200
    metric, reason = TELLS[kind]
    assert str(told.reason(metric)).startswith(reason)
    settled(store)
    assert [each.account for each in watcher.told[before:]].count(f"Company {account}") == 1


def test_a_burst_for_one_account_is_kept_and_scored_seldom(site: Served, watcher: Watcher, store: Store) -> None:
    account = len(TELLS)
    first, begun, before = settled(store), time.monotonic(), len(watcher.told)
    bodies = [site.site.usage(account, BATCH) for _ in range(EVENTS // BATCH)]
    with httpx.Client() as client, ThreadPoolExecutor(4) as threads:
        answers = threads.map(
            lambda body: client.post(f"{site.address}/in/usage/v1/batch", content=body, headers=write_key()), bodies
        )
        assert {answer.status_code for answer in answers} == {200}
    scorings = settled(store) - first
    # One where requests follow each other without a pause (tests/test_arriving.py); a busy machine makes pauses.
    assert 1 <= scorings <= 1 + math.ceil((time.monotonic() - begun) / SPACING)
    with store.read() as connection:
        usage = FACTS["usage_day"].c
        events = sa.select(sa.func.sum(usage["count"])).where(usage.known_to.is_(None), usage.source_id.like(f"%|a{account}|%"))
        counted = connection.execute(events).scalar()
    assert counted == EVENTS
    watcher.wait_for(f"Company {account}", before)


def test_who_is_to_be_told_is_told_by_the_process_that_serves(site: Served, receiver: Receiver) -> None:
    override = """mutation($i: OverrideScoreInput!) { overrideScore(input: $i) { userErrors { message } } }"""
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    wanted = {"account": {"name": "Company 0"}, "score": 5, "reason": "their champion left", "until": until}
    headers = {"authorization": f"Bearer {site.tokens[0]}"}
    answer = httpx.post(f"{site.address}/graphql", json={"query": override, "variables": {"i": wanted}}, headers=headers).json()
    assert answer["data"] == {"overrideScore": {"userErrors": []}}
    deadline = time.monotonic() + PATIENCE
    while not (told := [each for each in receiver.taken if each["account"]["name"] == "Company 0"]):
        assert time.monotonic() < deadline, "the outbox was never delivered"
        time.sleep(0.1)
    assert (told[-1]["type"], told[-1]["band"]["after"]) == ("band_changed", "red")


def test_events_at_a_rate_are_all_kept(site: Served) -> None:
    """A few seconds of `python3 dev.py load events`."""
    sent = send(site, events=1_500, rate=500, batch=50)
    assert (sent.kept, sent.counted, sent.lost) == (1_500, 1_500, 0)


def test_those_who_ask_while_much_is_written_are_answered(site: Served) -> None:
    """A few seconds of `python3 dev.py load queries`, on SQLite in one process."""
    _all_answered(ask_while_reading(site, site.tokens, pause=0.1))


def test_those_who_ask_while_a_worker_writes_are_answered(archive: str, tmp_path: Path) -> None:
    """The same on PostgreSQL."""
    try:
        with (
            temporary_postgres() as url,
            served(Site(5, tmp_path, archive=archive), url, workers=1, tokens=CLIENTS) as site,
        ):
            _all_answered(ask_while_reading(site, site.tokens, pause=0.1))
    except PostgresUnavailable as unavailable:
        pytest.skip(str(unavailable))


def _all_answered(asked: Asked) -> None:
    assert asked.errors == []
    assert asked.locks == 0
    assert asked.stored == RECORDS
    assert len(asked.answers) >= CLIENTS
