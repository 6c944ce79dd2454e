"""The benchmark of engines: one past day scored in the store, in DuckDB and in Spark, by size, in turns."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks import lakes, stores
from tests.benchmarks.claims import Fact, Report
from tests.benchmarks.measure import Sample, Task, TaskFailed, interleaved
from tests.benchmarks.stores import CACHE

from accountpulse.core.metrics.java import MissingJava, find_java

Step = Callable[[str], None]

SEED = 1
SQLITE, DUCKDB, SPARK = "SQLite", "DuckDB", "Spark"


@dataclass(frozen=True, slots=True)
class Options:
    """accounts: the sizes to measure. rounds: samples of each. master, memory: of Spark. spark: whether it takes part.

    stores: up to how many accounts SQLite takes part: its file is 6 GB for 100,000, and grows with them.
    """

    accounts: tuple[int, ...]
    rounds: int
    master: str = "local[*]"
    memory: str = "3g"
    spark: bool = True
    stores: int = 100_000
    cache: Path = CACHE


def run(options: Options, step: Step) -> Report:
    """Measure every size. Every engine scores the same accounts to the same scores, or the run ends."""
    report = Report(
        {"rounds": options.rounds, "cores": os.cpu_count() or 0, "master": options.master, "memory": options.memory}
    )
    for accounts in options.accounts:
        found = interleaved(
            _tasks(options, accounts, report, step),
            options.rounds,
            lambda what, n=accounts: step(f"{n:,}: {what}"),  # type: ignore[misc]
        )
        _same_scores(found)
        for name, one in found.items():
            _tell(report, f"{accounts:,} accounts, {name}", one, found)
        for what, size in _sizes(options, accounts, step).items():
            report.facts.append(Fact(f"{accounts:,} accounts: {what}", size / 1e6, "MB"))
    return report


def _sizes(options: Options, accounts: int, step: Step) -> dict[str, int]:
    """The bytes of what was read."""
    mirror = lakes.lake(accounts, SEED, step, options.cache) / "mirror"
    sizes = {"the mirror": sum(file.stat().st_size for file in mirror.glob("*.parquet"))}
    if accounts <= options.stores:
        sizes["SQLite's file"] = (stores.worlds(accounts, SEED, step, options.cache) / "store.db").stat().st_size
    return sizes


def _tasks(options: Options, accounts: int, report: Report, step: Step) -> list[Task]:
    tasks = []
    if accounts <= options.stores:
        world = stores.worlds(accounts, SEED, step, options.cache)
        store = {"url": f"sqlite:///{world / 'store.db'}", "mirror": str(world / "mirror"), "engine": "store"}
        tasks.append(Task(SQLITE, store, "scored_day", module="engines_tasks"))
    lake = lakes.lake(accounts, SEED, step, options.cache)
    given = {"url": f"sqlite:///{lake / 'store.db'}", "mirror": str(lake / "mirror")}
    tasks.append(Task(DUCKDB, {**given, "engine": "duckdb"}, "scored_day", module="engines_tasks"))
    if not options.spark:
        return tasks
    try:
        if find_spec("pyspark") is None:
            raise MissingJava("pyspark is not installed")
        find_java(os.environ)
    except MissingJava as missing:
        report.setting = {**report.setting, "Spark": f"not measured: {missing}"}
        return tasks
    given |= {"engine": "spark", "master": options.master, "memory": options.memory}
    return [*tasks, Task(SPARK, given, "scored_day", module="engines_tasks")]


def _same_scores(found: dict[str, Sample]) -> None:
    expected = found[DUCKDB].facts
    for name, one in found.items():
        for what in ("accounts", "sum"):
            if abs(one.facts[what] - expected[what]) > 1e-9 * abs(expected[what]):
                raise TaskFailed(f"{name} gives other scores than DuckDB: {what} {one.facts[what]} and not {expected[what]}")


def _tell(report: Report, name: str, one: Sample, found: Mapping[str, Sample]) -> None:
    against = [(other, found[other]) for other in (SQLITE, DUCKDB) if other in found]
    report.facts += [
        Fact(f"{name}: CPU of a day", one.cpu, "s"),
        *(Fact(f"{name}: CPU against {other}", one.cpu / reference.cpu, "times") for other, reference in against),
        *(Fact(f"{name}: time against {other}", one.wall / reference.wall, "times") for other, reference in against),
        Fact(f"{name}: CPU of the process's first day", one.facts["first_cpu"], "s"),
        Fact(f"{name}: CPU of starting it", one.facts["start_cpu"], "s"),
        Fact(f"{name}: memory of all its processes", one.facts["memory_mb"], "MB"),
    ]
