"""Fixtures that the whole test tree shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from tests.emptying import empty
from tests.postgres import PostgresUnavailable, temporary_postgres

from accountpulse.core.store.database import Store
from accountpulse.testing.stores import fresh_store

# How busy the machine is must not decide whether a test passes.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on each database runs on PostgreSQL with the slow tests: that took a third of the others' time."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "postgresql" in item.callspec.params.values():
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL server; the test is skipped, with the reason, where none can run."""
    try:
        with temporary_postgres() as url:
            yield url
    except PostgresUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with the current schema: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        with fresh_store(tmp_path) as opened:
            yield opened
        return
    opened = Store.open(request.getfixturevalue("postgres_shared"))
    _disconnect_others(opened)
    empty(opened)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_to_alter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Like `store`, for tests that change its schema: a database of its own."""
    if request.param == "sqlite":
        with fresh_store(tmp_path) as opened:
            yield opened
        return
    with store_from(request.getfixturevalue("postgres_template")) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """A PostgreSQL database with the current schema, from which each test's own is copied: migrating takes longer."""
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("drop database if exists accountpulse_template with (force)"))
        connection.execute(sa.text("create database accountpulse_template"))
    admin.dispose()
    url = _with_database(postgres_url, "accountpulse_template")
    Store.open(url).close()
    return url


@pytest.fixture(scope="session")
def postgres_shared(postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database with the current schema, for one test after the other."""
    with database_from(postgres_template) as url:
        yield url


def _disconnect_others(store: Store) -> None:
    """End what an earlier test may have left open: it could hold locks."""
    others = (
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    with store.engine.connect() as connection:
        connection.exec_driver_sql(others)


@contextmanager
def store_from(template: str) -> Iterator[Store]:
    """An empty store in a PostgreSQL database of its own."""
    with database_from(template) as url:
        opened = Store.open(url)
        yield opened
        opened.close()


@contextmanager
def database_from(template: str) -> Iterator[str]:
    """A database of one's own, copied from a template; its URL."""
    name = f"test_{uuid4().hex}"
    admin = sa.create_engine(_with_database(template, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"create database {name} template accountpulse_template"))
    try:
        yield _with_database(template, name)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"drop database {name} with (force)"))
        admin.dispose()


def _with_database(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)
