"""Salesforce rows -> records."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.connectors.salesforce import deals, mapping, values
from accountpulse.connectors.salesforce.config import AccountFields, ContactFields, OpportunityFields
from accountpulse.plugins import Account, InvalidRecord

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
FIELDS = AccountFields().by_attribute()
PEOPLE = ContactFields().by_attribute()
DEALS = OpportunityFields().by_attribute()
ACCOUNT_ID = "001gK0000000001QAA"
CREATED = "2026-01-02T03:04:05.000+0000"


def account(row: dict[str, Any], **options: Any) -> Account:
    return mapping.account({"Id": ACCOUNT_ID, **row}, **{"fields": FIELDS, "owner": None, "zone": UTC_ZONE, **options})


def opportunity(row: dict[str, Any], zone: ZoneInfo = UTC_ZONE, **options: Any) -> Any:
    full = {"Id": "006gK0000000001QAA", "AccountId": ACCOUNT_ID, "CreatedDate": CREATED, **row}
    return deals.opportunity(full, **{"fields": DEALS, "currency": "USD", "kinds": {}, "products": {}, "zone": zone, **options})


def task(row: dict[str, Any], **kinds: Any) -> Any:
    full = {
        "Id": "00TgK0000000001QAA",
        "AccountId": ACCOUNT_ID,
        "CreatedDate": CREATED,
        "IsClosed": True,
        "Type": "Call",
        **row,
    }
    return mapping.task(full, kinds=kinds, zone=UTC_ZONE)


def event(row: dict[str, Any]) -> Any:
    full = {"Id": "00UgK0000000001QAA", "AccountId": ACCOUNT_ID, "CreatedDate": CREATED, **row}
    return mapping.event(full, kinds={}, zone=UTC_ZONE)


# --- accounts -----------------------------------------------------------------------------------------------------------


def test_an_account_takes_every_attribute() -> None:
    found = account(
        {
            "Name": "Acme",
            "Website": "https://www.acme.example/en?x=1",
            "ParentId": "001gK0000000002",
            "OwnerId": "005gK0000000001QAA",
            "Industry": "Software",
            "NumberOfEmployees": 250,
            "BillingCountry": "Norway",
            "Plan__c": "enterprise",
            "Lifecycle_Stage__c": "Active",
            "Customer_Since__c": "2024-02-29",
            "Renewal_Date__c": "2027-02-28",
            "CreatedDate": CREATED,
            "Stripe_Id__c": "cus_1",
            "Tier__c": 2,
            "BillingAddress": {"city": "Oslo"},
        },
        owner="Ada Lovelace",
        references=("Stripe_Id__c", "Other__c"),
        custom=("Tier__c", "BillingAddress", "Absent__c"),
    )
    assert found == Account(
        source_id=ACCOUNT_ID,
        raw_ref=f"/sobjects/Account/{ACCOUNT_ID}",
        name="Acme",
        domains=("www.acme.example",),
        references=("cus_1",),
        owner="Ada Lovelace",
        parent=values.long_id("001gK0000000002"),
        plan="enterprise",
        industry="Software",
        region="Norway",
        employees=250,
        lifecycle_stage="Active",
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        customer_since=datetime(2024, 2, 29, tzinfo=UTC),
        renewal_at=datetime(2027, 2, 28, tzinfo=UTC),
        custom={"Tier__c": 2, "BillingAddress": None},
    )


def test_an_account_needs_nothing_but_its_id() -> None:
    assert account({}) == Account(source_id=ACCOUNT_ID, raw_ref=f"/sobjects/Account/{ACCOUNT_ID}")


def test_the_first_filled_field_gives_the_region() -> None:
    assert account({"Region__c": "EMEA", "BillingCountry": "Norway"}).region == "EMEA"
    assert account({"Region__c": "", "BillingCountry": "Norway"}).region == "Norway"


def test_a_day_begins_when_it_does_in_the_stores_zone() -> None:
    found = account({"Renewal_Date__c": "2026-07-01"}, zone=NEW_YORK)
    assert found.renewal_at == datetime(2026, 7, 1, 4, tzinfo=UTC)


def test_a_row_without_an_id_is_unreadable() -> None:
    with pytest.raises(InvalidRecord, match="no Id"):
        account({"Id": None})


@pytest.mark.parametrize("stated", ["01/02/2026", "2026-13-01", "2026-01-02T03:04:05", "soon", "9999-99-99T00:00:00Z"])
def test_an_unreadable_date_names_the_record_and_the_text(stated: str) -> None:
    with pytest.raises(InvalidRecord, match=stated[:5]) as raised:
        account({"Renewal_Date__c": stated})
    assert raised.value.source_id == ACCOUNT_ID


@pytest.mark.parametrize(
    ("website", "hosts"),
    [
        (None, ()),
        ("", ()),
        ("n/a", ()),
        ("unknown", ()),
        ("acme.example", ("acme.example",)),
        ("HTTP://WWW.Acme.Example:8080/path", ("www.acme.example",)),
        ("acme.example, acme.co.uk; acme.example", ("acme.example", "acme.co.uk")),
        ("https://user@acme.example#top", ("acme.example",)),
        ("münchen.example", ("münchen.example",)),
    ],
)
def test_domains_come_out_of_whatever_people_type(website: str | None, hosts: tuple[str, ...]) -> None:
    assert values.domains(website) == hosts


# --- ids ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["0015500000Xyy06AAB", "0033700000JmrFPAA", "0061G00000N38JZQAZ", "00T1G00003Ufap9UAB"])
def test_a_15_character_id_becomes_the_18_character_one(identifier: str) -> None:
    if len(identifier) == 18:
        assert values.long_id(identifier[:15]) == identifier
    assert values.long_id(identifier) == identifier


@given(st.from_regex(r"[0-9A-Za-z]{15}", fullmatch=True), st.from_regex(r"[0-9A-Za-z]{15}", fullmatch=True))
def test_ids_that_differ_in_case_alone_stay_apart(one: str, other: str) -> None:
    assert (values.long_id(one).lower() == values.long_id(other).lower()) == (one == other)
    assert values.long_id(values.long_id(one)) == values.long_id(one)


# --- contacts -----------------------------------------------------------------------------------------------------------


def test_a_contact_joins_its_names_when_name_is_hidden() -> None:
    row = {
        "Id": "003gK0000000001QAA",
        "AccountId": ACCOUNT_ID[:15],
        "FirstName": "Ada",
        "LastName": "Lovelace",
        "CreatedDate": CREATED,
    }
    found = mapping.contact(row, fields=PEOPLE, zone=UTC_ZONE)
    assert found is not None
    assert (found.account, found.name, found.email, found.role, found.active) == (ACCOUNT_ID, "Ada Lovelace", None, None, True)


def test_a_private_contact_is_no_record() -> None:
    assert (
        mapping.contact({"Id": "003gK0000000001QAA", "AccountId": None, "CreatedDate": CREATED}, fields=PEOPLE, zone=UTC_ZONE)
        is None
    )


def test_a_contact_without_a_date_is_unreadable() -> None:
    with pytest.raises(InvalidRecord, match="CreatedDate"):
        mapping.contact({"Id": "003gK0000000001QAA", "AccountId": ACCOUNT_ID}, fields=PEOPLE, zone=UTC_ZONE)


# --- opportunities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (12.5, "USD", 1250),
        (0.1 + 0.2, "EUR", 30),
        (500.0, "JPY", 500),
        (1.234, "KWD", 1234),
        (1e9, "USD", 100_000_000_000),
        (-3, "usd", -300),
        (None, "USD", None),
    ],
)
def test_amounts_become_minor_units_of_their_currency(amount: float | None, currency: str, minor: int | None) -> None:
    found = opportunity({"Amount": amount, "CurrencyIsoCode": currency})
    assert (found.amount, found.currency) == (minor, currency.upper())


def test_the_configured_currency_stands_in_for_a_missing_one() -> None:
    assert opportunity({"Amount": 7}, currency="JPY").amount == 7


def test_an_open_deal_is_neither_won_nor_closed() -> None:
    found = opportunity({"IsClosed": False, "IsWon": False, "CloseDate": "2026-05-01"})
    assert (found.won, found.closed_at, found.closes_at) == (None, None, datetime(2026, 5, 1, tzinfo=UTC))


@pytest.mark.parametrize("won", [True, False])
def test_a_closed_deal_is_won_or_lost_on_its_close_date(won: bool) -> None:
    found = opportunity({"IsClosed": True, "IsWon": won, "CloseDate": "2026-05-01"})
    assert (found.won, found.closed_at) == (won, datetime(2026, 5, 1, tzinfo=UTC))


def test_a_deal_opened_and_closed_on_one_day_does_not_close_before_it_opened() -> None:
    found = opportunity({"IsClosed": True, "IsWon": True, "CloseDate": "2026-01-02"})
    assert found.closed_at == found.opened_at


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ("New Business", "new"),
        ("Renewal", "renewal"),
        ("Existing Customer - Upgrade", "upsell"),
        ("Existing Business", "upsell"),
        ("Cross-Sell", "upsell"),
        ("Professional Services", "services"),
        ("Something else", "new"),
        (None, "new"),
        ("Verlängerung", "renewal"),
    ],
)
def test_the_type_says_what_kind_of_deal_it_is(stated: str | None, kind: str) -> None:
    assert opportunity({"Type": stated}, kinds={"Verlängerung": "renewal"}).kind == kind


# --- activities ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"Type": "Call"}, "call"),
        ({"Type": "E-mail"}, "email"),
        ({"Type": None, "TaskSubtype": "ListEmail"}, "email"),
        ({"Type": "Training"}, "training"),
        ({"Type": "Onboarding completed"}, "onboarding_completed"),
        ({"Type": "Go-live"}, "onboarding_completed"),
        ({"Type": "Survey sent"}, "survey_sent"),
        ({"Type": "Demo"}, "meeting"),
    ],
)
def test_a_completed_task_is_an_activity(row: dict[str, Any], kind: str) -> None:
    assert task(row).kind == kind


@pytest.mark.parametrize(
    "row",
    [
        {"IsClosed": False},
        {"IsClosed": None, "Status": "Not Started"},
        {"Type": "Other", "Subject": "Recalculate the call volume"},
        {"Type": "Typically"},
        {"Type": None},
        {"AccountId": None, "WhatId": "006gK0000000001QAA"},
    ],
)
def test_plans_to_dos_and_tasks_of_nobody_are_no_activities(row: dict[str, Any]) -> None:
    assert task(row) is None


def test_a_task_happened_when_it_was_completed() -> None:
    row = {"ActivityDate": "2026-03-01", "CompletedDateTime": "2026-03-04T10:00:00.000+0000"}
    assert task(row).at == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert task({"ActivityDate": "2026-03-01"}).at == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_call_knows_its_direction_and_its_contact() -> None:
    found = task({"CallType": "Inbound", "WhoId": "003gK0000000001"})
    assert (found.direction, found.contact) == ("inbound", values.long_id("003gK0000000001"))
    assert (task({"CallType": "Internal"}).direction, task({"WhoId": "00QgK0000000001"}).contact) == (None, None)


def test_what_names_the_account_when_account_id_is_empty() -> None:
    assert task({"AccountId": None, "WhatId": ACCOUNT_ID}).account == ACCOUNT_ID


def test_the_configuration_decides_about_kinds_first() -> None:
    assert task({"Type": "Touchpoint"}, Touchpoint="meeting").kind == "meeting"
    assert task({"Type": "Call"}, Call="training").kind == "training"


@pytest.mark.parametrize(
    ("row", "kind"),
    [({"Type": "Webinar"}, "webinar"), ({"Type": "Other", "Subject": "Kick-off"}, "onboarding_step"), ({}, "meeting")],
)
def test_an_event_is_a_meeting_unless_its_words_say_otherwise(row: dict[str, Any], kind: str) -> None:
    assert event(row).kind == kind


def test_an_event_happens_at_its_start() -> None:
    row = {"StartDateTime": "2026-03-04T10:00:00.000+0200", "ActivityDate": "2026-03-04"}
    assert event(row).at == datetime(2026, 3, 4, 8, tzinfo=UTC)


def test_a_copy_for_an_invited_colleague_is_not_a_second_meeting() -> None:
    assert event({"IsChild": True}) is None


# --- anything at all ----------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
NAMES = sorted(
    {
        *(
            "Name",
            "Website",
            "ParentId",
            "OwnerId",
            "CreatedDate",
            "AccountId",
            "FirstName",
            "LastName",
            "Email",
            "Title",
            "Type",
        ),
        *(
            "StageName",
            "Amount",
            "CurrencyIsoCode",
            "CloseDate",
            "IsClosed",
            "IsWon",
            "WhatId",
            "WhoId",
            "Subject",
            "ActivityDate",
        ),
        *("CompletedDateTime", "TaskSubtype", "CallType", "StartDateTime", "ActivityDateTime", "IsChild", "Status"),
        *(name for names in FIELDS.values() for name in names),
    }
)
ROWS = st.fixed_dictionaries(
    {"Id": st.just(ACCOUNT_ID)},
    optional={name: SCALARS | st.sampled_from([CREATED, "2026-01-02", True, ACCOUNT_ID]) for name in NAMES},
)


@given(ROWS)
def test_any_row_is_a_record_none_or_an_invalid_record(row: dict[str, Any]) -> None:
    makers = (
        lambda: mapping.account(row, fields=FIELDS, custom=("Plan__c",), owner=None, zone=UTC_ZONE),
        lambda: mapping.contact(row, fields=PEOPLE, zone=UTC_ZONE),
        lambda: deals.opportunity(row, fields=DEALS, currency="USD", kinds={}, products={}, zone=UTC_ZONE),
        lambda: mapping.task(row, kinds={}, zone=UTC_ZONE),
        lambda: mapping.event(row, kinds={}, zone=UTC_ZONE),
    )
    for make in makers:
        found: Any = None
        with suppress(InvalidRecord):
            found = make()
        assert found is None or found.source_id == ACCOUNT_ID
