"""Zendesk's webhooks: who may send, what they name, and that what is stored is what Zendesk says now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import traceback
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.zendesk.conftest import NOW, Desk

from accountpulse.connectors.zendesk.source import Zendesk
from accountpulse.plugins import (
    Account,
    AuthError,
    Contact,
    Deleted,
    InboundRequest,
    InvalidRecord,
    Message,
    SurveyResponse,
    Ticket,
)

SECRET = "zendesk_CANARY_0123456789"
ORGANIZATION = 57542
MINUTE = timedelta(minutes=1)


def connect(desk: Desk, *secrets: str, **settings: Any) -> Zendesk:
    return desk.connect(webhook_secrets=secrets or (SECRET,), **settings)


def request(desk: Desk, body: Any, *, secret: str = SECRET, **headers: str) -> InboundRequest:
    """What Zendesk sends now; further headers replace its own."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name.lower(): value for name, value in desk.vendor.signed(raw, secret).items()}
    return InboundRequest("POST", "webhook", sent | headers, raw, desk.clock.now())


def event(kind: str, identifier: Any, what: str, *, number: int = 1) -> dict[str, Any]:
    """As Zendesk's reference of event types shows one: the detail has no metrics and shouts its status."""
    return {
        "type": f"zen:event-type:{kind}.{what}",
        "account_id": 12514403,
        "id": f"2b24ef10-19d4-4740-93cf-{number:012d}",
        "time": "2026-11-21T12:00:00.672717030Z",
        "zendesk_event_version": "2022-11-06",
        "subject": f"zen:{kind}:{identifier}",
        "detail": {"id": str(identifier), "status": "OPEN", "subject": "As it was", "updated_at": "2026-11-21T12:00:00Z"},
        "event": {"current": "OPEN", "previous": "NEW"},
    }


def applied(connector: Zendesk, messages: list[Message]) -> list[Any]:
    stored = [Message(m.key, json.loads(json.dumps(m.body))) for m in messages]  # as the inbox gives them back
    return [item for message in stored for item in connector.apply(message)]


def pushed(desk: Desk, connector: Zendesk, body: Any) -> list[Any]:
    return applied(connector, connector.receive(request(desk, body)))


def put_ticket(desk: Desk, **fields: Any) -> str:
    metrics = {"reply_time_in_minutes": {"calendar": 5}, "reopens": 1}
    ticket = {"organization_id": ORGANIZATION, "subject": "Help", "metric_set": metrics, **fields}
    return str(desk.vendor.put("ticket", ticket, at=NOW - timedelta(hours=2))["id"])


# --- who may send -------------------------------------------------------------------------------------------------------


def test_the_signature_is_over_time_and_body_without_a_separator(desk: Desk) -> None:
    stamp, raw = "2026-11-21T12:00:00Z", b'{"ticket_id": 7}'
    signature = base64.b64encode(hmac.new(SECRET.encode(), stamp.encode() + raw, hashlib.sha256).digest()).decode()
    headers = {"x-zendesk-webhook-signature": signature, "x-zendesk-webhook-signature-timestamp": stamp}
    (message,) = connect(desk).receive(InboundRequest("POST", "webhook", headers, raw, NOW))
    assert message.body == {"kind": "ticket", "id": "7", "what": "", "received_at": NOW.isoformat()}


def test_either_secret_is_taken_while_one_is_changed(desk: Desk) -> None:
    connector = connect(desk, "old", "new\n")
    for secret in ("old", "new"):
        assert len(connector.receive(request(desk, {"ticket_id": 7}, secret=secret))) == 1


FORGED: dict[str, tuple[str, dict[str, str], str]] = {
    "another secret": ("other", {}, "not of any of this connection's webhook_secrets"),
    "no signature": (SECRET, {"x-zendesk-webhook-signature": ""}, "is not signed"),
    "no base64": (SECRET, {"x-zendesk-webhook-signature": "\u00e9"}, "not of any"),
    "another time": (SECRET, {"x-zendesk-webhook-signature-timestamp": "2026-11-21T12:00:01Z"}, "not of any"),
    "no time": (SECRET, {"x-zendesk-webhook-signature-timestamp": ""}, "not of any"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_not_signed_is_refused(desk: Desk, case: str) -> None:
    secret, headers, problem = FORGED[case]
    with pytest.raises(AuthError, match=problem) as caught:
        connect(desk).receive(request(desk, {"ticket_id": 7}, secret=secret, **headers))
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_changed_body_is_refused(desk: Desk) -> None:
    sent = request(desk, {"ticket_id": 7})
    with pytest.raises(AuthError):
        connect(desk).receive(InboundRequest("POST", "webhook", sent.headers, sent.body + b" ", NOW))


@pytest.mark.parametrize(("minutes", "taken"), [(-6, False), (-5, True), (0, True), (5, True), (6, False)])
def test_a_signature_counts_for_five_minutes_by_our_clock(desk: Desk, minutes: int, taken: bool) -> None:
    sent = request(desk, {"ticket_id": 7})
    late = InboundRequest("POST", "webhook", sent.headers, sent.body, NOW + minutes * MINUTE)
    if taken:
        assert connect(desk).receive(late)
    else:
        with pytest.raises(AuthError, match="more than 5 minutes old or ahead"):
            connect(desk).receive(late)


@pytest.mark.parametrize("stamp", ["2026-11-21T12:00:00", "yesterday", ""])
def test_a_signed_time_that_is_none_is_refused(desk: Desk, stamp: str) -> None:
    raw = b'{"ticket_id": 7}'
    signature = base64.b64encode(hmac.new(SECRET.encode(), stamp.encode() + raw, hashlib.sha256).digest()).decode()
    headers = {"x-zendesk-webhook-signature": signature, "x-zendesk-webhook-signature-timestamp": stamp}
    with pytest.raises(AuthError, match="not a time with an offset"):
        connect(desk).receive(InboundRequest("POST", "webhook", headers, raw, NOW))


@pytest.mark.parametrize("secrets", [(), ("",), ("  ",)])
def test_without_a_secret_nothing_is_taken(desk: Desk, secrets: tuple[str, ...]) -> None:
    with pytest.raises(AuthError, match="takes no webhooks"):
        desk.connect(webhook_secrets=secrets).receive(request(desk, {"ticket_id": 7}, secret=""))


# --- what is named ------------------------------------------------------------------------------------------------------


def test_a_ticket_event_is_the_ticket_as_it_is_now_with_its_metrics(desk: Desk) -> None:
    ticket = put_ticket(desk, priority="urgent")
    (found,) = pushed(desk, connect(desk), event("ticket", ticket, "status_changed"))
    assert isinstance(found, Ticket)
    assert (found.subject, found.priority, found.reopened) == ("Help", 4, 1)
    assert found.first_replied_at == NOW - timedelta(hours=2) + 5 * MINUTE
    assert [found] == desk.read("tickets").records  # exactly what polling brings


def test_a_trigger_names_an_object_of_any_kind(desk: Desk) -> None:
    organization = desk.vendor.put("organization", {"name": "Acme"})["id"]
    user = desk.vendor.put("user", {"name": "Ann", "organization_id": organization})["id"]
    connector = connect(desk)
    items = [
        *pushed(desk, connector, {"ticket_id": put_ticket(desk)}),
        *pushed(desk, connector, {"user_id": user}),
        *pushed(desk, connector, {"organization_id": str(organization)}),
    ]
    assert [type(item) for item in items] == [Ticket, Contact, Account]


@pytest.mark.parametrize("what", ["soft_deleted", "permanently_deleted"])
def test_a_deletion_is_a_tombstone_unless_the_ticket_came_back(desk: Desk, what: str) -> None:
    ticket, back = put_ticket(desk), put_ticket(desk)
    desk.vendor.delete("ticket", ticket)
    connector = connect(desk)
    assert pushed(desk, connector, event("ticket", ticket, what)) == [Deleted(Ticket, ticket)]
    assert [type(item) for item in pushed(desk, connector, event("ticket", back, what))] == [Ticket]


def test_a_deleted_organization_and_a_user_who_left(desk: Desk) -> None:
    organization = str(desk.vendor.put("organization", {"name": "Acme"})["id"])
    user = str(desk.vendor.put("user", {"name": "Ann", "organization_id": None})["id"])
    desk.vendor.delete("organization", organization)
    connector = connect(desk)
    assert pushed(desk, connector, event("organization", organization, "deleted")) == [Deleted(Account, organization)]
    assert pushed(desk, connector, event("user", user, "organization_membership_deleted")) == [Deleted(Contact, user)]


def test_an_object_that_is_not_to_be_seen_is_no_deletion(desk: Desk) -> None:
    assert pushed(desk, connect(desk), event("ticket", 404, "status_changed")) == []


def test_the_loser_of_a_merge_is_merged(desk: Desk) -> None:
    winner, loser = put_ticket(desk), put_ticket(desk)
    desk.vendor.merge("ticket", winner, loser)
    (found,) = pushed(desk, connect(desk), event("ticket", loser, "merged"))
    assert found.outcome == "merged"


def test_a_ticket_without_its_metrics_is_left_to_polling(desk: Desk) -> None:
    ticket = put_ticket(desk)
    desk.vendor.fail(1, status=200, body={"ticket": {"id": int(ticket), "organization_id": 1}}, path=f"/tickets/{ticket}")
    assert pushed(desk, connect(desk), event("ticket", ticket, "created")) == []


def test_events_of_other_things_are_taken_and_mean_nothing(desk: Desk) -> None:
    connector = connect(desk)
    assert connector.receive(request(desk, event("article", 7, "published"))) == []
    assert connector.receive(request(desk, event("agent", 7, "state_changed"))) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        ({}, "name one object"),
        ({"ticket_id": "{{ticket.id}}"}, "ticket_id is '{{ticket.id}}'"),
        ({"ticket_id": True}, "must be the number of an object"),
        ({"ticket_id": "7/../../users/1"}, "must be the number"),
        ({"ticket_id": 7, "user_id": 8}, "name one object"),
        ({"type": "zen:event-type:ticket.created", "detail": {}}, "detail.id"),
    ],
)
def test_bodies_that_cannot_be_read(desk: Desk, body: Any, problem: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        connect(desk).receive(request(desk, body))
    assert problem in caught.value.reason


# --- duplicates, disorder, bursts, faults -------------------------------------------------------------------------------


def test_a_thing_sent_twice_has_one_key(desk: Desk) -> None:
    connector = connect(desk)

    def key(body: Any, **headers: str) -> str:
        desk.clock.advance(timedelta(seconds=1))
        return connector.receive(request(desk, body, **headers))[0].key

    assert key(event("ticket", 7, "created")) == key(event("ticket", 7, "created"))
    assert key(event("ticket", 7, "created")) != key(event("ticket", 7, "created", number=2))
    again = {"x-zendesk-webhook-invocation-id": "01ABC"}
    assert key({"ticket_id": 7}, **again) == key({"ticket_id": 7}, **again)
    assert key({"ticket_id": 7}) != key({"ticket_id": 7})
    nameless = {"x-zendesk-webhook-invocation-id": ""}
    assert key({"ticket_id": 7}, **nameless) != key({"ticket_id": 7}, **nameless)
    assert len(key({"ticket_id": 7}, **{"x-zendesk-webhook-invocation-id": "x" * 5000})) <= 200


def test_the_order_of_events_does_not_matter(desk: Desk) -> None:
    ticket = put_ticket(desk)
    connector = connect(desk)
    created, solved = (connector.receive(request(desk, event("ticket", ticket, w))) for w in ("created", "status_changed"))
    desk.vendor.touch("ticket", ticket, status="solved")
    assert {item.outcome for item in applied(connector, [*solved, *created])} == {"solved"}


def test_a_burst_about_one_ticket_is_asked_for_once(desk: Desk) -> None:
    ticket = put_ticket(desk)
    connector = connect(desk)
    burst = [m for n in range(9) for m in connector.receive(request(desk, event("ticket", ticket, "tags_changed", number=n)))]
    desk.clock.advance(timedelta(seconds=1))
    assert len(applied(connector, burst)) == 1
    assert len(desk.vendor.requests_to(f"/tickets/{ticket}")) == 1
    desk.clock.advance(timedelta(seconds=1))
    assert len(pushed(desk, connector, event("ticket", ticket, "status_changed", number=10))) == 1  # a later one counts


def test_a_deletion_in_a_burst_is_not_lost(desk: Desk) -> None:
    ticket = put_ticket(desk)
    connector = connect(desk)
    sent = [connector.receive(request(desk, event("ticket", ticket, what))) for what in ("csat_received", "soft_deleted")]
    desk.vendor.delete("ticket", ticket)
    desk.clock.advance(timedelta(seconds=1))
    assert applied(connector, [m for messages in sent for m in messages]) == [Deleted(Ticket, ticket)]


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 403}, {"status": 401, "times": 2}, {"status": 429}])
def test_what_zendesk_does_not_answer_is_left_to_polling(desk: Desk, fault: dict[str, Any]) -> None:
    ticket = put_ticket(desk)
    desk.vendor.fail(1, path=f"/tickets/{ticket}", **fault)
    assert pushed(desk, connect(desk), event("ticket", ticket, "created")) == []
    assert desk.read("tickets").ids == [ticket]


def test_after_a_429_zendesk_is_left_alone_for_as_long_as_it_says(desk: Desk) -> None:
    tickets = [put_ticket(desk) for _ in range(3)]
    connector = connect(desk)
    desk.vendor.fail(1, status=429, headers={"Retry-After": "30"}, path="/tickets/")
    assert pushed(desk, connector, event("ticket", tickets[0], "created")) == []
    desk.clock.advance(timedelta(seconds=29))
    assert pushed(desk, connector, event("ticket", tickets[1], "created")) == []
    assert len(desk.vendor.requests_to("/tickets/")) == 1
    desk.clock.advance(timedelta(seconds=1))
    assert len(pushed(desk, connector, event("ticket", tickets[2], "created"))) == 1


# --- satisfaction -------------------------------------------------------------------------------------------------------


def rated(desk: Desk, score: str = "bad") -> tuple[str, str]:
    ticket = put_ticket(desk)
    rating = desk.vendor.put("satisfaction_rating", {"ticket_id": int(ticket), "score": score}, at=NOW - timedelta(hours=1))
    desk.vendor.touch("ticket", ticket, satisfaction_rating={"id": rating["id"], "score": score})
    return ticket, str(rating["id"])


@pytest.mark.parametrize("by_trigger", [True, False])
def test_a_rating_comes_with_its_ticket_as_polling_brings_it(desk: Desk, by_trigger: bool) -> None:
    ticket, rating = rated(desk)
    items = pushed(desk, connect(desk), {"ticket_id": ticket} if by_trigger else event("ticket", ticket, "csat_received"))
    assert [type(item) for item in items] == [Ticket, SurveyResponse]
    assert items[1].source_id == rating
    assert [items[1]] == desk.read("satisfaction").records


def test_an_event_that_is_not_about_satisfaction_asks_for_no_rating(desk: Desk) -> None:
    ticket, _ = rated(desk)
    assert len(pushed(desk, connect(desk), event("ticket", ticket, "status_changed"))) == 1


def test_an_offered_rating_is_none(desk: Desk) -> None:
    ticket, _ = rated(desk, "offered")
    assert len(pushed(desk, connect(desk), event("ticket", ticket, "csat_received"))) == 1
