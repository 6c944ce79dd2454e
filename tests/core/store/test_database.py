"""The store opens, migrates, and refuses what it doesn't know."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from accountpulse.core.errors import StoreError
from accountpulse.core.store.database import Store
from accountpulse.core.store.migrate import alembic_config
from accountpulse.core.store.revisions import bump, current


def test_the_migrations_make_exactly_the_declared_tables(store: Store) -> None:
    with store.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)


def test_opening_twice_changes_nothing(store: Store) -> None:
    Store.open(store.engine.url.render_as_string(hide_password=False)).close()


def test_a_store_of_a_newer_version_is_refused(store_to_alter: Store) -> None:
    with store_to_alter.write() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StoreError, match="newer AccountPulse"):
        Store.open(store_to_alter.engine.url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/db", "supported are sqlite and postgresql"),
        ("://", "can't be read"),
        ("/no/such/folder/x.db", "does not exist"),
    ],
)
def test_a_store_that_cannot_be_opened_says_what_to_do(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        Store.open(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing like a database\n" * 50)
    with pytest.raises(StoreError, match=r"notes\.txt can't be opened: file is not a database"):
        Store.open(str(tmp_path / "notes.txt"))


def test_the_password_is_not_in_the_safe_url() -> None:
    assert "hunter2" not in Store("postgresql://me:hunter2@localhost/db").safe_url


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    def write_and_fail() -> None:
        with store.write() as connection:
            connection.execute(sa.text("insert into revision (domain, number) values ('facts', 1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with store.read() as connection:
        assert connection.execute(sa.text("select count(*) from revision")).scalar_one() == 0


def test_sqlite_uses_the_write_ahead_log(tmp_path: Path) -> None:
    opened = Store.open(str(tmp_path / "store.db"))
    with opened.read() as connection:
        assert connection.execute(sa.text("pragma journal_mode")).scalar_one() == "wal"
    opened.close()


def test_a_new_sqlite_store_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(str(path)).close()
    assert path.stat().st_mode & 0o077 == 0


def test_revisions_advance_once_and_in_one_order_at_the_end_of_a_transaction(store: Store) -> None:
    statements: list[tuple[str, str]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, str(parameters)))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    with store.write() as connection:
        bump(connection, "operations")
        bump(connection, "facts", "people")
        bump(connection, "operations")
        assert not [each for each, _ in statements if "revision" in each]
    advanced = [parameters for statement, parameters in statements if "revision" in statement]
    assert [next(d for d in ("facts", "operations", "people") if d in each) for each in advanced] == [
        "facts",
        "operations",
        "people",
    ]
    with store.read() as connection:
        assert current(connection) == {"facts": 1, "operations": 1, "people": 1}


def test_a_commit_changes_the_version(store: Store) -> None:
    before = store.version()
    with store.write() as connection:
        bump(connection, "facts")
    assert store.version() != before


def test_a_file_is_seen_as_memory_only_meanwhile(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store.db"))
    for transaction in (store.read, store.write):
        with transaction(scattered=True) as connection:
            assert connection.exec_driver_sql("pragma mmap_size").scalar_one() > 0
        with transaction() as connection:
            assert connection.exec_driver_sql("pragma mmap_size").scalar_one() == 0
    store.close()
