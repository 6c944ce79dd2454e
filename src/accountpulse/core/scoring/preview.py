"""What would happen under other models: a draft scored beside what is published, for today, raw against raw. Nothing is stored.

It is what publishing the draft and scoring would say: a segment that keeps its model keeps its stored peers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.errors import ModelError
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.scoring.beside import Scored, reasons
from accountpulse.core.scoring.day import Scorecards, Yardstick, metrics_named, names_read, score_frame
from accountpulse.core.scoring.diff import Change, ModelChange, model_changes, rule_changes
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.publication import Draft, cards_in_force, require_installed
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.scorecards import PUBLISHED

LISTED = 20
"""How many accounts a list names, unless asked for more."""


@dataclass(frozen=True, slots=True)
class DraftProblem:
    """Why a draft can't be scored. place: which text, line and key; message: what was found there and what is allowed."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Shift:
    """How many accounts a band or a segment holds before and after; before is None where there is nothing to compare with."""

    name: str
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class Cell:
    """How many accounts go from one band to another, or stay where both are the same."""

    before: str
    after: str
    accounts: int


@dataclass(frozen=True, slots=True)
class Mover:
    """One account before and after. reasons: why the two differ, in words, what moves it most first."""

    account_id: int
    name: str
    segment_before: str
    segment_after: str
    score_before: float
    score_after: float
    band_before: str
    band_after: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft against what is published.

    compared: whether there is something to compare with; why_not: if not, why. Then `models` and `rules` are empty, as are all
    lists of accounts, and `before` is None everywhere.
    models, rules: what differs. bands: from the lowest up, `unknown` last. tenths_*: how many accounts with a band are in each
    tenth of the scale. mean_change: in points, over accounts with a band both before and after.
    changed_band: from one band to another. became_unknown, became_known: accounts that lose, or gain, a band at all.
    band_changes, newly_unknown, movers: the accounts, the largest moves first, as many as were asked for.
    """

    day: date
    accounts: int
    compared: bool
    why_not: str | None
    models: tuple[ModelChange, ...]
    rules: tuple[Change, ...]
    bands: tuple[Shift, ...]
    matrix: tuple[Cell, ...]
    segments: tuple[Shift, ...]
    tenths_before: tuple[int, ...] | None
    tenths_after: tuple[int, ...]
    mean_change: float | None
    changed_band: int
    became_unknown: int
    became_known: int
    band_changes: tuple[Mover, ...]
    newly_unknown: tuple[Mover, ...]
    movers: tuple[Mover, ...]

    @property
    def changes_nothing(self) -> bool:
        """Whether the draft means what is published."""
        return self.compared and not self.models and not self.rules


def preview(
    connection: sa.Connection,
    draft: Draft,
    yardstick: Yardstick,
    day: date,
    now: datetime,
    *,
    limit: int = LISTED,
    scope: RowScope,
) -> Preview:
    """Score today's accounts with a draft and with what is published. limit: of each list of accounts.

    scope: only its accounts are counted and listed; all are scored, as they are each other's peers. What is published and
    can't be scored with is not compared with: a draft may be what puts that right.
    """
    published = cards_in_force(connection)
    why_not = None if published is not None else "nothing is published yet"
    if published is not None:
        try:
            require_installed(connection, published, PUBLISHED, yardstick.metrics, yardstick.scorers)
        except ModelError as error:
            why_not = str(error)
    drafted = _with_ids(connection, draft.cards())
    both = [drafted] if published is None or why_not is not None else [drafted, published]
    scored = _scored(connection, both, yardstick, day, now)
    if not scope.everything:
        seen = np.array(store_profiles.ids(connection, scope=scope), dtype=np.int64)
        scored = [each.among(seen) for each in scored]
    after = scored[0]
    if published is None or why_not is not None:
        return _alone(after, day, why_not)
    before = scored[1]
    compared = compare(before, after, yardstick.metrics, limit=limit, name=lambda ids: store_profiles.names(connection, ids))
    return replace(
        compared,
        models=tuple(model_changes(published.models, draft.used, yardstick.scorers)),
        rules=tuple(rule_changes(published.rules, draft.rules)),
    )


def _scored(
    connection: sa.Connection, several: Sequence[Scorecards], yardstick: Yardstick, day: date, now: datetime
) -> list[Scored]:
    """Everybody scored with several scorecards. The facts are read once, for all of them."""
    frame = metrics_named(connection, set[str]().union(*map(names_read, several)), yardstick, day, now=now)
    lines = [line for cards in several for model in cards.models.values() for line in model.lines]
    looking_back = {line.metric for line in lines if isinstance(line.normaliser, Baseline)}
    past: dict[date, MetricFrame] = {}

    def evaluate_on(_: Iterable[str], before: date) -> MetricFrame:
        if before not in past:
            past[before] = metrics_named(connection, looking_back, yardstick, before)
        return past[before]

    return [Scored.of(score_frame(connection, cards, yardstick, frame, evaluate_on, learn=True)) for cards in several]


def _with_ids(connection: sa.Connection, cards: Scorecards) -> Scorecards:
    """The scorecards with the ids that the store knows of them, by which it finds the day's peers."""
    return replace(
        cards,
        segment_ids=store_scorecards.known_segments(connection, [rule.name for rule in cards.rules]),
        model_ids=store_scorecards.known_models(connection, [model.version for model in cards.models.values()]),
    )


def _alone(after: Scored, day: date, why_not: str | None) -> Preview:
    bands, segments = Counter(after.band), _held(after)
    return Preview(
        day=day,
        accounts=len(after.ids),
        compared=False,
        why_not=why_not,
        models=(),
        rules=(),
        bands=tuple(Shift(name, None, bands[name]) for name in _ordered(after)),
        matrix=(),
        segments=tuple(Shift(name, None, count) for name, count in segments.items()),
        tenths_before=None,
        tenths_after=_tenths(after),
        mean_change=None,
        changed_band=0,
        became_unknown=0,
        became_known=0,
        band_changes=(),
        newly_unknown=(),
        movers=(),
    )


def compare(
    before: Scored,
    after: Scored,
    metrics: Mapping[str, Metric],
    *,
    limit: int,
    name: Callable[[Sequence[int]], Mapping[int, str]],
) -> Preview:
    """The same accounts scored in two ways. name: what accounts are called, by their ids."""
    if not np.array_equal(before.ids, after.ids):  # somebody was linked in between
        common = np.intersect1d(before.ids, after.ids)
        before, after = before.among(common), after.among(common)
    bands_before, bands_after = Counter(before.band), Counter(after.band)
    held_before, held_after = _held(before), _held(after)
    both = before.known & after.known
    change = after.score - before.score
    other_band = both & (before.band != after.band)
    newly_unknown = before.known & ~after.known
    # What rounds to nothing is rounding; an account that stays unknown moves in no way that anybody sees.
    moved = both & (np.abs(change) >= 0.05)
    chosen = [_largest(mask, change, limit) for mask in (other_band, newly_unknown, moved)]
    called = name(sorted({int(after.ids[i]) for places in chosen for i in places}))

    def movers(places: NDArray[np.int64]) -> tuple[Mover, ...]:
        return tuple(_mover(before, after, int(i), metrics, called) for i in places)

    return Preview(
        day=after.scores.day,
        accounts=len(after.ids),
        compared=True,
        why_not=None,
        models=(),
        rules=(),
        bands=tuple(Shift(band, bands_before[band], bands_after[band]) for band in _ordered(after, before)),
        matrix=_matrix(before, after),
        segments=tuple(
            Shift(segment, held_before.get(segment, 0), held_after.get(segment, 0))
            for segment in dict.fromkeys((*held_after, *held_before))
        ),
        tenths_before=_tenths(before),
        tenths_after=_tenths(after),
        mean_change=float(change[both].mean()) if both.any() else None,
        changed_band=int(other_band.sum()),
        became_unknown=int(newly_unknown.sum()),
        became_known=int((~before.known & after.known).sum()),
        band_changes=movers(chosen[0]),
        newly_unknown=movers(chosen[1]),
        movers=movers(chosen[2]),
    )


def _largest(mask: NDArray[np.bool_], change: Floats, limit: int) -> NDArray[np.int64]:
    places = np.flatnonzero(mask)
    return places[np.argsort(-np.abs(change[places]), kind="stable")][:limit]


def _mover(before: Scored, after: Scored, i: int, metrics: Mapping[str, Metric], called: Mapping[int, str]) -> Mover:
    account, was, now = int(after.ids[i]), before.at(i), after.at(i)
    return Mover(
        account_id=account,
        name=called.get(account, f"account {account}"),
        segment_before=was[0].rule.name,
        segment_after=now[0].rule.name,
        score_before=float(before.score[i]),
        score_after=float(after.score[i]),
        band_before=str(before.band[i]),
        band_after=str(after.band[i]),
        reasons=tuple(reasons(was, now, metrics)),
    )


def _ordered(*sides: Scored) -> list[str]:
    """The names of all bands from the lowest up, `unknown` last: those of the first side decide where both have a name."""
    starts: dict[str, float] = {}
    for side in sides:
        for band in side.bands:
            starts.setdefault(band.name, band.start)
    return [*sorted(starts, key=lambda name: starts[name]), UNKNOWN_NAME]


def _held(side: Scored) -> dict[str, int]:
    counts = np.bincount(side.segment, minlength=len(side.segments))
    return {name: int(count) for name, count in zip(side.segments, counts, strict=True)}


def _matrix(before: Scored, after: Scored) -> tuple[Cell, ...]:
    counts = Counter(zip(before.band, after.band, strict=True))
    order = _ordered(after, before)
    return tuple(Cell(was, now, counts[was, now]) for was in order for now in order if counts[was, now])


def _tenths(side: Scored) -> tuple[int, ...]:
    counts, _ = np.histogram(side.score[side.known], bins=10, range=(0, 100))
    return tuple(int(count) for count in counts)
