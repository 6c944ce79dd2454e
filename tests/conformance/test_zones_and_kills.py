"""What only whole processes show: other time zones, and kill -9 at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.core.store.contents import contents
from accountpulse.core.store.database import Store
from accountpulse.core.sync.rows import to_row
from accountpulse.plugins import Account
from accountpulse.testing.vendors import RestServer, RestVendor, serving
from accountpulse.testing.vendors.control import Answer, Call

REPOSITORY = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROWS = 60
KILLS = 20

CHILD = """
import sys
from datetime import datetime
from tests.conformance.acme import Acme, AcmeConfig
from accountpulse.core.clock import FixedClock
from accountpulse.core.store import connections
from accountpulse.core.store.database import Store
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine

path, url, now = sys.argv[1:]
clock = FixedClock(datetime.fromisoformat(now))
connector = Acme(AcmeConfig(token="simulated-rest-token", base_url=url), Context("crm", clock=clock))
store = Store.open(path)
spec = connections.ConnectionSpec(
    name="crm", connector="acme", priority=0, anchor=False, provides=("account",), streams={"customers": ("account",)}
)
with store.write() as connection:
    id = connections.register(connection, [spec], clock.now())["crm"]
assert SyncEngine(store, clock).sync(Source(id, "crm", connector)).state == "ok"
"""


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "UTC"])
def test_the_kit_says_the_same_in_every_zone(zone: str) -> None:
    """R39: the machine's time zone is nobody's business."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "tests/conformance", "-q", "-x", "-m", "not slow", "-p", "no:cacheprovider"],
        cwd=REPOSITORY,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_killed_twenty_times_the_store_equals_the_vendor(tmp_path: Path) -> None:
    """R1: SIGKILL of a real process, at random, while rows come and go; the run after it makes it good."""
    chance, clock = random.Random(20260302), FixedClock(NOW)  # the same kills each time
    server = RestServer(clock, {"customers": RestVendor("/customers", since="updated_since", items="data")})
    server.page_size = 4
    store = tmp_path / "store.db"
    Store.open(str(store)).close()
    killed = 0
    with serving(server):
        for number in range(ROWS):
            server.put("customers", {"id": f"c{number:03d}", "name": f"Customer {number}"})
            clock.advance(timedelta(seconds=chance.choice([0, 0, 30])))
        for _ in range(KILLS):
            clock.advance(timedelta(minutes=10))
            server.touch("customers", chance.choice(server.ids("customers")), name=f"Changed {chance.random()}")
            server.put("customers", {"name": "New"})
            server.delete("customers", chance.choice(server.ids("customers")))
            killed += _sync(server, store, clock, chance.randint(1, 6)) == -signal.SIGKILL
        clock.advance(timedelta(minutes=10))
        assert _sync(server, store, clock, None) == 0
        alive = {id: server.get("customers", id)["name"] for id in server.ids("customers")}
    assert killed > KILLS / 2, "most runs must really have been killed"
    opened = Store.open(str(store))
    with opened.read() as connection:
        found = contents(connection, 1, "account")
    opened.close()
    assert found == {id: to_row(Account(source_id=id, name=name)).hash for id, name in alive.items()}


def _sync(server: RestServer, store: Path, clock: FixedClock, kill_at: int | None) -> int:
    """One run in a process of its own, killed while the vendor answers its n-th request for a page."""
    arguments = [str(store), server.base_url, clock.now().isoformat()]
    child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": "."})
    asked = 0

    def kill(call: Call, answer: Answer) -> Answer:
        nonlocal asked
        asked += call.path == "/customers"
        if asked == kill_at:
            child.kill()
        return answer

    server.alter = kill
    code = child.wait(timeout=60)
    server.alter = None
    return code
