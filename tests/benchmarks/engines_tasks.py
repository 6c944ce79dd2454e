"""What a process of the benchmark of engines does: `python -m tests.benchmarks.engines_tasks NAME JSON`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.benchmarks.live import RULES, SCORERS
from tests.benchmarks.measure import serve
from tests.benchmarks.world import AS_OF

from accountpulse.config.model_schema import default_models
from accountpulse.core.clock import SystemClock
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.choice import choose_engine
from accountpulse.core.metrics.spark_settings import SparkSettings
from accountpulse.core.scoring.day import Yardstick, score_day
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.spread_day import spread_day
from accountpulse.core.store.database import Store

DAY = AS_OF - timedelta(days=1)
_TICK = 1 / os.sysconf("SC_CLK_TCK")


def scored_day(url: str, mirror: str, engine: str, master: str = "local[*]", memory: str = "1g") -> dict[str, float]:
    """Score two past days, learning what is typical: `cpu` is of the second, what a process does once left out."""
    store = Store(url)
    settings = SparkSettings(master, {"spark.driver.memory": memory})
    chosen, _ = choose_engine(store, SystemClock(), Path(mirror), engine, settings)
    rules, _ = parse_rules(RULES)
    library = {metric.name: metric for metric in BUILTIN}
    cards = Draft(tuple(rules), default_models(metrics=library, scorers=SCORERS)).cards()
    yardstick = Yardstick(ZoneInfo("UTC"), "USD", library, SCORERS, {}, timedelta(days=3), chosen)
    begun = tree_cpu(os.getpid())
    with store.read() as connection:
        chosen.facts(connection).ask("select id from account where id < 0", {})
        marks = [(tree_cpu(os.getpid()), time.perf_counter())]
        for day in (DAY - timedelta(days=1), DAY):
            scores = spread_day(connection, cards, yardstick, day) or score_day(connection, cards, yardstick, day)
            marks.append((tree_cpu(os.getpid()), time.perf_counter()))
    memory = tree_memory(os.getpid())
    store.close()
    (start, _), (first, first_at), (second, second_at) = marks
    return {
        "cpu": second - first,
        "wall": second_at - first_at,
        "start_cpu": start - begun,
        "first_cpu": first - start,
        "memory_mb": memory,
        "accounts": sum(len(segment.rows) for segment in scores.segments),
        "sum": float(sum(segment.evaluation.score.sum() for segment in scores.segments)),
    }


def tree_cpu(pid: int) -> float:
    """CPU seconds of a process and all that came of it, those that have ended and were waited for included."""
    return sum(sum(map(int, _fields(each)[11:15])) for each in _tree(pid)) * _TICK


def tree_memory(pid: int) -> float:
    """The memory (MB) that a process and all that came of it hold now."""
    return sum(int(_fields(each)[21]) for each in _tree(pid)) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _tree(pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(_fields(int(stat.parent.name))[1]), []).append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += parents.get(each, [])


def _fields(pid: int) -> list[str]:
    """What /proc says of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


if __name__ == "__main__":
    serve({"scored_day": scored_day})
