"""Which rows a run asks for: spans of SystemModstamp, the place reached in one, and the query for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accountpulse.plugins import CursorExpired, Window

# A long transaction commits rows whose SystemModstamp lies behind rows we have already seen; others met this with 10 minutes
# (airbytehq/airbyte#27146).
LOOK_BACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Span:
    """Rows with `since <= SystemModstamp < until`, and of those only the ones after the pair `after`."""

    since: datetime | None
    until: datetime
    after: tuple[datetime, str] | None = None

    def cursor(self, after: tuple[datetime, str]) -> dict[str, Any]:
        """What a checkpoint inside this span holds."""
        since = literal(self.since) if self.since is not None else None
        return {"since": since, "until": literal(self.until), "after": [literal(after[0]), after[1]]}


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
        if "after" in cursor:
            since = _instant(cursor["since"]) if cursor["since"] is not None else None
            spans.append(Span(since, done, (_instant(cursor["after"][0]), str(cursor["after"][1]))))
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise CursorExpired("the saved cursor is not one of this connector's; the stream is read again") from error
    if window.until > done:
        spans.append(Span(done - LOOK_BACK, window.until))
    return spans


def soql(sobject: str, selected: Sequence[str], span: Span) -> str:
    """The query of a span."""
    conditions = [f"SystemModstamp < {literal(span.until)}"]
    if span.since is not None:
        conditions.append(f"SystemModstamp >= {literal(span.since)}")
    if span.after is not None:
        stamp, last = literal(span.after[0]), "".join(filter(str.isalnum, span.after[1]))
        conditions.append(f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{last}'))")
    # SOQL has no bound parameters; every part is a name from `describe`, a time of ours, or an id of letters and digits only.
    where = " AND ".join(conditions)
    return f"SELECT {', '.join(selected)} FROM {sobject} WHERE {where} ORDER BY SystemModstamp, Id"  # noqa: S608


def literal(at: datetime) -> str:
    """A SOQL dateTime literal; Salesforce keeps milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(literal: str) -> datetime:
    return datetime.fromisoformat(literal)
