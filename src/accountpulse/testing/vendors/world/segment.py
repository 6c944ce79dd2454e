"""Sends the world's last three days of usage with Segment's own client, as a customer's product would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def send_messages(messages: Sequence[dict[str, Any]], host: str, write_key: str) -> int:
    """POST `messages` to `{host}/v1/batch` in batches of 100, keeping their ids. Returns how many were sent.

    Raises RuntimeError when the receiver refused any, and ImportError without `segment-analytics-python`.
    """
    from segment.analytics.client import Client

    failures: list[str] = []

    def failed(error: Exception, batch: list[dict[str, Any]]) -> None:
        failures.append(f"{len(batch)} messages: {error}")

    client = Client(
        write_key, host=host, max_queue_size=len(messages) + 1, upload_size=100, upload_interval=0.2, max_retries=2,
        on_error=failed,
    )  # fmt: skip
    for message in messages:
        common = {
            "user_id": message["userId"],
            "context": dict(message["context"]),
            "timestamp": message["timestamp"],
            "message_id": message["messageId"],
        }
        match message["type"]:
            case "track":
                client.track(event=message["event"], properties=dict(message["properties"]), **common)
            case "identify":
                client.identify(traits=dict(message["traits"]), **common)
            case _:
                client.group(group_id=message["groupId"], traits=dict(message["traits"]), **common)
    client.shutdown()
    if failures:
        raise RuntimeError(f"the receiver at {host} refused usage events: {failures[0]} ({len(failures)} batches)")
    return len(messages)
