"""Stripe's webhooks: is a request from Stripe, and which object does it speak of. Pure, but for the SDK's check of a signature.

A message holds the object's name only. What it is now is asked for when the message is applied, so that late, repeated and
swapped deliveries do no harm, both of Stripe's styles (a snapshot of the object, or a thin notification) are the same to us,
and nobody's data waits in the inbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from accountpulse.connectors.stripe import shapes
from accountpulse.connectors.stripe.resources import price_changed
from accountpulse.plugins import AuthError, InboundRequest, InvalidRecord, Message, MissingExtra

TOLERANCE = timedelta(minutes=5)  # Stripe's own; a delivery it repeats is signed anew
SIGNATURE = "stripe-signature"
KINDS = frozenset({"customer", "subscription", "invoice", "charge", "refund", "credit_note", "dispute"})
_NEWS = "the request has no valid signature of this connection"


def require_signed(request: InboundRequest, secrets: Iterable[str]) -> None:
    """Raise AuthError unless one of the endpoint's secrets signed the body, at most five minutes from now."""
    try:
        from stripe import SignatureVerificationError, WebhookSignature
    except ImportError as error:
        raise MissingExtra("The Stripe connector", "stripe") from error
    known = [secret for secret in secrets if secret.strip()]
    if not known:
        raise AuthError("this connection takes no webhooks: put the endpoint's signing secret into webhook_secrets")
    header = request.headers.get(SIGNATURE) or ""
    valid = False
    for secret in known:
        try:
            # Without the SDK's tolerance, which looks at the system's clock and lets a signature of next year pass.
            # It can't compare what is not ASCII.
            WebhookSignature.verify_header(request.body, header if header.isascii() else None, secret.strip())
            valid = True
        except (SignatureVerificationError, UnicodeDecodeError):
            continue
    if not valid:
        raise AuthError(f"{_NEWS}: webhook_secrets must hold the endpoint's signing secret (whsec_...)") from None
    if abs(request.received_at.timestamp() - _signed_at(header)) > TOLERANCE.total_seconds():
        raise AuthError(f"the signature is more than {TOLERANCE.seconds // 60} minutes old or ahead: check the server's clock")


def message_of(body: bytes, live: bool | None) -> Message | None:
    """What an event says, or None where it concerns nothing that is read. live: the mode of the API key, where it is known.

    Raises InvalidRecord for a body that is no event, or one of the other mode.
    """
    event = _event(body)
    if live is not None and isinstance(event.get("livemode"), bool) and event["livemode"] is not live:
        modes = ("test", "live")
        raise InvalidRecord(event["id"], f"the event is of {modes[event['livemode']]} mode, the API key of {modes[live]} mode")
    if event.get("account") or event.get("context"):
        return None  # of an account connected to this one, whose objects this key does not see
    thing = _subject(event)
    name, kind = shapes.id_of(thing), thing.get("object")
    what = event["type"].removeprefix("v1.")
    if kind == "discount":
        name, kind = shapes.id_of(thing.get("subscription")), "subscription"
    if name is None or kind not in KINDS or (kind == "charge" and what != "charge.failed"):
        return None
    told: dict[str, Any] = {"type": what, "kind": kind, "id": name}
    if event["object"] == "event" and (at := price_changed(event)) is not None:
        told["changed_at"] = at
    return Message(event["id"], told)


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
    if not isinstance(event, dict) or event.get("object") not in ("event", "v2.core.event"):
        raise InvalidRecord("body", "the body is no event of Stripe")
    if not isinstance(event.get("id"), str) or not event["id"] or not isinstance(event.get("type"), str):
        raise InvalidRecord("body", "the event lacks its id or type")
    return event


def _subject(event: dict[str, Any]) -> dict[str, Any]:
    """The object of a snapshot, or the name of it in a thin notification, both as {object, id}."""
    if event["object"] == "v2.core.event":
        related = event.get("related_object")
        return {"id": related.get("id"), "object": related.get("type")} if isinstance(related, dict) else {}
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise InvalidRecord(event["id"], "the event lacks data.object")
    if not isinstance(event.get("created"), int):
        raise InvalidRecord(event["id"], "the event lacks the time it was created")
    thing: dict[str, Any] = data["object"]
    return thing


def _signed_at(header: str) -> int:
    """The signed time of a header whose signature is valid, so it has one."""
    return next(int(value) for name, _, value in (part.partition("=") for part in header.split(",")) if name == "t")
