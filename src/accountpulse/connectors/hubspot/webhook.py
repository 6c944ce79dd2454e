"""HubSpot's webhooks: is a request from HubSpot, and which objects does it speak of. Pure.

A message holds an object's name only: what the object is now is asked for when the message is applied, so late, repeated and
swapped deliveries do no harm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from accountpulse.connectors.hubspot.objects import Kind
from accountpulse.connectors.hubspot.values import from_ms
from accountpulse.plugins import AuthError, InboundRequest, InvalidRecord, Message, require_recent, require_signature

SIGNATURE = "X-HubSpot-Signature-v3"
TIMESTAMP = "X-HubSpot-Request-Timestamp"
_ASSOCIATED = "associationChange"
_MERGED = "merge"


def require_signed(request: InboundRequest, url: str | None, secrets: Iterable[SecretStr]) -> None:
    """Raise AuthError unless one of the app's secrets signed method, address, body and time, at most five minutes from now.

    The address is the one that HubSpot was told: behind a proxy, the one that arrives here differs.
    """
    stamp = request.headers.get(TIMESTAMP.lower(), "")
    before, after = f"{request.method}{url or ''}", stamp
    signed = before.encode() + request.body + after.encode("utf-8", "surrogatepass")
    require_signature(signed, request.headers.get(SIGNATURE.lower()), secrets, header=SIGNATURE, encoding="base64")
    require_recent(_instant(stamp), request.received_at)


def messages_of(request: InboundRequest, kinds: Mapping[str, Kind]) -> list[Message]:
    """What a signed request names, of what is read: `kinds` by stream. Raises InvalidRecord for a body of another's.

    An event's id is not unique, so a message is known by what its event says, but for which attempt to deliver it was.
    """
    by_name = {each: stream for stream, kind in kinds.items() for each in (kind.singular, kind.type_id)}
    received_at = request.received_at.astimezone(UTC).isoformat()
    found: dict[str, Message] = {}
    for event in _events(request.body):
        for name, identifier in dict.fromkeys(_named(event)):
            stream = by_name.get(name)
            if stream is not None:
                key = _key(event, stream, identifier)
                found[key] = Message(key, {"stream": stream, "id": identifier, "received_at": received_at})
    return list(found.values())


def _named(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The objects that an event names, as the kind (`company`, or HubSpot's type id `0-2`) and the id."""
    about, _, what = str(event["subscriptionType"]).partition(".")
    name = str(event.get("objectTypeId") or about) if about == "object" else about
    if what == _ASSOCIATED:
        sides = str(event.get("associationType") or "").lower().split("_to_")
        ends = (event.get("fromObjectTypeId") or sides[0], event.get("toObjectTypeId") or sides[-1])
        yield str(ends[0]), _object_id(event, "fromObjectId")
        yield str(ends[1]), _object_id(event, "toObjectId")
    elif what == _MERGED:
        into = "newObjectId" if event.get("newObjectId") else "primaryObjectId" if event.get("primaryObjectId") else "objectId"
        yield name, _object_id(event, into)
        merged = event.get("mergedObjectIds")
        for each in merged if isinstance(merged, list) else ():
            yield name, _object_id({"mergedObjectIds": each}, "mergedObjectIds")
    else:
        yield name, _object_id(event, "objectId")


def _events(raw: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
    if not isinstance(body, list) or not body:
        raise InvalidRecord("body", "the body must be a list of HubSpot's events")
    for event in body:
        if not isinstance(event, Mapping) or not isinstance(event.get("subscriptionType"), str):
            raise InvalidRecord("body", "an event lacks its subscriptionType: it is none of HubSpot's")
        yield event


def _object_id(event: Mapping[str, Any], name: str) -> str:
    found = str(event.get(name)).strip()
    if isinstance(event.get(name), bool) or not found.isdecimal() or len(found) > 19:
        raise InvalidRecord(name, f"{name} is {found[:40]!r}; it must be the number of an object")
    return found


def _key(event: Mapping[str, Any], stream: str, identifier: str) -> str:
    said = {name: value for name, value in event.items() if name != "attemptNumber"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{stream}:{identifier}:{digest[:32]}"


def _instant(stamp: str) -> datetime:
    try:
        return from_ms(int(stamp))
    except (ValueError, OverflowError):
        raise AuthError(f"{TIMESTAMP} is not a time in milliseconds since 1970") from None
