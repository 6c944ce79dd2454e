"""Contracts, assets and field history -> records."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.connectors.salesforce import contracts, deals, values
from accountpulse.connectors.salesforce.config import ContractFields
from accountpulse.plugins import InvalidRecord

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ACCOUNT = "001gK0000000001QAA"
CREATED = "2026-01-02T03:04:05.000+0000"


def contract(**row: Any) -> Any:
    full = {"Id": "800gK0000000001QAA", "AccountId": ACCOUNT, "CreatedDate": CREATED, "StatusCode": "Activated", **row}
    fields = ContractFields(seats=("Seats__c",), plan=("Plan__c",)).by_attribute()
    return contracts.contract(full, fields=fields, currency="USD", zone=ZONE, now=NOW)


def asset(products: dict[str, Any] | None = None, **row: Any) -> Any:
    full = {"Id": "02igK0000000001QAA", "AccountId": ACCOUNT, "CreatedDate": CREATED, **row}
    return contracts.asset(full, currency="USD", products=products or {}, zone=ZONE, now=NOW)


def change(**row: Any) -> Any:
    deal = {"AccountId": ACCOUNT, "CurrencyIsoCode": "JPY"}
    full = {"Id": "017gK0000000001QAA", "OpportunityId": "006gK0000000001", "CreatedDate": CREATED, "Opportunity": deal, **row}
    return deals.change(full, currency="USD", zone=ZONE)


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=ZONE).astimezone(UTC)


# --- contracts ----------------------------------------------------------------------------------------------------------


def test_a_running_contract() -> None:
    found = contract(StartDate="2026-01-01", EndDate="2026-12-31", Seats__c=40.0, Plan__c="gold")
    assert (found.status, found.plan, found.seats, found.mrr, found.currency) == ("active", "gold", 40, 0, "USD")
    assert (found.started_at, found.renews_at, found.ended_at) == (midnight(2026, 1, 1), midnight(2026, 12, 31), None)


@pytest.mark.parametrize(
    ("last_day", "ended"),
    [("2026-06-14", midnight(2026, 6, 15)), ("2026-06-15", None), ("2027-01-01", None)],
)
def test_it_has_ended_when_its_last_day_is_over(last_day: str, ended: datetime | None) -> None:
    found = contract(StartDate="2026-01-01", EndDate=last_day)
    assert (found.ended_at, found.status) == (ended, "canceled" if ended else "active")


@pytest.mark.parametrize("status", ["Draft", "InApproval", "In Approval Process", "Negotiating"])
def test_what_is_not_agreed_is_no_record(status: str) -> None:
    assert contract(StatusCode=status) is None
    assert contract(StatusCode=None, Status=status) is None


def test_one_that_was_ended_early_ended_when_that_was_written() -> None:
    found = contract(StatusCode="Terminated", StartDate="2026-01-01", EndDate="2026-12-31", LastModifiedDate=CREATED)
    assert (found.status, found.ended_at) == ("canceled", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2026-01-01", 12, midnight(2026, 12, 31)),
        ("2026-08-31", 6, midnight(2027, 2, 27)),
        ("2024-02-29", 12, midnight(2025, 2, 27)),
        ("2026-01-01", 0, None),
        ("2026-01-01", 10**9, None),
        (None, 12, None),
    ],
)
def test_without_an_end_the_term_says_it(start: str | None, months: int, last: datetime | None) -> None:
    assert contract(StartDate=start, ContractTerm=months).renews_at == last


# --- assets -------------------------------------------------------------------------------------------------------------


def test_an_asset_is_seats() -> None:
    found = asset(Product2={"Name": "Enterprise seats", "Family": "Licences"}, Quantity=25.0, InstallDate="2026-02-01")
    assert (found.plan, found.seats, found.started_at, found.status) == ("Enterprise seats", 25, midnight(2026, 2, 1), "active")


def test_its_use_ends() -> None:
    assert asset(Name="Seats", UsageEndDate="2026-03-31").ended_at == midnight(2026, 4, 1)
    assert asset(Name="Seats", UsageEndDate="2026-09-30").ended_at is None


@pytest.mark.parametrize(
    "row",
    [
        {"Product2": {"Name": "Onboarding"}},
        {"Product2": {"Name": "x", "Family": "Hardware"}},
        {"Name": "Seats", "IsCompetitorProduct": True},
        {"Name": "Seats", "Status": "Obsolete"},
        {"Name": "Seats", "AccountId": None},
    ],
)
def test_what_is_no_licence_of_ours_is_no_record(row: dict[str, Any]) -> None:
    assert asset({"Hardware": "other"}, **row) is None


@pytest.mark.parametrize(
    ("name", "family", "kind"),
    [
        ("Customer Service licence", None, "licence"),
        ("Software as a service", None, "licence"),
        ("Admin training", None, "training"),
        ("Days", "Professional Services", "services"),
        ("Cap", "Merchandise", None),
        ("Seats", "Odd", "other"),
    ],
)
def test_products_are_told_by_family_then_by_name(name: str, family: str | None, kind: str | None) -> None:
    assert values.product_kind({"Name": name, "Family": family}, {"Odd": "other"}) == kind


# --- field history ------------------------------------------------------------------------------------------------------


def test_a_slip_and_a_cut_are_measured() -> None:
    slip = change(Field="CloseDate", OldValue="2026-03-31", NewValue="2026-04-30T00:00:00.000+0000")
    assert (slip.days, slip.before, slip.after, slip.amount_delta) == (30, "2026-03-31", "2026-04-30", None)
    assert slip.opportunity == values.long_id("006gK0000000001")
    cut = change(Field="Amount", OldValue=5000.0, NewValue="4.5E3")
    assert (cut.amount_delta, cut.currency, cut.before, cut.after, cut.days) == (-500, "JPY", "5000", "4500", None)
    stage = change(Field="StageName", OldValue=None, NewValue="Negotiation")
    assert (stage.kind, stage.before, stage.after) == ("stage", None, "Negotiation")


def test_what_says_nothing_is_no_record() -> None:
    assert change(Field="created") is None
    assert change(Field="Amount", Opportunity=None) is None
    assert change(Field="Amount", OldValue=None, NewValue=3).amount_delta is None


NAMES = [
    *("StatusCode", "StartDate", "EndDate", "ContractTerm", "UsageEndDate", "Quantity", "LastModifiedDate"),
    *("Field", "OldValue", "NewValue", "Seats__c", "AccountId", "CreatedDate"),
]
WORDS = st.one_of(st.text("aZ09-:. é\x00", max_size=8), st.sampled_from(["CloseDate", "Amount", CREATED]))
JUNK = st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(), st.integers(), WORDS))


@given(JUNK)
def test_a_row_of_anything_is_a_record_nothing_or_invalid(row: dict[str, Any]) -> None:
    for mapped in (contract, asset, change):
        with suppress(InvalidRecord):
            mapped(**row)
