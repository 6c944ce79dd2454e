"""Engines with the store's tables, and nothing in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from accountpulse.core.clock import SystemClock
from accountpulse.core.metrics.duck import DuckEngine
from accountpulse.core.mirror import Mirror
from accountpulse.core.store.database import Store
from accountpulse.core.store.every_table import metadata


@pytest.fixture(scope="package")
def sqlite_engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="package")
def postgres_engine(postgres_url: str) -> Iterator[sa.Engine]:
    """A schema of its own, so that nobody else's tables are in the way."""
    schema = "metrics_tests"
    admin = sa.create_engine(postgres_url)
    with admin.begin() as c:
        c.execute(sa.text(f"drop schema if exists {schema} cascade"))
        c.execute(sa.text(f"create schema {schema}"))
    engine = sa.create_engine(postgres_url, connect_args={"options": f"-csearch_path={schema}"})
    metadata.create_all(engine)
    yield engine
    engine.dispose()
    with admin.begin() as c:
        c.execute(sa.text(f"drop schema {schema} cascade"))
    admin.dispose()


@dataclass(frozen=True)
class Mirrored:
    """A store with a mirror, and DuckDB over it."""

    store: Store
    duck: DuckEngine


@pytest.fixture(scope="package")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    folder = tmp_path_factory.mktemp("mirrored")
    store = Store.open(str(folder / "store.db"))
    yield Mirrored(store, DuckEngine(Mirror(folder / "mirror", store, SystemClock()), few=0))
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """Each engine that metrics run on, with empty tables."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    engine: sa.Engine = request.getfixturevalue(name)
    return engine
