"""A store that writers work on at random, through the functions that syncs and linking use; and what mirror and store hold."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from tests.core.metrics.worlds import DAY, ZONE, _Maker, connection_row

from accountpulse.core.metrics.duck import DuckEngine
from accountpulse.core.mirror import Mirror
from accountpulse.core.mirror.layout import Layout, fact_layouts, list_layouts
from accountpulse.core.model import Kind, schemas
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import links as store_links
from accountpulse.core.store.database import Store
from accountpulse.core.store.links import NewLink
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import source_account
from accountpulse.core.store.writes import AccountKeys, FactRow, delete_records, write_records

RECORDS = ("account", "ticket", "usage_day", "subscription")
Rows = list[dict[str, Any]]


class Scene:
    """Two connections and their writers. Time goes on by an hour with each write."""

    def __init__(self, store: Store, dice: random.Random) -> None:
        self.store = store
        self.dice = dice
        self.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
        with store.write() as c:
            if not c.execute(sa.select(connection_table.c.id)).all():
                c.execute(sa.insert(connection_table), [connection_row(1), connection_row(2)])
                store_links.create_accounts(c, 3, self.now)

    def act(self) -> None:
        """Do something."""
        self.now += timedelta(hours=1)
        self.dice.choice((self.write, self.write, self.delete, self.link, self.unlink))()

    def rows(self, record: str, ids: range) -> list[FactRow]:
        """Rows of a record type with random values; usage of two days, one of which is still open."""
        maker = _Maker(self.dice, DAY, ZONE)
        rows = []
        for n in self.dice.sample(list(ids), self.dice.randint(1, len(ids))):
            values = {f.name: maker.value(f) for f in schemas()[record].fields}
            if record == "usage_day":
                values["day"] = DAY - timedelta(days=n % 2)
            hash = hashlib.sha256(repr(sorted(values.items())).encode()).digest()
            rows.append(FactRow(f"{record}{n}", f"k{n % 4}", None, hash, None, tuple(values.values())))
        return rows

    def write(self, connection_id: int | None = None, record: str | None = None) -> None:
        id, record = connection_id or self.dice.choice((1, 2)), record or self.dice.choice(RECORDS)
        with self.store.write() as c:
            self.write_in(c, id, record, self.rows(record, range(12)))

    def write_in(self, c: sa.Connection, id: int, record: str, rows: list[FactRow]) -> None:
        store_connections.lock(c, id)
        open_day = DAY if record == "usage_day" else None
        write_records(c, record, rows, keys=AccountKeys(id), now=self.now, assumed=False, open_day=open_day)

    def delete(self) -> None:
        id, record = self.dice.choice((1, 2)), self.dice.choice(RECORDS)
        with self.store.write() as c:
            store_connections.lock(c, id)
            gone = [f"{record}{n}" for n in self.dice.sample(range(12), 4)]
            delete_records(c, record, gone, keys=AccountKeys(id), now=self.now)

    def link(self) -> None:
        with self.store.write() as c:
            store_connections.lock_all(c)
            known = list(c.execute(sa.select(source_account.c.id)).scalars())
            accounts = [*c.execute(sa.select(list_layouts()["account"].table.c.id)).scalars()]
            accounts += store_links.create_accounts(c, 1, self.now)
            chosen = self.dice.sample(known, min(2, len(known)))
            store_links.write_links(
                c, [NewLink(id, self.dice.choice(accounts), "manual", "", self.now) for id in chosen], self.now
            )

    def unlink(self) -> None:
        with self.store.write() as c:
            store_connections.lock_all(c)
            known = list(c.execute(sa.select(source_account.c.id)).scalars())
            store_links.close_links(c, self.dice.sample(known, min(2, len(known))), self.now)


def in_store(store: Store) -> dict[str, Rows]:
    """All that a mirror holds, read from the store."""
    found = {}
    with store.read() as c:
        for layout in _layouts():
            query = sa.select(*(layout.table.c[name] for name in layout.columns)).order_by(layout.table.c.id)
            found[layout.table.name] = [dict(row._mapping) for row in c.execute(query)]
    return found


def in_mirror(mirror: Mirror) -> dict[str, Rows]:
    """The same as DuckDB reads it from the mirror's files."""
    database = DuckEngine(mirror)._database()
    found = {}
    for layout in _layouts():
        rows = database.sql(f'select * from "{layout.table.name}" order by id').to_arrow_table().to_pylist()
        for row in rows:
            for name, kind in layout.columns.items():
                if row[name] is not None:
                    row[name] = json.loads(row[name]) if kind is Kind.JSON else row[name]
                    row[name] = row[name].astimezone(UTC) if kind is Kind.INSTANT else row[name]
        found[layout.table.name] = rows
    return found


def assert_equal(mirror: Mirror, store: Store) -> None:
    stored, mirrored = in_store(store), in_mirror(mirror)
    for name, rows in stored.items():
        assert mirrored[name] == rows, name


def _layouts() -> list[Layout]:
    return [*fact_layouts().values(), *list_layouts().values()]
