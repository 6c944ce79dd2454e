"""The HubSpot connector: what it reads, and how it reads only what changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from accountpulse.connectors.hubspot import webhook
from accountpulse.connectors.hubspot.client import HubSpotClient, NotThere
from accountpulse.connectors.hubspot.config import HubSpotConfig
from accountpulse.connectors.hubspot.lookups import Lookups
from accountpulse.connectors.hubspot.objects import kinds
from accountpulse.connectors.hubspot.places import LOOK_BACK
from accountpulse.connectors.hubspot.reader import Reader
from accountpulse.connectors.hubspot.values import text
from accountpulse.plugins import (
    Account,
    Activity,
    ConfigError,
    Connector,
    Contact,
    Context,
    Identity,
    InboundRequest,
    InvalidRecord,
    Item,
    Message,
    OpaqueCursor,
    Opportunity,
    PermissionMissing,
    PushItem,
    RateLimit,
    Record,
    Refetching,
    StreamSpec,
    SurveyResponse,
    Ticket,
    Window,
    inbound,
    stream,
)

# Both clocks may differ, and the newest changes are not in the search index yet.
LAG = timedelta(minutes=1)
CURSOR = OpaqueCursor("the page of the list, or the span of modification times being read and the last id read in it")
# How all of it is read, but for what says otherwise.
incremental = partial(stream, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")


class HubSpot(Connector[HubSpotConfig]):
    """Companies, contacts, deals, tickets, engagements and survey responses of a HubSpot account.

    Every stream is read the same way. First the list of all objects, whose pages are checkpoints. Then, by search, the objects
    whose modification time lies in a span, in the order of their ids: a read that broke off goes on after the last id in the
    span it was reading, and only when that is complete does the next one begin, `LOOK_BACK` before its end. Archived objects,
    which search leaves out and whose modification time does not move, come from the list of the archived in every run. An
    object's company is its primary one, else the one with the lowest id, and else that of its contact.
    """

    id: ClassVar[str] = "hubspot"
    title: ClassVar[str] = "HubSpot"
    api_version: ClassVar[str | None] = "v3"
    rate_limits: ClassVar[tuple[RateLimit, ...]] = (
        RateLimit(
            190, timedelta(seconds=10), "for each app, 100 on the free and Starter plans; besides, a number a day by plan"
        ),
        RateLimit(5, timedelta(seconds=1), "search, for the whole account"),
    )

    def __init__(self, config: HubSpotConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = HubSpotClient(config, context)
        self._lookups = Lookups(self._client, context)
        self._reader = Reader(self._client, self._lookups, config, context)
        self._refetching = Refetching(context)
        self._kinds = kinds(config)

    @classmethod
    def stream_records(cls, spec: StreamSpec, config: HubSpotConfig) -> tuple[type[Record], ...]:
        return () if spec.name in config.leave_out else spec.records

    def check(self) -> Identity:
        """The account. Raises AuthError or ConfigError with advice, also for a configured property that it does not have."""
        try:
            account = self._lookups.account()
        except NotThere as error:
            raise ConfigError("base_url", f"this is not HubSpot's API: put https://api.hubapi.com ({error})") from error
        portal = text(account.get("portalId"))
        if portal is None:
            raise ConfigError("base_url", "this is no HubSpot account we can tell: put https://api.hubapi.com")
        self._check_properties()
        details = {name: str(account[name]) for name in ("accountType", "companyCurrency", "timeZone") if account.get(name)}
        return Identity(id=portal, name=str(account.get("uiDomain") or "HubSpot") + f"/{portal}", details=details)

    @incremental(Account)
    def companies(self, window: Window) -> Iterator[Item]:
        """Reads companies, and the names of their owners.

        Lag 1 minute, look-back 30: the search index runs behind the objects. Archived companies are deleted here, and so are
        those that were merged into another, which names them; archived ones are listed for 90 days.
        """
        yield from self._changes("companies", window)

    @incremental(Contact)
    def contacts(self, window: Window) -> Iterator[Item]:
        """Reads contacts that belong to a company; one that left its company is deleted here.

        Lag 1 minute, look-back 30: the search index runs behind the objects. One deleted for privacy is listed nowhere: a
        webhook tells of it.
        """
        yield from self._changes("contacts", window)

    @incremental(Opportunity)
    def deals(self, window: Window) -> Iterator[Item]:
        """Reads deals, the stages of their pipelines and their line items, which tell deals for services from others.

        Lag 1 minute, look-back 30: the search index runs behind the objects.
        """
        yield from self._changes("deals", window)

    @incremental(Ticket)
    def tickets(self, window: Window) -> Iterator[Item]:
        """Reads tickets and the stages of their pipelines.

        Lag 1 minute, look-back 30: the search index runs behind the objects.
        """
        yield from self._changes("tickets", window)

    @incremental(Activity)
    def meetings(self, window: Window) -> Iterator[Item]:
        """Reads meetings, those that lie ahead too; not those that were cancelled, moved or missed.

        Lag 1 minute, look-back 30: the search index runs behind the objects.
        """
        yield from self._changes("meetings", window)

    @incremental(Activity)
    def calls(self, window: Window) -> Iterator[Item]:
        """Reads calls that were answered.

        Lag 1 minute, look-back 30: the search index runs behind the objects.
        """
        yield from self._changes("calls", window)

    @incremental(Activity)
    def emails(self, window: Window) -> Iterator[Item]:
        """Reads e-mails that were sent or received; their text is not asked for.

        Lag 1 minute, look-back 30: the search index runs behind the objects.
        """
        yield from self._changes("emails", window)

    @incremental(Activity)
    def tasks(self, window: Window) -> Iterator[Item]:
        """Reads completed tasks that are steps with the customer, by their words: onboarding, training, a survey sent.

        Lag 1 minute, look-back 30: the search index runs behind the objects. Calls and e-mails are objects of their own.
        """
        yield from self._changes("tasks", window)

    @incremental(SurveyResponse)
    def surveys(self, window: Window) -> Iterator[Item]:
        """Reads responses to HubSpot's own surveys (feedback submissions) of the kinds NPS, CSAT and CES, and custom ones whose
        scale is configured.

        Lag 1 minute, look-back 30: the search index runs behind the objects.
        """
        yield from self._changes("surveys", window)

    @inbound("webhook", records=(Account, Contact, Opportunity, Ticket, Activity, SurveyResponse), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """HubSpot's webhooks, signed (version 3) with one of `webhook_secrets` for `webhook_url` within five minutes of now.

        An event names objects, which are then read afresh as the streams read them; one sent twice counts once. What is missed
        comes with the next run of the streams, which do not depend on webhooks, but for what HubSpot tells in no other way: an
        association changed by itself, and a contact deleted for privacy.
        """
        webhook.require_signed(request, self.config.webhook_url, self.config.webhook_secrets)
        return webhook.messages_of(request, self._kinds)

    def apply(self, message: Message) -> Iterator[PushItem]:
        """Read the object that a message named."""
        told: Any = message.body
        kind = self._kinds.get(told["stream"])
        if kind is None:
            return
        received_at = datetime.fromisoformat(told["received_at"])
        for item in self._refetching.once((kind.name, told["id"]), received_at, lambda: self._reader.one(kind, told["id"])):
            if isinstance(item, InvalidRecord):
                raise item
            yield item

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _changes(self, name: str, window: Window) -> Iterator[Item]:
        kind = self._kinds.get(name)
        if kind is None:
            return
        try:
            yield from self._reader.changes(kind, window)
        except NotThere as error:
            raise PermissionMissing(name, f"this HubSpot account has no such objects: put {name} into leave_out") from error

    def _check_properties(self) -> None:
        """Raise ConfigError for a configured property that companies do not have: it would stay empty without a word."""
        config, defaults = self.config, type(self.config.fields)().by_attribute()
        chosen = {
            f"fields.{attribute}": names
            for attribute, names in config.fields.by_attribute().items()
            if names != defaults[attribute]
        }
        chosen |= {"references": config.references, "custom": config.custom}
        if not any(chosen.values()):
            return
        try:
            found = self._client.get("/crm/v3/properties/companies").get("results") or ()
        except PermissionMissing as error:
            self.context.log.info("whether the configured properties exist can't be checked: %s", error)
            return
        known = [str(each.get("name")) for each in found]
        for setting, names in chosen.items():
            for name in names:
                if name not in known:
                    near = ", ".join(difflib.get_close_matches(name, known, 3)) or "see Settings > Properties"
                    raise ConfigError(setting, f"companies have no property {name!r}; put its internal name ({near})")
