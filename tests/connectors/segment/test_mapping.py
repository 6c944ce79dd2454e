"""Messages of the Segment specification to records and usage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.connectors.segment import mapping

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def iso(at: datetime) -> str:
    return at.isoformat()


def test_a_wrong_device_clock_is_taken_out() -> None:
    skew = timedelta(hours=5)
    event = {"timestamp": iso(NOW - timedelta(minutes=10) + skew)}
    assert mapping.happened_at(event, iso(NOW - timedelta(seconds=1) + skew), NOW) == NOW - timedelta(minutes=9, seconds=59)


@pytest.mark.parametrize(
    ("event", "sent", "expected"),
    [
        ({}, None, NOW),
        ({"timestamp": "yesterday"}, None, NOW),
        ({"timestamp": "2026-11-20T12:00:00"}, None, NOW - timedelta(days=1)),
        ({"timestamp": "2026-11-20T12:00:00Z"}, "garbage", NOW - timedelta(days=1)),
        ({"timestamp": "2030-01-01T00:00:00Z"}, None, NOW),
        ({"originalTimestamp": "2026-11-21T10:00:00Z", "timestamp": "1999-01-01T00:00:00Z"}, None, NOW - timedelta(hours=2)),
        ({"timestamp": "0001-01-01T00:00:00Z"}, "9999-12-31T00:00:00Z", NOW),
    ],
)
def test_times(event: dict[str, Any], sent: str | None, expected: datetime) -> None:
    assert mapping.happened_at(event, sent, NOW) == expected


@given(st.datetimes(), st.datetimes() | st.none())
def test_nothing_happens_in_the_future(original: datetime, sent: datetime | None) -> None:
    found = mapping.happened_at({"timestamp": iso(original)}, sent and iso(sent), NOW)
    assert found <= NOW
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    "event",
    [
        {"groupId": "g1"},
        {"context": {"groupId": "g1"}},
        {"traits": {"groupId": "g1"}},
        {"context": {"traits": {"groupId": "g1"}}},
        {"traits": {"company": {"id": "g1"}}},
        {"groupId": " g1 "},
    ],
)
def test_the_account_is_found_wherever_senders_put_it(event: dict[str, Any]) -> None:
    assert mapping.account_of(event) == "g1"


def test_features() -> None:
    assert mapping.feature_of({"type": "track", "event": "Report opened"}) == "Report opened"
    assert mapping.feature_of({"type": "track", "event": " "}) is None
    assert mapping.feature_of({"type": "page", "name": "Home"}) == "page: Home"
    assert mapping.feature_of({"type": "page", "properties": {"path": "/a"}}) == "page: /a"
    assert mapping.feature_of({"type": "screen"}) == "screen: unnamed"


def test_a_group_call_is_an_account() -> None:
    traits = {
        "name": "Acme",
        "plan": "pro",
        "website": "acme.example",
        "employees": "120",
        "seats": 5,
        "email": "x@y.z",
        "list": [1],
    }
    found = mapping.account_record({"traits": traits}, "001")
    assert (found.source_id, found.references, found.name, found.plan) == ("001", ("001",), "Acme", "pro")
    assert (found.domains, found.employees, found.custom) == (("acme.example",), 120, {"seats": 5})


def test_an_identify_call_is_a_contact_when_the_email_is_known() -> None:
    event = {"userId": "u1", "traits": {"email": "a@b.example", "firstName": "Ann", "lastName": "Lee", "title": "CTO"}}
    found = mapping.contact_record(event, "001", NOW)
    assert found is not None
    assert (found.source_id, found.email, found.name, found.role, found.created_at) == (
        "u1",
        "a@b.example",
        "Ann Lee",
        "CTO",
        NOW,
    )
    assert mapping.contact_record({"userId": "u1", "traits": {}}, "001", NOW) is None


def test_a_call_without_an_id_is_known_by_its_content() -> None:
    one = {"type": "track", "event": "A", "userId": "u", "timestamp": "t"}
    assert mapping.message_key(one) == mapping.message_key({**dict(reversed(one.items())), "sentAt": "later", "writeKey": "k"})
    assert mapping.message_key(one) != mapping.message_key({**one, "userId": "v"})
    assert mapping.message_key({**one, "messageId": "m1"}) == "m1"
    assert len(mapping.message_key({**one, "messageId": "m" * 5000})) < 100


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["groupId", "traits", "company", "id", "page", "path", "email", "employees"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["event", "name", "userId", "groupId", "messageId", "timestamp", "sentAt"]), junk),
    junk,
    junk,
)
def test_what_senders_write_never_breaks_the_mapping(event: dict[str, Any], context: Any, traits: Any) -> None:
    for kind in mapping.KINDS:
        body = {**event, "type": kind, "context": context, "traits": traits, "properties": traits}
        mapping.message_key(body)
        mapping.account_of(body)
        mapping.user_of(body)
        mapping.feature_of(body)
        mapping.happened_at(body, event.get("sentAt"), NOW)
        mapping.account_record(body, "g")
        mapping.contact_record(body, "g", NOW)
        mapping.usage_event(body, "g", "u", "f", NOW)
