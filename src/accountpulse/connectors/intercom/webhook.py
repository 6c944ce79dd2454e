"""Intercom's webhooks: is a request from Intercom, and which object does it speak of. Pure.

A message holds the object's name only: what it is now is asked for when the message is applied, so late, repeated and swapped
deliveries do no harm.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr

from accountpulse.plugins import InboundRequest, InvalidRecord, Message, require_signature

SIGNATURE = "X-Hub-Signature"
LONGEST_KEY = 200
# Topics by how they begin; the first that fits. company.contact.attached is about a contact.
_KINDS = (
    ("company.contact.", "contact"),
    ("conversation.", "conversation"),
    ("contact.", "contact"),
    ("company.", "company"),
)
_GONE = frozenset({"deleted", "archived", "merged"})
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def require_signed(request: InboundRequest, secrets: Iterable[SecretStr]) -> None:
    """Raise AuthError unless one of the secrets signed the body. Intercom signs no time."""
    given = request.headers.get(SIGNATURE.lower())
    signature = given.removeprefix("sha1=") if given is not None and given.startswith("sha1=") else None
    require_signature(request.body, signature, secrets, header=SIGNATURE, encoding="hex", digest="sha1")


def message_of(request: InboundRequest) -> Message | None:
    """What a signed request names, or None where it concerns nothing that is read: a `ping`, say. Raises InvalidRecord."""
    body = _parsed(request.body)
    topic = body.get("topic")
    if body.get("type") != "notification_event" or not isinstance(topic, str):
        raise InvalidRecord("body", "the body is no notification of Intercom: it lacks type and topic")
    kind = next((kind for start, kind in _KINDS if topic.startswith(start)), None)
    if kind is None:
        return None
    data = body.get("data")
    item = data.get("item") if isinstance(data, Mapping) else None
    if not isinstance(item, Mapping):
        raise InvalidRecord("data.item", "the notification lacks data.item")
    # What is deleted comes with little more than its name; what is attached comes inside of what it is attached to.
    inner = item.get(kind)
    found = (inner.get("id") if isinstance(inner, Mapping) else None) or item.get(f"{kind}_id") or item.get("id")
    if kind == "company":
        found = item.get("id")  # its company_id is the one that the customer gave
    told = {"kind": kind, "id": _object_id(found), "gone": topic.rpartition(".")[2] in _GONE}
    return Message(_key(request, body), {**told, "received_at": request.received_at.isoformat()})


def _object_id(found: object) -> str:
    text = str(found).strip()
    if isinstance(found, bool) or not isinstance(found, (str, int)) or not _ID.fullmatch(text):
        raise InvalidRecord("data.item.id", f"data.item.id is {text[:40]!r}; it must be the id of an object")
    return text


def _key(request: InboundRequest, body: Mapping[str, Any]) -> str:
    """What is the same when Intercom sends one thing twice: the notification's id, else what was signed."""
    given = body.get("id")
    if isinstance(given, str) and given:
        return given[:LONGEST_KEY]
    return f"request:{hashlib.sha256(request.body).hexdigest()}"


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
    if not isinstance(body, Mapping):
        raise InvalidRecord("body", "the body must be a JSON object")
    return body
