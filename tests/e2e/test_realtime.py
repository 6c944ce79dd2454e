"""What is pushed to a real server is seen by who watches, and a burst of it costs a few scorings."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sqlalchemy as sa
from tests.load.site import PATIENCE, Served, Site, served, write_key
from tests.load.watcher import Watcher, watching

from accountpulse.arriving import SPACING
from accountpulse.core.store import metric_frames
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.touched import any_touched

EVENTS, BATCH = 10_000, 100
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
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("realtime")
    with served(Site(len(TELLS) + 1, folder), str(folder / "store.db")) as found:
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
            if not waiting and not any_touched(connection):
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


def test_a_burst_for_one_account_costs_a_few_scorings(site: Served, watcher: Watcher, store: Store) -> None:
    account = len(TELLS)
    first, begun, before = settled(store), time.monotonic(), len(watcher.told)
    bodies = [site.site.usage(account, BATCH) for _ in range(EVENTS // BATCH)]
    with httpx.Client() as client, ThreadPoolExecutor(4) as threads:
        answers = threads.map(
            lambda body: client.post(f"{site.address}/in/usage/v1/batch", content=body, headers=write_key()), bodies
        )
        assert {answer.status_code for answer in answers} == {200}
    scorings = settled(store) - first
    assert 1 <= scorings <= 1 + math.ceil((time.monotonic() - begun) / SPACING)
    with store.read() as connection:
        usage = FACTS["usage_day"].c
        events = sa.select(sa.func.sum(usage["count"])).where(usage.known_to.is_(None), usage.source_id.like(f"%|a{account}|%"))
        counted = connection.execute(events).scalar()
    assert counted == EVENTS
    watcher.wait_for(f"Company {account}", before)
