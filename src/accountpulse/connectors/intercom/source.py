"""The Intercom connector: what it reads, and how it reads only what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple

from accountpulse.connectors.intercom import mapping, webhook
from accountpulse.connectors.intercom.client import VERSION, IntercomClient, Refused
from accountpulse.connectors.intercom.config import REGIONS, IntercomConfig
from accountpulse.connectors.intercom.conversations import companies_of, support_of
from accountpulse.connectors.intercom.refetch import Refetch
from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    ConfigError,
    Connector,
    Contact,
    Context,
    Deleted,
    Identity,
    InboundRequest,
    InvalidRecord,
    Item,
    Message,
    PushItem,
    RateLimit,
    RateLimited,
    SurveyResponse,
    Ticket,
    TimeCursor,
    Transient,
    Window,
    inbound,
    stream,
)

Json = Mapping[str, Any]
PAGE = 150  # the most that a search gives
LOOK_BACK = timedelta(hours=1)  # a search shows what changed some minutes later, and statistics follow later still
SCROLL_IDLE = timedelta(seconds=60)  # after which Intercom closes a scroll that nobody reads
DAY = 86_400  # seconds
LATEST = 1 << 36  # a time beyond is no time in seconds


class Page(NamedTuple):
    """A page of a search. reached: all that changed before has been read with it; None where that is not known."""

    rows: list[Json]
    reached: datetime | None


class Intercom(Connector[IntercomConfig]):
    """Companies, contacts, conversations and their ratings of an Intercom workspace."""

    id: ClassVar[str] = "intercom"
    title: ClassVar[str] = "Intercom"
    api_version: ClassVar[str | None] = VERSION
    rate_limits: ClassVar[tuple[RateLimit, ...]] = (
        RateLimit(10_000, timedelta(minutes=1), "for each app, by windows of ten seconds"),
        RateLimit(25_000, timedelta(minutes=1), "for each workspace"),
    )

    def __init__(self, config: IntercomConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = IntercomClient(config, context)
        self._refetch = Refetch(self._client, context)

    def check(self) -> Identity:
        """The workspace that the token belongs to. Raises AuthError or ConfigError with advice."""
        try:
            app = self._client.get("me").get("app")
        except Refused as error:
            raise ConfigError("base_url", f"this is not Intercom's API: put {', '.join(REGIONS.values())} ({error})") from error
        if not isinstance(app, Mapping) or not app.get("id_code"):
            raise AuthError("Intercom does not say whose token this is: put an access token of an app that is installed")
        region = str(app.get("region") or "")
        if self.config.base_url in REGIONS.values() and self.config.base_url != REGIONS.get(region, self.config.base_url):
            raise ConfigError("base_url", f"the workspace is in the region {region}: put {REGIONS[region]}")
        workspace = str(app["id_code"])
        return Identity(id=workspace, name=str(app.get("name") or workspace), details={"region": region} if region else {})

    @stream(Account, deletes="snapshot")
    def companies(self, window: Window) -> Iterator[Item]:  # noqa: ARG002  # a scroll is always of everything
        """Reads all companies by scroll: the list ends at 10,000 and leaves out companies without users, and neither of the
        two can be asked for what changed.

        Intercom keeps one scroll open for an app at a time; while another one is, we wait a minute. A company that a complete
        scroll lacks is gone.
        """
        scroll: str | None = None
        before: list[Any] = []
        while True:
            self.context.stop_if_cancelled()
            page = self._scrolled(scroll)
            found = _rows(page, "data")
            ids = [each.get("id") for each in found]
            if ids and ids == before:
                raise Transient("Intercom's scroll of companies did not move on from one page to the next")
            for each in found:
                try:
                    yield mapping.account(each)
                except InvalidRecord as unreadable:
                    yield unreadable
            scroll, before = mapping.text(page.get("scroll_param")), ids
            if not found:
                return
            if scroll is None:
                raise Transient("Intercom's scroll of companies has more, but gave no scroll_param to go on with")

    @stream(Contact, cursor=TimeCursor("updated_at"), look_back=LOOK_BACK)
    def contacts(self, window: Window) -> Iterator[Item]:
        """Reads users and leads that changed, and keeps those of exactly one company.

        Look-back 1 hour: a new contact may turn up minutes late. Intercom searches contacts by whole days, so the day of the
        last change is asked for again; what is older than the look-back is passed over. One that left its company, or joined
        a second, is deleted here; archived, deleted and merged contacts are not told of, except to the webhook.
        """
        since = _epoch(window.since)
        # A search for what is later than a day begins with the day after it.
        day_before = max(0, since - since % DAY - DAY)
        for page in self._changed("contacts", "data", _updated("is later than", day_before), window):
            for each in page.rows:
                stamp = _stamp(each)
                if stamp is None or stamp >= since:
                    yield from _readable(_person(each))
            if page.reached is not None:
                yield Checkpoint(page.reached)

    @stream(Ticket, SurveyResponse, cursor=TimeCursor("updated_at"), look_back=LOOK_BACK)
    def conversations(self, window: Window) -> Iterator[Item]:
        """Reads conversations that changed, as tickets, and their ratings, 1 to 5, as CSAT.

        Look-back 1 hour: a search shows what changed some minutes later. A conversation is its company's, else that of its
        contact where there is exactly one; others are left out, and so is what we sent and nobody answered. Deleted
        conversations are not told of, except to the webhook.
        """
        # Whether the bounds themselves are within depends on the API's version; a second further they are.
        bounds = [
            _updated("is later than", _epoch(window.since) - 1),
            _updated("is earlier than", _epoch(window.until) + 1),
        ]
        query = {"operator": "AND", "value": bounds}
        for page in self._changed("conversations", "conversations", query, window):
            owners = companies_of(self._client, page.rows)
            for each in page.rows:
                yield from _readable(support_of(each, owners.get(mapping.text(each.get("id")))))
            if page.reached is not None:
                yield Checkpoint(page.reached)

    @inbound("webhook", records=(Account, Contact, Ticket, SurveyResponse), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """Intercom's webhooks of conversations, contacts and companies, signed with one of `webhook_secrets`.

        A message names an object, which is then read afresh as the streams read it; a notification sent twice counts once.
        Intercom signs no time: an old request that somebody repeats only makes us look again. What is missed comes with the
        next run of the streams, which do not depend on webhooks; only deletions come by webhook alone.
        """
        webhook.require_signed(request, self.config.webhook_secrets)
        message = webhook.message_of(request)
        return [] if message is None else [message]

    def apply(self, message: Message) -> Iterator[PushItem]:
        """Read the object that a message named."""
        yield from self._refetch.read(message)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _changed(self, collection: str, key: str, query: Json, window: Window) -> Iterator[Page]:
        """All pages of a search, from the oldest change on."""
        after: str | None = None
        last, in_order = 0, True
        while True:
            self.context.stop_if_cancelled()
            pagination = {"per_page": PAGE, **({"starting_after": after} if after is not None else {})}
            order = {"field": "updated_at", "order": "ascending"}
            try:
                found = self._client.search(collection, {"query": query, "sort": order, "pagination": pagination})
            except Refused as error:
                if after is None:
                    raise
                raise Transient(f"Intercom did not go on with a search ({error}); it begins again") from error
            rows = _rows(found, key)
            stamps = [stamp for each in rows if (stamp := _stamp(each)) is not None]
            # Only a search that keeps the order it was asked for may move the cursor before its end.
            in_order = in_order and stamps == sorted(stamps) and (not stamps or stamps[0] >= last)
            last = stamps[-1] if stamps else last
            following = mapping.text(_object(_object(found.get("pages")).get("next")).get("starting_after"))
            if following is None:
                yield Page(rows, window.until)
                return
            yield Page(rows, min(datetime.fromtimestamp(last, UTC), window.until) if in_order and stamps else None)
            if following == after:
                raise Transient(f"Intercom's search of {collection} did not move on from one page to the next")
            after = following

    def _scrolled(self, scroll: str | None) -> Json:
        try:
            return self._client.get("companies/scroll", **({"scroll_param": scroll} if scroll is not None else {}))
        except Refused as error:
            if error.code == "scroll_exists":
                raise RateLimited(SCROLL_IDLE, "another scroll of companies is open; Intercom allows one at a time") from error
            if scroll is not None:
                raise Transient(f"Intercom's scroll of companies ended early ({error}); it begins again") from error
            raise


def _person(found: Json) -> Iterator[Item]:
    yield mapping.contact(found) or Deleted(Contact, mapping.object_id(found))


def _readable(items: Iterator[Item]) -> Iterator[Item]:
    try:
        yield from items
    except InvalidRecord as unreadable:
        yield unreadable


def _rows(page: Json, key: str) -> list[Json]:
    found = page.get(key)
    if not isinstance(found, list):
        raise Transient(f"Intercom answered without {key}, which is not what we know")
    return [each for each in found if isinstance(each, Mapping)]


def _updated(relation: Literal["is later than", "is earlier than"], stamp: int) -> Json:
    """A condition of a search."""
    return {"field": "updated_at", "operator": ">" if relation == "is later than" else "<", "value": stamp}


def _stamp(found: Json) -> int | None:
    """When an object last changed, in seconds; None where it does not say."""
    stamp = found.get("updated_at")
    return stamp if isinstance(stamp, int) and not isinstance(stamp, bool) and 0 <= stamp < LATEST else None


def _epoch(at: datetime | None) -> int:
    return int(at.timestamp()) if at is not None else 0


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
