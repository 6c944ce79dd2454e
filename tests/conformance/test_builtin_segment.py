"""The Segment receiver under the kit of what is pushed."""

from __future__ import annotations

import base64
import json

import pytest

from accountpulse.connectors.segment.source import MAX_BATCH, Segment
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.plugins import AuthError, InvalidRecord, Message, SurveyResponse
from accountpulse.testing.pushing import PushSuite

KEY = "wk_kit_0123456789"


class TestSegment(PushSuite):
    connector = Segment
    good = {"write_keys": [KEY]}
    limit = MAX_BATCH
    compressed = True

    def body(self, number: int) -> bytes:
        call = {
            "type": "track",
            "event": "Report opened",
            "userId": "u1",
            "messageId": f"m{number}",
            "timestamp": "2026-03-02T11:00:00Z",
            "context": {"groupId": "001"},
        }
        return json.dumps({"batch": [call]}).encode()

    def send(self, body: bytes) -> InboundRequest:
        signed = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
        return self.request("v1/batch", body, {"authorization": signed})


# --- the kit of what is pushed kills broken connectors too ---------------------------------------------------------------


class TrustsEverybody(Segment):
    def _require(self, key: object) -> None:
        pass


class KeysByArrival(Segment):
    count = 0

    def receive(self, request: InboundRequest) -> list[Message]:
        found = super().receive(request)
        type(self).count += 1
        return [Message(f"{self.count}-{each.key}", each.body) for each in found]

    receive.__inbound__ = Segment.receive.__inbound__  # type: ignore[attr-defined]


class OneKeyForAll(Segment):
    def receive(self, request: InboundRequest) -> list[Message]:
        return [Message("the", each.body) for each in super().receive(request)]

    receive.__inbound__ = Segment.receive.__inbound__  # type: ignore[attr-defined]


class CrashesOnGarbage(Segment):
    def receive(self, request: InboundRequest) -> list[Message]:
        json.loads(request.body)
        return super().receive(request)

    receive.__inbound__ = Segment.receive.__inbound__  # type: ignore[attr-defined]


class TellsTheKey(Segment):
    def _require(self, key: object) -> None:
        try:
            super()._require(key)
        except AuthError:
            raise AuthError(f"not {KEY}") from None


class YieldsWhatItDoesNotDeclare(Segment):
    def apply(self, message: Message):  # type: ignore[no-untyped-def]
        yield SurveyResponse(
            source_id="1", account="a", kind="nps", score=9, scale_min=0, scale_max=10, responded_at=self.context.clock.now()
        )


class UnpacksEverything(Segment):
    def receive(self, request: InboundRequest) -> list[Message]:
        if request.headers.get("content-encoding") == "gzip":
            import gzip

            try:
                gzip.decompress(request.body)
            except (OSError, EOFError):
                raise InvalidRecord("body", "not gzip") from None
        return super().receive(request)

    receive.__inbound__ = Segment.receive.__inbound__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        (TrustsEverybody, "what_is_not_signed_is_refused"),
        (TellsTheKey, "what_is_not_signed_is_refused"),
        (KeysByArrival, "what_is_sent_twice_counts_once"),
        (OneKeyForAll, "what_is_sent_twice_counts_once"),
        (CrashesOnGarbage, "what_cannot_be_read_is_refused"),
        (YieldsWhatItDoesNotDeclare, "what_is_signed_is_kept_and_applied"),
        (UnpacksEverything, "too_much_is_refused"),
    ],
)
def test_a_broken_receiver_is_caught(mutant: type[Segment], rule: str, tmp_path) -> None:
    suite = type("Test_mutant", (TestSegment,), {"connector": mutant})()
    with pytest.raises((AssertionError, pytest.fail.Exception, ValueError)):
        getattr(suite, f"test_{rule}")(tmp_path)
