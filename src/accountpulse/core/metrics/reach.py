"""What time alone changes, and how far back metrics read. Both follow from the declarations; nobody maintains them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from accountpulse.core.metrics.compiler import compile_metrics
from accountpulse.core.metrics.declare import Aggregate, Metric
from accountpulse.core.metrics.dialects import DIALECTS
from accountpulse.core.metrics.passes import window_of
from accountpulse.core.metrics.sources import source_of


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    """A value can change without new data when `column` of a row of `source` passes T - `offset` days."""

    source: str
    column: str
    offset: int


def boundaries(metrics: Iterable[Metric]) -> frozenset[Boundary]:
    """Every boundary of these metrics.

    A row passes into a window at its near end and out of it at its far end, and whatever happens to a record later (solved,
    paid) becomes visible at T. Clock metrics move by a day every day besides: they keep an anchor, so nothing is recomputed.
    """
    found: set[Boundary] = set()
    for metric in metrics:
        for name, aggregate in metric.aggregates.items():
            found |= _boundaries(aggregate, f"metric {metric.name!r}, aggregate {name!r}")
    return frozenset(found)


def look_back(metrics: Iterable[Metric]) -> dict[str, int | None]:
    """For each source, how many days before T the metrics read; None where they read everything before T.

    The days are those of the column that a window is about: a ticket solved in the window may be much older.
    """
    reach: dict[str, int | None] = {}
    for metric in metrics:
        for aggregate in metric.aggregates.values():
            first = window_of(aggregate)[0]
            known = reach.get(aggregate.source, 0)
            reach[aggregate.source] = None if first is None or known is None else max(first, known)
    return reach


SharedInput = Literal["rates", "key_features"]


def shared_inputs(metrics: Iterable[Metric]) -> frozenset[SharedInput]:
    """What these metrics read that belongs to no account: where it changes, every account's values may.

    Compare `money.conversion` and `features.key_features` of two moments to see whether it did.
    """
    compiled = compile_metrics(tuple(metrics), DIALECTS["sqlite"])
    found: set[SharedInput] = set()
    if compiled.needs_rates:
        found.add("rates")
    if compiled.needs_key_features:
        found.add("key_features")
    return frozenset(found)


def _boundaries(aggregate: Aggregate, place: str) -> set[Boundary]:
    source = source_of(aggregate.source, place)
    happening = {Boundary(source.name, column, 0) for column in source.lifecycle}
    if source.event is None:
        return happening | {Boundary(source.name, column, 0) for column in ("customer_since", "created_at")}
    first, end = window_of(aggregate)
    column = aggregate.at or source.event
    crossed = {Boundary(source.name, column, end), Boundary(source.name, source.event, 0)}
    if first is not None:
        crossed.add(Boundary(source.name, column, first))
    return happening | crossed
