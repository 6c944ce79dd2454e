"""A change in words: what moved each part, and the whole in one sentence as one would say it in a meeting.

Reasons say what happened, not how many points that was: the points stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.scoring.explain import NEGLIGIBLE
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.words import Wording

_UNKNOWN = {
    ComponentState.NO_DATA: ("there was no data", "there is no data now"),
    ComponentState.NOT_CONNECTED: ("no source of it was connected", "no source of it is connected now"),
    ComponentState.NEVER_SYNCED: ("its source had not finished its first load", "its source has not finished its first load"),
    ComponentState.STALE: ("its source was out of date", "its source is out of date"),
    ComponentState.NOT_APPLICABLE: ("it did not apply", "it does not apply now"),
    ComponentState.FAILED: ("it could not be computed", "it can not be computed now"),
}
"""Why there is no value: of the first day, and of the second."""
_NOT_KNOWN_HERE = ", of which nothing is known here, "
MENTIONED = 3
"""The opening sentence names at most so many parts."""
_TOLD = 0.6
"""It names parts until so much of what went the same way is told."""
_SMALL = 0.5
"""Fewer points are not worth mentioning beside larger ones."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One component of one account at one moment: value, component and usual value are None where there is none."""

    state: int
    value: float | None
    component: float | None
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class ComponentWording:
    """How to speak about one metric that moved. first: the first of the two days, in words."""

    metric: Metric
    segment: str
    currency: str
    first: str

    def behaviour(self, was: Seen, now: Seen) -> str:
        """What happened to the account."""
        title = self.metric.title
        if was.value is None or now.value is None:
            return self._known(was, now)
        before, after = self._amount(was.value), self._amount(now.value)
        if before != after:
            moved = Wording(self.metric, self.segment, self.currency).span(was.value, now.value)
            return f"{title} {_verb(was.value, now.value)} {moved}"
        if was.usual is not None and now.usual is not None and self._amount(was.usual) != self._amount(now.usual):
            usual = f"{self._amount(was.usual)} to {self._amount(now.usual)}"
            return f"{title} stayed at {after}, but what is usual in this account moved from {usual}"
        return f"{title} stayed at about {after}"

    def late(self, was: Seen, now: Seen) -> str:
        """What arrived, or was corrected, after the first day."""
        title = self.metric.title
        if was.value is not None and now.value is not None and self._amount(was.value) != self._amount(now.value):
            before, after = self._amount(was.value), self._amount(now.value)
            return f"{title} on {self.first} was {after}, not {before}: facts arrived or were corrected after that day"
        if was.value is None and now.value is not None:
            return f"{title} on {self.first} was {self._amount(now.value)}: nothing was known of it that day"
        if was.value is not None and now.value is None:
            return f"{title} on {self.first} was taken for {self._amount(was.value)}, but is not known"
        return f"What is usual in this account for {title} was corrected after {self.first}"

    def peers(self, was: Seen, now: Seen, typical: tuple[float, float]) -> str:
        """What other accounts did."""
        title = self.metric.title
        if was.component is None or now.component is None:
            better = "better" if typical[1] > typical[0] else "worse"
            return f"{title}{_NOT_KNOWN_HERE}got {better} among other {self.segment} accounts"
        before, after = (f"{each:.0f}" for each in (was.component, now.component))
        if before == after:
            before, after = (f"{each:.1f}" for each in (was.component, now.component))
        at = self._amount(now.value or 0.0)
        return f"{title} at {at} was ahead of {before}% of {self.segment} accounts and is now ahead of {after}%"

    def _known(self, was: Seen, now: Seen) -> str:
        title = self.metric.title
        if was.value is None and now.value is not None:
            return f"{title} is {self._amount(now.value)}, where {_UNKNOWN[ComponentState(was.state)][0]} before"
        if was.value is not None and now.value is None:
            return f"{title} was {self._amount(was.value)}, and {_UNKNOWN[ComponentState(now.state)][1]}"
        return f"{title} is not known on either day"

    def _amount(self, value: float) -> str:
        return Wording(self.metric, self.segment, self.currency).amount(value)


@dataclass(frozen=True, slots=True)
class ChangeWording:
    """What the words of one change need besides its numbers.

    start, end: the days. matched: why the account is in the segment of the second day. published: since when the model of the
    second day has been in force, if it is known.
    """

    start: date
    end: date
    currency: str = ""
    matched: str = ""
    published: date | None = None

    def of(self, metric: Metric, segment: str) -> ComponentWording:
        """The words for one metric in one segment."""
        return ComponentWording(metric, segment, self.currency, day_words(self.start, beside=self.end))

    def segment(self, before: str, after: str) -> str:
        """A move from one segment to another."""
        why = f" ({self.matched})" if self.matched else ""
        return f"It moved from segment {before} to {after}{why}, where other things count"

    def model(self, before: ScoringModel, after: ScoringModel) -> str:
        """Another model for the segment."""
        since = f" on {day_words(self.published, beside=self.end)}" if self.published else ""
        what = f"Model {before.name} was changed" if before.name == after.name else f"Model {after.name} replaced {before.name}"
        return f"{what}{since}, from version {before.version[:4]} to {after.version[:4]}"

    def adjustment(self, code: str, label: str, before: float, after: float) -> str:
        """An adjustment that came, went, or takes another number of points."""
        if abs(before) <= NEGLIGIBLE and code.partition(":")[0] in ("worst", "neutral"):
            return label
        rule = "The override" if code == "override" else f'The rule "{label}"'
        if abs(before) <= NEGLIGIBLE:
            return f"{rule} applies now"
        return f"{rule} no longer applies" if abs(after) <= NEGLIGIBLE else f"{rule} {_effect(before, after)}"


def _effect(before: float, after: float) -> str:
    if (before < 0) != (after < 0):
        return f"{'takes' if after < 0 else 'adds'} points, where it {'added' if before > 0 else 'took'} some"
    more = "more" if abs(after) > abs(before) else "less"
    return f"{'takes' if after < 0 else 'adds'} {more} than before"


def day_words(day: date, *, beside: date | None = None) -> str:
    """`1 May`, with the year where another day named beside it is of another year, or none is."""
    text = f"{day.day} {day:%B}"
    return text if beside is not None and beside.year == day.year else f"{text} {day.year}"


# --- the whole in one sentence ------------------------------------------------------------------------------------------


class Spoken(Protocol):
    """What the sentence needs of a part."""

    @property
    def points(self) -> float: ...
    @property
    def reason(self) -> str: ...


class End(Protocol):
    """What the sentence needs of a day."""

    @property
    def day(self) -> date: ...
    @property
    def score(self) -> float: ...
    @property
    def band(self) -> str: ...


def opening(name: str, start: End, end: End, parts: Sequence[Spoken]) -> str:
    """The change in one sentence: how far, and what most of it is because of."""
    days = f"between {day_words(start.day, beside=end.day)} and {day_words(end.day)}"
    moved = round(end.score, 1) - round(start.score, 1)
    if not round(moved, 1):
        known = end.band if end.band != UNKNOWN_NAME else "too little known for a band"
        band = f" ({known})" if start.band == end.band else f", but its band went from {start.band} to {end.band}"
        down = _worth_telling(parts, lambda points: -points)
        up = _worth_telling(parts, lambda points: points)
        both = f": {_spoken(up[:1])}, but {_spoken(down[:1])}" if up and down else ""
        return f"{name} stayed at {end.score:.1f}{band} {days}{both}."
    direction = 1.0 if moved > 0 else -1.0
    with_it = _worth_telling(parts, lambda points: points * direction)
    against = _worth_telling(parts, lambda points: -points * direction)
    because = f", mostly because {_spoken(_most_of(with_it))}" if with_it else ""
    if len(with_it) == 1:
        because = because.replace("mostly because", "because")
    although = ""
    if against and abs(against[0].points) >= abs(moved) / 3:
        although = f"; against that, {_spoken(against[:1])}"
    return f"{name} {_verb(start.score, end.score)} {_way(start, end)} {days}{because}{although}."


def _way(start: End, end: End) -> str:
    """From one score and band to another."""
    if start.band == end.band:
        both = "both with too little known for a band" if end.band == UNKNOWN_NAME else f"still {end.band}"
        return f"from {start.score:.1f} to {end.score:.1f}, {both},"
    before, after = ("too little known for a band" if each.band == UNKNOWN_NAME else each.band for each in (start, end))
    return f"from {start.score:.1f} ({before}) to {end.score:.1f} ({after})"


def _worth_telling(parts: Sequence[Spoken], size: Callable[[float], float]) -> list[Spoken]:
    """The parts that went one way, largest first; small ones only where there are no others."""
    found = sorted((part for part in parts if size(part.points) > 0), key=lambda part: -size(part.points))
    return [part for part in found if size(part.points) >= _SMALL] or found[:1]


def _most_of(parts: Sequence[Spoken]) -> list[Spoken]:
    whole, told = sum(abs(part.points) for part in parts), 0.0
    named: list[Spoken] = []
    for part in parts[:MENTIONED]:
        if told >= _TOLD * whole:
            break
        named.append(part)
        told += abs(part.points)
    return named


def _spoken(parts: Sequence[Spoken]) -> str:
    """What several parts say alike is said once: of what nothing is known here, and others got worse at."""
    subjects: dict[str, list[str]] = {}
    for part in parts:
        subject, mark, alike = lowered(part.reason).partition(_NOT_KNOWN_HERE)
        subjects.setdefault(mark + alike if mark else subject, []).append(subject)
    return listed([f"{listed(each)}{alike}" if alike not in each else alike for alike, each in subjects.items()])


def listed(items: Sequence[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def lowered(text: str) -> str:
    """Within a sentence; an abbreviation such as NPS stays as it is."""
    return text[0].lower() + text[1:] if len(text) > 1 and text[1].islower() else text


def _verb(before: float, after: float) -> str:
    return "rose" if after > before else "fell"
