"""The way every Stripe stream is read: once through the list, then after the events, each object fetched afresh."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from accountpulse.connectors.stripe import position
from accountpulse.connectors.stripe.api import Gone, JsonObject, StripeApi
from accountpulse.connectors.stripe.position import Position
from accountpulse.connectors.stripe.resources import Resource, Subjects, own_id, price_changed
from accountpulse.plugins import Checkpoint, Item, Window

HELD = 1_000  # how many names of changed objects are collected, so that each is fetched once; a busy day has more


class Found(NamedTuple):
    """An object as it is now; `body` None when it is gone. changed_at: when an event says that its price changed."""

    name: str
    body: JsonObject | None
    changed_at: int | None = None


Records = Callable[[Iterable[Found]], Iterator[Item]]


class Feed:
    """Reads lists and events of one account. now: by our clock."""

    def __init__(self, api: StripeApi, now: datetime) -> None:
        self._api = api
        self._now = now

    def read(self, window: Window, of: Resource, records: Records, subjects: Subjects = own_id) -> Iterator[Item]:
        """A stream: the list, if it has not been read to its end yet, then the events since.

        records: what objects become. subjects: the ids that an event concerns. Raises CursorExpired when Stripe has forgotten
        events since the cursor.
        """
        now = self._now
        place = Position.of(window.cursor)
        if place is None:
            newest = self._api.get("/v1/events", [("limit", 1)])["data"]
            # Not later than our own clock, in case Stripe's is ahead; the list is read up to and including now.
            began = min([int(now.timestamp()), *(event["created"] for event in newest)])
            began = max(began, int((now - position.QUIET).timestamp()))
            place = Position(events_from=began, backfill_before=int(now.timestamp()) + 1)
            yield Checkpoint(place.cursor())
        place.require_alive(now)
        if place.backfill_before is not None:
            for rows in self._backwards(of, place):
                yield from records(Found(row["id"], row) for row in rows)
                last = rows[-1]
                place = Position(place.events_from, place.backfill_before, last["id"], last["created"])
                yield Checkpoint(place.cursor())
            place = Position(place.events_from)
            yield Checkpoint(place.cursor())
        newest_seen: int | None = None
        for start, end in position.slices(place.events_from, now):
            changed: dict[str, int | None] = {}
            for event in self.events(of.events, start, end):
                newest_seen = max(newest_seen or 0, event["created"])
                for name in subjects(event):
                    changed[name] = changed.get(name) or price_changed(event)
                if len(changed) >= HELD:
                    yield from records(self._all_fetched(of, changed))
                    changed.clear()
            yield from records(self._all_fetched(of, changed))
            if end is not None:
                place = Position(events_from=max(place.events_from, end))
                yield Checkpoint(place.cursor())
        yield Checkpoint(position.caught_up(place, newest_seen, window.until).cursor())

    def events(self, types: Iterable[str], start: int, end: int | None = None) -> Iterator[JsonObject]:
        """Events of some types from `start` on and before `end` (unix seconds), newest first."""
        bounds: list[tuple[str, str | int]] = [("created[gte]", start), *(("types[]", each) for each in types)]
        if end is not None:
            bounds.append(("created[lt]", end))
        for page in self._api.pages("/v1/events", bounds):
            yield from page

    def fetched(self, of: Resource, name: str, changed_at: int | None = None) -> Found:
        """One object as it is now: an event shows it as it was, in the API version of its day."""
        try:
            return Found(name, self._api.one(of.path, name, of.object_params()), changed_at)
        except Gone:
            return Found(name, None, changed_at)

    def _all_fetched(self, of: Resource, changed: Mapping[str, int | None]) -> Iterator[Found]:
        return (self.fetched(of, name, at) for name, at in changed.items())

    def _backwards(self, of: Resource, place: Position) -> Iterator[list[JsonObject]]:
        """Pages of the list from the place on. If the object there was deleted meanwhile, its `created` says where it was."""
        params = list(of.list_params())
        pages = self._api.pages(of.path, [*params, ("created[lt]", place.backfill_before or 0)], place.after)
        try:
            first = next(pages, None)
        except Gone:
            pages = self._api.pages(of.path, [*params, ("created[lte]", place.after_created or 0)])
            first = next(pages, None)
        if first is not None:
            yield first
            yield from pages
