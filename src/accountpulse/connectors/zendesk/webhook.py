"""Zendesk's webhooks: is a request from Zendesk, and which object does it speak of. Pure.

A message holds the object's name only: an event shows a ticket without its metrics, and as it was. What it is now is asked for
when the message is applied, so late, repeated and swapped deliveries do no harm.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from accountpulse.plugins import AuthError, InboundRequest, InvalidRecord, Message, require_recent, require_signature

SIGNATURE = "X-Zendesk-Webhook-Signature"
TIMESTAMP = "X-Zendesk-Webhook-Signature-Timestamp"
INVOCATION = "x-zendesk-webhook-invocation-id"
KINDS = ("ticket", "user", "organization")
_EVENT = "zen:event-type:"
LONGEST_KEY = 200
_ID = re.compile(r"[0-9]{1,19}")


def require_signed(request: InboundRequest, secrets: Iterable[SecretStr]) -> None:
    """Raise AuthError unless one of the webhook's secrets signed time and body, at most five minutes from now."""
    stamp = request.headers.get(TIMESTAMP.lower(), "")
    signed = stamp.encode("utf-8", "surrogatepass") + request.body
    require_signature(signed, request.headers.get(SIGNATURE.lower()), secrets, header=SIGNATURE, encoding="base64")
    require_recent(_instant(stamp), request.received_at)


def message_of(request: InboundRequest) -> Message | None:
    """What a signed request names, or None where it concerns nothing that is read.

    Two kinds of body: an event that the webhook subscribes to (`"type": "zen:event-type:ticket.created"`), and what a trigger
    or automation sends, which names one object: {"ticket_id": "{{ticket.id}}"}, or user_id, or organization_id.
    Raises InvalidRecord for any other.
    """
    body = _parsed(request.body)
    kind_of_event = body.get("type")
    told = _event(body) if isinstance(kind_of_event, str) and kind_of_event.startswith(_EVENT) else _triggered(body)
    if told is None:
        return None
    return Message(_key(request, body), {**told, "received_at": request.received_at.isoformat()})


def _event(body: Mapping[str, Any]) -> dict[str, str] | None:
    kind, _, what = str(body["type"]).removeprefix(_EVENT).partition(".")
    if kind not in KINDS:
        return None
    detail = body.get("detail")
    found = detail.get("id") if isinstance(detail, Mapping) else None
    found = found or str(body.get("subject") or "").removeprefix(f"zen:{kind}:")
    return {"kind": kind, "what": what, "id": _object_id(found, "detail.id")}


def _triggered(body: Mapping[str, Any]) -> dict[str, str]:
    named = [(kind, body[f"{kind}_id"]) for kind in KINDS if body.get(f"{kind}_id")]
    if len(named) != 1:
        raise InvalidRecord(
            "body", 'the body must be one of Zendesk\'s events, or name one object: {"ticket_id": "{{ticket.id}}"}'
        )
    kind, found = named[0]
    return {"kind": kind, "what": "", "id": _object_id(found, f"{kind}_id")}


def _object_id(found: object, place: str) -> str:
    text = str(found).strip()
    if isinstance(found, bool) or not _ID.fullmatch(text):
        raise InvalidRecord(place, f"{place} is {text[:40]!r}; it must be the number of an object")
    return text


def _key(request: InboundRequest, body: Mapping[str, Any]) -> str:
    """What is the same when Zendesk sends one thing twice: an event's id, else the invocation, else what was signed."""
    event = body.get("id")
    if isinstance(event, str) and event and "type" in body:
        return event[:LONGEST_KEY]
    invocation = request.headers.get(INVOCATION)
    if invocation:
        return f"invocation:{invocation}"[:LONGEST_KEY]
    signed = request.headers.get(TIMESTAMP.lower(), "").encode("utf-8", "surrogatepass") + request.body
    return f"request:{hashlib.sha256(signed).hexdigest()}"


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
    if not isinstance(body, Mapping):
        raise InvalidRecord("body", "the body must be a JSON object")
    return body


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is None:
            raise ValueError
    except ValueError:
        raise AuthError(f"{TIMESTAMP} is not a time with an offset, such as 2026-11-21T10:00:00Z") from None
    return found
