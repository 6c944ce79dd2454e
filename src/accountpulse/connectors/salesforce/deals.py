"""Salesforce rows -> deals, what they hold, and their dated changes. Pure: no I/O, no clock.

Two keys of a row are no columns of Salesforce; the reader joins them on: `lines` of an opportunity (its line items, each with
its `Product2`; absent where they can't be read), and `Opportunity` of a row of field history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

from accountpulse.connectors.salesforce.values import (
    OpportunityKind,
    ProductKind,
    Row,
    day_of,
    instant,
    minor_units,
    opportunity_kind,
    pick,
    product_kind,
    raw_ref,
    record_id,
    reference,
    required,
    text,
)
from accountpulse.plugins import InvalidRecord, Opportunity, OpportunityChange

HISTORY_FIELDS: Mapping[str, Literal["stage", "amount", "close_date"]] = {
    "StageName": "stage",
    "Amount": "amount",
    "CloseDate": "close_date",
}


def opportunity(
    row: Row,
    *,
    fields: Mapping[str, Sequence[str]],
    currency: str,
    kinds: Mapping[str, OpportunityKind],
    products: Mapping[str, ProductKind],
    zone: ZoneInfo,
) -> Opportunity | None:
    """An Opportunity row; None when it belongs to no account. `currency` is used where the row names none (single-currency
    organisations have no CurrencyIsoCode). A deal of unknown type is services where its lines are nothing else, else new."""
    source_id = record_id(row)
    account_key = reference(row.get("AccountId"))
    if account_key is None:
        return None
    currency = (text(row.get("CurrencyIsoCode")) or currency).upper()
    opened_at = required(row, "CreatedDate", source_id, zone)
    closes_at = instant(row.get("CloseDate"), source_id, zone)
    closed = row.get("IsClosed") is True
    closed_at = closes_at if closed else None
    if (
        closed_at is not None
        and closed_at < opened_at
        and closed_at.astimezone(zone).date() == opened_at.astimezone(zone).date()
    ):
        closed_at = opened_at  # CloseDate is a day: a deal opened and closed on one day must not close before it opened
    held = _held(row.get("lines"), currency, products, source_id)
    kind = opportunity_kind(text(pick(row, fields, "kind")), kinds)
    return Opportunity(
        source_id=source_id,
        raw_ref=raw_ref("Opportunity", source_id),
        account=account_key,
        name=text(row.get("Name")),
        kind=kind or ("services" if held and held.keys() <= {"services", "training"} else "new"),
        stage=text(row.get("StageName")),
        amount=minor_units(pick(row, fields, "amount"), currency, source_id),
        services_amount=held.get("services", 0) if held else None,
        training_amount=held.get("training", 0) if held else None,
        currency=currency,
        opened_at=opened_at,
        closes_at=closes_at,
        closed_at=closed_at,
        won=row.get("IsWon") is True if closed else None,
    )


def change(row: Row, *, currency: str, zone: ZoneInfo) -> OpportunityChange | None:
    """A row of OpportunityFieldHistory; None when its deal belongs to no account, or for a field that says nothing to us."""
    source_id = record_id(row)
    deal = row.get("Opportunity") or {}
    account_key, kind = reference(deal.get("AccountId")), HISTORY_FIELDS.get(str(row.get("Field")))
    if account_key is None or kind is None:
        return None
    currency = (text(deal.get("CurrencyIsoCode")) or currency).upper()
    old, new = row.get("OldValue"), row.get("NewValue")
    days = amount = None
    if kind == "close_date":
        first, then = day_of(old, source_id), day_of(new, source_id)
        days = (then - first).days if first is not None and then is not None else None
    if kind == "amount":
        before, after = (minor_units(each, currency, source_id) for each in (old, new))
        amount = after - before if before is not None and after is not None else None
    return OpportunityChange(
        source_id=source_id,
        raw_ref=raw_ref("OpportunityFieldHistory", source_id),
        account=account_key,
        opportunity=reference(row.get("OpportunityId")) or "",
        kind=kind,
        at=required(row, "CreatedDate", source_id, zone),
        before=_worded(old, kind, source_id),
        after=_worded(new, kind, source_id),
        days=days,
        amount_delta=amount,
        currency=currency,
    )


def _held(
    lines: Sequence[Row] | None, currency: str, products: Mapping[str, ProductKind], source_id: str
) -> dict[str, int] | None:
    """What the lines of a deal come to by kind of product, in minor units; None without lines."""
    found: dict[str, int] = {}
    for line in lines or ():
        kind = product_kind(line.get("Product2") or {}, products) or "other"
        found[kind] = found.get(kind, 0) + (minor_units(line.get("TotalPrice"), currency, source_id) or 0)
    return found or None


def _worded(value: Any, kind: str, source_id: str) -> str | None:
    """A value as a person would read it, the same however the API wrote it."""
    stated = text(value)
    if stated is None or kind == "stage":
        return stated
    if kind == "close_date":
        return str(day_of(stated, source_id))
    try:
        return f"{Decimal(stated).normalize():f}"
    except InvalidOperation as error:
        raise InvalidRecord(source_id, f"{stated[:40]!r} is not an amount") from error
