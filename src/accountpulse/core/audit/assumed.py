"""What an evaluation of a past day rests on that nobody can know: the facts of first loads, and metrics that read them wrongly.

A first load takes each fact as known since its own time. That is fair for what vendors date. What they don't (a plan, a
priority) is only known as it was at the load, so metrics that read it are left out of models for days before the load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.dialects import DIALECTS
from accountpulse.core.metrics.passes import prepare
from accountpulse.core.metrics.population import ATTRIBUTES
from accountpulse.core.metrics.rows import Scope
from accountpulse.core.metrics.sources import sources
from accountpulse.core.scoring.day import Scorecards
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.store import outcomes as store_outcomes
from accountpulse.core.store.outcomes import FirstLoad

_LISTS = {"domain": "domains"}


@dataclass(frozen=True, slots=True)
class Assumed:
    """Of the facts behind the evaluated days, how many are assumed to have been known; and the metrics left out therefore."""

    facts: int
    assumed: int
    left_out: tuple[str, ...]

    @property
    def share(self) -> float | None:
        return self.assumed / self.facts if self.facts else None


def count_assumed(
    connection: sa.Connection, records: Sequence[str], moments: Iterable[datetime], loads: Sequence[FirstLoad]
) -> tuple[int, int]:
    """Facts known at some moments, and how many of them only by assumption: of a first load that came later."""
    loaded = {(load.connection_id, load.record): load.at for load in loads}
    facts = assumed = 0
    for at in moments:
        for count in store_outcomes.facts_known(connection, records, at):
            load = loaded.get((count.connection_id, count.record))
            facts += count.facts
            assumed += count.of_first_load if load is None or load > at else 0
    return facts, assumed


def assumed_records(connection: sa.Connection, at: datetime, loads: Sequence[FirstLoad]) -> frozenset[str]:
    """The record types of which some facts are only assumed to have been known at an instant."""
    late = {(load.connection_id, load.record) for load in loads if load.at is None or load.at > at}
    records = sorted({record for _, record in late})
    found = store_outcomes.facts_known(connection, records, at)
    return frozenset(count.record for count in found if count.of_first_load and (count.connection_id, count.record) in late)


def undated_records(metric: Metric) -> frozenset[str]:
    """The record types whose undated fields a metric reads."""
    found = set()
    scope = Scope(DIALECTS["sqlite"], corrected=False, some_accounts=False)
    for name, aggregate in metric.aggregates.items():
        if aggregate.function == "attribute":
            if is_undated(aggregate.value):
                found.add("account")
        elif aggregate.function != "key_features":
            prepared = prepare(aggregate, scope, f"metric {metric.name!r}, aggregate {name!r}")
            if prepared.source.undated.intersection(prepared.columns):
                found.add(prepared.source.name)
    return frozenset(found)


def is_undated(attribute: str) -> bool:
    """Whether an attribute of accounts is one that vendors don't date."""
    return _LISTS.get(attribute, attribute) in sources()["account"].undated


def resting_on(fields: Iterable[str], metrics: Mapping[str, Metric], records: frozenset[str]) -> frozenset[str]:
    """Which of these metrics and attributes read undated fields of these record types."""

    def rests(name: str) -> bool:
        if name in metrics:
            return not undated_records(metrics[name]).isdisjoint(records)
        attribute = name.partition(".")[0]
        return attribute in ATTRIBUTES and is_undated(attribute) and "account" in records

    return frozenset(name for name in fields if rests(name))


def without(cards: Scorecards, left_out: frozenset[str]) -> Scorecards:
    """The scorecards as drafts, with these metrics left out of every model.

    As drafts they take no stored peers: those of a past day were taken from what is known since. A model of which nothing would
    be left stays whole.
    """
    models = {name: _reduced(model, left_out) for name, model in cards.models.items()}
    return replace(cards, models=models, segment_ids={}, model_ids={})


def _reduced(model: ScoringModel, left_out: frozenset[str]) -> ScoringModel:
    groups = [replace(group, metrics=tuple(m for m in group.metrics if m.metric not in left_out)) for group in model.groups]
    kept = tuple(group for group in groups if group.metrics)
    if not any(group.weight > 0 and any(line.weight > 0 for line in group.metrics) for group in kept):
        return model
    parts = {group.name for group in kept} | {line.metric for group in kept for line in group.metrics}
    worst = model.worst_of
    if worst is not None:
        remaining = tuple(part for part in worst.parts if part in parts)
        worst = replace(worst, parts=remaining) if remaining else None
    caps = tuple(cap for cap in model.caps if left_out.isdisjoint(cap.condition.fields()))
    return replace(model, groups=kept, worst_of=worst, caps=caps)
