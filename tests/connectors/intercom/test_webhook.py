"""Intercom's webhooks: who may send, what they name, and that what is stored is what Intercom says now."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.intercom.conftest import Workspace

from accountpulse.connectors.intercom.source import Intercom
from accountpulse.core.clock import FixedClock
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
from accountpulse.testing.kit.bench import START
from accountpulse.testing.pushing import PushSuite
from accountpulse.testing.vendors import serving
from accountpulse.testing.vendors.intercom import IntercomVendor

SECRET = "intercom_CANARY_0123456789"


class TestIntercomPushed(PushSuite):
    """The kit for what is pushed."""

    connector = Intercom

    @pytest.fixture(autouse=True)
    def _workspace(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self.vendor = IntercomVendor(FixedClock(START))
        for number in (1, 2):
            self.vendor.put("company", {"id": f"company-{number}"})
        with serving(self.vendor):
            config = {"base_url": self.vendor.base_url, "token": self.vendor.credentials["token"], "webhook_secrets": (SECRET,)}
            monkeypatch.setattr(type(self), "good", config, raising=False)
            yield

    def body(self, number: int) -> bytes:
        told = self.vendor.notification("company.updated", {"type": "company", "id": f"company-{number}"})
        return json.dumps({**told, "id": f"notif_{number}"}).encode()

    def send(self, body: bytes) -> InboundRequest:
        headers = {name.lower(): value for name, value in self.vendor.signed(body, SECRET).items()}
        return self.request("webhook", body, headers)


def connect(workspace: Workspace, *secrets: str) -> Intercom:
    return workspace.connect(webhook_secrets=secrets or (SECRET,))


def request(workspace: Workspace, body: Any, *, secret: str = SECRET, **headers: str) -> InboundRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name.lower(): value for name, value in workspace.vendor.signed(raw, secret).items()}
    return InboundRequest("POST", "webhook", sent | headers, raw, workspace.clock.now())


def pushed(workspace: Workspace, connector: Intercom, topic: str, item: dict[str, Any]) -> list[Any]:
    body = workspace.vendor.notification(topic, item)
    return applied(connector, connector.receive(request(workspace, body)))


def applied(connector: Intercom, messages: list[Message]) -> list[Any]:
    stored = [Message(m.key, json.loads(json.dumps(m.body))) for m in messages]  # as the inbox gives them back
    return [item for message in stored for item in connector.apply(message)]


# --- who may send -------------------------------------------------------------------------------------------------------


def test_the_signature_is_hmac_sha1_of_the_body(workspace: Workspace) -> None:
    """Worked out by another program: printf '%s' BODY | openssl dgst -sha1 -hmac secret"""
    raw = b'{"type":"notification_event","topic":"company.updated","data":{"item":{"type":"company","id":"7"}}}'
    headers = {"x-hub-signature": "sha1=88b3b13b0946c8d2642715a1ed9a564d6372f24b"}
    (message,) = connect(workspace, "secret").receive(InboundRequest("POST", "webhook", headers, raw, START))
    assert message.body == {"kind": "company", "id": "7", "gone": False, "received_at": START.isoformat()}
    with pytest.raises(AuthError):
        connect(workspace, "secret").receive(InboundRequest("POST", "webhook", headers, raw + b" ", START))


def test_either_secret_is_taken_while_one_is_changed(workspace: Workspace) -> None:
    connector = connect(workspace, "old", "new\n")
    body = workspace.vendor.notification("company.updated", {"type": "company", "id": "7"})
    for secret in ("old", "new"):
        assert len(connector.receive(request(workspace, body, secret=secret))) == 1


FORGED: dict[str, tuple[str, dict[str, str], str]] = {
    "another secret": ("other", {}, "not of any of this connection's webhook_secrets"),
    "no signature": (SECRET, {"x-hub-signature": ""}, "is not signed"),
    "no prefix": (SECRET, {"x-hub-signature": "00" * 20}, "is not signed"),
    "no hex": (SECRET, {"x-hub-signature": "sha1=\u00e9"}, "not of any"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_not_signed_is_refused(workspace: Workspace, case: str) -> None:
    secret, headers, problem = FORGED[case]
    with pytest.raises(AuthError, match=problem) as caught:
        connect(workspace).receive(request(workspace, {"type": "notification_event"}, secret=secret, **headers))
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_without_a_secret_nothing_is_taken(workspace: Workspace) -> None:
    with pytest.raises(AuthError, match="takes no webhooks"):
        workspace.connect().receive(request(workspace, {}))


# --- what is named ------------------------------------------------------------------------------------------------------


def test_a_conversation_is_what_it_is_now_as_the_stream_reads_it(workspace: Workspace) -> None:
    company = workspace.company()
    rating = {"rating": 5, "created_at": 1_760_000_000, "updated_at": 1_760_000_000}
    found_by = workspace.contact(company)
    conversation = workspace.conversation(found_by, title="Help", conversation_rating=rating)
    items = pushed(workspace, connect(workspace), "conversation.rating.added", {"type": "conversation", "id": conversation})
    assert [type(item) for item in items] == [Ticket, SurveyResponse]
    assert items == workspace.read("conversations").records


def test_contacts_and_companies(workspace: Workspace) -> None:
    company = workspace.company()
    contact = workspace.contact(company)
    connector = connect(workspace)
    items = [
        *pushed(workspace, connector, "contact.user.updated", {"type": "contact", "id": contact}),
        *pushed(workspace, connector, "company.created", {"type": "company", "id": company, "company_id": "own-7"}),
    ]
    assert [(type(item), item.source_id) for item in items] == [(Contact, contact), (Account, company)]


def test_who_is_attached_to_a_company_is_read_again(workspace: Workspace) -> None:
    company = workspace.company()
    contact = workspace.contact(company)
    item = {"type": "company.contact", "company": {"id": company}, "contact": {"id": contact}}
    (found,) = pushed(workspace, connect(workspace), "company.contact.attached", item)
    assert (type(found), found.source_id) == (Contact, contact)


@pytest.mark.parametrize(
    ("topic", "item", "records"),
    [
        ("conversation.deleted", {"type": "conversation", "conversation_id": "9"}, (Ticket, SurveyResponse)),
        ("contact.deleted", {"type": "contact", "id": "9"}, (Contact,)),
        ("contact.merged", {"type": "contact", "id": "9"}, (Contact,)),
        ("company.deleted", {"type": "company", "id": "9", "company_id": "own-9"}, (Account,)),
    ],
)
def test_deletions_come_by_webhook(workspace: Workspace, topic: str, item: dict[str, Any], records: tuple[type, ...]) -> None:
    assert pushed(workspace, connect(workspace), topic, item) == [Deleted(record, "9") for record in records]


def test_an_archived_contact_is_deleted(workspace: Workspace) -> None:
    contact = workspace.contact(workspace.company())
    workspace.vendor.archive(contact)
    assert pushed(workspace, connect(workspace), "contact.archived", {"type": "contact", "id": contact}) == [
        Deleted(Contact, contact)
    ]


def test_what_cannot_be_found_is_not_deleted_unless_told_so(workspace: Workspace) -> None:
    assert pushed(workspace, connect(workspace), "contact.user.created", {"type": "contact", "id": "9"}) == []


@pytest.mark.parametrize("topic", ["ping", "ticket.created", "visitor.signed_up", "admin.logged_in"])
def test_what_is_not_read_is_answered_and_ignored(workspace: Workspace, topic: str) -> None:
    body = workspace.vendor.notification(topic, {"type": "ping", "message": "hello"})
    assert connect(workspace).receive(request(workspace, body)) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        ({}, "lacks type and topic"),
        ({"type": "notification_event", "topic": "contact.deleted", "data": {}}, "lacks data.item"),
        ({"type": "notification_event", "topic": "contact.deleted", "data": {"item": {}}}, "must be the id"),
        ({"type": "notification_event", "topic": "contact.deleted", "data": {"item": {"id": "7/../me"}}}, "must be the id"),
    ],
)
def test_bodies_that_cannot_be_read(workspace: Workspace, body: Any, problem: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        connect(workspace).receive(request(workspace, body))
    assert problem in caught.value.reason


# --- duplicates, bursts, faults -----------------------------------------------------------------------------------------


def test_a_notification_sent_twice_has_one_key(workspace: Workspace) -> None:
    connector = connect(workspace)
    body = workspace.vendor.notification("company.updated", {"type": "company", "id": "7"})
    again = {**body, "delivery_attempts": 2}
    other = workspace.vendor.notification("company.updated", {"type": "company", "id": "7"})
    first, second, third = (connector.receive(request(workspace, each))[0].key for each in (body, again, other))
    assert first == second != third
    nameless = {**body, "id": None}
    assert connector.receive(request(workspace, nameless))[0].key.startswith("request:")


def test_a_burst_about_one_conversation_is_asked_for_once(workspace: Workspace) -> None:
    conversation = workspace.conversation(company_id=workspace.company())
    connector = connect(workspace)
    told = {"type": "conversation", "id": conversation}
    burst = [
        message
        for topic in ("conversation.admin.replied", "conversation.admin.closed", "conversation.read")
        for message in connector.receive(request(workspace, workspace.vendor.notification(topic, told)))
    ]
    workspace.clock.advance(timedelta(seconds=1))
    assert len(applied(connector, burst)) == 1
    assert len(workspace.vendor.requests_to(f"/conversations/{conversation}")) == 1


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 403}, {"status": 401}, {"status": 429}, {"status": 400}])
def test_what_intercom_does_not_answer_is_left_to_polling(workspace: Workspace, fault: dict[str, Any]) -> None:
    conversation = workspace.conversation(company_id=workspace.company())
    workspace.vendor.fail(1, path=f"/conversations/{conversation}", **fault)
    told = {"type": "conversation", "id": conversation}
    assert pushed(workspace, connect(workspace), "conversation.admin.replied", told) == []
    assert workspace.read("conversations").ids == [conversation]
