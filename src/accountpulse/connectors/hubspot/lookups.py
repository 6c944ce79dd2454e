"""What belongs to the objects of a page and must be asked for apart: associations, owners, pipelines, line items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accountpulse.connectors.hubspot.client import HubSpotClient, Json
from accountpulse.connectors.hubspot.mapping import Around, Stage, stages_of
from accountpulse.connectors.hubspot.objects import LINE_ITEM, Kind
from accountpulse.connectors.hubspot.values import Row, text
from accountpulse.plugins import Context, PermissionMissing, Transient

OWNERS_PAGE = 500
# "Primary", from contacts, deals and tickets to companies, among HubSpot's own association types.
_PRIMARY = frozenset({1, 5, 26})


class Lookups:
    """Asks once for what all objects share, and once a page for what belongs to its objects."""

    def __init__(self, client: HubSpotClient, context: Context) -> None:
        self._client = client
        self._context = context
        self._owners: dict[str, str] | None = None
        self._stages: dict[str, dict[str, Stage]] = {}
        self._account: Json | None = None

    def around(self, kind: Kind, rows: Sequence[Row]) -> Around:
        """The companies, contacts and line items of a page's objects."""
        ids = [found for row in rows if (found := text(row.get("id"))) is not None]
        if not ids or kind.name == "companies":
            return Around()
        companies = self._related(kind.name, "companies", ids)
        if kind.name == "contacts":
            return Around(companies)
        contacts = self._related(kind.name, "contacts", ids) if kind.name != "deals" else {}
        orphans = {each: contacts[each] for each in ids if each not in companies and each in contacts}
        if orphans:
            # HubSpot links an engagement with a person's company by itself, unless an account has that turned off.
            theirs = self._related("contacts", "companies", sorted(set(orphans.values())))
            companies |= {each: theirs[person] for each, person in orphans.items() if person in theirs}
        lines = self._lines(ids) if kind.name == "deals" else {}
        return Around(companies, contacts, lines)

    def owners(self) -> Mapping[str, str]:
        """Owner id -> name, former owners included. Empty when the app may not read them."""
        if self._owners is None:
            self._owners = {}
            try:
                for archived in ("true", "false"):
                    self._owners |= self._named_owners(archived)
            except PermissionMissing as error:
                self._context.log.warning("the owners of accounts stay unknown: %s", error)
        return self._owners

    def stages(self, kind: str) -> Mapping[str, Stage]:
        """The stages of the pipelines of deals or tickets, by id."""
        if kind not in self._stages:
            found = self._client.get(f"/crm/v3/pipelines/{kind}").get("results")
            self._stages[kind] = stages_of(found if isinstance(found, list) else ())
        return self._stages[kind]

    def account(self) -> Json:
        """HubSpot's details of the account: portalId, companyCurrency, timeZone and more."""
        if self._account is None:
            self._account = self._client.get("/account-info/v3/details")
            try:
                self._client.zone = ZoneInfo(str(self._account.get("timeZone")))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._context.log.debug("the account's time zone is unknown here")
        return self._account

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _named_owners(self, archived: str) -> dict[str, str]:
        names: dict[str, str] = {}
        after: str | None = None
        while True:
            place = {"after": after} if after is not None else {}
            page = self._client.get("/crm/v3/owners", limit=OWNERS_PAGE, archived=archived, **place)
            for owner in page.get("results") or ():
                parts = (text(owner.get("firstName")), text(owner.get("lastName")))
                name = " ".join(filter(None, parts)) or text(owner.get("email"))
                if name is not None:
                    names[str(owner.get("id"))] = name
            following = next_page(page)
            if following is None:
                return names
            if following == after:
                raise Transient("HubSpot gave the same page of owners twice")
            after = following

    def _related(self, kind: str, to: str, ids: Sequence[str]) -> dict[str, str]:
        """The one object of another kind that each belongs to: the primary one, else the one with the lowest id."""
        found = self._client.associated(kind, to, ids)
        return {each: min(others, key=_rank)["toObjectId"] for each, others in _texts(found).items() if others}

    def _lines(self, ids: Sequence[str]) -> dict[str, list[Row]]:
        try:
            of_deals = _texts(self._client.associated("deals", "line_items", ids))
            wanted = sorted({each["toObjectId"] for others in of_deals.values() for each in others})
            known = {str(each.get("id")): each for each in self._client.batch("line_items", wanted, LINE_ITEM)}
        except PermissionMissing as error:
            self._context.log.info("what deals are for is told from their type and pipeline alone: %s", error)
            return {}
        return {
            deal: [known[each["toObjectId"]] for each in others if each["toObjectId"] in known]
            for deal, others in of_deals.items()
        }


def next_page(page: Mapping[str, Any]) -> str | None:
    """The token of the next page, or None at the end."""
    after = ((page.get("paging") or {}).get("next") or {}).get("after")
    return str(after) if after is not None else None


def _texts(found: Mapping[str, Sequence[Json]]) -> dict[str, list[Json]]:
    return {
        source: [{**each, "toObjectId": str(each.get("toObjectId"))} for each in others] for source, others in found.items()
    }


def _rank(association: Json) -> tuple[bool, int, str]:
    types = association.get("associationTypes") or ()
    primary = any(each.get("category") == "HUBSPOT_DEFINED" and each.get("typeId") in _PRIMARY for each in types)
    return not primary, len(association["toObjectId"]), association["toObjectId"]
