"""The moment a question is about: the end of a day in the store's zone, and which versions of the facts count.

The texts of queries don't change from day to day. They name their bounds by the offset in days (`:t_30` is the local midnight
30 days before T, `:d_30` the calendar day), and `Moment` computes what those are on a given day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from accountpulse.core.clock import start_of_day
from accountpulse.core.metrics.dialects import Dialect
from accountpulse.core.model import Kind


@dataclass(frozen=True, slots=True)
class AsKnown:
    """The versions and links known at the instant `at`, as an audit needs them.

    loads_assumed: a source that has finished its first load by now counts as loaded at `at` too. The facts of a first load are
    taken as known since their own time, and so must be that there were no others; else who is silent would be unknown.
    """

    at: datetime
    loads_assumed: bool = False


@dataclass(frozen=True, slots=True)
class AsCorrected:
    """The current version of dated fields, the version valid at T of undated ones, and the current links.

    at: the instant whose versions and links count as current, not before the day asked about; None for now.
    """

    at: datetime | None = None


Mode = AsKnown | AsCorrected


@dataclass(frozen=True, slots=True)
class Bound:
    """The start of the day `offset` days before T, as an instant or as a calendar day."""

    kind: Kind
    offset: int

    @property
    def name(self) -> str:
        return f"{'d' if self.kind is Kind.DAY else 't'}_{self.offset}"


@dataclass(frozen=True)
class Moment:
    """The end of `day` in `zone`, seen in `mode`. Intervals are half-open, so `day` itself counts and the next one does not."""

    day: date
    zone: ZoneInfo
    mode: Mode

    @cached_property
    def end(self) -> datetime:
        """T: the first instant that is no longer part of the day."""
        return start_of_day(self.day + timedelta(days=1), self.zone)

    def bound(self, bound: Bound) -> date | datetime:
        """What a bound is on this day. Local midnights, so that a window of 30 days is 30 days across a clock change too."""
        day = self.day + timedelta(days=1 - bound.offset)
        return day if bound.kind is Kind.DAY else start_of_day(day, self.zone)

    def parameters(self, bounds: Iterable[Bound], dialect: Dialect) -> dict[str, object]:
        """The values of a query's bounds, and of `known_at` where the mode has one."""
        values: dict[str, object] = {}
        for bound in bounds:
            at = self.bound(bound)
            values[bound.name] = dialect.instant(at) if isinstance(at, datetime) else dialect.day(at)
        if self.mode.at is not None:
            values["known_at"] = dialect.instant(self.mode.at)
        return values


class Bounds:
    """Collects the bounds that a query mentions while its text is written."""

    def __init__(self) -> None:
        self.used: dict[Bound, None] = {}

    def __call__(self, kind: Kind, offset: int = 0) -> str:
        """The placeholder of a bound."""
        bound = Bound(kind, offset)
        self.used[bound] = None
        return f":{bound.name}"
