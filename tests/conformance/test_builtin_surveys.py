"""The surveys' webhook under the kit of what is pushed."""

from __future__ import annotations

import hmac
import json

from accountpulse.connectors.surveys.source import Surveys
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.testing.kit.bench import START
from accountpulse.testing.pushing import PushSuite

SECRET = "surveys-kit-0123456789"


class TestSurveys(PushSuite):
    connector = Surveys
    good = {"webhook_secrets": [SECRET]}

    def body(self, number: int) -> bytes:
        answer = {"id": f"r-{number}", "kind": "nps", "score": 9, "account": "001", "responded_at": "2026-03-02T11:00:00Z"}
        return json.dumps(answer).encode()

    def send(self, body: bytes) -> InboundRequest:
        stamp = str(int(START.timestamp()))
        signature = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
        headers = {"x-accountpulse-timestamp": stamp, "x-accountpulse-signature": signature}
        return self.request("responses", body, headers)
