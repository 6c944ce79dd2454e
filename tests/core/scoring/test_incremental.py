"""Incremental scoring: whatever happens, in whatever order, what is stored is what scoring everybody would have stored."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.scoring.incremental_world import IncrementalWorld, answers

from accountpulse.core.store.database import Store

STEPS = 14


def live(world: IncrementalWorld, copy: Path, steps: int = STEPS) -> list[str]:
    """Live a life, and compare after every run with a store where everybody was scored at the same instant."""
    path = Path(world.store.url.removeprefix("sqlite:///"))
    told: list[str] = []
    for step in range(steps):
        told += [world.happen() for _ in range(world.dice.choice((0, 1, 1, 1, 2, 3)))]
        twin_path = copy / f"{step}.db"
        source, target = sqlite3.connect(path), sqlite3.connect(twin_path)
        source.backup(target)
        source.close()
        target.close()
        twin = Store(str(twin_path))
        report = world.service.run(world.today)
        whole = world.make_service(twin).run(world.today, full=True)
        told.append(f"run: {report.measured} measured, {report.scored} scored of {report.accounts}")
        found, wanted = answers(world.store), answers(twin)
        twin.close()
        twin_path.unlink()
        for table in wanted:
            assert found[table] == wanted[table], f"{table} differs after: " + "; ".join(told)
        assert (report.accounts, report.segments, report.bands) == (whole.accounts, whole.segments, whole.bands)
        again = world.service.run(world.today)
        assert (again.measured, again.rows_written) == (0, 0), told
    return told


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_incremental_equals_full(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(str(Path(folder) / "store.db"))
        try:
            live(IncrementalWorld(store, seed), Path(folder))
        finally:
            store.close()


@pytest.mark.parametrize("seed", range(2))
def test_incremental_equals_full_at_the_end_on_both_databases(store: Store, seed: int) -> None:
    world = IncrementalWorld(store, seed)
    for _ in range(10):
        for _ in range(world.dice.choice((0, 1, 2, 3))):
            world.happen()
        world.service.run(world.today)
    found = answers(store)
    world.service.run(world.today, full=True)
    assert answers(store) == found
