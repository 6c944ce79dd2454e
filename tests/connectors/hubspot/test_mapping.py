"""HubSpot's objects -> records, one fact at a time."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.connectors.hubspot import engagements, mapping
from accountpulse.connectors.hubspot.config import CompanyFields
from accountpulse.connectors.hubspot.mapping import Around, DealRules, Stage
from accountpulse.plugins import InvalidRecord, Record

UTC_ZONE = ZoneInfo("UTC")
CREATED = "2026-01-05T09:30:00.000Z"
OWNED = Around(companies={"1": "7001"}, contacts={"1": "51"})
WON = Stage("Closed Won", "Sales Pipeline", closed=True, won=True)
LOST = Stage("Closed Lost", "Sales Pipeline", closed=True, won=False)
OPEN = Stage("Contract Sent", "Sales Pipeline", closed=False, won=False)
STAGES = {"won": WON, "lost": LOST, "open": OPEN}


def row(**properties: Any) -> dict[str, Any]:
    return {"id": "1", "properties": properties, "createdAt": CREATED, "updatedAt": CREATED, "archived": False}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def company(found: dict[str, Any], **more: Any) -> Any:
    return mapping.company(found, fields=CompanyFields().by_attribute(), owners={"3": "Grace Hopper"}, zone=UTC_ZONE, **more)


def deal(found: dict[str, Any], around: Around = OWNED, rules: DealRules | None = None, zone: ZoneInfo = UTC_ZONE) -> Any:
    return mapping.deal(found, around, stages=STAGES, rules=rules or DealRules(), currency="USD", zone=zone)


# --- companies ----------------------------------------------------------------------------------------------------------


def test_a_company() -> None:
    found = company(
        row(
            name=" Acme ",
            domain="acme.example",
            hs_additional_domains="acme.test; acme.example;;getacme.example",
            website="https://www.acme.example",
            hubspot_owner_id="3",
            hs_parent_company_id="9",
            plan="gold",
            industry="COMPUTER_SOFTWARE",
            country="Norway",
            numberofemployees="120",
            lifecyclestage="customer",
            hs_v2_date_entered_customer="2025-02-03T10:00:00Z",
            renewal_date="2027-01-31",
            sku_count="4",
            billing_id="cus_1",
            hs_merged_object_ids="5;6",
        ),
        references=("billing_id", "erp_id"),
        custom=("sku_count", "absent"),
    )
    assert (found.source_id, found.name, found.owner, found.parent) == ("1", "Acme", "Grace Hopper", "9")
    assert found.domains == ("acme.example", "acme.test", "getacme.example")
    assert found.references == ("cus_1", "5", "6")
    assert (found.plan, found.industry, found.region, found.employees) == ("gold", "COMPUTER_SOFTWARE", "Norway", 120)
    assert (found.lifecycle_stage, found.custom) == ("customer", {"sku_count": "4", "absent": None})
    assert (found.created_at, found.customer_since) == (at("2026-01-05T09:30:00"), at("2025-02-03T10:00:00"))
    assert (found.renewal_at, found.churned_at) == (at("2027-01-31T00:00:00"), None)


def test_a_companys_site_counts_where_it_has_no_domain() -> None:
    assert company(row(website="https://acme.example/de")).domains == ("https://acme.example/de",)
    assert company(row()).domains == ()


def test_of_several_configured_properties_the_first_that_is_filled_wins() -> None:
    assert company(row(region="", country="Norway")).region == "Norway"
    assert company(row(region="EMEA", country="Norway")).region == "EMEA"


@pytest.mark.parametrize("stated", ["2026-01-31", "2026-01-31T00:00:00+02:00", "1769810400000"])
def test_times_come_in_three_forms(stated: str) -> None:
    found = mapping.company(
        row(customer_since=stated), fields=CompanyFields().by_attribute(), owners={}, zone=ZoneInfo("Europe/Helsinki")
    )
    assert found.customer_since == datetime(2026, 1, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("stated", ["soon", "2026-01-31T10:00:00", "2026-13-01"])
def test_a_time_that_is_none_is_an_invalid_record(stated: str) -> None:
    with pytest.raises(InvalidRecord, match="record 1:"):
        company(row(customer_since=stated))


# --- contacts -----------------------------------------------------------------------------------------------------------


def test_a_contact() -> None:
    found = mapping.contact(
        row(firstname="Ada", lastname="Lovelace", email="ada@acme.example", jobtitle="CTO"), OWNED, zone=UTC_ZONE
    )
    assert found is not None
    assert (found.account, found.name, found.email, found.role) == ("7001", "Ada Lovelace", "ada@acme.example", "CTO")


def test_a_contact_without_a_company_is_no_record() -> None:
    assert mapping.contact(row(email="ada@acme.example"), Around(), zone=UTC_ZONE) is None


# --- deals --------------------------------------------------------------------------------------------------------------


def test_a_won_deal() -> None:
    found = deal(
        row(
            dealname="Renewal 2026",
            dealstage="won",
            amount="1200.5",
            deal_currency_code="EUR",
            closedate="2026-02-01T00:00:00Z",
        )
    )
    assert (found.account, found.name, found.stage, found.won) == ("7001", "Renewal 2026", "Closed Won", True)
    assert (found.amount, found.currency) == (120050, "EUR")
    assert found.closes_at == found.closed_at == at("2026-02-01T00:00:00")


@pytest.mark.parametrize(
    ("stage", "flags", "won"),
    [
        ("won", {}, True),
        ("lost", {"hs_is_closed_won": "true"}, False),  # the pipeline knows better than a property that lags
        ("open", {"hs_is_closed": "true"}, None),
        ("unknown", {"hs_is_closed": "true", "hs_is_closed_won": "true"}, True),
        ("unknown", {"hs_is_closed": "true", "hs_is_closed_won": "false"}, False),
        ("unknown", {"hs_is_closed": "false"}, None),
        ("unknown", {}, None),
    ],
)
def test_whether_a_deal_is_won(stage: str, flags: dict[str, str], won: bool | None) -> None:
    found = deal(row(dealstage=stage, closedate="2026-02-01T00:00:00Z", **flags))
    assert found.won is won
    assert (found.closed_at is None) == (won is None)


def test_configured_stages_decide_first_by_id_or_label() -> None:
    rules = DealRules(won=frozenset({"Contract Sent"}), lost=frozenset({"won"}))
    assert deal(row(dealstage="open"), rules=rules).won is True
    assert deal(row(dealstage="won"), rules=rules).won is False


@pytest.mark.parametrize(
    ("dealtype", "pipeline", "lines", "kind"),
    [
        (None, None, (), "new"),
        ("newbusiness", None, (), "new"),
        ("existingbusiness", None, (), "upsell"),
        ("Contract renewal", None, (), "renewal"),
        ("newbusiness", "Renewals", (), "renewal"),
        ("existingbusiness", None, ("Onboarding package",), "services"),
        ("existingbusiness", None, ("Onboarding package", "Seats"), "upsell"),
        (None, "Professional services", ("Seats",), "services"),
        ("add-on", None, (), "upsell"),
        ("renewable energy deal", None, (), "renewal"),
    ],
)
def test_what_a_deal_is_for(dealtype: str | None, pipeline: str | None, lines: tuple[str, ...], kind: str) -> None:
    around = Around({"1": "7001"}, {}, {"1": [row(name=each) for each in lines]})
    stages = {"s": Stage("A stage", pipeline)}
    found = mapping.deal(
        row(dealtype=dealtype, dealstage="s"), around, stages=stages, rules=DealRules(), currency="USD", zone=UTC_ZONE
    )
    assert found is not None
    assert found.kind == kind


def test_configured_kinds_and_products_decide_first() -> None:
    rules = DealRules(kinds={"newbusiness": "renewal", "default": "services"})
    assert deal(row(dealtype="newbusiness"), rules=rules).kind == "renewal"
    assert deal(row(pipeline="default"), rules=rules).kind == "services"
    around = Around({"1": "7001"}, {}, {"1": [row(name="Admin days", hs_sku="PS-1"), row(name="X", hs_product_type="service")]})
    assert deal(row(), around).kind == "new"
    assert deal(row(), around, DealRules(products={"PS-1": "training"})).kind == "services"


def test_what_a_deal_holds_for_services_and_training() -> None:
    lines = [row(name="Seats", amount="900"), row(name="Onboarding", amount="250.5"), row(name="Admin workshop", amount="100")]
    found = deal(row(), Around({"1": "7001"}, {}, {"1": lines}))
    assert (found.kind, found.services_amount, found.training_amount) == ("new", 25050, 10000)
    assert (deal(row()).services_amount, deal(row()).training_amount) == (None, None)


def test_a_deal_opened_and_closed_on_one_day_does_not_close_before_it_opened() -> None:
    found = deal(row(dealstage="won", createdate="2026-02-01T15:00:00Z", closedate="2026-02-01T00:00:00Z"))
    assert found.closed_at == found.opened_at == at("2026-02-01T15:00:00")
    imported = deal(row(dealstage="won", createdate="2026-02-01T15:00:00Z", closedate="2024-02-01T00:00:00Z"))
    assert imported.closed_at == at("2024-02-01T00:00:00")


def test_an_amount_that_is_none_is_an_invalid_record() -> None:
    with pytest.raises(InvalidRecord, match="amount"):
        deal(row(amount="a lot"))


# --- tickets ------------------------------------------------------------------------------------------------------------


def test_stages_of_tickets_say_what_is_closed() -> None:
    stages = mapping.stages_of(
        [
            {
                "label": "Support",
                "stages": [
                    {"id": "1", "label": "New", "metadata": {"ticketState": "OPEN"}},
                    {"id": "4", "label": "Done", "metadata": {"ticketState": "CLOSED", "isClosed": "true"}},
                    {"id": "5", "label": "Odd", "metadata": {"isClosed": "maybe", "ticketState": "CLOSED"}},
                    {"id": "6"},
                ],
            }
        ]
    )
    assert {name: stage.closed for name, stage in stages.items()} == {"1": False, "4": True, "5": True, "6": None}


def test_a_closed_ticket() -> None:
    found = mapping.ticket(
        row(
            subject="Help",
            hs_pipeline_stage="4",
            hs_ticket_priority="HIGH",
            source_type="EMAIL",
            createdate="2026-02-01T10:00:00Z",
            first_agent_reply_date="2026-02-01T10:30:00Z",
            closed_date="2026-02-02T10:00:00Z",
            hs_ticket_reopened_at="2026-02-01T12:00:00Z",
        ),
        OWNED,
        stages={"4": Stage("Closed", closed=True)},
        zone=UTC_ZONE,
    )
    assert found is not None
    assert (found.account, found.requester, found.subject, found.priority, found.channel) == ("7001", "51", "Help", 3, "email")
    assert (found.opened_at, found.first_replied_at) == (at("2026-02-01T10:00:00"), at("2026-02-01T10:30:00"))
    assert (found.solved_at, found.outcome, found.reopened) == (at("2026-02-02T10:00:00"), "solved", 1)


def test_a_reopened_ticket_is_open_although_it_keeps_its_closing_date() -> None:
    stages = {"1": Stage("New", closed=False)}
    found = mapping.ticket(row(hs_pipeline_stage="1", closed_date="2026-02-02T10:00:00Z"), OWNED, stages=stages, zone=UTC_ZONE)
    assert found is not None
    assert (found.solved_at, found.outcome, found.priority, found.reopened) == (None, None, 2, 0)


# --- engagements --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ({}, "meeting"),
        ({"hs_meeting_outcome": "COMPLETED", "hs_meeting_title": "Training: admins"}, "training"),
        ({"hs_activity_type": "QBR"}, "webinar"),
        ({"hs_activity_type": "Kick-off", "hs_meeting_title": "Training"}, "onboarding_step"),
        ({"hs_meeting_title": "A post-training chat"}, "training"),
        ({"hs_meeting_outcome": "NO_SHOW"}, None),
        ({"hs_meeting_outcome": "CANCELED"}, None),
        ({"hs_meeting_outcome": "RESCHEDULED"}, None),
    ],
)
def test_meetings(known: dict[str, str], kind: str | None) -> None:
    begins = {"hs_meeting_start_time": "2026-02-01T10:00:00Z", "hs_timestamp": "2026-02-01T09:00:00Z"}
    found = engagements.meeting(row(**begins, **known), OWNED, kinds={"QBR": "webinar"}, zone=UTC_ZONE)
    assert (found.kind if found else None) == kind
    assert found is None or (found.at, found.account, found.contact) == (at("2026-02-01T10:00:00"), "7001", "51")


@pytest.mark.parametrize(
    ("known", "direction"),
    [
        ({"hs_call_direction": "INBOUND", "hs_call_status": "COMPLETED"}, "inbound"),
        ({"hs_call_direction": "OUTBOUND"}, "outbound"),
        ({}, None),
    ],
)
def test_calls(known: dict[str, str], direction: str | None) -> None:
    found = engagements.call(row(hs_timestamp="2026-02-01T10:00:00Z", **known), OWNED, kinds={}, zone=UTC_ZONE)
    assert found is not None
    assert (found.kind, found.direction, found.at) == ("call", direction, at("2026-02-01T10:00:00"))


@pytest.mark.parametrize("status", ["NO_ANSWER", "BUSY", "FAILED", "MISSED"])
def test_a_call_that_nobody_answered_is_no_record(status: str) -> None:
    assert engagements.call(row(hs_call_status=status), OWNED, kinds={}, zone=UTC_ZONE) is None


@pytest.mark.parametrize(
    ("known", "direction"),
    [
        ({"hs_email_direction": "INCOMING_EMAIL", "hs_email_status": "SENT"}, "inbound"),
        ({"hs_email_direction": "EMAIL"}, "outbound"),
        ({"hs_email_direction": "FORWARDED_EMAIL"}, "outbound"),
    ],
)
def test_emails(known: dict[str, str], direction: str) -> None:
    found = engagements.email(row(hs_timestamp="2026-02-01T10:00:00Z", **known), OWNED, zone=UTC_ZONE)
    assert found is not None
    assert (found.kind, found.direction) == ("email", direction)


@pytest.mark.parametrize("status", ["BOUNCED", "FAILED", "SCHEDULED", "DRAFT"])
def test_an_email_that_did_not_arrive_is_no_record(status: str) -> None:
    assert engagements.email(row(hs_email_status=status), OWNED, zone=UTC_ZONE) is None


@pytest.mark.parametrize(
    ("title", "status", "kind"),
    [
        ("Onboarding: import users", "COMPLETED", "onboarding_step"),
        ("Go-live", "COMPLETED", "onboarding_completed"),
        ("Survey sent", "COMPLETED", "survey_sent"),
        ("Onboarding: import users", "NOT_STARTED", None),
        ("Call Ada back", "COMPLETED", None),  # the call is an object of its own
    ],
)
def test_tasks(title: str, status: str, kind: str | None) -> None:
    known = {"hs_task_subject": title, "hs_task_status": status, "hs_task_completion_date": "2026-02-03T10:00:00Z"}
    found = engagements.task(row(hs_timestamp="2026-02-01T10:00:00Z", **known), OWNED, kinds={}, zone=UTC_ZONE)
    assert (found.kind if found else None) == kind
    assert found is None or found.at == at("2026-02-03T10:00:00")


# --- surveys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"hs_survey_type": "NPS", "hs_value": "9"}, ("nps", 9, 0, 10)),
        ({"hs_survey_type": "CSAT", "hs_value": "2"}, ("csat", 2, 0, 2)),
        ({"hs_survey_type": "CES", "hs_value": "6.0"}, ("ces", 6, 1, 7)),
        ({"hs_survey_type": "CUSTOM", "hs_value": "3", "hs_survey_id": "13"}, ("custom", 3, 1, 4)),
        ({"hs_survey_type": "CSAT", "hs_value": "4", "hs_survey_id": "14"}, ("csat", 4, 1, 5)),
        ({"hs_survey_type": "CUSTOM", "hs_value": "3"}, None),
        ({"hs_survey_type": "KNOWLEDGE", "hs_value": "1"}, None),
        ({"hs_survey_type": "NPS"}, None),
    ],
)
def test_surveys(known: dict[str, str], told: tuple[str, float, float, float] | None) -> None:
    scales = {"13": (1.0, 4.0), "14": (1.0, 5.0)}
    found = engagements.survey(
        row(hs_submission_timestamp="2026-02-01T10:00:00Z", hs_content="Fine", **known), OWNED, scales=scales, zone=UTC_ZONE
    )
    assert (None if found is None else (found.kind, found.score, found.scale_min, found.scale_max)) == told
    assert found is None or (found.comment, found.respondent) == ("Fine", "51")


def test_an_answer_off_its_scale_is_an_invalid_record_that_says_what_to_set() -> None:
    with pytest.raises(InvalidRecord, match="survey_scales"):
        engagements.survey(row(hs_survey_type="CSAT", hs_value="5", hs_survey_id="2"), OWNED, scales={}, zone=UTC_ZONE)


# --- anything -----------------------------------------------------------------------------------------------------------

JUNK = st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=6) | st.just({"a": [1]}) | st.just([])
NAMES = (
    "createdate", "closedate", "amount", "dealstage", "hs_pipeline_stage", "closed_date", "hs_timestamp", "hs_value",
    "hs_survey_type", "hs_merged_object_ids", "numberofemployees", "hs_email_status", "hs_task_status", "hs_task_subject",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "properties", "createdAt", "updatedAt"), JUNK)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JUNK)),
)
def test_any_object_is_a_record_none_or_an_invalid_record(outer: dict[str, Any], known: dict[str, Any]) -> None:
    found = {"id": "1", "createdAt": CREATED, "properties": known, **outer}
    around = Around({str(found["id"]): "7001"}, {}, {})
    for mapped in (
        lambda: company(found),
        lambda: mapping.contact(found, around, zone=UTC_ZONE),
        lambda: deal(found, around),
        lambda: mapping.ticket(found, around, stages=STAGES, zone=UTC_ZONE),
        lambda: engagements.meeting(found, around, kinds={}, zone=UTC_ZONE),
        lambda: engagements.call(found, around, kinds={}, zone=UTC_ZONE),
        lambda: engagements.email(found, around, zone=UTC_ZONE),
        lambda: engagements.task(found, around, kinds={}, zone=UTC_ZONE),
        lambda: engagements.survey(found, around, scales={}, zone=UTC_ZONE),
    ):
        try:
            record = mapped()
        except InvalidRecord:
            continue
        assert record is None or isinstance(record, Record)
        assert record is None or record.source_id
