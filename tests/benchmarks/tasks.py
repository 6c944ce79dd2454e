"""What the processes of the benchmarks do: `python -m tests.benchmarks.tasks NAME JSON` writes what it measured as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from tests.benchmarks import hand_sql, live, scorecard
from tests.benchmarks.measure import Region, serve
from tests.benchmarks.question import METRICS
from tests.benchmarks.world import AS_OF

from accountpulse.core.clock import SystemClock
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.engine import STORE, Answer, Engine, Facts
from accountpulse.core.metrics.evaluate import evaluate as evaluate_metrics
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.archive import THRESHOLD_CENTI
from accountpulse.core.scoring.evaluate import evaluate as evaluate_scores
from accountpulse.core.scoring.peers import peers_of
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store.database import Store
from accountpulse.core.store.scores import LIVE, write_history

Result = dict[str, float]


# --- metrics --------------------------------------------------------------------------------------------------------------


# What only the metrics' query says, and what only those that are asked before it, for what it binds.
_METRICS = "\nfrom population"
_BEFORE = ") as counted"


class _Watched:
    """An engine that measures the metrics' query and what is asked before it; `dry`, it stops there, all compiled and kept."""

    def __init__(self, engine: Engine, region: Region, *, dry: bool = False) -> None:
        self._engine = engine
        self._region = region
        self._dry = dry

    def facts(self, connection: sa.Connection, accounts: Sequence[int] | None = None) -> Facts:
        return _WatchedFacts(self._engine.facts(connection, accounts), self._region, self._dry)


class _WatchedFacts:
    def __init__(self, facts: Facts, region: Region, dry: bool) -> None:
        self._facts = facts
        self._region = region
        self._dry = dry
        self.dialect = facts.dialect

    def ask(self, query: str, parameters: Mapping[str, object]) -> Answer:
        if self._dry and _METRICS in query:
            raise _Stop
        with self._region.measured() if not self._dry and (_METRICS in query or _BEFORE in query) else nullcontext():
            return self._facts.ask(query, parameters)


class _Stop(Exception):
    """Ends an evaluation before its query."""


def compiled(
    url: str,
    server: int | None = None,
    mirror: str | None = None,
    out: str | None = None,
    names: Sequence[str] = METRICS,
) -> Result:
    """Evaluate the metrics: `cpu` is that of the compiled query, `evaluate` that of all of it. mirror: in DuckDB, over it."""
    store = Store(url)
    engine = STORE if mirror is None else _duck(Path(mirror), store)
    query, whole = Region(server), Region(server)
    with store.read() as connection:
        with suppress(_Stop):
            _frame(connection, _Watched(engine, query, dry=True), names)
        with whole.measured():
            frame = _frame(connection, _Watched(engine, query), names)
    store.close()
    if out is not None:
        measured = frame.states == ComponentState.MEASURED
        np.savez(out, ids=frame.account_ids, values=frame.values, measured=measured, names=list(names))
    return _spent(query) | {"evaluate": whole.cpu}


def _frame(connection: sa.Connection, engine: Engine, names: Sequence[str]) -> MetricFrame:
    library = {metric.name: metric for metric in BUILTIN}
    return evaluate_metrics(
        connection,
        [library[name] for name in names],
        day=AS_OF,
        zone=ZoneInfo("UTC"),
        mode=AsCorrected(),
        reporting_currency="USD",
        engine=engine,
    )


def _duck(folder: Path, store: Store) -> Engine:
    from accountpulse.core.metrics.duck import DuckEngine
    from accountpulse.core.mirror import Mirror

    return DuckEngine(Mirror(folder, store, SystemClock()))


def hand(url: str, server: int | None = None, out: str | None = None) -> Result:
    """Ask the same by a query that a person wrote."""
    store = Store(url)
    query, given = sa.text(hand_sql.query(not store.is_sqlite)), hand_sql.parameters(not store.is_sqlite)
    region = Region(server)
    with store.read() as connection:
        if not store.is_sqlite:
            connection.execute(sa.text("set local jit = off"))
        with region.measured():
            rows = connection.execute(query, given).all()
    store.close()
    if out is not None:
        ids, values = hand_sql.values_of([tuple(row) for row in rows])
        np.savez(out, ids=ids, values=values)
    return _spent(region)


def mirror(url: str, folder: str) -> Result:
    """Bring the mirror up to the store."""
    from accountpulse.core.mirror import Mirror

    store = Store(url)
    region = Region()
    with region.measured():
        Mirror(Path(folder), store, SystemClock()).refresh()
    store.close()
    return _spent(region)


def scan(url: str, folder: str) -> Result:
    """Read in DuckDB what the metrics need and do nothing with it: the smallest and largest of every column, same windows."""
    store = Store(url)
    engine = _duck(Path(folder), store)
    region = Region()
    with store.read() as connection:
        facts = engine.facts(connection)
        with region.measured():
            for query in hand_sql.SCANS:
                facts.ask(query, hand_sql.parameters(postgres=True))
    store.close()
    return _spent(region)


# --- scores ---------------------------------------------------------------------------------------------------------------


def stage(accounts: int) -> Result:
    """Score accounts from their metric values, and find their peers, which a day's first run has to do before."""
    segments = scorecard.segments(accounts, scorecard.SEED)
    region, peers = Region(), Region()
    for segment in segments:
        with peers.measured():
            found = peers_of(segment.model, segment.values, segment.states)
        with region.measured():
            evaluate_scores(
                segment.model,
                WeightedScorer(segment.model.components),
                segment.values,
                segment.states,
                found,
                columns=segment.columns,
            )
    return _spent(region) | {"peers": peers.cpu}


def history(url: str, accounts: int, days: int) -> Result:
    """Write the history of simulated days; returns the bytes and rows that it takes for each account and day."""
    store = Store.open(url)
    with store.write() as connection:
        ids = scorecard.prepare_history(connection, accounts)
    before = _size(store)
    region = Region()
    rows = 0
    for day, points in scorecard.days(ids, days, scorecard.SEED):
        with region.measured(), store.write() as connection:
            rows += len(write_history(connection, day, LIVE, points, threshold_centi=THRESHOLD_CENTI, now=datetime.now(UTC)))
    grown = _size(store) - before
    _compact(store)
    compacted = _size(store) - before
    store.close()
    account_days = accounts * days
    return _spent(region) | {
        "bytes": grown / account_days,
        "compacted_bytes": compacted / account_days,
        "rows": rows / account_days,
        "cpu_us": region.cpu / account_days * 1e6,
    }


def prepare_live(source: str, url: str) -> Result:
    """A store whose current day has been scored, with three months of history."""
    region = Region()
    with region.measured():
        live.prepare(source, url)
    return _spent(region)


def _size(store: Store) -> int:
    with store.engine.connect() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
            return Path(str(store.engine.url.database)).stat().st_size
        names = ("score_history", "scored_day")
        query = sa.text("select pg_total_relation_size(cast(:name as regclass))")
        return sum(connection.execute(query, {"name": name}).scalar_one() for name in names)


def _compact(store: Store) -> None:
    if store.is_sqlite:
        store.close()
        raw = sqlite3.connect(str(store.engine.url.database), isolation_level=None)
        raw.execute("vacuum")
        raw.close()
        return
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("vacuum full score_history")


def _spent(region: Region) -> Result:
    return {"cpu": region.cpu, "wall": region.wall}


TASKS: Mapping[str, Callable[..., Result]] = {
    task.__name__: task
    for task in (compiled, hand, mirror, scan, stage, history, prepare_live, live.incremental, live.model_change)
}


if __name__ == "__main__":
    serve(TASKS)
