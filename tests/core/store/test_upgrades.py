"""A store of every version ever delivered is upgraded without losing anything."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import make_url
from tests.core.store.freeze import FROZEN, ROWS, sample

from accountpulse.core.store import metric_frames
from accountpulse.core.store.database import Store
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.migrate import alembic_config
from accountpulse.core.store.tables import publication, release
from accountpulse.core.store.touched import EVERYTHING, Touch, touched
from accountpulse.core.store.types import EPOCH_DAY

REVISIONS = sorted({path.name.split(".")[0] for path in FROZEN.glob("*.sql")})


def frozen(revision: str, database: str) -> str:
    return (FROZEN / f"{revision}.{database}.sql").read_text(encoding="utf-8")


def restored(revision: str, store: Store, folder: Path) -> Store:
    """A store as that revision left it."""
    if store.is_sqlite:
        path = folder / "frozen.db"
        connection = sqlite3.connect(path)
        connection.executescript(frozen(revision, "sqlite"))
        connection.close()
        return Store(str(path))
    with store.write() as connection:
        connection.exec_driver_sql("drop schema public cascade; create schema public")
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(frozen(revision, "postgresql").encode())
    return Store(make_url(store.url).render_as_string(hide_password=False))


def test_something_is_frozen() -> None:
    assert REVISIONS


def test_what_was_published_before_releases_were_noted_can_be_gone_back_to(store_to_alter: Store, tmp_path: Path) -> None:
    old = restored("0001", store_to_alter, tmp_path)
    with old.read() as connection:
        last = connection.execute(
            sa.select(sa.func.max(sa.func.coalesce(publication.c.known_to, publication.c.known_from)))
        ).scalar()
    old.close()
    upgraded = Store.open(old.engine.url.render_as_string(hide_password=False))
    with upgraded.read() as connection:
        (row,) = connection.execute(sa.select(release)).all()
        assert (row.stage, row.action, row.author, row.restored) == ("published", "publish", "accountpulse", None)
        assert row.at == last
    upgraded.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_delivered_store_is_upgraded_and_keeps_every_row(revision: str, store_to_alter: Store, tmp_path: Path) -> None:
    old = restored(revision, store_to_alter, tmp_path)
    with old.read() as connection:
        tables = sa.inspect(connection).get_table_names()
        before = {t: connection.execute(sa.text(f'select count(*) from "{t}"')).scalar_one() for t in tables}
    old.close()
    upgraded = Store.open(old.engine.url.render_as_string(hide_password=False))
    try:
        with upgraded.write() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.check(config)
        with upgraded.read() as connection:
            for table in metadata.sorted_tables:
                if table.name in before:
                    count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                    assert count >= before[table.name], table.name
                    assert before[table.name] == len(ROWS), f"{table.name} was frozen without rows"
    finally:
        upgraded.close()


@pytest.mark.parametrize(("revision", "records", "since"), [("0001", EVERYTHING, EPOCH_DAY), ("0015", 1, date(2026, 1, 1))])
def test_what_was_marked_for_scoring_is_marked_still(
    revision: str, records: int, since: date, store_to_alter: Store, tmp_path: Path
) -> None:
    old = restored(revision, store_to_alter, tmp_path)
    old.close()
    upgraded = Store.open(old.engine.url.render_as_string(hide_password=False))
    with upgraded.read() as connection:
        assert touched(connection) == {1: Touch(datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC), records, since)}
    upgraded.close()


@pytest.mark.parametrize("lost", [False, True])
def test_what_was_kept_of_accounts_is_kept_beside_their_scores(lost: bool, store_to_alter: Store, tmp_path: Path) -> None:
    old = restored("0015", store_to_alter, tmp_path)
    with old.write() as connection:
        if lost:
            connection.execute(sa.text("delete from score_detail where account_id = 1"))
        kept = sa.text("select account_id, parent_id, measured, described, booked from account_metrics order by account_id")
        before = [tuple(row) for row in connection.execute(kept)]
    old.close()
    upgraded = Store.open(old.engine.url.render_as_string(hide_password=False))
    with upgraded.read() as connection:
        assert [tuple(row) for row in metric_frames.load(connection)] == (before[1:] if lost else before)
        # Without what is kept of somebody, the next run must measure everybody.
        assert (metric_frames.header(connection) is None) == lost
    upgraded.close()


def test_the_newest_frozen_store_reads_as_it_was_written(store_to_alter: Store, tmp_path: Path) -> None:
    old = restored(REVISIONS[-1], store_to_alter, tmp_path)
    try:
        with old.read() as connection:
            names = set(sa.inspect(connection).get_table_names())
            for table in (t for t in metadata.sorted_tables if t.name in names):
                found = {c["name"] for c in sa.inspect(connection).get_columns(table.name)}
                columns = [c for c in table.columns if c.name in found]
                rows = connection.execute(sa.select(*columns).order_by(*[c for c in columns if c.primary_key])).all()
                wanted = [tuple(sample(c, n) for c in columns) for n in ROWS]
                assert sorted(map(repr, rows)) == sorted(map(repr, wanted)), table.name
    finally:
        old.close()
