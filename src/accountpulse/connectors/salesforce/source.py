"""The Salesforce connector: what it reads, and how it reads only what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from accountpulse.connectors.salesforce import mapping
from accountpulse.connectors.salesforce.client import SalesforceClient
from accountpulse.connectors.salesforce.config import SalesforceConfig
from accountpulse.connectors.salesforce.spans import LOOK_BACK, Span, literal, soql, spans_of
from accountpulse.connectors.salesforce.values import Row, long_id, record_id
from accountpulse.plugins import (
    Account,
    Activity,
    Checkpoint,
    ConfigError,
    Connector,
    Contact,
    Context,
    Deleted,
    Identity,
    InvalidRecord,
    Item,
    OpaqueCursor,
    Opportunity,
    PermissionMissing,
    Record,
    Window,
    stream,
)

# Both clocks may differ by minutes, and the newest rows are still being written.
LAG = timedelta(minutes=5)
CURSOR = OpaqueCursor("the span being read, and the (SystemModstamp, Id) of the last row read in it")

_OWNERS_PER_QUERY = 200  # the query travels in a URL, which Salesforce limits to 16 KB


@dataclass(frozen=True, slots=True)
class _Reading:
    """One stream's reading: the object, the records it becomes, the columns without which rows can't be told, the others, and
    the mapping of a row (None: not a record of ours)."""

    sobject: str
    kind: type[Record]
    needed: tuple[str, ...]
    wanted: tuple[str, ...]
    record: Callable[[Row], Record | None]
    before_page: Callable[[Sequence[Row]], None] | None = None


class Salesforce(Connector[SalesforceConfig]):
    """Accounts, contacts, opportunities, tasks and events of a Salesforce organisation.

    Every stream asks `queryAll` for the rows of a span of SystemModstamp, ordered by (SystemModstamp, Id). SystemModstamp moves
    with every change, deletion included, but is not unique: a bulk update stamps thousands of rows alike. A read that broke off
    therefore goes on after the pair (SystemModstamp, Id), never after the time alone, and in the span it was reading: only when
    that is complete does the next one begin, `LOOK_BACK` before its end.
    """

    id: ClassVar[str] = "salesforce"
    title: ClassVar[str] = "Salesforce"
    extra: ClassVar[str | None] = "salesforce"

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = SalesforceClient(config, context)
        self._owners: dict[str, str] = {}

    def close(self) -> None:
        self._client.close()

    def check(self) -> Identity:
        """The organisation. Raises AuthError or ConfigError with advice."""
        try:
            rows = next(self._client.pages("Organization", "SELECT Id, Name FROM Organization"))
        except PermissionMissing:
            rows = []
        if rows:
            return Identity(id=record_id(rows[0]), name=str(rows[0].get("Name") or self.config.base_url))
        # https://login.salesforce.com/id/<organisation>/<user> comes with the token, whatever the user may read.
        parts = (self._client.identity_url or "").rstrip("/").split("/")
        if len(parts) < 2 or not parts[-2].startswith("00D"):
            raise ConfigError("base_url", "this is no Salesforce organisation we can tell: check the URL and api_version")
        return Identity(id=long_id(parts[-2]), name=self.config.base_url)

    @stream(Account, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")
    def accounts(self, window: Window) -> Iterator[Item]:
        """Reads Account, and the names of their owners from User.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Deleted rows, the
        losers of merges among them, come with IsDeleted for as long as the recycle bin keeps them (15 days). An owner's name is
        that of the account's last change: renaming a user moves no account's stamp.
        """
        config = self.config
        fields = config.fields.by_attribute()
        configured = {name for names in (*fields.values(), config.references, config.custom) for name in names}

        def record(row: Row) -> Account:
            return mapping.account(
                row,
                fields=fields,
                references=config.references,
                custom=config.custom,
                owners=self._owners,
                zone=self.context.zone,
            )

        wanted = ("Name", "Website", "ParentId", "OwnerId", *sorted(configured))
        yield from self._changes(_Reading("Account", Account, ("CreatedDate",), wanted, record, self._learn_owners), window)

    @stream(Contact, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")
    def contacts(self, window: Window) -> Iterator[Item]:
        """Reads Contact.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. A contact without
        an account is no record of ours; one that lost its account is deleted here.
        """
        wanted = ("Name", "FirstName", "LastName", "Email", "Title")
        needed = ("AccountId", "CreatedDate")

        def record(row: Row) -> Contact | None:
            return mapping.contact(row, zone=self.context.zone)

        yield from self._changes(_Reading("Contact", Contact, needed, wanted, record), window)

    @stream(Opportunity, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")
    def opportunities(self, window: Window) -> Iterator[Item]:
        """Reads Opportunity.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Salesforce keeps
        the close as a day: it counts from the start of that day in the store's time zone.
        """
        needed = ("AccountId", "CreatedDate", "IsClosed", "IsWon")
        wanted = ("Name", "Type", "StageName", "Amount", "CurrencyIsoCode", "CloseDate")

        def record(row: Row) -> Opportunity | None:
            kinds = self.config.opportunity_kinds
            return mapping.opportunity(row, currency=self.config.currency, kinds=kinds, zone=self.context.zone)

        yield from self._changes(_Reading("Opportunity", Opportunity, needed, wanted, record), window)

    @stream(Activity, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")
    def tasks(self, window: Window) -> Iterator[Item]:
        """Reads the completed calls, e-mails and the like of Task; open tasks are plans and to-dos are no dealings with anyone.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Tasks older than
        a year are archived and show in queryAll only.
        """
        needed = ("AccountId", "CreatedDate", "IsClosed", "Type")
        wanted = ("WhatId", "WhoId", "Subject", "ActivityDate", "CompletedDateTime", "TaskSubtype", "CallType")

        def record(row: Row) -> Activity | None:
            return mapping.task(row, kinds=self.config.activity_kinds, zone=self.context.zone)

        yield from self._changes(_Reading("Task", Activity, needed, wanted, record), window)

    @stream(Activity, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")
    def events(self, window: Window) -> Iterator[Item]:
        """Reads the calendar entries of Event, those that lie ahead too.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Events older than
        a year are archived and show in queryAll only.
        """
        needed = ("AccountId", "CreatedDate")
        wanted = ("WhatId", "WhoId", "Subject", "Type", "StartDateTime", "ActivityDateTime", "ActivityDate", "IsChild")

        def record(row: Row) -> Activity | None:
            return mapping.event(row, kinds=self.config.activity_kinds, zone=self.context.zone)

        yield from self._changes(_Reading("Event", Activity, needed, wanted, record), window)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _changes(self, reading: _Reading, window: Window) -> Iterator[Item]:
        spans = spans_of(window)
        if not spans:
            return
        # Field-level security hides columns silently, and a query that names a hidden one fails: ask anew in every run.
        visible = self._client.fields(reading.sobject)
        for name in reading.needed:
            if name not in visible:  # without it, every row would look as if it were no record of ours
                advice = "give the integration user read access to the field (Setup > Object Manager > field-level security)"
                raise PermissionMissing(f"read {reading.sobject}.{name}", advice)
        hidden = set(reading.wanted) - visible
        if hidden:
            self.context.log.info("%s: absent or not visible to us: %s", reading.sobject, ", ".join(sorted(hidden)))
        selected = ["Id", "SystemModstamp", "IsDeleted", *reading.needed, *(n for n in reading.wanted if n not in hidden)]
        for span in spans:
            yield from self._span(reading, selected, span)

    def _span(self, reading: _Reading, selected: list[str], span: Span) -> Iterator[Item]:
        outside = 0
        for page in self._client.pages(reading.sobject, soql(reading.sobject, selected, span)):
            self.context.stop_if_cancelled()
            if reading.before_page is not None:
                reading.before_page(page)
            for row in page:
                try:
                    found = None if row["IsDeleted"] else reading.record(row)
                    if found is not None:
                        yield found
                        continue
                    # Deleted, or no record any more (a contact that lost its account): either way what we had is outdated.
                    outside += not row["IsDeleted"]
                    yield Deleted(reading.kind, record_id(row))
                except InvalidRecord as unreadable:
                    yield unreadable
            if page:
                stamp = datetime.fromisoformat(page[-1]["SystemModstamp"])
                yield Checkpoint(span.cursor(after=(stamp, str(page[-1]["Id"]))))
        self.context.log.debug("%s: %d rows are no records of ours", reading.sobject, outside)
        yield Checkpoint({"until": literal(span.until)})

    def _learn_owners(self, page: Sequence[Row]) -> None:
        """Fetch the names of owners we have not met. Not `Owner.Name`: a hidden User object would fail the whole query."""
        unknown = sorted({str(row["OwnerId"]) for row in page if row.get("OwnerId")} - self._owners.keys())
        for start in range(0, len(unknown), _OWNERS_PER_QUERY):
            quoted = ", ".join(f"'{_plain(each)}'" for each in unknown[start : start + _OWNERS_PER_QUERY])
            try:
                for users in self._client.pages("User", f"SELECT Id, Name FROM User WHERE Id IN ({quoted})"):  # noqa: S608
                    self._owners |= {record_id(user): str(user["Name"]) for user in users if user.get("Name")}
            except PermissionMissing:
                self.context.log.warning("the owners of accounts stay unknown: the integration user can't read User")
                return


def _plain(identifier: str) -> str:
    """An id fit for a quoted SOQL literal."""
    return "".join(filter(str.isalnum, identifier))
