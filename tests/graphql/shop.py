"""A small real hub over files, for what needs more behind it than a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.test_opening import settings_of

from accountpulse.config.settings import ConnectionSettings
from accountpulse.core.clock import FixedClock
from accountpulse.core.store.database import Store
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost

TODAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = PluginHost.load()


@contextmanager
def open_shop(store: Store, folder: Path, *, begun: bool = False) -> Iterator[Hub]:
    """A hub over files, with a desk whose organisation belongs to nobody yet; synced and scored once.

    begun: the store is a copy of one for which that was done.
    """
    made = settings_of(store, folder)
    (folder / "desk.csv").write_text("id,name,domain\nz1,Acme Support,acme.example\n")
    columns = {"source_id": "id", "name": "name", "domains": "domain"}
    file = {"path": str(folder / "desk.csv"), "record": "account", "columns": columns, "timezone": "UTC"}
    config = HOST.connectors["tabular"].Config.model_validate({"files": [file]})
    desk = ConnectionSettings(name="desk", connector="tabular", anchor=False, config=config)
    settings = replace(made, connections={**made.connections, "desk": desk})
    with Hub.open(settings, host=HOST, clock=FixedClock(TODAY)) as hub:
        if not begun:
            hub.sync()
            hub.score()
        yield hub
