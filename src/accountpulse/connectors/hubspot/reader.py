"""Reads a kind of objects: all of them by the list, then what changed by search, and what was deleted by the list of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from accountpulse.connectors.hubspot.client import HubSpotClient, NotThere
from accountpulse.connectors.hubspot.config import HubSpotConfig
from accountpulse.connectors.hubspot.engagements import call, email, meeting, survey, task
from accountpulse.connectors.hubspot.lookups import Lookups, next_page
from accountpulse.connectors.hubspot.mapping import Around, DealRules, company, contact, deal, merged_ids, ticket
from accountpulse.connectors.hubspot.objects import Kind
from accountpulse.connectors.hubspot.places import LIST_PAGE, Listing, Span, places_of, question
from accountpulse.connectors.hubspot.values import Row, instant, object_id, properties, text
from accountpulse.plugins import (
    Checkpoint,
    ConnectorError,
    Context,
    Deleted,
    InvalidRecord,
    Item,
    PermissionMissing,
    Record,
    Transient,
    Window,
)

Fresh = Record | Deleted | InvalidRecord


class Reader:
    """The reading that all streams share."""

    def __init__(self, client: HubSpotClient, lookups: Lookups, config: HubSpotConfig, context: Context) -> None:
        self._client = client
        self._lookups = lookups
        self._config = config
        self._context = context
        self._rules = DealRules(
            config.deal_kinds,
            frozenset(config.won_stages),
            frozenset(config.lost_stages),
            config.product_kinds,
        )

    def changes(self, kind: Kind, window: Window) -> Iterator[Item]:
        """What a run of a stream yields."""
        for place in places_of(window):
            if isinstance(place, Listing):
                yield from self._listed(kind, place)
                since = None
            else:
                yield from self._searched(kind, place)
                since = place.since
            # Archiving moves no time of an object, and search leaves the archived out.
            yield from self._archived(kind, since)
            yield Checkpoint(place.done)

    def one(self, kind: Kind, identifier: str) -> Iterator[Fresh]:
        """An object as it is now; gone when HubSpot has none of that id, or answers with the one that it was merged into."""
        try:
            row = self._client.get(f"/crm/v3/objects/{kind.name}/{identifier}", properties=",".join(kind.asked))
        except NotThere:
            yield Deleted(kind.record, identifier)
            return
        yield from self.records(kind, [row])
        if text(row.get("id")) != identifier:
            yield Deleted(kind.record, identifier)

    def records(self, kind: Kind, rows: Sequence[Row]) -> Iterator[Fresh]:
        """The records of a page of objects."""
        if not rows:
            return  # nothing to look anything up for
        to_record = self._mapping(kind, self._lookups.around(kind, rows))
        for row in rows:
            try:
                if "hs_object_id" not in properties(row):
                    raise InvalidRecord(object_id(row), "the object came without its properties")
                # No record any more (a contact without a company): what we had of it is outdated.
                yield to_record(row) or Deleted(kind.record, object_id(row))
                for merged in merged_ids(row):
                    yield Deleted(kind.record, merged)
            except InvalidRecord as unreadable:
                yield unreadable

    # -- pages ------------------------------------------------------------------------------------------------------------

    def _listed(self, kind: Kind, place: Listing) -> Iterator[Item]:
        for rows, after in self._list(kind, place.after, archived=False, wanted=kind.asked):
            yield from self.records(kind, rows)
            if after is not None:
                yield Checkpoint(place.cursor(after))

    def _searched(self, kind: Kind, span: Span) -> Iterator[Item]:
        while True:
            page = self._client.post(f"/crm/v3/objects/{kind.name}/search", question(span, kind.modified, kind.asked))
            self._context.stop_if_cancelled()
            rows = _rows(page)
            last = _ascending(rows, span.after, kind)
            yield from self.records(kind, rows)
            if next_page(page) is None:
                return
            if last == span.after:
                raise Transient(f"HubSpot's search of {kind.name} has more, but did not move on")
            span = replace(span, after=last)
            yield Checkpoint(span.cursor(last))

    def _archived(self, kind: Kind, since: datetime | None) -> Iterator[Item]:
        for rows, _ in self._list(kind, None, archived=True, wanted=("hs_object_id",)):
            for row in rows:
                at = instant(row.get("archivedAt"), "(archived)", self._context.zone)
                if since is None or at is None or at >= since:
                    yield Deleted(kind.record, object_id(row))

    def _list(
        self, kind: Kind, after: str | None, *, archived: bool, wanted: Sequence[str]
    ) -> Iterator[tuple[list[Row], str | None]]:
        """The pages of a list, each with the token of the next."""
        known: dict[str, str | int] = {
            "limit": LIST_PAGE,
            "archived": str(archived).lower(),
            "properties": ",".join(wanted),
        }
        while True:
            place = {"after": after} if after is not None else {}
            page = self._client.get(f"/crm/v3/objects/{kind.name}", **known, **place)
            self._context.stop_if_cancelled()
            following = next_page(page)
            if following is not None and following == after:
                raise Transient(f"HubSpot gave the same page of {kind.name} twice")
            yield _rows(page), following
            if following is None:
                return
            after = following

    # -- mapping ----------------------------------------------------------------------------------------------------------

    def _mapping(self, kind: Kind, around: Around) -> Callable[[Row], Record | None]:
        config, zone, lookups = self._config, self._context.zone, self._lookups
        kinds = config.activity_kinds
        match kind.name:
            case "companies":
                fields, owners = config.fields.by_attribute(), lookups.owners()
                references, custom = config.references, config.custom
                return lambda row: company(row, fields=fields, references=references, custom=custom, owners=owners, zone=zone)
            case "contacts":
                return lambda row: contact(row, around, zone=zone)
            case "deals":
                stages, currency = lookups.stages("deals"), self._currency()
                return lambda row: deal(row, around, stages=stages, rules=self._rules, currency=currency, zone=zone)
            case "tickets":
                of_tickets = lookups.stages("tickets")
                return lambda row: ticket(row, around, stages=of_tickets, zone=zone)
            case "meetings":
                return lambda row: meeting(row, around, kinds=kinds, zone=zone)
            case "calls":
                return lambda row: call(row, around, kinds=kinds, zone=zone)
            case "emails":
                return lambda row: email(row, around, zone=zone)
            case "tasks":
                return lambda row: task(row, around, kinds=kinds, zone=zone)
            case _:
                scales = config.survey_scales
                return lambda row: survey(row, around, scales=scales, zone=zone)

    def _currency(self) -> str:
        if self._config.currency is not None:
            return self._config.currency
        found = text(self._lookups.account().get("companyCurrency"))
        if found is None:
            raise PermissionMissing("the account's currency", "put the currency of deals into currency")
        return found


def _rows(page: dict[str, Any]) -> list[Row]:
    found = page.get("results")
    if not isinstance(found, list):
        raise Transient("HubSpot answered without results")
    return [row for row in found if isinstance(row, dict)]


def _ascending(rows: Sequence[Row], after: int, kind: Kind) -> int:
    """The last id of a page, which the next page follows. Raises when they do not ascend: rows would be lost without a word."""
    for row in rows:
        identifier = text(row.get("id"))
        if identifier is None or not identifier.isdecimal():
            continue  # it goes to quarantine; the others show the order
        if int(identifier) <= after:
            raise ConnectorError(f"HubSpot's search of {kind.name} does not go by ids in ascending order, as it was asked to")
        after = int(identifier)
    return after
