"""What becomes of Intercom's objects, field by field, and of what nobody expects in them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.connectors.intercom import mapping
from accountpulse.core.sync.rows import to_row
from accountpulse.plugins import InvalidRecord

OPENED = 1_700_000_000
COMPANY = "6762f0ad1bb69f9f2193bb62"


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(OPENED + seconds, UTC)


def company(**changes: Any) -> dict[str, Any]:
    return {
        "type": "company",
        "id": COMPANY,
        "company_id": "001A000001",
        "name": "Acme",
        "website": "https://www.acme.example/about",
        "plan": {"type": "plan", "id": "1", "name": "Enterprise"},
        "size": 85,
        "industry": "Manufacturing",
        "monthly_spend": 155.98,
        "session_count": 12,
        "created_at": OPENED,
        "custom_attributes": {"tier": "gold", "nested": {"no": 1}, "active": True},
        **changes,
    }


def conversation(**changes: Any) -> dict[str, Any]:
    return {
        "id": "471",
        "title": "It does not print",
        "created_at": OPENED,
        "updated_at": OPENED + 9000,
        "state": "open",
        "priority": "not_priority",
        "source": {"type": "email", "delivered_as": "customer_initiated", "subject": "<p>Printing</p>"},
        "contacts": {"contacts": [{"type": "contact", "id": "c1"}]},
        "statistics": {"first_admin_reply_at": OPENED + 600, "count_reopens": 2, "last_close_at": OPENED + 7200},
        **changes,
    }


def test_a_company_brings_every_evidence_of_identity_there_is() -> None:
    found = mapping.account(company())
    assert (found.source_id, found.references, found.domains) == (
        COMPANY,
        ("001A000001",),
        ("https://www.acme.example/about",),
    )
    assert (found.name, found.plan, found.industry, found.employees) == ("Acme", "Enterprise", "Manufacturing", 85)
    assert found.created_at == at(0)
    assert found.custom == {"monthly_spend": 155.98, "tier": "gold", "active": True}


def test_what_every_visit_changes_is_left_out_of_a_company() -> None:
    assert (
        to_row(mapping.account(company(session_count=13, last_request_at=OPENED))).hash
        == to_row(mapping.account(company())).hash
    )


@pytest.mark.parametrize(
    ("companies", "owner"),
    [
        ({"data": [{"id": COMPANY}], "total_count": 1, "has_more": False}, COMPANY),
        ({"data": [{"id": COMPANY}]}, COMPANY),
        ({"data": [], "total_count": 0}, None),
        ({"data": [{"id": COMPANY}, {"id": "other"}], "total_count": 2}, None),
        ({"data": [{"id": COMPANY}], "total_count": 2, "has_more": True}, None),
        (None, None),
    ],
)
def test_a_contact_belongs_to_its_only_company(companies: Any, owner: str | None) -> None:
    found = mapping.contact(
        {"id": "c1", "email": "ann@acme.example", "name": "Ann", "created_at": OPENED, "companies": companies}
    )
    assert (found.account if found is not None else None) == owner


def test_a_contact() -> None:
    body = {
        "id": "c1",
        "email": "ann@acme.example",
        "name": "Ann",
        "created_at": OPENED,
        "companies": {"data": [{"id": COMPANY}]},
    }
    found = mapping.contact(body)
    assert found is not None
    assert (found.email, found.name, found.role, found.active, found.created_at) == (
        "ann@acme.example",
        "Ann",
        None,
        True,
        at(0),
    )
    assert mapping.contact({**body, "archived": True}) is None


def test_an_open_conversation() -> None:
    found = mapping.ticket(conversation(), COMPANY)
    assert found is not None
    assert (found.account, found.subject, found.requester, found.channel) == (COMPANY, "It does not print", "c1", "email")
    assert (found.opened_at, found.first_replied_at, found.solved_at) == (at(0), at(600), None)
    assert (found.reopened, found.priority, found.outcome) == (2, 2, None)


def test_a_subject_is_read_without_its_markup() -> None:
    found = mapping.ticket(conversation(title=None), COMPANY)
    assert found is not None
    assert found.subject == "Printing"


ANSWERED = {"first_admin_reply_at": OPENED + 600, "last_close_at": OPENED + 7200}
OUTCOMES: dict[str, tuple[dict[str, Any], str | None, datetime | None]] = {
    "answered and closed": ({"state": "closed", "statistics": ANSWERED}, "solved", at(7200)),
    "closed without an answer": ({"state": "closed", "statistics": {"last_close_at": OPENED + 7200}}, "closed", at(7200)),
    "resolved by the AI agent": (
        {
            "state": "closed",
            "statistics": {"last_close_at": OPENED + 60},
            "ai_agent": {"resolution_state": "assumed_resolution"},
        },
        "solved",
        at(60),
    ),
    "left to the AI agent": (
        {"state": "closed", "statistics": {"last_close_at": OPENED + 60}, "ai_agent": {"resolution_state": "abandoned"}},
        "closed",
        at(60),
    ),
    "reopened": ({"state": "open", "statistics": ANSWERED}, None, None),
    "snoozed": ({"state": "snoozed", "statistics": ANSWERED}, None, None),
    "closed before its statistics knew": ({"state": "closed", "statistics": {}}, "closed", at(9000)),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_outcome_and_time_of_the_solution(case: str) -> None:
    changes, outcome, solved = OUTCOMES[case]
    found = mapping.ticket(conversation(**changes), COMPANY)
    assert found is not None
    assert (found.outcome, found.solved_at) == (outcome, solved)


def test_the_flag_is_a_high_priority_and_never_an_urgent_one() -> None:
    found = mapping.ticket(conversation(priority="priority"), COMPANY)
    assert found is not None
    assert found.priority == 3


@pytest.mark.parametrize("begun_by", ["admin_initiated", "automated", "operator_initiated", "campaigns_initiated"])
def test_what_we_sent_is_a_ticket_from_the_answer_on(begun_by: str) -> None:
    source = {"type": "conversation", "delivered_as": begun_by}
    assert mapping.ticket(conversation(source=source, statistics={}), COMPANY) is None
    answered = conversation(source=source, statistics={"first_contact_reply_at": OPENED + 300, **ANSWERED})
    found = mapping.ticket(answered, COMPANY)
    assert found is not None
    assert found.opened_at == at(300)


def test_a_rating() -> None:
    rated = {"rating": 2, "remark": " Slow ", "created_at": OPENED, "updated_at": OPENED + 9, "contact": {"id": "c7"}}
    found = mapping.survey_response(conversation(conversation_rating=rated), COMPANY)
    assert found is not None
    assert (found.source_id, found.kind, found.score, found.scale_min, found.scale_max) == ("471", "csat", 2.0, 1.0, 5.0)
    assert (found.comment, found.respondent, found.responded_at, found.account) == ("Slow", "c7", at(9), COMPANY)


@pytest.mark.parametrize("rated", [None, {}, {"rating": None, "created_at": OPENED}])
def test_a_rating_that_is_only_asked_for_is_none(rated: Any) -> None:
    assert mapping.survey_response(conversation(conversation_rating=rated), COMPANY) is None


@pytest.mark.parametrize(
    ("rated", "problem"),
    [({"rating": 6, "updated_at": 1}, "from 1 to 5"), ({"rating": True}, "from 1 to 5"), ({"rating": 3}, "has no time")],
)
def test_a_rating_that_cannot_be_understood(rated: Any, problem: str) -> None:
    with pytest.raises(InvalidRecord, match=problem):
        mapping.survey_response(conversation(conversation_rating=rated), COMPANY)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.none(), max_size=2),
    st.just({"a": [1]}),
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(conversation())), JUNK)
def test_whatever_a_field_holds_a_conversation_is_a_record_or_invalid(field: str, junk: Any) -> None:
    body = conversation(conversation_rating={"rating": 4, "updated_at": OPENED}) | {field: junk}
    for made in (mapping.ticket, mapping.survey_response):
        try:
            found = made(body, COMPANY)
            if found is not None:
                to_row(found)
        except InvalidRecord:
            pass


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(company())), JUNK)
def test_whatever_a_field_holds_a_company_is_a_record_or_invalid(field: str, junk: Any) -> None:
    with suppress(InvalidRecord):
        to_row(mapping.account(company() | {field: junk}))
