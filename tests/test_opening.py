"""A command that only reads writes nothing: not even what would be the same again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from accountpulse.config.model_schema import default_models
from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import FixedClock
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost

HOST = PluginHost.load()
CLOCK = FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))


def settings_of(store: Store, folder: Path) -> Settings:
    (folder / "accounts.csv").write_text("id,name,plan,since\na1,Acme,enterprise,2024-01-05\na2,Beta,starter,2024-06-05\n")
    columns = {"source_id": "id", "name": "name", "plan": "plan", "customer_since": "since"}
    file = {"path": str(folder / "accounts.csv"), "record": "account", "columns": columns, "timezone": "UTC"}
    configs = {"files": ("tabular", {"files": [file]}), "usage": ("segment", {"write_keys": ["sesame-open-up"]})}
    rules, problems = parse_rules([{"name": "rest", "model": "standard", "default": True}])
    assert not problems
    return Settings(
        store_url=store.engine.url.render_as_string(hide_password=False),
        rates={"EUR": {date(2026, 1, 1): 1.08}},
        key_features=("reports", "alerts"),
        connections={
            name: ConnectionSettings(
                name=name,
                connector=connector,
                anchor=name == "files",
                config=HOST.connectors[connector].Config.model_validate(config),
            )
            for name, (connector, config) in configs.items()
        },
        segments=tuple(rules),
        models=default_models(metrics=HOST.metrics, scorers=HOST.scorers),
    )


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Settings:
    """A configuration that was synced and scored once."""
    made = settings_of(store, tmp_path)
    with Hub.open(made, host=HOST, clock=CLOCK) as hub:
        assert {result.state for result in hub.sync()} == {"ok"}
        assert hub.score().accounts == 2
        assert len(hub.table()) == 2
    return made


@pytest.fixture
def written(store: Store) -> Callable[[], object]:
    """What changes whenever anything is committed, a row that stays the same included."""
    if store.is_sqlite:
        # A connection sees the commits of all others in this number, so it must be one and the same each time.
        connection = store.engine.connect()
        return lambda: connection.exec_driver_sql("PRAGMA data_version").scalar_one()

    def rows() -> object:
        with store.read() as connection:
            return {
                table.name: sorted(map(tuple, connection.exec_driver_sql(f'select ctid::text, xmin::text from "{table.name}"')))
                for table in metadata.sorted_tables
            }

    return rows


READS: list[Callable[[Hub], object]] = [
    lambda hub: hub.status(),
    lambda hub: hub.table(),
    lambda hub: hub.explain("Acme"),
    lambda hub: hub.explain("Acme", date(2026, 11, 1)),
    lambda hub: hub.tokens(),
    lambda hub: hub.releases.notice(),
    lambda hub: hub.releases.preview(scope=EVERYTHING),
    lambda hub: hub.releases.shadow_report(),
    lambda hub: hub.preview(["goal: churn"], None, 5, scope=EVERYTHING),
]


def test_reading_writes_nothing(settings: Settings, written: Callable[[], object]) -> None:
    before = written()
    for read in READS:
        with Hub.open(settings, host=HOST, clock=CLOCK) as hub:
            read(hub)
        assert written() == before


def test_a_reader_does_not_wait_for_a_writer(settings: Settings, store: Store) -> None:
    """SQLite has one writer: whoever takes its lock to write nothing waits for a sync to end."""
    with store.write() as connection:
        connection.execute(sa.text("update revision set number = number"))
        with Hub.open(settings, host=HOST, clock=CLOCK) as hub:
            assert len(hub.table()) == 2


@pytest.mark.parametrize("what", ["rates", "key_features", "removed", "renamed", "anchor"])
def test_what_differs_is_written(settings: Settings, store: Store, what: str) -> None:
    files, usage = settings.connections["files"], settings.connections["usage"]
    changed = {
        "rates": replace(settings, rates={"EUR": {date(2026, 1, 1): 1.1}}),
        "key_features": replace(settings, key_features=None),
        "removed": replace(settings, connections={"files": files}),
        "renamed": replace(settings, connections={"files": files, "events": replace(usage, name="events")}),
        "anchor": replace(settings, connections={"files": files, "usage": replace(usage, anchor=True)}),
    }[what]
    Hub.open(changed, host=HOST, clock=CLOCK).close()
    with store.read() as connection:
        found = {
            "rates": connection.execute(sa.text("select rate from fx_rate")).scalars().all() == [1.1],
            "key_features": connection.execute(sa.text("select value from setting where key = 'key_features'")).scalar_one()
            in (None, "null"),
            "removed": [row.name for row in store_connections.listing(connection)] == ["files"],
            "renamed": [row.name for row in store_connections.listing(connection)] == ["files", "events"],
            "anchor": [row.anchor for row in store_connections.listing(connection)] == [True, True],
        }
    assert [name for name, is_so in found.items() if is_so] == [what]
    Hub.open(settings, host=HOST, clock=CLOCK).close()
    with store.read() as connection:
        assert [row.name for row in store_connections.listing(connection)] == ["files", "usage"]


def test_a_stream_whose_records_changed_is_written(settings: Settings, store: Store) -> None:
    with store.write() as connection:
        connection.execute(sa.text("delete from stream_state where stream = 'files'"))
    Hub.open(settings, host=HOST, clock=CLOCK).close()
    with store.read() as connection:
        (row,) = store_connections.streams_of(connection, [store_connections.by_name(connection, "files").id])
        records = row.records
        assert (row.stream, row.state) == ("files", "new")
    with store.write() as connection:
        connection.execute(sa.text("update stream_state set records = '[]' where stream = 'files'"))
    Hub.open(settings, host=HOST, clock=CLOCK).close()
    with store.read() as connection:
        (row,) = store_connections.streams_of(connection, [row.connection_id])
        assert row.records == records
