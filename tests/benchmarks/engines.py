"""The benchmark of engines: one past day scored in the store, in DuckDB and in Spark, by size, in turns."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks import stores
from tests.benchmarks.claims import Fact, Report
from tests.benchmarks.measure import Sample, Task, TaskFailed, interleaved, sample
from tests.benchmarks.stores import CACHE

from accountpulse.core.metrics.java import MissingJava, find_java

Step = Callable[[str], None]

SEED = 1
SQLITE, DUCKDB, SPARK = "SQLite", "DuckDB", "Spark"


@dataclass(frozen=True, slots=True)
class Options:
    """accounts: the sizes to measure. rounds: samples of each. master: of Spark. spark: whether it takes part."""

    accounts: tuple[int, ...]
    rounds: int
    master: str = "local[*]"
    spark: bool = True
    cache: Path = CACHE


def run(options: Options, step: Step) -> Report:
    """Measure every size. Every engine scores the same accounts to the same scores, or the run ends."""
    report = Report({"rounds": options.rounds, "cores": os.cpu_count() or 0, "master": options.master})
    for accounts in options.accounts:
        world = stores.worlds(accounts, SEED, step, options.cache)
        tasks = _tasks(options, world, report)
        step(f"{accounts:,}: bringing the mirror up to the store")
        sample(Task("mirror", {"url": f"sqlite:///{world / 'store.db'}", "folder": str(world / "mirror")}, "mirror"))
        found = interleaved(tasks, options.rounds, lambda what, n=accounts: step(f"{n:,}: {what}"))  # type: ignore[misc]
        _same_scores(found)
        for name, one in found.items():
            _tell(report, f"{accounts:,} accounts, {name}", one, found[SQLITE])
    return report


def _tasks(options: Options, world: Path, report: Report) -> list[Task]:
    given = {"url": f"sqlite:///{world / 'store.db'}", "mirror": str(world / "mirror")}
    tasks = [
        Task(SQLITE, {**given, "engine": "store"}, "scored_day", module="engines_tasks"),
        Task(DUCKDB, {**given, "engine": "duckdb"}, "scored_day", module="engines_tasks"),
    ]
    if not options.spark:
        return tasks
    try:
        if find_spec("pyspark") is None:
            raise MissingJava("pyspark is not installed")
        find_java(os.environ)
    except MissingJava as missing:
        report.setting = {**report.setting, "Spark": f"not measured: {missing}"}
        return tasks
    given |= {"engine": "spark", "master": options.master}
    return [*tasks, Task(SPARK, given, "scored_day", module="engines_tasks")]


def _same_scores(found: dict[str, Sample]) -> None:
    for name, one in found.items():
        for what in ("accounts", "sum"):
            if abs(one.facts[what] - found[SQLITE].facts[what]) > 1e-9 * abs(found[SQLITE].facts[what]):
                raise TaskFailed(f"{name} gives other scores: {what} {one.facts[what]} and not {found[SQLITE].facts[what]}")


def _tell(report: Report, name: str, one: Sample, reference: Sample) -> None:
    report.facts += [
        Fact(f"{name}: CPU of a day", one.cpu, "s"),
        Fact(f"{name}: CPU against SQLite", one.cpu / reference.cpu, "times"),
        Fact(f"{name}: time against SQLite", one.wall / reference.wall, "times"),
        Fact(f"{name}: CPU of the process's first day", one.facts["first_cpu"], "s"),
        Fact(f"{name}: CPU of starting it", one.facts["start_cpu"], "s"),
        Fact(f"{name}: memory of all its processes", one.facts["memory_mb"], "MB"),
    ]
