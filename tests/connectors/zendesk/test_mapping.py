"""Zendesk objects -> records."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.connectors.zendesk import mapping
from accountpulse.plugins import Account, Contact, InvalidRecord, SurveyResponse, Ticket

CREATED = "2026-01-02T03:04:05Z"
OPENED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def ticket(**changes: Any) -> Ticket | None:
    return mapping.ticket({"id": 35436, "organization_id": 57542, "created_at": CREATED, "status": "open", **changes})


def made(**changes: Any) -> Ticket:
    found = ticket(**changes)
    assert found is not None
    return found


# --- organizations ------------------------------------------------------------------------------------------------------


def test_an_organization_takes_every_attribute() -> None:
    found = mapping.account(
        {
            "id": 57542,
            "name": "Acme",
            "external_id": "001gK0000000001QAA",
            "domain_names": ["acme.example", "acme.co.uk"],
            "organization_fields": {"tier": "gold", "seats": 12, "regions": ["EMEA"], "note": None},
            "created_at": CREATED,
            "deleted_at": None,
        }
    )
    assert found == Account(
        source_id="57542",
        raw_ref="/api/v2/organizations/57542.json",
        name="Acme",
        domains=("acme.example", "acme.co.uk"),
        references=("001gK0000000001QAA",),
        created_at=OPENED,
        custom={"tier": "gold", "seats": 12, "note": None},
    )


def test_an_organization_needs_nothing_but_its_id() -> None:
    expected = Account(source_id="1", raw_ref="/api/v2/organizations/1.json")
    assert mapping.account({"id": 1}) == mapping.account({"id": 1, "domain_names": None, "external_id": ""}) == expected


def test_a_deleted_organization_is_no_record() -> None:
    assert mapping.account({"id": 1, "deleted_at": CREATED}) is None


# --- users --------------------------------------------------------------------------------------------------------------


def test_an_end_user_of_an_organization_is_a_contact() -> None:
    user = {
        "id": 7,
        "organization_id": 57542,
        "role": "end-user",
        "email": "a@acme.example",
        "name": "Ada",
        "created_at": CREATED,
    }
    assert mapping.contact(user) == Contact(
        source_id="7", raw_ref="/api/v2/users/7.json", account="57542", email="a@acme.example", name="Ada", created_at=OPENED
    )


@pytest.mark.parametrize("gone", [{"active": False}, {"suspended": True}])
def test_a_deleted_or_suspended_user_is_inactive(gone: dict[str, bool]) -> None:
    found = mapping.contact({"id": 7, "organization_id": 1, "created_at": CREATED, **gone})
    assert found is not None
    assert found.active is False


@pytest.mark.parametrize(
    "change", [{"role": "agent"}, {"role": "admin"}, {"organization_id": None}, {"permanently_deleted": True}]
)
def test_agents_and_people_of_nowhere_are_no_contacts(change: dict[str, Any]) -> None:
    assert mapping.contact({"id": 7, "organization_id": 1, "created_at": CREATED, **change}) is None


# --- tickets ------------------------------------------------------------------------------------------------------------


def test_a_ticket_takes_every_attribute() -> None:
    found = ticket(
        subject="Help",
        requester_id=99,
        status="solved",
        priority="urgent",
        via={"channel": "email"},
        metric_set={
            "reopens": 2,
            "solved_at": "2026-01-03T00:00:00Z",
            "reply_time_in_minutes": {"calendar": 90, "business": 30},
        },
    )
    assert found == Ticket(
        source_id="35436",
        raw_ref="/api/v2/tickets/35436.json",
        account="57542",
        subject="Help",
        requester="99",
        opened_at=OPENED,
        first_replied_at=OPENED + 90 * MINUTE,
        solved_at=datetime(2026, 1, 3, tzinfo=UTC),
        reopened=2,
        priority=4,
        channel="email",
        outcome="solved",
    )


@pytest.mark.parametrize("metrics", [None, {}, {"reply_time_in_minutes": None}, {"reply_time_in_minutes": {"calendar": None}}])
def test_a_ticket_without_metrics_is_a_ticket(metrics: object) -> None:
    found = made(metric_set=metrics)
    assert (found.first_replied_at, found.solved_at, found.reopened, found.channel) == (None, None, 0, None)


def test_an_answer_within_the_minute_counts_and_seconds_win() -> None:
    assert made(metric_set={"reply_time_in_minutes": {"calendar": 0}}).first_replied_at == OPENED
    both = {"reply_time_in_seconds": {"calendar": 42}, "reply_time_in_minutes": {"calendar": 0}}
    assert made(metric_set=both).first_replied_at == OPENED + timedelta(seconds=42)


@pytest.mark.parametrize(
    ("stated", "priority"), [("low", 1), ("normal", 2), ("high", 3), ("urgent", 4), (None, 2), ("blazing", 2), ("HIGH", 3)]
)
def test_priorities_are_numbers(stated: str | None, priority: int) -> None:
    assert made(priority=stated).priority == priority


@pytest.mark.parametrize(
    ("status", "tags", "outcome"),
    [
        ("new", [], None),
        ("open", ["closed_by_merge"], None),
        ("pending", None, None),
        ("hold", [], None),
        ("solved", [], "solved"),
        ("closed", [], "closed"),
        ("closed", ["vip", "closed_by_merge"], "merged"),
        ("a custom one", [], None),
    ],
)
def test_the_status_says_what_became_of_a_ticket(status: str, tags: object, outcome: str | None) -> None:
    assert made(status=status, tags=tags).outcome == outcome


def test_a_reopened_ticket_is_not_solved_although_its_metrics_say_when_it_was() -> None:
    metrics = {"solved_at": "2026-01-03T00:00:00Z", "reopens": 1}
    assert made(status="open", metric_set=metrics).solved_at is None
    assert made(status="solved", metric_set=metrics).solved_at == datetime(2026, 1, 3, tzinfo=UTC)


def test_a_ticket_closed_without_being_solved_does_not_stay_open() -> None:
    found = made(status="closed", tags=["closed_by_merge"], metric_set={"status_updated_at": "2026-01-05T00:00:00Z"})
    assert found.solved_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert made(status="closed", updated_at="2026-01-06T00:00:00Z").solved_at == datetime(2026, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize("change", [{"status": "deleted"}, {"organization_id": None}])
def test_deleted_tickets_and_tickets_of_nobody_are_no_records(change: dict[str, Any]) -> None:
    assert ticket(**change) is None


@pytest.mark.parametrize("created", [None, "", "yesterday", "2026-01-02T03:04:05"])
def test_a_ticket_without_a_time_is_unreadable(created: object) -> None:
    with pytest.raises(InvalidRecord) as raised:
        ticket(created_at=created)
    assert raised.value.source_id == "35436"


def test_an_object_without_an_id_is_unreadable() -> None:
    with pytest.raises(InvalidRecord, match="no id"):
        mapping.ticket({"organization_id": 1})


# --- ratings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("score", "number"), [("good", 1.0), ("bad", 0.0)])
def test_a_rating_is_a_csat_answer_from_0_to_1(score: str, number: float) -> None:
    rating = {
        "id": 62,
        "score": score,
        "comment": "",
        "requester_id": 7,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": CREATED,
    }
    assert mapping.survey_response(rating, "57542") == SurveyResponse(
        source_id="62",
        raw_ref="/api/v2/satisfaction_ratings/62.json",
        account="57542",
        kind="csat",
        score=number,
        scale_min=0.0,
        scale_max=1.0,
        respondent="7",
        responded_at=OPENED,
    )


@pytest.mark.parametrize("score", ["offered", "unoffered", None, "superb"])
def test_a_question_that_was_only_asked_is_no_answer(score: str | None) -> None:
    assert mapping.survey_response({"id": 62, "score": score, "created_at": CREATED}, "57542") is None


def test_a_reply_beyond_the_calendar_is_none() -> None:
    found = {"id": 7, "organization_id": 1, "created_at": "9999-12-31T23:59:59Z"}
    made = mapping.ticket({**found, "metric_set": {"reply_time_in_minutes": {"calendar": 5}}})
    assert made is not None
    assert made.first_replied_at is None


# --- anything at all ----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(CREATED),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["calendar", "channel", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
OBJECTS = st.fixed_dictionaries(
    {"id": st.just(7)},
    optional={
        **dict.fromkeys(
            ("name", "external_id", "organization_fields", "deleted_at", "role", "email", "active", "subject"), JSON
        ),
        **dict.fromkeys(("status", "priority", "via", "requester_id", "score", "comment", "updated_at", "suspended"), JSON),
        "organization_id": st.none() | st.integers(),
        "created_at": st.just(CREATED) | JSON,
        "domain_names": st.none() | st.lists(st.text(max_size=5) | st.none(), max_size=3),
        "tags": st.none() | st.lists(st.text(max_size=5), max_size=2),
        "metric_set": st.none()
        | st.fixed_dictionaries({}, optional=dict.fromkeys(("reopens", "solved_at", "reply_time_in_minutes"), JSON)),
    },
)


@given(OBJECTS)
def test_any_object_is_a_record_none_or_an_invalid_record(found: dict[str, Any]) -> None:
    makers = (mapping.account, mapping.contact, mapping.ticket, lambda each: mapping.survey_response(each, "1"))
    for make in makers:
        record: Any = None
        with suppress(InvalidRecord):
            record = make(found)
        assert record is None or record.source_id == "7"
