"""A back-up is the whole store, from either database into either; nothing in use is ever replaced."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.conftest import database_from
from tests.core.scoring.test_service import TODAY, World, company, usage
from tests.core.store.freeze import fill

from accountpulse.core.errors import StoreError
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.backup import back_up, restore
from accountpulse.core.store.database import Store
from accountpulse.core.store.every_table import metadata
from accountpulse.core.store.tables import run as run_table
from accountpulse.testing.stores import empty_store, fresh_store


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("busy"), company("fading"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)))
    made.service.run(TODAY, since=TODAY - timedelta(days=5))
    return made


def content(store: Store) -> dict[str, list[str]]:
    """Every row of every table."""
    with store.read() as connection:
        return {
            table.name: sorted(repr([_ordered(value) for value in row]) for row in connection.execute(sa.select(table)))
            for table in metadata.sorted_tables
            if table.name != "revision"
        }


def _ordered(value: object) -> object:
    """PostgreSQL keeps the members of a JSON object in an order of its own."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store on another machine."""
    if request.param == "sqlite":
        return str(tmp_path / "elsewhere.db")
    return str(request.getfixturevalue("empty_database"))


@pytest.fixture
def empty_database(postgres_template: str) -> Iterator[str]:
    with database_from(postgres_template) as url:
        yield url


def test_a_restored_store_has_the_same_scores_and_goes_on(world: World, elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    done = back_up(world.store, file)
    assert done.scores == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["backup.db"]
    assert restore(file, elsewhere).rows == done.rows
    with closing(Store.open(elsewhere)) as other:
        assert content(other) == content(world.store)
        again = World(other)
        assert again.service.run(TODAY).rows_written == 0, "the same facts score the same"
        again.put("crm", company("new"))
        again.put("app", *usage("new", range(9)))
        assert again.service.run(TODAY).accounts == 3, "new rows get ids of their own"
    with pytest.raises(StoreError, match="in use, and would be lost"):
        restore(file, elsewhere)


def test_a_store_in_which_only_the_configuration_was_registered_is_empty(world: World, elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    done = back_up(world.store, file)
    with closing(Store.open(elsewhere)) as other:
        registered = World(other)
        with other.write() as connection:
            id = store_connections.by_name(connection, "crm").id
            store_connections.set_identity(connection, id, {"id": "1", "name": "who it talks to"})
        before = content(other)
        with other.write() as connection:
            run = store_connections.begin_run(connection, id, registered.clock.now())
    with pytest.raises(StoreError, match="in use, and would be lost"):
        restore(file, elsewhere)
    with closing(Store.open(elsewhere)) as other:
        with other.write() as connection:
            connection.execute(sa.delete(run_table).where(run_table.c.id == run))
        assert content(other) == before
    assert restore(file, elsewhere).rows == done.rows
    with closing(Store.open(elsewhere)) as other:
        assert content(other) == content(world.store)


def test_a_store_that_somebody_has_open_is_not_replaced(world: World, tmp_path: Path) -> None:
    file, target = tmp_path / "backup.db", str(tmp_path / "target.db")
    back_up(world.store, file)
    with closing(Store.open(target)), pytest.raises(StoreError, match="open in another process"):
        restore(file, target)
    restore(file, target)


def test_every_kind_of_row_comes_through(store: Store, elsewhere: str, tmp_path: Path) -> None:
    fill(store)
    back_up(store, tmp_path / "backup.db")
    restore(tmp_path / "backup.db", elsewhere)
    with closing(Store.open(elsewhere)) as other:
        assert content(other) == content(store)


def test_what_is_no_back_up_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "target.db"
    (tmp_path / "text.db").write_text("not a database, but long enough to look like a file of one" * 40)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("create table t (a)")
        connection.commit()
    with fresh_store(tmp_path) as newer:
        fill(newer)
        with newer.write() as connection:
            connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    whole = empty_store().read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "worn.db").write_bytes(whole[: -len(whole) // 2] + b"?" * (len(whole) // 2))
    for name, said in (
        ("missing.db", "there is no back-up"),
        ("text.db", "text.db is no back-up: file is not a database"),
        ("cut.db", "the back-up .*cut.db is damaged: .*Nothing was restored: take another back-up"),
        ("worn.db", "the back-up .*worn.db is damaged: .*Nothing was restored: take another back-up"),
        ("other.db", "not one of AccountPulse"),
        ("store.db", "newer AccountPulse"),
    ):
        with pytest.raises(StoreError, match=said):
            restore(tmp_path / name, str(target))
        assert not target.exists(), name


def test_a_back_up_that_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    with fresh_store(tmp_path) as store, pytest.raises(StoreError, match="can't be written"):
        back_up(store, tmp_path / "missing" / "backup.db")
