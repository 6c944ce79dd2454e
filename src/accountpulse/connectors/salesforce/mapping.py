"""Salesforce rows (as the REST API writes them) -> accounts, contacts and activities. Pure: no I/O, no clock.

Every function takes one row of a query and raises `InvalidRecord` when the row can't be understood. A row that is no record of
ours (a contact without an account, a task that nobody completed) maps to None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from accountpulse.connectors.salesforce.values import (
    Row,
    activity_account,
    activity_contact,
    activity_kind,
    direction,
    domains,
    instant,
    pick,
    raw_ref,
    record_id,
    reference,
    required,
    scalar,
    text,
    whole,
)
from accountpulse.plugins import Account, Activity, ActivityKind, Contact


def account(
    row: Row,
    *,
    fields: Mapping[str, Sequence[str]],
    references: Sequence[str] = (),
    custom: Sequence[str] = (),
    owner: str | None,
    zone: ZoneInfo,
) -> Account:
    """An Account row. `fields` maps an attribute of ours to the Salesforce fields that may hold it, and the first
    that is filled wins; `owner` is the name of the user in OwnerId."""
    source_id = record_id(row)

    def day(attribute: str) -> datetime | None:
        return instant(pick(row, fields, attribute), source_id, zone)

    return Account(
        source_id=source_id,
        raw_ref=raw_ref("Account", source_id),
        name=text(row.get("Name")),
        domains=domains(row.get("Website")),
        references=tuple(str(row[name]) for name in references if row.get(name) not in (None, "")),
        owner=owner,
        parent=reference(row.get("ParentId")),
        plan=text(pick(row, fields, "plan")),
        industry=text(pick(row, fields, "industry")),
        region=text(pick(row, fields, "region")),
        employees=whole(pick(row, fields, "employees")),
        lifecycle_stage=text(pick(row, fields, "lifecycle_stage")),
        created_at=instant(row.get("CreatedDate"), source_id, zone),
        customer_since=day("customer_since"),
        renewal_at=day("renewal_at"),
        churned_at=day("churned_at"),
        custom={name: scalar(row[name]) for name in custom if name in row},
    )


def contact(row: Row, *, fields: Mapping[str, Sequence[str]], zone: ZoneInfo) -> Contact | None:
    """A Contact row; None when it belongs to no account (Salesforce calls it a private contact)."""
    source_id = record_id(row)
    account_key = reference(row.get("AccountId"))
    if account_key is None:
        return None
    names = (text(row.get("FirstName")), text(row.get("LastName")))
    return Contact(
        source_id=source_id,
        raw_ref=raw_ref("Contact", source_id),
        account=account_key,
        email=text(row.get("Email")),
        name=text(row.get("Name")) or " ".join(filter(None, names)) or None,
        role=text(pick(row, fields, "role")),
        created_at=required(row, "CreatedDate", source_id, zone),
    )


def task(row: Row, *, kinds: Mapping[str, ActivityKind], zone: ZoneInfo) -> Activity | None:
    """A Task row; None unless it is completed, belongs to an account and is something done *with* the customer.

    A task is a plan until it is closed; it happened at CompletedDateTime, else on its ActivityDate (the due day). Its kind
    comes from Type and TaskSubtype alone: the subject "Review call notes" is no call.
    """
    source_id = record_id(row)
    kind = activity_kind((row.get("Type"), row.get("TaskSubtype")), kinds)
    account_key = activity_account(row)
    closed = row["IsClosed"] is True if row.get("IsClosed") is not None else row.get("Status") == "Completed"
    if not closed or kind is None or account_key is None:
        return None
    stated = next((row[name] for name in ("CompletedDateTime", "ActivityDate") if row.get(name)), row.get("CreatedDate"))
    return Activity(
        source_id=source_id,
        raw_ref=raw_ref("Task", source_id),
        account=account_key,
        kind=kind,
        direction=direction(row.get("CallType")),
        at=required({"time": stated}, "time", source_id, zone),
        subject=text(row.get("Subject")),
        contact=activity_contact(row),
    )


def event(row: Row, *, kinds: Mapping[str, ActivityKind], zone: ZoneInfo) -> Activity | None:
    """An Event row (a calendar entry); None without an account. An event of no known type is a meeting.

    Salesforce copies a group event to each invited colleague (IsChild): one meeting, so the copies are left out.
    """
    source_id = record_id(row)
    account_key = activity_account(row)
    if account_key is None or row.get("IsChild") is True:
        return None
    names = ("StartDateTime", "ActivityDateTime", "ActivityDate")
    stated = next((row[name] for name in names if row.get(name)), row.get("CreatedDate"))
    return Activity(
        source_id=source_id,
        raw_ref=raw_ref("Event", source_id),
        account=account_key,
        kind=activity_kind((row.get("Type"), row.get("Subject")), kinds) or "meeting",
        at=required({"time": stated}, "time", source_id, zone),
        subject=text(row.get("Subject")),
        contact=activity_contact(row),
    )
