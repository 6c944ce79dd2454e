"""Salesforce rows -> what customers have contracted: contracts and assets. Pure: no I/O; what has ended by `now` is passed in.

Salesforce closes neither when its last day is over, so the end counts once it lies in the past. An end that lies ahead is when
the contract comes up for renewal, not a notice that the customer will leave.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from accountpulse.connectors.salesforce.values import (
    ProductKind,
    Row,
    day_of,
    end_of,
    instant,
    pick,
    product_kind,
    raw_ref,
    record_id,
    reference,
    required,
    text,
    whole,
)
from accountpulse.plugins import InvalidRecord, Subscription

_NOT_YET = re.compile(r"draft|approval|negotiat", re.IGNORECASE)
_OVER = re.compile(r"terminat|cancel|expired|closed|ended|obsolete|returned", re.IGNORECASE)
_LONGEST_TERM = 1200  # months


def contract(
    row: Row, *, fields: Mapping[str, Sequence[str]], currency: str, zone: ZoneInfo, now: datetime
) -> Subscription | None:
    """A Contract row; None without an account, and until it is activated. Its revenue is not known here: `mrr` is 0."""
    source_id = record_id(row)
    account_key = reference(row.get("AccountId"))
    if account_key is None or not _agreed(row):
        return None
    started_at = next(
        (found for name in ("StartDate", "ActivatedDate") if (found := instant(row.get(name), source_id, zone))), None
    )
    last_day = day_of(pick(row, fields, "renews_at"), source_id) or _by_term(row, source_id)
    started_at = started_at or required(row, "CreatedDate", source_id, zone)
    ended_at = _ended(end_of(last_day, zone), now)
    if _OVER.search(_status(row)):
        ended_at = ended_at or instant(row.get("LastModifiedDate"), source_id, zone)
    return Subscription(
        source_id=source_id,
        raw_ref=raw_ref("Contract", source_id),
        account=account_key,
        plan=text(pick(row, fields, "plan")),
        status="active" if ended_at is None else "canceled",
        seats=whole(pick(row, fields, "seats")),
        currency=(text(row.get("CurrencyIsoCode")) or currency).upper(),
        started_at=started_at,
        renews_at=instant(last_day, source_id, zone),
        ended_at=None if ended_at is None else max(ended_at, started_at),
    )


def asset(
    row: Row, *, currency: str, products: Mapping[str, ProductKind], zone: ZoneInfo, now: datetime
) -> Subscription | None:
    """An Asset row, its product joined on as `Product2`; None without an account, and for what is no licence of ours."""
    source_id = record_id(row)
    account_key = reference(row.get("AccountId"))
    product = row.get("Product2") or {"Name": row.get("Name")}
    licence = product_kind(product, products) in (None, "licence") and row.get("IsCompetitorProduct") is not True
    last_day = day_of(row.get("UsageEndDate"), source_id)
    if account_key is None or not licence or (last_day is None and _OVER.search(_status(row))):
        return None
    started_at = next(
        (found for name in ("InstallDate", "PurchaseDate") if (found := instant(row.get(name), source_id, zone))), None
    ) or required(row, "CreatedDate", source_id, zone)
    ended_at = _ended(end_of(last_day, zone), now)
    return Subscription(
        source_id=source_id,
        raw_ref=raw_ref("Asset", source_id),
        account=account_key,
        plan=text(product.get("Name")) or text(row.get("Name")),
        status="active" if ended_at is None else "canceled",
        seats=whole(row.get("Quantity")),
        currency=(text(row.get("CurrencyIsoCode")) or currency).upper(),
        started_at=started_at,
        renews_at=instant(last_day, source_id, zone),
        ended_at=None if ended_at is None else max(ended_at, started_at),
    )


def renewal_day(contracts: Iterable[Row]) -> str | None:
    """The latest last day of an account's running contracts, as a Salesforce date: when it next has to decide.

    The latest, for a contract that is followed by another has been renewed already.
    """
    days: list[date] = []
    for row in contracts:
        if _agreed(row) and not _OVER.search(_status(row)):
            try:
                found = day_of(row.get("EndDate"), "") or _by_term(row, "")
            except InvalidRecord:
                continue  # the contracts' own stream says so
            days += [found] if found is not None else []
    return max(days).isoformat() if days else None


def _status(row: Row) -> str:
    """StatusCode is Salesforce's own word, whatever the organisation calls the status."""
    return text(row.get("StatusCode")) or text(row.get("Status")) or ""


def _agreed(row: Row) -> bool:
    return not _NOT_YET.search(_status(row))


def _by_term(row: Row, source_id: str) -> date | None:
    """The last day by StartDate and ContractTerm, where EndDate is not filled or hidden."""
    start, months = day_of(row.get("StartDate"), source_id), whole(row.get("ContractTerm"))
    if start is None or months is None or not 0 < months <= _LONGEST_TERM:
        return None
    count = start.month - 1 + months
    year, month = start.year + count // 12, count % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1])) - timedelta(days=1)


def _ended(end: datetime | None, now: datetime) -> datetime | None:
    return end if end is not None and end <= now else None
