"""Receives product usage the way Segment's libraries send it. Nothing is read: the customer's product pushes."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import zlib
from collections.abc import Iterator
from typing import Any

from pydantic import Field, SecretStr

from accountpulse.connectors.segment import mapping
from accountpulse.plugins import (
    Account,
    AuthError,
    Connector,
    ConnectorConfig,
    Contact,
    Context,
    Identity,
    InboundRequest,
    InvalidRecord,
    Message,
    PushItem,
    UsageDay,
    inbound,
)

MAX_BATCH = 500 * 1024
MAX_EVENT = 32 * 1024
_KINDS = tuple(sorted(mapping.KINDS))
_PATHS = (*(f"v1/{kind}" for kind in _KINDS), "v1/batch", "v1/import", "batch")


class SegmentConfig(ConnectorConfig):
    """write_keys: the keys that senders may use; two during a change of keys. key_events: if given, the only features counted.

    A feature is a track call's event name, or "page: NAME" and "screen: NAME".
    """

    write_keys: tuple[SecretStr, ...] = Field(min_length=1)
    key_events: tuple[str, ...] | None = None


class Segment(Connector[SegmentConfig]):
    """Segment: what customers do in the product, sent by any Segment library.

    `unattributed` counts the calls that name no account, or no user, and were therefore left out.
    """

    id, title = "segment", "Segment"
    api_version = "v1"
    account_keys = "reference"

    def __init__(self, config: SegmentConfig, context: Context) -> None:
        super().__init__(config, context)
        self.unattributed = 0
        self._features = None if config.key_events is None else frozenset(config.key_events)

    def check(self) -> Identity:
        return Identity("segment", "Segment receiver", {"write_keys": str(len(self.config.write_keys))})

    def close(self) -> None:
        if self.unattributed:
            self.context.log.info(
                "%d calls could not be attributed: send groupId in the call's context", self.unattributed
            )  # fmt: skip
            self.unattributed = 0

    @inbound(*_PATHS, records=(Account, Contact, UsageDay), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """Segment's HTTP tracking API: track, identify, group, page, screen, alias, alone or in a batch.

        A sender shows its write key by Basic authentication or as `writeKey` in the body. A body may be compressed with gzip.
        At most 500 KB a request and 32 KB a call. A call sent twice, by its messageId, counts once. Account and user come from
        `context.groupId` (or a group call) and `userId`.
        """
        # The header is looked at before the body is unpacked, so that a stranger costs no memory.
        from_header = self._header_key(request)
        if from_header is not None:
            self._require(from_header)
        body = _parsed(_unpacked(request))
        events = self._events(request, body)
        if from_header is None:
            self._require(body.get("writeKey") or (events[0].get("writeKey") if events else None))
            for event in events:
                if event.get("writeKey"):
                    self._require(event["writeKey"])
        found: dict[str, Message] = {}
        for event in events:
            key = mapping.message_key(event)
            stored = {name: value for name, value in event.items() if name != "writeKey"}
            sent = event.get("sentAt") or body.get("sentAt")
            found[key] = found.get(key) or Message(
                key, {"event": stored, "sentAt": sent, "receivedAt": request.received_at.isoformat()}
            )  # fmt: skip
        return list(found.values())

    def apply(self, message: Message) -> Iterator[PushItem]:
        """Turn a stored call into usage, an account or a contact; what can't be attributed is counted and left out."""
        body: Any = message.body
        event = body["event"]
        received = mapping.instant(body["receivedAt"]) or self.context.clock.now()
        at = mapping.happened_at(event, body.get("sentAt"), received)
        account, user = mapping.account_of(event), mapping.user_of(event)
        kind = event.get("type")
        if kind == "alias":
            return
        if account is None:
            self.unattributed += 1
            return
        if kind == "group":
            yield mapping.account_record(event, account)
            return
        if kind == "identify":
            contact = mapping.contact_record(event, account, at)
            if contact is not None:
                yield contact
            return
        feature = mapping.feature_of(event)
        if feature is None or user is None:
            self.unattributed += 1
        elif self._features is None or feature in self._features:
            yield mapping.usage_event(event, account, user, feature, at)

    # -- who sends ---------------------------------------------------------------------------------------------------

    def _header_key(self, request: InboundRequest) -> str | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[0]
        except (binascii.Error, ValueError):
            return ""

    def _require(self, key: object) -> None:
        given = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else b""
        # Each is compared, in constant time, so that the time taken tells nothing.
        known = [hmac.compare_digest(given, each.get_secret_value().encode()) for each in self.config.write_keys]
        if not given or not any(known):
            raise AuthError("unknown write key: use one of the connection's write_keys, as Basic user name or writeKey")

    # -- what they send ----------------------------------------------------------------------------------------------

    def _events(self, request: InboundRequest, body: dict[str, Any]) -> list[dict[str, Any]]:
        last = request.path.rstrip("/").rsplit("/", 1)[-1]
        events = body.get("batch") if last in ("batch", "import") else [{**body, "type": last}]
        if not isinstance(events, list):
            raise InvalidRecord("batch", "the body needs `batch`, a list of calls")
        for number, event in enumerate(events):
            place = f"batch[{number}]" if last in ("batch", "import") else last
            if not isinstance(event, dict):
                raise InvalidRecord(place, "a call must be a JSON object")
            if event.get("type") not in mapping.KINDS:
                raise InvalidRecord(place, f"`type` must be one of {', '.join(_KINDS)}")
            for name in ("context", "traits", "properties"):
                if event.get(name) is not None and not isinstance(event[name], dict):
                    raise InvalidRecord(place, f"`{name}` must be a JSON object")
            size = len(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))
            if size > MAX_EVENT:
                raise InvalidRecord(place, f"the call has {size} bytes; at most {MAX_EVENT} are allowed: send less with it")
        return events


def _unpacked(request: InboundRequest) -> bytes:
    body = request.body
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "gzip":
        # Only as far as the limit: a small body can unpack to gigabytes.
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            body = unpacker.decompress(body, MAX_BATCH + 1)
        except zlib.error:
            raise InvalidRecord("body", "the body is not valid gzip, although Content-Encoding says so") from None
        if len(body) <= MAX_BATCH and not unpacker.eof:
            raise InvalidRecord("body", "the gzip body is cut off")
    elif encoding not in ("", "identity"):
        raise InvalidRecord("body", "Content-Encoding must be gzip or identity")
    if len(body) > MAX_BATCH:
        raise InvalidRecord("body", f"the request is larger than {MAX_BATCH} bytes: send smaller batches")
    return body


def _not_json(constant: str) -> None:
    # Python reads NaN and Infinity; the store's JSON does not.
    raise ValueError(f"{constant} is not JSON")


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidRecord("body", "the body must be a JSON object")
    return body
