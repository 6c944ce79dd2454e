"""Pushed events: handed on whole, and answered so that the sender knows whether to try again."""

from __future__ import annotations

import pytest
from tests.graphql.client import Api
from tests.graphql.world import NOW


def test_an_event_is_handed_on_as_it_came(local_api: Api) -> None:
    answer = local_api.http.post("/in/product/v1/batch", content=b"\xff raw", headers={"X-Signature": "sha1=ab"})
    assert answer.status_code == 200
    assert answer.json() == {"success": True}
    ((name, request),) = local_api.hub.received
    assert (name, request.method, request.path, request.body) == ("product", "POST", "v1/batch", b"\xff raw")
    assert request.headers["x-signature"] == "sha1=ab"
    assert request.received_at == NOW


@pytest.mark.parametrize(
    ("connection", "status", "retry_after"),
    [
        ("unknown", 404, None),
        ("forged", 401, None),
        ("bad", 400, None),
        ("eager", 429, "30"),
        ("busy", 503, "5"),
        ("locked", 503, "5"),
        ("broken", 500, None),
    ],
)
def test_a_refusal_says_whether_to_try_again(local_api: Api, connection: str, status: int, retry_after: str | None) -> None:
    answer = local_api.http.post(f"/in/{connection}/v1/batch", content=b"{}")
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry_after
    assert answer.json()["success"] is False
    assert "secret detail" not in answer.text


def test_a_large_event_is_refused_unread(local_api: Api) -> None:
    assert local_api.http.post("/in/product/v1/batch", content=b" " * 1_000_001).status_code == 413
    assert local_api.hub.received == []


def test_events_are_pushed_not_fetched(local_api: Api) -> None:
    assert local_api.http.get("/in/product/v1/batch").status_code == 405
