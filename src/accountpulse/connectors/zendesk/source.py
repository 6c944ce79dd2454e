"""The Zendesk connector: what it reads, and how it reads only what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from accountpulse.connectors.zendesk import csat, mapping, webhook
from accountpulse.connectors.zendesk.client import NotThere, ZendeskClient
from accountpulse.connectors.zendesk.config import ZendeskConfig
from accountpulse.connectors.zendesk.refetch import Refetch
from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    ConfigError,
    Connector,
    Contact,
    Context,
    CursorExpired,
    Deleted,
    Identity,
    InboundRequest,
    InvalidRecord,
    Item,
    Message,
    OpaqueCursor,
    PermissionMissing,
    PushItem,
    RateLimit,
    Record,
    StreamSpec,
    SurveyResponse,
    Ticket,
    TimeCursor,
    Transient,
    Window,
    inbound,
    stream,
)

# The exports leave out what changed in the last minute, and refuse a start_time within it.
LAG = timedelta(seconds=61)
EXPORT_PAGE = 1000
RATINGS_PAGE = 100
ANSWERED_WITHIN = timedelta(days=30)  # how long after it was offered a survey may still be answered
AFTER_CURSOR = OpaqueCursor("the export's own after_cursor, which follows the page it came with")


class Zendesk(Connector[ZendeskConfig]):
    """Organizations, end users, tickets and satisfaction ratings of a Zendesk Support account."""

    id: ClassVar[str] = "zendesk"
    title: ClassVar[str] = "Zendesk"
    extra: ClassVar[str | None] = "zendesk"
    api_version: ClassVar[str | None] = "v2"
    rate_limits: ClassVar[tuple[RateLimit, ...]] = (
        RateLimit(200, timedelta(minutes=1), "for each account, on the Team plan; up to 2,500 on others"),
        RateLimit(10, timedelta(minutes=1), "incremental exports, for each account; 30 with the High Volume add-on"),
    )

    def __init__(self, config: ZendeskConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = ZendeskClient(config, context)
        self._refetch = Refetch(self._client, context, config.csat)

    def close(self) -> None:
        self._client.close()

    @classmethod
    def stream_records(cls, spec: StreamSpec, config: ZendeskConfig) -> tuple[type[Record], ...]:
        unused = {"ratings": "surveys", "surveys": "satisfaction"}.get(config.csat)
        return () if spec.name == unused else spec.records

    def check(self) -> Identity:
        """The account, told by its host. Raises AuthError or ConfigError with advice."""
        try:
            user = self._client.get("users/me.json").get("user")
        except NotThere as error:
            raise ConfigError(
                "base_url", f"this is not a Zendesk API: put https://<subdomain>.zendesk.com ({error})"
            ) from error
        if not isinstance(user, Mapping) or not user.get("id"):
            # Zendesk answers 200 with an anonymous user, not 401, where the credentials name nobody.
            raise AuthError("Zendesk took us for an anonymous visitor: check the credentials, and that their user is active")
        host = urlsplit(str(user.get("url") or "")).netloc or urlsplit(self.config.base_url).netloc
        return Identity(id=host, name=host.removesuffix(".zendesk.com"), details={"role": str(user.get("role"))})

    @stream(Account, cursor=TimeCursor("end_time"), lag=LAG, look_back=timedelta(minutes=10), deletes="tombstones")
    def organizations(self, window: Window) -> Iterator[Item]:
        """Reads the incremental export of organizations, which exists by time only.

        Lag 61 seconds: the export leaves the last minute out. start_time is inclusive, so the last page's last second comes
        again in the next run; a page never splits a second, so that is enough. Look-back 10 minutes, for changes that reach the
        export late. Deleted organizations carry deleted_at.
        """
        start = _epoch(window.since)
        while start < _epoch(window.until):
            page = self._client.get("incremental/organizations.json", start_time=start, per_page=EXPORT_PAGE)
            self.context.stop_if_cancelled()
            yield from self._mapped(page.get("organizations") or (), Account, mapping.account)
            end = page.get("end_time")
            if end is not None:
                yield Checkpoint(min(datetime.fromtimestamp(end, UTC), window.until))
            if end is None or page.get("end_of_stream") is True:
                return
            if end <= start:
                raise Transient("Zendesk's export of organizations did not move on from one second to the next")
            start = end

    @stream(Contact, cursor=AFTER_CURSOR, lag=LAG, deletes="tombstones")
    def users(self, window: Window) -> Iterator[Item]:
        """Reads the incremental export of users, by cursor, and keeps end users who belong to an organization.

        Lag 61 seconds: the export leaves the last minute out. No look-back: the cursor orders by when Zendesk wrote the row. A
        deleted user is inactive; one who became an agent, left the organization or was deleted for good is deleted here.
        """
        yield from self._export("users", window, Contact, mapping.contact)

    @stream(Ticket, cursor=AFTER_CURSOR, lag=LAG, deletes="tombstones")
    def tickets(self, window: Window) -> Iterator[Item]:
        """Reads the incremental export of tickets, by cursor, with their metric sets side-loaded.

        Lag 61 seconds: the export leaves the last minute out. No look-back: the cursor orders by generated_timestamp, when
        Zendesk wrote the row. Never by updated_at, which Zendesk's own jobs do not move: whoever went by it lost tickets
        (airbytehq/airbyte#81640). Deleted tickets come with the status deleted; a ticket without an organization is no
        account's and is left out. /ticket_metrics would leave out archived tickets.
        """
        yield from self._export("tickets", window, Ticket, mapping.ticket, include="metric_sets")

    @stream(SurveyResponse, cursor=TimeCursor("start_time"), lag=LAG, look_back=timedelta(hours=1))
    def satisfaction(self, window: Window) -> Iterator[Item]:
        """Reads satisfaction ratings: good is 1, bad is 0. A rating's account is its ticket's organization.

        By start_time, lag 61 seconds, look-back 1 hour: the list has no export's guarantees. It is not ordered by change, so
        only a complete read moves the cursor, and to the end of what was asked for, not to a time in the answer. Reads nothing
        with `csat: surveys`.
        """
        if self.config.csat == "surveys":
            return
        params: dict[str, str | int] = {"page[size]": RATINGS_PAGE}
        if window.since is not None:
            params["start_time"] = _epoch(window.since)
        yield from self._answers(
            "satisfaction_ratings",
            "satisfaction_ratings.json",
            params,
            ticket=lambda each: each.get("ticket_id") if each.get("score") in ("good", "bad") else None,
            record=mapping.survey_response,
        )
        yield Checkpoint(window.until)

    @stream(SurveyResponse, cursor=TimeCursor("created_at"), lag=LAG, look_back=ANSWERED_WITHIN)
    def surveys(self, window: Window) -> Iterator[Item]:
        """Reads the answers of Zendesk's newer CSAT surveys, on their own scales; nothing with `csat: ratings`.

        Zendesk lists surveys by when they were offered, and an answer may come weeks later: look-back 30 days, lag 61 seconds.
        A survey's account is its ticket's organization. One about something other than a ticket is left out.
        """
        if self.config.csat == "ratings":
            return
        yield from self._answers(
            "survey_responses",
            "guide/survey_responses",
            csat.offered_since(window.since),
            ticket=csat.ticket_of,
            record=csat.survey_response,
        )
        yield Checkpoint(window.until)

    @inbound("webhook", records=(Account, Contact, Ticket, SurveyResponse), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """Zendesk's webhooks, of events and of triggers, signed with one of `webhook_secrets` within five minutes of now.

        A message names a ticket, user or organization, which is then read afresh as the streams read it; an event sent twice
        counts once. What is missed comes with the next run of the streams, which do not depend on webhooks.
        """
        webhook.require_signed(request, self.config.webhook_secrets)
        message = webhook.message_of(request)
        return [] if message is None else [message]

    def apply(self, message: Message) -> Iterator[PushItem]:
        """Read the object that a message named."""
        yield from self._refetch.read(message)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _export(
        self,
        collection: str,
        window: Window,
        kind: type[Record],
        record: Callable[[Mapping[str, Any]], Record | None],
        **params: str | int,
    ) -> Iterator[Item]:
        params["per_page"] = EXPORT_PAGE
        cursor = window.cursor
        if cursor is not None and not isinstance(cursor, str):
            raise CursorExpired("the saved cursor is not one of Zendesk's; the stream is read again")
        while True:
            place: dict[str, str | int] = {"cursor": cursor} if cursor else {"start_time": _epoch(window.since)}
            try:
                page = self._client.get(f"incremental/{collection}/cursor.json", **place, **params)
            except NotThere as error:
                if cursor is None:
                    raise
                raise CursorExpired(f"Zendesk no longer knows the cursor of {collection}; the stream is read again") from error
            self.context.stop_if_cancelled()
            yield from self._mapped(page.get(collection) or (), kind, record)
            following = page.get("after_cursor")
            if following and following != cursor:
                # It points behind this page, so it may be kept only now that the page has been yielded.
                yield Checkpoint(following)
            if page.get("end_of_stream") is not False:
                return
            if not following or following == cursor:
                raise Transient(f"Zendesk's export of {collection} has more, but gave no cursor to go on with")
            cursor = following

    def _mapped(
        self, objects: Iterable[Mapping[str, Any]], kind: type[Record], record: Callable[[Mapping[str, Any]], Record | None]
    ) -> Iterator[Item]:
        without = 0
        for each in objects:
            try:
                found = record(each)
                if found is not None:
                    yield found
                else:
                    # Deleted, or no record any more (its organization was taken away): either way what we had is outdated.
                    without += 1
                    yield Deleted(kind, mapping.object_id(each))
            except InvalidRecord as unreadable:
                yield unreadable
        if without:
            self.context.log.debug("%d %s objects are deleted or no account's", without, kind.__name__)

    def _answers(
        self,
        collection: str,
        path: str,
        params: dict[str, str | int],
        *,
        ticket: Callable[[Mapping[str, Any]], int | None],
        record: Callable[[Mapping[str, Any], str], SurveyResponse | None],
    ) -> Iterator[Item]:
        """All pages of a list of answers, each with the organization of its ticket."""
        while True:
            try:
                page = self._client.get(path, **params)
            except NotThere as error:
                raise PermissionMissing("satisfaction ratings", f"turn CSAT on in Zendesk's Admin Center ({error})") from error
            self.context.stop_if_cancelled()
            found = [(each, number) for each in page.get(collection) or () if (number := ticket(each)) is not None]
            organizations = self._organizations_of({number for _, number in found})
            for each, number in found:
                try:
                    organization = organizations.get(number)
                    answer = record(each, organization) if organization is not None else None
                except InvalidRecord as unreadable:
                    yield unreadable
                    continue
                if answer is not None:
                    yield answer
            meta = page.get("meta") or {}
            following = meta.get("after_cursor") if meta.get("has_more") else None
            if following is None:
                return
            if following == params.get("page[after]"):
                raise Transient(f"Zendesk's list of {collection} did not move on from one page to the next")
            params = {**params, "page[after]": following}

    def _organizations_of(self, tickets: set[int]) -> dict[int, str]:
        """The organization of each of at most 100 tickets; those without one, and deleted tickets, are left out."""
        if not tickets:
            return {}
        found = self._client.get("tickets/show_many.json", ids=",".join(map(str, sorted(tickets)))).get("tickets") or []
        return {each["id"]: str(each["organization_id"]) for each in found if each.get("organization_id")}


def _epoch(at: datetime | None) -> int:
    return int(at.timestamp()) if at is not None else 0
