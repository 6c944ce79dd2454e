"""Receives survey responses from any tool that can sign what it sends. Nothing is read: the tool, or a small script, pushes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from accountpulse.connectors.surveys import mapping
from accountpulse.connectors.surveys.config import SurveysConfig
from accountpulse.plugins import (
    Account,
    AuthError,
    Connector,
    Identity,
    InboundRequest,
    InvalidRecord,
    Message,
    PushItem,
    SurveyResponse,
    inbound,
    require_recent,
    require_signature,
)

SHA256 = "sha256="
HEX_LENGTH = 64


class Surveys(Connector[SurveysConfig]):
    """Any survey tool: NPS, CSAT, CES and custom responses that are sent here, signed."""

    id, title = "surveys", "Surveys (signed webhook)"

    def check(self) -> Identity:
        return Identity("surveys", "Survey receiver", {"webhook_secrets": str(len(self.config.webhook_secrets))})

    @inbound("responses", records=(Account, SurveyResponse), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """Survey responses as JSON, one or many, signed with one of `webhook_secrets` within five minutes of now.

        A response sent twice counts once; one that changed since replaces itself, by its `id`. A request with a response that
        can't be understood is refused as a whole, and the answer says where and why.
        """
        self._require_signed(request)
        return [mapping.message_of(each) for each in mapping.responses_of(_parsed(request.body), self.config)]

    def apply(self, message: Message) -> Iterator[PushItem]:
        """A stored response, and the account it names."""
        response: mapping.Json = message.body  # type: ignore[assignment]  # what `mapping.responses_of` made
        yield mapping.account(response)
        yield mapping.survey_response(response)

    def _require_signed(self, request: InboundRequest) -> None:
        header, time_header = self.config.signature_header, self.config.timestamp_header
        given = (request.headers.get(header.lower()) or "").strip().removeprefix(SHA256)
        stamp = "" if time_header is None else request.headers.get(time_header.lower(), "").strip()
        signed = request.body if time_header is None else stamp.encode("utf-8", "surrogatepass") + b"." + request.body
        encoding: Literal["hex", "base64"] = "hex" if len(given) == HEX_LENGTH else "base64"
        require_signature(signed, given, self.config.webhook_secrets, header=header, encoding=encoding)
        if time_header is not None:
            require_recent(_seconds(stamp, time_header), request.received_at)


def _seconds(stamp: str, header: str) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise AuthError(f"{header} must be the time in whole Unix seconds")
    return datetime.fromtimestamp(int(stamp), UTC)


def _not_json(constant: str) -> None:
    # Python reads NaN and Infinity; the store's JSON does not.
    raise ValueError(f"{constant} is not JSON")


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw, parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
