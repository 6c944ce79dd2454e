"""What it would take for an account to reach a better band, from the store: on the last day that was scored on the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import ceil

import numpy as np
import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.scoring.adjust import Children
from accountpulse.core.scoring.bands import UNKNOWN, band_name
from accountpulse.core.scoring.counterfactual import Alone, Answer, Case, Needed, what_it_takes
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.inputs import parents_of, revenue_of
from accountpulse.core.scoring.retold import Reader, Retold
from accountpulse.core.scoring.rollup import Part, what_children_say
from accountpulse.core.scoring.steadiness import edges
from accountpulse.core.scoring.unscored import unscored
from accountpulse.core.scoring.words import TIMES

CAVEAT = "This is arithmetic of the model with everything else as it is, not a promise of what a customer will do."


@dataclass(frozen=True, slots=True)
class NextBand:
    """What it takes to reach a band. title and unit of metrics are in `metrics`, by name.

    band: the account's own, held steady, before anybody's override. target: the band asked about; None where there is no
    better one. answer: None where the band is unknown, which no score changes, and where there is nothing better.
    notes: when the band would follow, and what else is in the way.
    """

    account_id: int
    day: date
    segment: str
    model: str
    model_version: str
    metrics: tuple[Metric, ...]
    band: str
    target: str | None
    answer: Answer | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """As plain JSON data."""
        found = self.answer
        return {
            "account_id": self.account_id,
            "day": self.day.isoformat(),
            "segment": self.segment,
            "model": self.model,
            "model_version": self.model_version,
            "band": self.band,
            "target": self.target,
            "state": found.state if found else "unknown" if self.target else "already_there",
            "score": found.score if found else None,
            "target_score": found.target if found else None,
            "reaches": found.reaches if found else None,
            "together": [self._needed(each) for each in found.together] if found else [],
            "alone": [self._alone(each) for each in found.alone] if found else [],
            "must_end": [{"at": cap.at, "because": cap.because, "why": why} for cap, why in found.must_end] if found else [],
            "notes": list(self.notes),
            "caveat": CAVEAT,
        }

    def _needed(self, needed: Needed) -> dict[str, object]:
        return {
            "metric": self.metrics[needed.column].name,
            "title": self.metrics[needed.column].title,
            "value": needed.value,
            "needed": needed.needed,
            "component": needed.component,
            "needed_component": needed.needed_component,
        }

    def _alone(self, alone: Alone) -> dict[str, object]:
        metric = self.metrics[alone.column]
        return {
            "metric": metric.name,
            "title": metric.title,
            "value": alone.value,
            "needed": alone.needed.needed if alone.needed else None,
            "best": alone.best,
            "reaches": alone.reaches,
        }


def next_band(connection: sa.Connection, yardstick: Yardstick, account_id: int, band: str | None = None) -> NextBand:
    """The smallest changes that lead to a band. band: its name; the next better one unless given.

    Raises NotFound for a band that the account's model does not have, and for an account that is not scored.
    """
    reader = Reader(connection, yardstick, account_id)
    saying = reader.saying(reader.newest_day())
    found = reader.as_said(saying) if saying.said_at is not None else None
    if found is None:
        raise unscored(connection, account_id)
    bands = found.model.bands
    names = [each.name for each in bands]
    if band is not None and band not in names:
        raise NotFound(f"model {found.model.name} has no band {band!r}; it has {', '.join(names)}")
    own = _steady_band(found)
    target = names.index(band) if band is not None else own + 1 if own != UNKNOWN else 0
    answer: Answer | None = None
    notes = _unknown(found, yardstick) if own == UNKNOWN else ()
    if own != UNKNOWN and target < len(bands):
        at = float(edges(bands, found.model.steadiness.dead_band).rise_at[target])
        answer = what_it_takes(_case(found, yardstick), bands[target].start if target <= own else at)
        notes = _notes(found, answer, target > own)
    return NextBand(
        account_id=account_id,
        day=saying.day,
        segment=found.segment.rule.name,
        model=found.model.name,
        model_version=found.model.version,
        metrics=tuple(yardstick.metrics[name] for name in found.model.metrics),
        band=band_name(bands, own),
        target=names[target] if target < len(bands) else None,
        answer=answer,
        notes=notes,
    )


def _steady_band(found: Retold) -> int:
    """The account's own band: what is published unless somebody overrides it."""
    course = found.segment.course
    assert course is not None
    return int(course.after.band[found.position.row])


def _case(found: Retold, yardstick: Yardstick) -> Case:
    evaluation, row = found.position.evaluation, found.position.row
    place = int(found.segment.rows[row])
    return Case(
        model=found.model,
        scorer=found.position.scorer,
        values=evaluation.values[row],
        states=evaluation.states[row],
        usual=evaluation.usual[row],
        peers=found.segment.peers,
        columns={name: column[place : place + 1] for name, column in found.raw.assignment.columns.items()},
        children=_children(found),
        whole=[is_whole(yardstick.metrics[name]) for name in found.model.metrics],
    )


def _children(found: Retold) -> Children | None:
    raw = found.raw
    parts = [Part(segment.rows, segment.evaluation) for segment in raw.segments]
    said = what_children_say(parts, parents_of(raw.frame), revenue_of(raw.frame))
    mine = next(n for n, segment in enumerate(raw.segments) if segment.rule.name == found.segment.rule.name)
    children, row = said[mine], found.position.row
    if children is None:
        return None
    at = slice(row, row + 1)
    return Children(children.score[:, at], children.coverage[at], children.number[at])


def is_whole(metric: Metric) -> bool:
    """Whether a metric's values are whole numbers: days of a clock, amounts in minor units, what is counted or added up."""
    if metric.clock is not None or metric.money:
        return True
    found = metric.aggregates.get(metric.expression.strip())
    if found is None:
        return False
    # Hours and the like are added up too, and have fractions.
    return found.function in ("count", "distinct", "open") or (found.function == "sum" and metric.unit not in TIMES)


# --- words --------------------------------------------------------------------------------------------------------------


def _notes(found: Retold, answer: Answer, rises: bool) -> tuple[str, ...]:
    rule, notes = found.model.steadiness, []
    course, row = found.segment.course, found.position.row
    assert course is not None
    steady = float(course.after.score[row])
    if rule.points_per_day is not None and answer.target > steady:
        days = ceil((answer.target - steady) / rule.points_per_day - 1e-9)
        notes.append(f"the score moves {rule.points_per_day:g} points a day at most: {_times(days, 'day')} at least")
    if rises and rule.rise_after > 1:
        before = int(course.after.rising[row]) if answer.state == "already_there" else 0
        left = max(rule.rise_after - before, 1)
        notes.append(f"the band follows when the score has been there for {_times(left, 'evaluation')} in a row, one a day")
    if bool(course.overridden[row]):
        column = next(column for column in found.position.evaluation.adjustments if column.code == "override")
        detail = f" ({column.detail(row)})" if column.detail else ""
        notes.append(f"an override stands above the model's own score{detail}")
    return tuple(notes)


def _times(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _unknown(found: Retold, yardstick: Yardstick) -> tuple[str, ...]:
    """What is not known, the weightiest first."""
    evaluation, row = found.position.evaluation, found.position.row
    missing = sorted(np.flatnonzero(evaluation.unknown[row]), key=lambda i: -evaluation.weights[i])
    titles = [yardstick.metrics[found.model.metrics[i]].title for i in missing[:5]]
    return (
        f"the band is unknown: {evaluation.coverage[row]:.0%} of the weight is measured, {found.model.coverage_floor:.0%} is "
        f"needed; no value changes that, but knowing more does: {', '.join(titles)}",
    )
