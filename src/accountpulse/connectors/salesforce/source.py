"""The Salesforce connector: what it reads, and how it reads only what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from accountpulse.connectors.salesforce import contracts, deals, mapping
from accountpulse.connectors.salesforce.client import SalesforceClient
from accountpulse.connectors.salesforce.config import API_VERSION, CONTRACT_END, SalesforceConfig
from accountpulse.connectors.salesforce.faults import must_exist
from accountpulse.connectors.salesforce.joins import Names, Parts, conditions, join_renewals
from accountpulse.connectors.salesforce.reading import Reader, Reading
from accountpulse.connectors.salesforce.spans import LOOK_BACK, Span
from accountpulse.connectors.salesforce.values import Row, long_id, record_id
from accountpulse.plugins import (
    Account,
    Activity,
    ConfigError,
    Connector,
    Contact,
    Context,
    Identity,
    Item,
    OpaqueCursor,
    Opportunity,
    OpportunityChange,
    PermissionMissing,
    RateLimit,
    Record,
    StreamSpec,
    Subscription,
    Window,
    stream,
)

# Both clocks may differ by minutes, and the newest rows are still being written.
LAG = timedelta(minutes=5)
HISTORY = timedelta(days=548)  # Salesforce keeps field history for 18 months
CURSOR = OpaqueCursor("the span being read, and in it the (SystemModstamp, Id) of the last row or the place in a bulk job")
HISTORY_CURSOR = OpaqueCursor("the span being read, and in it the (CreatedDate, Id) of the last row")
# How all of it is read, but for what says otherwise.
incremental = partial(stream, cursor=CURSOR, lag=LAG, look_back=LOOK_BACK, deletes="tombstones")


class Salesforce(Connector[SalesforceConfig]):
    """Accounts, contacts, opportunities and their history, contracts, assets, tasks and events of a Salesforce organisation.

    Every stream asks `queryAll` for the rows of a span of SystemModstamp, ordered by (SystemModstamp, Id). SystemModstamp moves
    with every change, deletion included, but is not unique: a bulk update stamps thousands of rows alike. A read that broke off
    therefore goes on after the pair (SystemModstamp, Id), never after the time alone, and in the span it was reading: only when
    that is complete does the next one begin, `LOOK_BACK` before its end. The first reading of a large object is a bulk job.

    What a record takes from other objects (an owner's name, a deal's lines) moves no stamp of its own row, so what changed
    there in the span has its rows read once more.
    """

    id: ClassVar[str] = "salesforce"
    title: ClassVar[str] = "Salesforce"
    extra: ClassVar[str | None] = "salesforce"
    api_version: ClassVar[str | None] = API_VERSION
    rate_limits: ClassVar[tuple[RateLimit, ...]] = (
        RateLimit(100_000, timedelta(days=1), "for each organisation, on Enterprise Edition; more with its licences"),
        RateLimit(10_000, timedelta(days=1), "query jobs of the Bulk API, for each organisation"),
    )

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = SalesforceClient(config, context)
        self._reader = Reader(self._client, config, context)
        self._owners = Names(self._reader, "User", ("Name",))
        self._products = Names(self._reader, "Product2", ("Name", "Family"))
        terms = ("StatusCode", "Status", "StartDate", "ContractTerm")
        self._contracts = Parts(self._reader, "Contract", "AccountId", ("EndDate", "SystemModstamp"), terms)
        self._lines = Parts(
            self._reader, "OpportunityLineItem", "OpportunityId", ("Product2Id", "TotalPrice", "SystemModstamp")
        )
        self._deals = Names(self._reader, "Opportunity", ("AccountId", "CurrencyIsoCode"))

    def close(self) -> None:
        self._client.close()

    def check(self) -> Identity:
        """The organisation. Raises AuthError or ConfigError with advice, also for a configured field that does not exist."""
        try:
            rows = next(self._client.pages("Organization", "SELECT Id, Name FROM Organization"))
        except PermissionMissing:
            rows = []
        for sobject, asked_for in self.config.asked_for().items():
            if any(asked_for.values()):
                must_exist(sobject, asked_for, self._client.fields(sobject))
        if rows:
            return Identity(id=record_id(rows[0]), name=str(rows[0].get("Name") or self.config.base_url))
        # https://login.salesforce.com/id/<organisation>/<user> comes with the token, whatever the user may read.
        parts = (self._client.identity_url or "").rstrip("/").split("/")
        if len(parts) < 2 or not parts[-2].startswith("00D"):
            raise ConfigError("base_url", "this is no Salesforce organisation we can tell: check the URL and api_version")
        return Identity(id=long_id(parts[-2]), name=self.config.base_url)

    @classmethod
    def stream_records(cls, spec: StreamSpec, config: SalesforceConfig) -> tuple[type[Record], ...]:
        return () if spec.name == "assets" and not config.seats_from_assets else spec.records

    @incremental(Account)
    def accounts(self, window: Window) -> Iterator[Item]:
        """Reads Account; the names of their owners from User, the end of their contracts from Contract.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Deleted rows, the
        losers of merges among them, come with IsDeleted for as long as the recycle bin keeps them (15 days). A renamed owner
        and a changed contract have their accounts read again.
        """
        config = self.config
        fields = config.fields.by_attribute()
        renews = CONTRACT_END in fields["renewal_at"]

        def record(row: Row) -> Account:
            owner = self._owners.get(row.get("OwnerId"))
            return mapping.account(
                row,
                fields=fields,
                references=config.references,
                custom=config.custom,
                owner=str(owner["Name"]) if owner is not None and owner.get("Name") else None,
                zone=self.context.zone,
            )

        def joined(rows: Sequence[dict[str, Any]]) -> None:
            self._owners.learn(rows, "OwnerId")
            if renews:
                join_renewals(self._contracts, rows, CONTRACT_END)

        def again(span: Span) -> Iterator[str]:
            yield from conditions("OwnerId", self._owners.changed(span))
            if renews:
                yield from conditions("Id", self._contracts.owners_changed(span))

        wanted = ("Name", "Website", "ParentId", "OwnerId", *config.fields.names(), *config.references, *config.custom)
        yield from self._reader.changes(
            Reading("Account", Account, ("CreatedDate",), wanted, record, joined=joined, again=again), window
        )

    @incremental(Contact)
    def contacts(self, window: Window) -> Iterator[Item]:
        """Reads Contact.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. A contact without
        an account is no record of ours; one that lost its account is deleted here.
        """
        fields = self.config.contact_fields
        wanted = ("Name", "FirstName", "LastName", "Email", *fields.names())

        def record(row: Row) -> Contact | None:
            return mapping.contact(row, fields=fields.by_attribute(), zone=self.context.zone)

        yield from self._reader.changes(Reading("Contact", Contact, ("AccountId", "CreatedDate"), wanted, record), window)

    @incremental(Opportunity)
    def opportunities(self, window: Window) -> Iterator[Item]:
        """Reads Opportunity; what they hold from OpportunityLineItem and Product2.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Salesforce keeps
        the close as a day: it counts from the start of that day in the store's time zone. A changed line has its deal read
        again.
        """
        config = self.config
        needed = ("AccountId", "CreatedDate", "IsClosed", "IsWon")
        wanted = ("Name", "StageName", "CurrencyIsoCode", "CloseDate", *config.opportunity_fields.names())

        def record(row: Row) -> Opportunity | None:
            return deals.opportunity(
                row,
                fields=config.opportunity_fields.by_attribute(),
                currency=config.currency,
                kinds=config.opportunity_kinds,
                products=config.product_kinds,
                zone=self.context.zone,
            )

        def joined(rows: Sequence[dict[str, Any]]) -> None:
            if not self._lines.readable:
                return
            found = self._lines.of(rows)
            lines = [line for each in found.values() for line in each]
            self._products.learn(lines, "Product2Id")
            for line in lines:
                line["Product2"] = self._products.get(line["Product2Id"])
            for row in rows:
                row["lines"] = found.get(record_id(row), [])

        def again(span: Span) -> Iterable[str]:
            return conditions("Id", self._lines.owners_changed(span))

        yield from self._reader.changes(
            Reading("Opportunity", Opportunity, needed, wanted, record, joined=joined, again=again), window
        )

    @incremental(OpportunityChange, cursor=HISTORY_CURSOR, history=HISTORY, forgets=True)
    def opportunity_history(self, window: Window) -> Iterator[Item]:
        """Reads the changes of stage, amount and close date from OpportunityFieldHistory, where Salesforce tracks them.

        Cursor (CreatedDate, Id), for history is never changed; lag 5 minutes, look-back 10. Salesforce keeps 18 months of it.
        A deal that was deleted, or moved to another account, has its history read again.
        """
        needed = ("OpportunityId", "Field", "OldValue", "NewValue")
        names = ", ".join(f"'{name}'" for name in deals.HISTORY_FIELDS)

        def record(row: Row) -> OpportunityChange | None:
            return deals.change(row, currency=self.config.currency, zone=self.context.zone)

        def joined(rows: Sequence[dict[str, Any]]) -> None:
            self._deals.learn(rows, "OpportunityId")
            for row in rows:
                row["Opportunity"] = self._deals.get(row["OpportunityId"])

        def again(span: Span) -> Iterable[str]:
            return conditions("OpportunityId", self._deals.changed(span, "SystemModstamp"))

        reading = Reading(
            "OpportunityFieldHistory",
            OpportunityChange,
            needed,
            (),
            record,
            joined=joined,
            again=again,
            stamp="CreatedDate",
            only=f"Field IN ({names})",
            bulk=False,  # its values are of any type, which the Bulk API does not take everywhere
        )
        yield from self._reader.changes(reading, window)

    @incremental(Subscription)
    def contracts(self, window: Window) -> Iterator[Item]:
        """Reads Contract, once activated: when it began, when it is up for renewal, and that it has ended.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. A contract ends
        without being changed: those whose last day came are read again.
        """
        config, now = self.config, self.context.clock.now()
        wanted = ("Status", "StatusCode", "StartDate", "ContractTerm", "ActivatedDate", "EndDate", "CurrencyIsoCode")

        def record(row: Row) -> Subscription | None:
            fields = config.contract_fields.by_attribute()
            return contracts.contract(row, fields=fields, currency=config.currency, zone=self.context.zone, now=now)

        reading = Reading(
            "Contract",
            Subscription,
            ("AccountId", "CreatedDate"),
            (*wanted, "LastModifiedDate", *config.contract_fields.names()),
            record,
            again=lambda span: self._over(span, "EndDate"),
        )
        yield from self._reader.changes(reading, window)

    @incremental(Subscription)
    def assets(self, window: Window) -> Iterator[Item]:
        """Reads Asset, where `seats_from_assets` is set: licences by product, with their quantity as seats.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Those whose last
        day of use came are read again.
        """
        if not self.config.seats_from_assets:
            return
        config, now = self.config, self.context.clock.now()
        wanted = ("Name", "Status", "Quantity", "PurchaseDate", "InstallDate", "UsageEndDate", "Product2Id")

        def record(row: Row) -> Subscription | None:
            return contracts.asset(
                row, currency=config.currency, products=config.product_kinds, zone=self.context.zone, now=now
            )

        def joined(rows: Sequence[dict[str, Any]]) -> None:
            self._products.learn(rows, "Product2Id")
            for row in rows:
                row["Product2"] = self._products.get(row.get("Product2Id"))

        reading = Reading(
            "Asset",
            Subscription,
            ("AccountId", "CreatedDate"),
            (*wanted, "IsCompetitorProduct", "CurrencyIsoCode"),
            record,
            joined=joined,
            again=lambda span: self._over(span, "UsageEndDate"),
        )
        yield from self._reader.changes(reading, window)

    @incremental(Activity)
    def tasks(self, window: Window) -> Iterator[Item]:
        """Reads the completed calls, e-mails and the like of Task; open tasks are plans and to-dos are no dealings with anyone.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Tasks older than
        a year are archived and show in queryAll only.
        """
        needed = ("AccountId", "CreatedDate", "IsClosed", "Type")
        wanted = ("WhatId", "WhoId", "Subject", "ActivityDate", "CompletedDateTime", "TaskSubtype", "CallType")

        def record(row: Row) -> Activity | None:
            return mapping.task(row, kinds=self.config.activity_kinds, zone=self.context.zone)

        yield from self._reader.changes(Reading("Task", Activity, needed, wanted, record), window)

    @incremental(Activity)
    def events(self, window: Window) -> Iterator[Item]:
        """Reads the calendar entries of Event, those that lie ahead too.

        Cursor (SystemModstamp, Id), lag 5 minutes, look-back 10: rows commit after newer stamps are visible. Events older than
        a year are archived and show in queryAll only.
        """
        needed = ("AccountId", "CreatedDate")
        wanted = ("WhatId", "WhoId", "Subject", "Type", "StartDateTime", "ActivityDateTime", "ActivityDate", "IsChild")

        def record(row: Row) -> Activity | None:
            return mapping.event(row, kinds=self.config.activity_kinds, zone=self.context.zone)

        yield from self._reader.changes(Reading("Event", Activity, needed, wanted, record), window)

    def _over(self, span: Span, field: str) -> Iterator[str]:
        """The condition for what came to its last day since a span began. A day of the store's zone may begin a day earlier."""
        assert span.since is not None
        first, last = (span.since - timedelta(days=2)).date(), (self.context.clock.now() + timedelta(days=1)).date()
        yield f"{field} >= {first.isoformat()} AND {field} <= {last.isoformat()}"
