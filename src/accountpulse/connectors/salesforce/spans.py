"""Which rows a run asks for: spans of time, the place reached in one, and the query for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from accountpulse.plugins import CursorExpired, Window

# A long transaction commits rows whose SystemModstamp lies behind rows we have already seen; others met this with 10 minutes
# (airbytehq/airbyte#27146).
LOOK_BACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class BulkPlace:
    """The place in a bulk job. job: its id, None before there is one. locator: of the page that comes next, None for the first.

    polls: how often the job was asked about; failed: how many jobs for this span came to nothing before.
    """

    job: str | None = None
    locator: str | None = None
    polls: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Rows with `since <= stamp < until`, and of those only the ones after the pair `after`, or in the bulk job `bulk`."""

    since: datetime | None
    until: datetime
    after: tuple[datetime, str] | None = None
    bulk: BulkPlace | None = None

    @property
    def begun(self) -> bool:
        """Whether some of it was read before, or was settled how to read."""
        return self.after is not None or self.bulk is not None

    @property
    def cursor(self) -> dict[str, Any]:
        """What a checkpoint inside this span holds."""
        found: dict[str, Any] = {
            "since": literal(self.since) if self.since is not None else None,
            "until": literal(self.until),
        }
        if self.after is not None:
            found["after"] = [literal(self.after[0]), self.after[1]]
        if self.bulk is not None:
            place = self.bulk
            found["bulk"] = {"job": place.job, "locator": place.locator, "polls": place.polls, "failed": place.failed}
        return found

    def at(self, stamp: datetime, id: str) -> Span:
        """The span from after this row on."""
        return replace(self, after=(stamp, id), bulk=None)

    def in_bulk(self, place: BulkPlace | None) -> Span:
        """The span at a place in a bulk job; None for reading it row by row, from its beginning."""
        return replace(self, after=None, bulk=place)


def spans_of(window: Window) -> list[Span]:
    """What to read: the rest of a span that broke off, then from its end, less the look-back, to now.

    Raises CursorExpired for a cursor that can't be read.
    """
    if window.cursor is None:
        return [Span(window.since, window.until)]
    try:
        cursor: Any = window.cursor
        done = _instant(cursor["until"])
        spans = []
        if "after" in cursor or "bulk" in cursor:
            since = _instant(cursor["since"]) if cursor["since"] is not None else None
            after = (_instant(cursor["after"][0]), str(cursor["after"][1])) if "after" in cursor else None
            spans.append(Span(since, done, after, BulkPlace(**cursor["bulk"]) if "bulk" in cursor else None))
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise CursorExpired("the saved cursor is not one of this connector's; the stream is read again") from error
    if window.until > done:
        spans.append(Span(done - LOOK_BACK, window.until))
    return spans


def within(span: Span, stamp: str) -> str:
    """The SOQL condition for the rows of a span, by the field that dates them."""
    conditions = [f"{stamp} < {literal(span.until)}"]
    if span.since is not None:
        conditions.append(f"{stamp} >= {literal(span.since)}")
    if span.after is not None:
        at, last = literal(span.after[0]), plain(span.after[1])
        conditions.append(f"({stamp} > {at} OR ({stamp} = {at} AND Id > '{last}'))")
    return " AND ".join(conditions)


def soql(sobject: str, selected: Sequence[str], condition: str, *, order: str | None = None) -> str:
    """A query. SOQL has no bound parameters; every part is a name from `describe`, a time of ours, or an id of letters and
    digits only. order: the field to order by, ties by Id."""
    ordered = f" ORDER BY {order}, Id" if order is not None else ""
    return f"SELECT {', '.join(selected)} FROM {sobject} WHERE {condition}{ordered}"  # noqa: S608


def one_of(field: str, ids: Sequence[str]) -> str:
    """The SOQL condition that a reference names one of these."""
    quoted = ", ".join(f"'{plain(each)}'" for each in ids)
    return f"{field} IN ({quoted})"


def literal(at: datetime) -> str:
    """A SOQL dateTime literal; Salesforce keeps milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(identifier: str) -> str:
    """An id fit for a quoted SOQL literal."""
    return "".join(filter(str.isalnum, identifier))


def _instant(literal: str) -> datetime:
    return datetime.fromisoformat(literal)
