"""The Zendesk connector: what it reads, and how it reads only what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from accountpulse.connectors.zendesk import mapping
from accountpulse.connectors.zendesk.client import NotThere, ZendeskClient
from accountpulse.connectors.zendesk.config import ZendeskConfig
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
    InvalidRecord,
    Item,
    OpaqueCursor,
    PermissionMissing,
    Record,
    SurveyResponse,
    Ticket,
    TimeCursor,
    Transient,
    Window,
    stream,
)

# The exports leave out what changed in the last minute, and refuse a start_time within it.
LAG = timedelta(seconds=61)
EXPORT_PAGE = 1000
RATINGS_PAGE = 100
AFTER_CURSOR = OpaqueCursor("the export's own after_cursor, which follows the page it came with")


class Zendesk(Connector[ZendeskConfig]):
    """Organizations, end users, tickets and satisfaction ratings of a Zendesk Support account."""

    id: ClassVar[str] = "zendesk"
    title: ClassVar[str] = "Zendesk"
    extra: ClassVar[str | None] = "zendesk"

    def __init__(self, config: ZendeskConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = ZendeskClient(config, context)

    def close(self) -> None:
        self._client.close()

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

    @stream(Account, cursor=TimeCursor("updated_at"), lag=LAG, look_back=timedelta(minutes=10), deletes="tombstones")
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

    @stream(SurveyResponse, cursor=TimeCursor("updated_at"), lag=LAG, look_back=timedelta(hours=1))
    def satisfaction(self, window: Window) -> Iterator[Item]:
        """Reads satisfaction ratings: good is 1, bad is 0. A rating's account is its ticket's organization.

        By start_time, lag 61 seconds, look-back 1 hour: the list has no export's guarantees. It is not ordered by change, so
        only a complete read moves the cursor, to the newest updated_at seen. These are the ratings of the older CSAT; the
        answers of Zendesk's newer surveys can't be listed.
        """
        params: dict[str, str | int] = {"page[size]": RATINGS_PAGE}
        if window.since is not None:
            params["start_time"] = _epoch(window.since)
        newest: datetime | None = None
        while True:
            try:
                page = self._client.get("satisfaction_ratings.json", **params)
            except NotThere as error:
                raise PermissionMissing("satisfaction ratings", f"turn CSAT on in Zendesk's Admin Center ({error})") from error
            self.context.stop_if_cancelled()
            ratings = [each for each in page.get("satisfaction_ratings") or () if each.get("score") in ("good", "bad")]
            organizations = self._organizations_of({each["ticket_id"] for each in ratings if each.get("ticket_id")})
            for each in ratings:
                try:
                    organization = organizations.get(each.get("ticket_id"))
                    found = mapping.survey_response(each, organization) if organization is not None else None
                    changed = mapping.instant(each.get("updated_at"), mapping.object_id(each))
                except InvalidRecord as unreadable:
                    yield unreadable
                    continue
                newest = max(filter(None, (newest, changed)), default=None)
                if found is not None:
                    yield found
            meta = page.get("meta") or {}
            following = meta.get("after_cursor") if meta.get("has_more") else None
            if following is None:
                break
            if following == params.get("page[after]"):
                raise Transient("Zendesk's list of satisfaction ratings did not move on from one page to the next")
            params["page[after]"] = following
        if newest is not None:
            yield Checkpoint(min(newest, window.until))

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

    def _organizations_of(self, tickets: set[int]) -> dict[int, str]:
        """The organization of each of at most 100 tickets; those without one, and deleted tickets, are left out."""
        if not tickets:
            return {}
        found = self._client.get("tickets/show_many.json", ids=",".join(map(str, sorted(tickets)))).get("tickets") or []
        return {each["id"]: str(each["organization_id"]) for each in found if each.get("organization_id")}


def _epoch(at: datetime | None) -> int:
    return int(at.timestamp()) if at is not None else 0
