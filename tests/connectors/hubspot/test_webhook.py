"""HubSpot's webhooks: who may send, what they name, and that what is stored is what HubSpot says now."""

from __future__ import annotations

import json
import traceback
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.hubspot.conftest import HOUR, Portal

from accountpulse.connectors.hubspot.source import HubSpot
from accountpulse.plugins import Account, AuthError, Contact, Deleted, InboundRequest, InvalidRecord, Message

SECRET = "hubspot_CANARY_0123456789"
URL = "https://pulse.acme.example/in/crm/webhook"
MINUTE = timedelta(minutes=1)


def connect(portal: Portal, *secrets: str, **settings: Any) -> HubSpot:
    return portal.connect(**{"webhook_secrets": secrets or (SECRET,), "webhook_url": URL, **settings})


def request(portal: Portal, body: Any, *, secret: str = SECRET, url: str = URL, **headers: str) -> InboundRequest:
    """What HubSpot sends now; further headers replace its own."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name.lower(): value for name, value in portal.vendor.signed(raw, secret, url).items()}
    return InboundRequest("POST", "webhook", sent | headers, raw, portal.clock.now())


def applied(connector: HubSpot, messages: list[Message]) -> list[Any]:
    stored = [Message(m.key, json.loads(json.dumps(m.body))) for m in messages]  # as the inbox gives them back
    return [item for message in stored for item in connector.apply(message)]


def named(messages: list[Message]) -> list[tuple[str, str]]:
    return [(m.body["stream"], m.body["id"]) for m in messages if isinstance(m.body, dict)]


# --- who may send -------------------------------------------------------------------------------------------------------


def test_the_official_client_takes_our_simulated_signature_for_hubspots(portal: Portal) -> None:
    signature = pytest.importorskip("hubspot.utils.signature").Signature
    body, headers = portal.vendor.webhook([portal.vendor.event("company.creation", "1")], SECRET, URL)
    made = signature.get_signature(SECRET, body.decode(), "v3", URL, "POST", headers["X-HubSpot-Request-Timestamp"])
    assert made == headers["X-HubSpot-Signature-v3"]


def test_two_secrets_count_while_one_is_changed(portal: Portal) -> None:
    event = [portal.vendor.event("company.creation", "1")]
    connector = connect(portal, "old", "new")
    for secret in ("old", "new"):
        assert len(connector.receive(request(portal, event, secret=secret))) == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"secret": "wrong"},
        {"url": "https://pulse.acme.example/in/other/webhook"},  # made for another address
        {"url": "http://pulse.acme.example/in/crm/webhook"},
        {"x-hubspot-signature-v3": ""},
        {"x-hubspot-request-timestamp": "soon"},
        {"x-hubspot-request-timestamp": "1"},
        {"x-hubspot-request-timestamp": "9" * 40},
    ],
)
def test_what_is_not_signed_is_refused(portal: Portal, sent: dict[str, str]) -> None:
    event = [portal.vendor.event("company.creation", "1")]
    with pytest.raises(AuthError) as refused:
        connect(portal).receive(request(portal, event, **sent))
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_without_secrets_nothing_is_taken(portal: Portal) -> None:
    event = [portal.vendor.event("company.creation", "1")]
    with pytest.raises(AuthError, match="webhook_secrets"):
        portal.connect().receive(request(portal, event, secret=""))


@pytest.mark.parametrize("age", [6 * MINUTE, -6 * MINUTE])
def test_an_old_request_that_somebody_repeats_is_refused(portal: Portal, age: timedelta) -> None:
    sent = request(portal, [portal.vendor.event("company.creation", "1")])
    portal.clock.advance(age)
    later = InboundRequest(sent.method, sent.path, sent.headers, sent.body, portal.clock.now())
    with pytest.raises(AuthError, match="5 minutes"):
        connect(portal).receive(later)


# --- what they name -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscription", "more", "told"),
    [
        ("company.propertyChange", {"propertyName": "name"}, [("companies", "1")]),
        ("contact.deletion", {}, [("contacts", "1")]),
        ("contact.privacyDeletion", {}, [("contacts", "1")]),
        ("deal.restore", {}, [("deals", "1")]),
        ("object.creation", {"objectTypeId": "0-5"}, [("tickets", "1")]),
        ("object.propertyChange", {"objectTypeId": "0-47"}, [("meetings", "1")]),
        ("product.creation", {}, []),
        ("object.creation", {"objectTypeId": "2-123456"}, []),
        ("company.merge", {"primaryObjectId": 1, "mergedObjectIds": [2, 3]},
         [("companies", "1"), ("companies", "2"), ("companies", "3")]),
        ("contact.merge", {"newObjectId": 9, "primaryObjectId": 1, "mergedObjectIds": [1]},
         [("contacts", "9"), ("contacts", "1")]),
        ("contact.associationChange", {"associationType": "CONTACT_TO_COMPANY", "fromObjectId": 1, "toObjectId": 2},
         [("contacts", "1"), ("companies", "2")]),
        ("object.associationChange",
         {"objectTypeId": "0-3", "fromObjectTypeId": "0-3", "toObjectTypeId": "0-2", "fromObjectId": 1, "toObjectId": 2},
         [("deals", "1"), ("companies", "2")]),
    ],
)  # fmt: skip
def test_what_an_event_names(portal: Portal, subscription: str, more: dict[str, Any], told: list[tuple[str, str]]) -> None:
    messages = connect(portal).receive(request(portal, [portal.vendor.event(subscription, "1", **more)]))
    assert named(messages) == told


def test_what_is_left_out_is_not_asked_for(portal: Portal) -> None:
    event = portal.vendor.event("ticket.creation", "1")
    assert connect(portal, leave_out=["tickets"]).receive(request(portal, [event])) == []


def test_an_event_counts_once_however_often_it_is_sent_and_its_id_alone_tells_nothing(portal: Portal) -> None:
    connector = connect(portal)
    first = portal.vendor.event("company.creation", "1")
    [one] = connector.receive(request(portal, [first]))
    [again] = connector.receive(request(portal, [{**first, "attemptNumber": 3}]))
    [other] = connector.receive(request(portal, [{**first, "objectId": 2}]))
    assert one.key == again.key
    assert one.key != other.key


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"[]", b"[7]", b'[{"objectId": 1}]', [{"subscriptionType": "company.creation"}],
     [{"subscriptionType": "company.creation", "objectId": True}],
     [{"subscriptionType": "company.creation", "objectId": "../1"}],
     [{"subscriptionType": "company.merge", "objectId": 1, "mergedObjectIds": ["x"]}]],
)  # fmt: skip
def test_a_body_that_is_none_of_hubspots_is_refused(portal: Portal, body: Any) -> None:
    with pytest.raises(InvalidRecord):
        connect(portal).receive(request(portal, body))


# --- what is stored -----------------------------------------------------------------------------------------------------


def test_the_object_is_read_afresh_as_the_streams_read_it(portal: Portal) -> None:
    company = portal.put("companies", name="As it was")
    connector = connect(portal)
    messages = connector.receive(request(portal, [portal.vendor.event("company.propertyChange", company, propertyName="name")]))
    portal.vendor.touch("companies", company, name="As it is")
    [found] = applied(connector, messages)
    assert found == portal.read("companies").records[0]
    assert isinstance(found, Account)
    assert found.name == "As it is"


def test_a_deleted_object_is_deleted_and_one_that_is_still_there_is_not(portal: Portal) -> None:
    company = portal.put("companies", name="Acme")
    connector = connect(portal)
    [told] = connector.receive(request(portal, [portal.vendor.event("company.deletion", company)]))
    assert [type(item) for item in applied(connector, [told])] == [Account]
    portal.vendor.delete("companies", company)
    portal.clock.advance(MINUTE)
    messages = connector.receive(request(portal, [portal.vendor.event("company.deletion", company)]))
    assert applied(connector, messages) == [Deleted(Account, company)]


def test_a_merge_deletes_the_loser(portal: Portal) -> None:
    winner, loser = (portal.put("companies", name=name) for name in ("Acme", "Acme Inc"))
    portal.vendor.merge("companies", winner, loser)
    event = portal.vendor.event("company.merge", winner, primaryObjectId=int(winner), mergedObjectIds=[int(loser)])
    connector = connect(portal)
    found = applied(connector, connector.receive(request(portal, [event])))
    assert {type(item).__name__ for item in found} == {"Account", "Deleted"}
    assert {item.source_id for item in found if isinstance(item, Deleted)} == {loser}
    assert {item.source_id for item in found if isinstance(item, Account)} == {winner}


def test_an_association_that_changed_by_itself_is_read(portal: Portal) -> None:
    contact = portal.put("contacts", to={}, email="ada@acme.example")
    cursor = portal.read("contacts").cursor
    portal.clock.advance(HOUR)
    portal.vendor.associate("contacts", contact, "companies", "7001", primary=True)
    portal.clock.advance(HOUR)
    assert portal.read("contacts", cursor).records == []  # nothing says that it changed
    more = {"associationType": "CONTACT_TO_COMPANY", "fromObjectId": int(contact), "toObjectId": 7001}
    connector = connect(portal)
    found = applied(
        connector, connector.receive(request(portal, [portal.vendor.event("contact.associationChange", contact, **more)]))
    )
    assert [(item.source_id, item.account) for item in found if isinstance(item, Contact)] == [(contact, "7001")]


def test_a_burst_about_one_object_is_asked_for_once(portal: Portal) -> None:
    company = portal.put("companies", name="Acme")
    events = [portal.vendor.event("company.propertyChange", company, propertyName=name) for name in ("name", "domain", "plan")]
    connector = connect(portal)
    messages = connector.receive(request(portal, events))
    portal.clock.advance(MINUTE)
    assert len(messages) == 3
    assert len(applied(connector, messages)) == 1
    assert len(portal.vendor.requests_to(f"/companies/{company}")) == 1


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_an_event_that_cannot_be_asked_for_is_left_to_the_streams(portal: Portal, status: int) -> None:
    company = portal.put("companies", name="Acme")
    connector = connect(portal)
    messages = connector.receive(request(portal, [portal.vendor.event("company.creation", company)]))
    portal.vendor.fail(1, status=status)
    assert applied(connector, messages) == []
    assert len(applied(connector, messages)) == (0 if status == 429 else 1)  # a limit is kept for a while


def test_an_object_that_cannot_be_understood_is_for_the_quarantine(portal: Portal) -> None:
    deal = portal.put("deals", amount="a lot")
    connector = connect(portal)
    messages = connector.receive(request(portal, [portal.vendor.event("deal.creation", deal)]))
    with pytest.raises(InvalidRecord, match="amount"):
        applied(connector, messages)
