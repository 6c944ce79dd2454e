"""A made-up company, end to end: simulated vendors, real connectors, a store, the API and 90 days of scores.

    with open_demo() as demo:
        demo.sync()
        with serving(demo.hub, "127.0.0.1", 0) as listener:
            demo.send_usage(f"http://127.0.0.1:{listener.port}")
        report = demo.score(days=90)

Nothing here is mocked but the vendors' servers: their own SDKs talk to them over loopback. With a store that is kept, the demo
remembers its moment and its world, so that the next run goes on from there and finds only what changed.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accountpulse.config.settings import Settings
from accountpulse.core.clock import OffsetClock, SystemClock
from accountpulse.core.errors import AccountPulseError, MissingExtra, StoreError
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.settings import read_setting, write_setting
from accountpulse.core.sync.results import OnProgress, RunResult, silent
from accountpulse.demo_files import STORE_VARIABLE, USAGE, WRITE_KEY, write_files
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost

if TYPE_CHECKING:
    from accountpulse.core.scoring.service import OnDay, ScoreReport
    from accountpulse.testing.vendors import Vendors

SETTING = "demo_now"
SDKS = ("simple_salesforce", "zenpy", "stripe", "segment.analytics")
"""What the extra `demo` brings, as modules."""
_ROOM_BEFORE_MIDNIGHT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo. resumed: whether it goes on in a store of an earlier run."""

    hub: Hub
    vendors: Vendors
    resumed: bool

    def sync(self, on_progress: OnProgress = silent) -> list[RunResult]:
        """Read every vendor. Raises AccountPulseError when one could not be read: in the demo nothing may fail."""
        return _good(self.hub.sync(on_progress=on_progress))

    def send_usage(self, address: str, on_progress: OnProgress = silent) -> list[RunResult]:
        """Push the last three days of usage with Segment's own client, as a product would, and apply them."""
        try:
            self.vendors.world.send_usage_events(f"{address}/in/{USAGE}", WRITE_KEY)
        except RuntimeError as error:
            raise AccountPulseError(str(error)) from error
        return _good(self.hub.sync(USAGE, on_progress=on_progress))

    def score(self, days: int, on_day: OnDay | None = None) -> ScoreReport:
        """Score today and the days before it, `days` in all, so that there are trends and a history to look at."""
        return self.hub.score(since=self.hub.today - timedelta(days=days - 1), on_progress=on_day)


@contextmanager
def open_demo(store: str | None = None) -> Iterator[Demo]:
    """Start the vendors and open the hub. `store`: a path or URL to keep and go on from; a temporary file unless given.

    Raises StoreError for a store that holds something else than a demo, and MissingExtra without the extra `demo`.
    """
    # Before anything else: a minute of reading is wasted where the last step can't be done.
    for name in SDKS:
        try:
            import_module(name)
        except ImportError as error:
            raise MissingExtra("The demo", "demo") from error
    from accountpulse.testing.vendors import World, start_vendors

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accountpulse-demo-")))
        url = store or str(folder / "demo.db")
        remembered = _remembered(url) if store else None
        world = World(remembered[0] if remembered else begin())
        clock = OffsetClock(remembered[1] if remembered else world.now)
        vendors = stack.enter_context(start_vendors(clock=clock, world=world))
        config = write_files(_kept_folder(url) if store else folder, url, vendors)
        host = PluginHost.load()
        settings = Settings.load(config, host, environment={STORE_VARIABLE: url})
        hub = stack.enter_context(Hub.open(settings, host=host, clock=clock))
        with hub.store.write() as connection:
            # Written at once: a demo that is interrupted is still a demo.
            _remember(connection, world.now, clock.now())
        try:
            yield Demo(hub, vendors, resumed=remembered is not None)
        finally:
            # Ctrl-C is the usual end. The next run must not begin before what this one has stored.
            with hub.store.write() as connection:
                _remember(connection, world.now, clock.now())


def begin(now: datetime | None = None) -> datetime:
    """When a new demo plays: now, but not so late in the day that its own running takes it past midnight."""
    now = now or SystemClock().now()
    midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    return min(now, midnight - _ROOM_BEFORE_MIDNIGHT)


def _good(results: list[RunResult]) -> list[RunResult]:
    for result in results:
        if result.state != "ok":
            raise AccountPulseError(
                f"connection {result.connection!r} is {result.state}: {result.message or 'no reason given'}"
            )
    return results


# --- what a kept store remembers ------------------------------------------------------------------------------------------


def _remembered(url: str) -> tuple[datetime, datetime] | None:
    """The moment of the world and of the clock in a store, None in a new one."""
    store = Store.open(url)
    try:
        with store.read() as connection:
            found = read_setting(connection, SETTING)
            strange = found is None and bool(store_connections.listing(connection))
    finally:
        store.close()
    if strange:
        raise StoreError(f"the store {store.safe_url} holds something else than a demo; name a new one with --store")
    return (datetime.fromisoformat(found["world"]), datetime.fromisoformat(found["clock"])) if found else None


def _remember(connection: Any, world: datetime, clock: datetime) -> None:
    write_setting(connection, SETTING, {"world": world.isoformat(), "clock": clock.isoformat()})


def _kept_folder(url: str) -> Path:
    """Where the files of a kept store lie: always in the same place, so that an unchanged file is not read again."""
    if "://" in url:
        name = hashlib.sha256(url.encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"accountpulse-demo-{name}"
    store = Path(url).expanduser().resolve()
    return store.with_name(f"{store.name}-files")
