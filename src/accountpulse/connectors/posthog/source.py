"""The PostHog connector: daily roll-ups of product usage, counted where the events are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from accountpulse.connectors.posthog import hogql, mapping
from accountpulse.connectors.posthog.client import PostHogClient
from accountpulse.connectors.posthog.config import PostHogConfig
from accountpulse.plugins import (
    Account,
    Checkpoint,
    ConfigError,
    Connector,
    Context,
    Identity,
    InvalidRecord,
    Item,
    RateLimit,
    TimeCursor,
    Transient,
    UsageDay,
    Window,
    stream,
)

LATE = timedelta(days=3)  # how late events may arrive, as from a device without a network, and still be counted
DAY = timedelta(days=1)


class PostHog(Connector[PostHogConfig]):
    """Who used what on which day, by the groups of a PostHog project that are customers."""

    id: ClassVar[str] = "posthog"
    title: ClassVar[str] = "PostHog"
    account_keys: ClassVar[Literal["own", "reference"]] = "reference"
    rate_limits: ClassVar[tuple[RateLimit, ...]] = (RateLimit(120, timedelta(hours=1), "queries of a key, or more by plan"),)

    def __init__(self, config: PostHogConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = PostHogClient(config, context)

    def check(self) -> Identity:
        """The project, and that it has the group type. Raises AuthError, ConfigError or PermissionMissing with advice."""
        project = self._client.project()
        self._group_type()
        # Two servers may number their projects alike.
        identifier = str(project.get("uuid") or f"{self.config.base_url}/{self.config.project_id}")
        details = {"timezone": str(project["timezone"])} if project.get("timezone") else {}
        return Identity(id=identifier, name=str(project.get("name") or identifier), details=details)

    @stream(Account)
    def groups(self, window: Window) -> Iterator[Item]:  # noqa: ARG002  # PostHog can't be asked which groups changed
        """Reads the groups of the group type in each run, with their properties: name, website or domain, plan, industry,
        region, employees; others are custom attributes.

        A group deleted in PostHog is not told of.
        """
        index = self._group_type()
        after: str | None = None
        while True:
            rows = self._page(hogql.groups(index, after))
            for row in rows:
                try:
                    yield mapping.account(row)
                except InvalidRecord as unreadable:
                    yield unreadable
            if not rows:
                return
            after = _moved_on(str(rows[-1][0]), after)

    @stream(UsageDay, cursor=TimeCursor("timestamp"), look_back=LATE)
    def usage(self, window: Window) -> Iterator[Item]:
        """Counts events by group, user and event, one day of the store's time zone after another.

        Look-back 3 days: events arrive late, and the day they belong to is counted again. A day is asked for by its instants,
        so the project's own time zone has no say. Users are PostHog's distinct ids, as your product names them: persons merge
        later, which would rewrite days long past. Events without a group are no account's. Deleted events stay counted.
        """
        column = hogql.group_column(self._group_type())
        first = self._first_day(column, window)
        if first is None:
            yield Checkpoint(window.until)
            return
        last = window.until.astimezone(self.context.zone).date()
        for number in range((last - first).days + 1):
            day = first + number * DAY
            yield from mapping.usage_days(self._rows_of(column, day), day, self.config.features)
            yield Checkpoint(min(_midnight(day + DAY, self.context.zone), window.until))

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _group_type(self) -> int:
        """The number of the group type that is the customer. Raises ConfigError naming those there are."""
        known = self._client.group_types()
        if self.config.group_type not in known:
            names = ", ".join(sorted(known)) or "none: send $groupidentify, or a group with each event"
            raise ConfigError("group_type", f"the project has no group type {self.config.group_type!r}; it has {names}")
        index = known[self.config.group_type]
        hogql.group_column(index)
        return int(str(index))

    def _first_day(self, column: str, window: Window) -> date | None:
        """The day to begin with: that of `since`, else that of the first event within `history_days`; None without any."""
        zone = self.context.zone
        if window.since is not None:
            return window.since.astimezone(zone).date()
        oldest = window.until.astimezone(zone).date() - self.config.history_days * DAY
        (found, *_) = self._page(hogql.first_event(column, _epoch(oldest, zone))) or [[0, None]]
        events, first = found
        if not events:
            return None
        if isinstance(first, bool) or not isinstance(first, (int, float)):
            raise Transient(f"PostHog gave {str(first)[:40]!r} as the time of the first event")
        return max(oldest, datetime.fromtimestamp(first, UTC).astimezone(zone).date())

    def _rows_of(self, column: str, day: date) -> Iterator[mapping.Row]:
        """What was counted on a day, page by page. PostHog may give fewer rows than asked for: only an empty page ends it."""
        zone, config = self.context.zone, self.config
        after: tuple[str, str, str] | None = None
        while True:
            rows = self._page(
                hogql.usage(
                    column,
                    _epoch(day, zone),
                    _epoch(day + DAY, zone),
                    after=after,
                    key_events=config.key_events,
                    ignored_events=config.ignored_events,
                    duration_property=config.duration_property,
                )
            )
            yield from rows
            if not rows:
                return
            after = _moved_on(mapping.key_of(rows[-1]), after)

    def _page(self, question: hogql.Question) -> list[mapping.Row]:
        self.context.stop_if_cancelled()
        return self._client.rows(question)


def _moved_on(last: Any, before: Any) -> Any:
    if before is not None and last <= before:
        raise Transient("PostHog's rows did not move on from one page to the next")
    return last


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _epoch(day: date, zone: ZoneInfo) -> int:
    return int(_midnight(day, zone).timestamp())
