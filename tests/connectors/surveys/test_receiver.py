"""The surveys webhook: who may send, what is understood, and that what is not is said with its place."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from accountpulse.connectors.surveys.paths import follow
from accountpulse.connectors.surveys.source import Surveys, SurveysConfig
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Account, AuthError, Context, InboundRequest, InvalidRecord, Message, SurveyResponse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KNOWN = "30ec5002948f9a3f19e66e797377fc293f0bcda552a0b8bd98d47406360a7f02"
SECRET = "surveys_CANARY_0123456789"
RESPONSE = {
    "id": "r-1", "kind": "nps", "score": 9, "account": "001A", "email": "Ann@Acme.example",
    "comment": "Quick help", "responded_at": "2026-11-21T11:30:00+01:00",
}  # fmt: skip
RECORD = SurveyResponse(
    source_id="r-1",
    account="001A",
    kind="nps",
    score=9.0,
    scale_min=0.0,
    scale_max=10.0,
    comment="Quick help",
    respondent="ann@acme.example",
    responded_at=datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
)


def make(**settings: Any) -> Surveys:
    config = SurveysConfig.model_validate({"webhook_secrets": [SECRET, "next"], **settings})
    return Surveys(config, Context("surveys", clock=FixedClock(NOW)))


def signed(body: bytes, *, secret: str = SECRET, at: datetime = NOW, stamp: str | None = None) -> dict[str, str]:
    time = str(int(at.timestamp())) if stamp is None else stamp
    signature = hmac.new(secret.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-accountpulse-signature": f"sha256={signature}", "x-accountpulse-timestamp": time}


def push(connector: Surveys, body: Any, headers: dict[str, str] | None = None) -> list[Message]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return connector.receive(InboundRequest("POST", "responses", signed(raw) if headers is None else headers, raw, NOW))


def applied(connector: Surveys, messages: list[Message]) -> list[Any]:
    stored = [Message(m.key, json.loads(json.dumps(m.body))) for m in messages]  # as the inbox gives them back
    return [item for message in stored for item in connector.apply(message)]


def refusal(body: Any, **settings: Any) -> str:
    with pytest.raises(InvalidRecord) as caught:
        push(make(**settings), body)
    return caught.value.reason


# --- who may send -------------------------------------------------------------------------------------------------------


def test_a_known_signature() -> None:
    """Made with `printf '1795262400.{}' | openssl dgst -sha256 -hmac secret`, so that senders in any language agree."""
    signature = "sha256=" + KNOWN
    headers = {"x-accountpulse-signature": signature, "x-accountpulse-timestamp": "1795262400"}
    with pytest.raises(InvalidRecord):  # taken as signed, and found empty
        push(make(webhook_secrets=["secret"]), b"{}", headers)


@pytest.mark.parametrize("secret", [SECRET, "next"])
def test_each_secret_is_taken(secret: str) -> None:
    raw = json.dumps(RESPONSE).encode()
    assert len(push(make(), raw, signed(raw, secret=secret))) == 1


def test_the_signature_may_be_hex_or_base64_with_its_name_or_without() -> None:
    raw = json.dumps(RESPONSE).encode()
    headers = signed(raw)
    digest = bytes.fromhex(headers["x-accountpulse-signature"].removeprefix("sha256="))
    for written in (digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode(), f"sha256={digest.hex()}"):
        assert push(make(), raw, {**headers, "x-accountpulse-signature": written})


RAW = json.dumps(RESPONSE).encode()


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({}, "is not signed: it needs the header X-AccountPulse-Signature"),
        (signed(RAW, secret="other"), "not of any of this connection's webhook_secrets"),
        (signed(RAW, secret=""), "not of any"),
        (signed(RAW + b" "), "not of any"),
        ({**signed(RAW), "x-accountpulse-timestamp": "1795262401"}, "not of any"),
        ({"x-accountpulse-signature": signed(RAW)["x-accountpulse-signature"]}, "not of any"),
        ({**signed(RAW), "x-accountpulse-signature": "\u00e9"}, "not of any"),
        (signed(RAW, at=NOW - timedelta(seconds=301)), "more than 5 minutes old or ahead"),
        (signed(RAW, at=NOW + timedelta(seconds=301)), "more than 5 minutes old or ahead"),
        (signed(RAW, stamp="2026-11-21T12:00:00Z"), "whole Unix seconds"),
        (signed(RAW, stamp=""), "whole Unix seconds"),
        (signed(RAW, stamp="-5"), "whole Unix seconds"),
        (signed(RAW, stamp="9" * 30), "whole Unix seconds"),
    ],
)
def test_what_is_not_signed_is_refused(headers: dict[str, str], problem: str) -> None:
    connector = make()
    with pytest.raises(AuthError, match=problem) as caught:
        push(connector, RAW, headers)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(connector.config)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_counts_for_five_minutes(seconds: int) -> None:
    assert push(make(), RAW, signed(RAW, at=NOW + timedelta(seconds=seconds)))


def test_a_tool_that_signs_the_body_alone() -> None:
    connector = make(signature_header="X-Tool-Signature", timestamp_header=None)
    digest = hmac.new(SECRET.encode(), RAW, hashlib.sha256).digest()
    assert push(connector, RAW, {"x-tool-signature": base64.b64encode(digest).decode()})
    with pytest.raises(AuthError, match="X-Tool-Signature"):
        push(connector, RAW)


# --- the documented shape -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [RESPONSE, [RESPONSE], {"responses": [RESPONSE]}])
def test_one_or_many(body: Any) -> None:
    connector = make()
    assert applied(connector, push(connector, body)) == [Account(source_id="001A", references=("001A",)), RECORD]


def test_an_address_names_the_account_where_no_id_does() -> None:
    connector = make()
    found = applied(connector, push(connector, {**RESPONSE, "account": ""}))
    assert found[0] == Account(source_id="mailto:ann@acme.example", emails=("ann@acme.example",))
    assert found[1].account == "mailto:ann@acme.example"
    assert connector.account_keys == "own"  # or the address would count as another system's id


@pytest.mark.parametrize(
    ("more", "kind", "scale"),
    [
        ({"kind": "CSAT", "score": 5}, "csat", (1, 5)),
        ({"kind": "ces", "score": 7}, "ces", (1, 7)),
        ({"kind": "csat", "score": 0, "scale_min": 0, "scale_max": 1}, "csat", (0, 1)),
        ({"kind": "custom", "score": "42", "scale_min": "0", "scale_max": 100}, "custom", (0, 100)),
    ],
)
def test_kinds_and_scales(more: dict[str, Any], kind: str, scale: tuple[float, float]) -> None:
    connector = make()
    record = applied(connector, push(connector, {**RESPONSE, **more}))[1]
    assert (record.kind, record.scale_min, record.scale_max, record.score) == (kind, *scale, float(more["score"]))


@pytest.mark.parametrize("at", ["2026-11-21T10:30:00Z", 1795257000, 1795257000.0, 1795257000000])
def test_times(at: Any) -> None:
    connector = make()
    assert applied(connector, push(connector, {**RESPONSE, "responded_at": at}))[1].responded_at == RECORD.responded_at


def test_a_response_sent_twice_has_one_key_and_one_that_changed_has_another() -> None:
    connector = make()
    (first,), (again,) = push(connector, RESPONSE), push(connector, {"comment": "Quick help", **RESPONSE, "unknown": 1})
    (changed,) = push(connector, {**RESPONSE, "score": 3})
    assert first.key == again.key != changed.key
    assert applied(connector, [changed])[1].source_id == RECORD.source_id


# --- what does not fit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "body.id: found nothing; allowed is a text or a whole number"),
        ({"id": True}, "body.id: found true; allowed is a text or a whole number"),
        ({"id": "x" * 201}, "allowed is at most 200 characters"),
        ({"kind": "stars"}, 'body.kind: found "stars"; allowed is one of nps, csat, ces, custom; or put `kind` in the'),
        ({"kind": None}, "body.kind: found nothing"),
        ({"score": None}, "body.score: found nothing; allowed is a number from 0 to 10"),
        ({"score": 11}, "body.score: found 11; allowed is a number from 0 to 10"),
        ({"score": -1}, "body.score: found -1;"),
        ({"score": True}, "body.score: found true;"),
        ({"score": "9_0"}, 'body.score: found "9_0";'),
        ({"score": "1e999"}, "body.score"),
        ({"score": {"value": 9}}, 'body.score: found {"value": 9};'),
        ({"kind": "custom"}, "body.scale_min: found nothing; allowed is a number: a custom question has a scale of its own"),
        ({"scale_min": 0}, "body.scale_max: found nothing; allowed is a number: the scale has two ends"),
        ({"scale_min": "low", "scale_max": 5}, 'body.scale_min: found "low"; allowed is a number'),
        ({"kind": "csat", "scale_min": 5, "scale_max": 1}, "allowed is a number above scale_min, 5"),
        ({"scale_min": 1, "scale_max": 10}, "NPS is asked from 0 to 10"),
        (
            {"account": None, "email": None},
            "body.account: found nothing; allowed is the account's id in another system, or else",
        ),
        ({"account": ["001A"]}, 'body.account: found ["001A"]'),
        ({"email": "ann"}, 'body.email: found "ann"; allowed is an e-mail address'),
        ({"comment": {"text": "x"}}, "body.comment: found"),
        ({"responded_at": "2026-11-21T10:00:00"}, "allowed is a time with an offset"),
        ({"responded_at": "yesterday"}, "allowed is a time with an offset"),
        ({"responded_at": 1e20}, "allowed is a time with an offset"),
        ({"responded_at": True}, "allowed is a time with an offset"),
        ({"responded_at": None}, "body.responded_at: found nothing"),
    ],
)
def test_a_field_that_does_not_fit_is_named(changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal({**RESPONSE, **changes})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "the body is not JSON"),
        (b'{"score": NaN}', "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"9", "body is 9; it must be a JSON object, a response"),
        ([RESPONSE, 7], "body[1] is 7; it must be a JSON object"),
        ({"responses": [RESPONSE, {**RESPONSE, "score": 99}]}, "responses[1].score: found 99;"),
        ({"responses": "none"}, 'responses is "none"'),
    ],
)
def test_one_bad_response_refuses_the_request(body: Any, reason: str) -> None:
    assert reason in refusal(body)


# --- other shapes -------------------------------------------------------------------------------------------------------


OTHER = {
    "event": "completed",
    "data": {
        "token": 77,
        "finished": 1795257000,
        "person": {"mail": "ann@acme.example", "crm": "001A"},
        "answers": [{"question": "why", "text": "Quick help"}, {"question": "nps", "number": "9"}],
    },
}
MAPPED = {
    "responses": "data",
    "kind": "nps",
    "fields": {
        "id": "token",
        "score": "answers.question=nps.number",
        "comment": "answers.0.text",
        "account": "person.crm",
        "email": "person.mail",
        "responded_at": "finished",
    },
}


def test_fields_are_found_where_the_configuration_says() -> None:
    connector = make(**MAPPED)
    record = applied(connector, push(connector, OTHER))[1]
    assert record == SurveyResponse(**{**{f: getattr(RECORD, f) for f in RECORD.__dataclass_fields__}, "source_id": "77"})


def test_what_a_mapped_field_lacks_is_said_with_its_path() -> None:
    body = {"data": {**OTHER["data"], "answers": [{"question": "nps", "number": "many"}]}}  # type: ignore[dict-item]
    assert refusal(body, **MAPPED) == (
        'data.answers.question=nps.number (score): found "many"; allowed is a number from 0 to 10'
    )
    assert refusal({}, **MAPPED) == "data is nothing; it must be a JSON object, a response"


def test_words_have_the_scores_that_the_configuration_gives() -> None:
    connector = make(scores={"Good": 5, "Bad": 1}, kind="csat")
    record = applied(connector, push(connector, {**RESPONSE, "kind": None, "score": "Good"}))[1]
    assert (record.kind, record.score) == ("csat", 5.0)
    assert "one of the words in `scores`: Good, Bad" in refusal({**RESPONSE, "score": "Fine"}, scores={"Good": 5, "Bad": 1})


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b", 1), ("l.1.v", 2), ("l.k=y.v", 2), ("l.k=7.v", 3), ("l.9.v", None), ("l.k=z.v", None), ("a.b.c", None),
     ("l.-1", None), ("l.\u00b2", None), ("l.v=True", None), ("a", {"b": 1})],
)  # fmt: skip
def test_paths(path: str, found: Any) -> None:
    value = {"a": {"b": 1}, "l": [{"k": "x", "v": True}, {"k": "y", "v": 2}, {"k": 7, "v": 3}]}
    assert follow(value, path) == found


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from([*RESPONSE, "responses"]), inner),
    max_leaves=8,
)


@given(json_values, some.sampled_from([*RESPONSE, "scale_min", "scale_max"]))
def test_whatever_is_sent_is_understood_or_refused(value: Any, name: str) -> None:
    """Law: no value makes the receiver fail in another way, or yields a record that can't be stored."""
    connector = make(fields={"comment": "comment.0.x=y"})
    for body in (value, {**RESPONSE, name: value}):
        try:
            items = applied(connector, push(connector, body))
        except InvalidRecord:
            continue
        for item in items:
            if isinstance(item, SurveyResponse):
                assert item.scale_min <= item.score <= item.scale_max
                assert item.responded_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"webhook_secrets": []}, "webhook_secrets"),
        ({"signature_header": "X Signature"}, "not the name of a header"),
        ({"timestamp_header": ""}, "not the name of a header"),
        ({"fields": {"score": "a..b"}}, "is not a path"),
        ({"fields": {"rating": "a"}}, "rating"),
        ({"responses": ""}, "is not a path"),
        ({"scale_min": 1}, "belong together"),
        ({"scale_min": 5, "scale_max": 1}, "must be below"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        make(**settings)


def test_check_names_no_secret() -> None:
    identity = make().check()
    assert identity.details == {"webhook_secrets": "2"}
    assert SECRET not in repr(identity)
