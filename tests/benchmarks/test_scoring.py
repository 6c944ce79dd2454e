"""The benchmark of metrics and scores still runs, and everybody in it still gives the same answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.benchmarks import engines, lakes, scoring, stores
from tests.benchmarks.claims import Claim

from accountpulse.core.clock import SystemClock
from accountpulse.core.mirror import Mirror
from accountpulse.core.mirror.manifest import FactFiles, ListFile
from accountpulse.core.store.database import Store

WORLD = 120


@pytest.mark.slow
def test_a_small_run_compares_everybody_and_measures_what_it_promises(tmp_path: Path) -> None:
    told: list[str] = []
    options = scoring.Options(WORLD, 1, pandas=False, cache=tmp_path)
    report = scoring.run(options, told.append)
    # Environments for pandas and featuretools are not made by a test; where they are there, they take part.
    unmeasured = {claim.what: claim.note for claim in report.claims if claim.value is None}
    assert all("no environment" in note for note in unmeasured.values()), unmeasured
    assert all(claim.value is None or claim.value > 0 or claim.limit == 0 for claim in report.claims)
    (queries,) = (claim.value for claim in report.claims if claim.what == "metrics run for a change of the model")
    assert queries == 0
    assert any(text.startswith("comparing: hand-written SQL on SQLite") for text in told)
    assert json.loads(report.to_json())["setting"]["accounts"] == WORLD
    again: list[str] = []
    scoring.stores.worlds(WORLD, scoring.SEED, again.append, tmp_path)
    assert again == [], "a world is made once"


@pytest.mark.slow
def test_a_small_run_of_engines_scores_the_same_in_each(tmp_path: Path) -> None:
    report = engines.run(engines.Options((WORLD,), 1, spark=False, cache=tmp_path), lambda what: None)
    found = {fact.what: fact.value for fact in report.facts}
    assert found[f"{WORLD} accounts, SQLite: CPU against SQLite"] == 1
    assert found[f"{WORLD} accounts, DuckDB: CPU against SQLite"] > 0
    assert found[f"{WORLD} accounts: SQLite's file"] > found[f"{WORLD} accounts: the mirror"] > 0
    assert json.loads(report.to_json())["setting"]["rounds"] == 1
    check_lake(*(make(WORLD, engines.SEED, lambda what: None, tmp_path) for make in (stores.worlds, lakes.lake)))


def check_lake(store_has: Path, lake_has: Path) -> None:
    """A lake holds what the store of the same size hands to its mirror, and its own store takes it for its mirror."""
    held = []
    for folder in (store_has, lake_has):
        store = Store(str(folder / "store.db"))
        mirror = Mirror(folder / "mirror", store, SystemClock())
        assert mirror.is_current() == (folder == lake_has)
        mirror.refresh()
        store.close()
        held.append({**rows(mirror, mirror.manifest().facts), **rows(mirror, mirror.manifest().lists)})
    expected, found = held
    assert expected.keys() == found.keys()
    for name, table in expected.items():
        assert table.equals(found[name]), name
    assert expected["usage_day"].num_rows > 100 * WORLD


def rows(mirror: Mirror, held: Mapping[str, FactFiles] | Mapping[str, ListFile]) -> dict[str, pa.Table]:
    parts = {name: one.parts if isinstance(one, FactFiles) else [one.part] for name, one in held.items()}
    return {
        name: pa.concat_tables(pq.read_table(mirror.folder / part.file, partitioning=None) for part in files).sort_by("id")
        for name, files in parts.items()
    }


@pytest.mark.parametrize(
    ("value", "direction", "verdict"),
    [(1.0, "at most", "ok"), (1.1, "at most", "misses it"), (0.9, "at least", "misses it"), (1.0, "at least", "ok")],
)
def test_a_miss_is_called_one(value: float, direction: str, verdict: str) -> None:
    assert Claim("it", value, direction, 1.0, "times").verdict == verdict  # type: ignore[arg-type]
    assert Claim("it", None, "at most", 1.0, "times", "no time").verdict == "not measured"
