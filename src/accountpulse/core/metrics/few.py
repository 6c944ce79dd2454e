"""Which columns hold so few different texts that those of an account fit into the bits of one number.

To count what is distinct an engine that reads by column keeps every pair of an account and a text in a table. Where all texts
are known before and few (features, most often), each has a bit, and counting is an `or`, in the same pass as everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from accountpulse.core.metrics.asof import Moment
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.dialects import BITS, Dialect, quoted
from accountpulse.core.metrics.engine import Facts
from accountpulse.core.metrics.passes import window_of
from accountpulse.core.metrics.rows import FewOf, Scope, few_parameter
from accountpulse.core.metrics.sources import sources
from accountpulse.core.model import Kind

SAMPLE = 100_000
"""So many rows show what has too many values, before all are read."""

_Since = tuple[tuple[str, int], ...]


def few_texts(metrics: Sequence[Metric], moment: Moment, facts: Facts) -> dict[FewOf, tuple[str, ...]]:
    """By record type and column, all texts there are in the windows that metrics count distinct ones in, where they are few.

    Of any version and any account: every row that a metric can see is among those. Empty for engines without such bits.
    """
    found = {}
    for (record, column), since in _counted(metrics).items() if facts.dialect.bits else ():
        queries, scope = _queries(facts.dialect, record, column, since)
        parameters = moment.parameters(scope.bounds.used, facts.dialect)
        for query in queries:
            texts = facts.ask(query, parameters).objects(0)
            if len(texts) > BITS:
                break
        else:
            found[record, column] = tuple(sorted(map(str, texts)))
    return found


def parameters_of(few: Mapping[FewOf, Sequence[str]], dialect: Dialect) -> dict[str, object]:
    """What a query compiled for these columns binds."""
    return {few_parameter(of): dialect.texts(texts) for of, texts in few.items()}


def _counted(metrics: Sequence[Metric]) -> dict[FewOf, _Since]:
    """The columns of which distinct texts are counted in windows that begin, and how many days back those reach, by their time.

    Not those of the version valid at T: its other columns need not be in the window.
    """
    found: dict[FewOf, dict[str, int]] = {}
    for aggregate in (a for metric in metrics for a in metric.aggregates.values() if a.function == "distinct"):
        source, column, (first, _) = sources().get(aggregate.source), aggregate.value.strip(), window_of(aggregate)
        if source is None or first is None or column not in source.columns or column in source.undated:
            continue
        time = aggregate.at or source.event or ""
        if source.column(column).kind is Kind.TEXT and time in source.times:
            since = found.setdefault((source.name, column), {})
            since[time] = max(first, since.get(time, 0))
    return {of: tuple(sorted(since.items())) for of, since in found.items()}


@lru_cache(maxsize=64)
def _queries(dialect: Dialect, record: str, column: str, since: _Since) -> tuple[tuple[str, str], Scope]:
    """The texts in the first rows that are found, and in all; and what both bind."""
    scope = Scope(dialect, corrected=True, some_accounts=False)
    source = sources()[record]
    began = " or ".join(f"{quoted(time)} >= {scope.bounds(source.column(time).kind, days)}" for time, days in since)
    event = source.event or ""
    rows = (
        f"select {quoted(column)} as value\nfrom {source.table}\nwhere {quoted(column)} is not null and ({began})"
        f" and {quoted(event)} < {scope.bounds(source.column(event).kind)}"
    )
    chosen = (f"{rows}\nlimit {SAMPLE}", rows)
    some, every = (dialect.finished(f"select distinct value\nfrom ({one}) as counted") for one in chosen)
    return (some, every), scope
