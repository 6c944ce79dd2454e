"""Which objects a run asks for: the list of all, and spans of the time they were last modified. Pure.

A span is read in the order of ids, not of times: HubSpot's search sorts by one property only, times are not unique (a bulk
update stamps thousands alike), and what lies behind the 10,000th result can't be asked for. What has an id above the last one
always can. What changes meanwhile leaves the span and comes with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accountpulse.connectors.hubspot.values import epoch_ms, from_ms
from accountpulse.plugins import CursorExpired, Window

# The search index runs behind the objects; others lost rows without a look-back (airbytehq/airbyte#69203).
LOOK_BACK = timedelta(minutes=30)
SEARCH_PAGE = 200
LIST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects, by the list, which has no index to wait for. began: the window's end when its first page was asked for: what
    changes afterwards is left to the spans. after: HubSpot's own token of the page."""

    began: datetime
    after: str | None = None

    def cursor(self, after: str) -> dict[str, Any]:
        """What a checkpoint within the list holds."""
        return {"list": epoch_ms(self.began), "after": after}

    @property
    def done(self) -> dict[str, Any]:
        """What the checkpoint behind the list holds."""
        return {"until": epoch_ms(self.began)}


@dataclass(frozen=True, slots=True)
class Span:
    """Objects with `since <= last modified < until`, and of those only the ones with an id above `after`."""

    since: datetime
    until: datetime
    after: int = 0

    def cursor(self, after: int) -> dict[str, Any]:
        """What a checkpoint inside this span holds."""
        return {"since": epoch_ms(self.since), "until": epoch_ms(self.until), "after": after}

    @property
    def done(self) -> dict[str, Any]:
        """What the checkpoint behind the span holds."""
        return {"until": epoch_ms(self.until)}


def places_of(window: Window) -> list[Listing | Span]:
    """What to read: the rest of what broke off, then from its end, less the look-back, to now.

    Raises CursorExpired for a cursor that can't be read.
    """
    places: list[Listing | Span] = []
    if window.cursor is None:
        if window.since is not None:
            return [Span(window.since, window.until)]
        done = window.until
        places.append(Listing(done))
    else:
        try:
            cursor: Any = window.cursor
            done = from_ms(int(cursor["list"] if "list" in cursor else cursor["until"]))
            if "list" in cursor:
                places.append(Listing(done, str(cursor["after"])))
            elif "after" in cursor:
                places.append(Span(from_ms(int(cursor["since"])), done, int(cursor["after"])))
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise CursorExpired("the saved cursor is not one of this connector's; the stream is read again") from error
    if window.until > done:
        places.append(Span(done - LOOK_BACK, window.until))
    return places


def question(span: Span, modified: str, properties: Sequence[str]) -> dict[str, Any]:
    """The body of the search for the next page of a span; `modified` is the property that says when."""
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": str(epoch_ms(span.since))},
        {"propertyName": modified, "operator": "LT", "value": str(epoch_ms(span.until))},
        {"propertyName": "hs_object_id", "operator": "GT", "value": str(span.after)},
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": SEARCH_PAGE,
    }
