"""Which engine a configuration gets, and what it is told where it can't."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from accountpulse.core.clock import SystemClock
from accountpulse.core.errors import EngineError, MissingExtra
from accountpulse.core.metrics import choice
from accountpulse.core.metrics.duck import DuckEngine
from accountpulse.core.metrics.engine import STORE
from accountpulse.core.store.database import Store
from accountpulse.testing.stores import empty_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    shutil.copy(empty_store(), tmp_path / "store.db")
    store = Store(str(tmp_path / "store.db"))
    yield store
    store.close()


def test_without_a_name_a_mirror_decides(store: Store, tmp_path: Path) -> None:
    assert choice.choose_engine(store, SystemClock(), None) == (STORE, None)
    engine, mirror = choice.choose_engine(store, SystemClock(), tmp_path)
    assert isinstance(engine, DuckEngine)
    assert mirror is not None
    assert choice.choose_engine(store, SystemClock(), tmp_path, "store")[0] is STORE


def test_what_can_t_be_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="spark runs over a mirror"):
        choice.choose_engine(store, SystemClock(), None, "spark")
    with pytest.raises(EngineError, match="there is no engine 'sparc'; there are store, duckdb, spark"):
        choice.choose_engine(store, SystemClock(), tmp_path, "sparc")
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "accountpulse\[spark\]"'):
        choice.choose_engine(store, SystemClock(), tmp_path, "spark")
