"""Typeform's webhook: who may send, and that what is pushed and what is polled are one record."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import traceback
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.typeform.test_source import FORMS, NOW, answer, clock, connect, run, tokens, vendor

from accountpulse.connectors.typeform.source import Typeform
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Account, AuthError, InboundRequest, InvalidRecord, Message, SurveyResponse
from accountpulse.testing.vendors.typeform import TypeformVendor

__all__ = ["clock", "vendor"]  # fixtures
SECRET = "typeform_CANARY_0123456789"


def sign(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {
        "typeform-signature": "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    }


def request(body: bytes, headers: dict[str, str]) -> InboundRequest:
    return InboundRequest("POST", "webhook", {name.lower(): value for name, value in headers.items()}, body, NOW)


def receiver(vendor: TypeformVendor, clock: FixedClock, *secrets: str, **settings: Any) -> Typeform:
    return connect(vendor, clock, webhook_secrets=secrets or (SECRET,), **settings)


def applied(connector: Typeform, messages: list[Message]) -> list[Any]:
    stored = [Message(m.key, json.loads(json.dumps(m.body))) for m in messages]  # as the inbox gives them back
    return [item for message in stored for item in connector.apply(message)]


def test_a_pushed_response_is_the_record_that_polling_brings(vendor: TypeformVendor, clock: FixedClock) -> None:
    answer(vendor, "nps", "n1", 9, ago=timedelta(minutes=5))
    connector = receiver(vendor, clock)
    messages = connector.receive(request(*vendor.webhook("n1", SECRET)))
    pushed = applied(connector, messages)
    assert [type(item) for item in pushed] == [Account, SurveyResponse]
    assert pushed == run(vendor, clock)[:-1]
    assert [message.key for message in messages] == ["nps:n1"]
    assert "definition" not in json.dumps([message.body for message in messages])


def test_two_questions_of_one_form_are_two_records_either_way(vendor: TypeformVendor, clock: FixedClock) -> None:
    forms = ({"id": "nps", "kind": "nps", "score_field": "score"}, {"id": "nps", "kind": "ces", "score_field": "why"})
    answer(vendor, "nps", "n1", ago=timedelta(minutes=5))
    effort = {"field": {"ref": "why"}, "type": "number", "number": 2}
    vendor.touch("response", "n1", answers=[*vendor.get("response", "n1")["answers"], effort])
    connector = receiver(vendor, clock, forms=forms)
    pushed = applied(connector, connector.receive(request(*vendor.webhook("n1", SECRET))))
    assert tokens(pushed) == ["n1:score", "n1:why"] == sorted(tokens(run(vendor, clock, forms=forms)))


def test_a_response_sent_twice_has_one_key(vendor: TypeformVendor, clock: FixedClock) -> None:
    answer(vendor, "nps", "n1", ago=timedelta(minutes=5))
    connector = receiver(vendor, clock)
    keys = {connector.receive(request(*vendor.webhook("n1", SECRET)))[0].key for _ in range(2)}
    assert len(keys) == 1


def test_what_names_no_account_or_was_asked_of_another_form_means_nothing(vendor: TypeformVendor, clock: FixedClock) -> None:
    answer(vendor, "nps", "n1", ago=timedelta(minutes=5), account=None)
    connector = receiver(vendor, clock, forms=FORMS[:1])
    assert applied(connector, connector.receive(request(*vendor.webhook("n1", SECRET)))) == []
    answer(vendor, "csat", "c1", ago=timedelta(minutes=5))
    assert connector.receive(request(*vendor.webhook("c1", SECRET))) == []
    partial = b'{"event_id": "1", "event_type": "form_response_partial", "form_response": {}}'
    assert connector.receive(request(partial, sign(partial))) == []


def test_a_score_out_of_its_scale_is_kept_aside(vendor: TypeformVendor, clock: FixedClock) -> None:
    answer(vendor, "nps", "n1", 99, ago=timedelta(minutes=5))
    connector = receiver(vendor, clock)
    messages = connector.receive(request(*vendor.webhook("n1", SECRET)))
    with pytest.raises(InvalidRecord, match="not within 0 to 10"):
        applied(connector, messages)


def test_either_secret_is_taken_while_one_is_changed(vendor: TypeformVendor, clock: FixedClock) -> None:
    body = b'{"event_type": "form_response", "form_response": {"form_id": "nps", "token": "t"}}'
    connector = receiver(vendor, clock, "old", "new")
    for secret in ("old", "new"):
        assert len(connector.receive(request(body, sign(body, secret)))) == 1


BODY = b'{"event_type": "form_response", "form_response": {"form_id": "nps", "token": "t"}}'


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"typeform-signature": ""},
        {"typeform-signature": "sha256="},
        {"typeform-signature": sign(BODY)["typeform-signature"].removeprefix("sha256=")},
        sign(BODY, "other"),
        sign(BODY + b" "),
        {"typeform-signature": "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()},
        {"typeform-signature": "sha256=\u00e9"},
    ],
)
def test_what_is_not_signed_is_refused(vendor: TypeformVendor, clock: FixedClock, headers: dict[str, str]) -> None:
    connector = receiver(vendor, clock)
    with pytest.raises(AuthError) as caught:
        connector.receive(request(BODY, headers))
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(connector.config)


def test_without_a_secret_nothing_is_taken(vendor: TypeformVendor, clock: FixedClock) -> None:
    with pytest.raises(AuthError, match="takes no webhooks"):
        connect(vendor, clock).receive(request(BODY, sign(BODY, "")))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "lacks event_type"),
        (b"{}", "lacks event_type"),
        (b'{"event_type": "form_response"}', "lacks form_response"),
        (b'{"event_type": "form_response", "form_response": {"form_id": 7}}', "form_id must be a text"),
        (b'{"event_type": "form_response", "form_response": {"form_id": "nps"}}', "token must be a text"),
        (BODY.replace(b'"t"', b'"t", "answers": {"a": 1}'), "answers must be a list"),
        (BODY.replace(b'"t"', b'"t", "hidden": [1]'), "hidden must be a JSON object"),
    ],
)
def test_bodies_that_cannot_be_read(vendor: TypeformVendor, clock: FixedClock, body: bytes, problem: str) -> None:
    with pytest.raises(InvalidRecord, match=problem):
        receiver(vendor, clock).receive(request(body, sign(body)))
