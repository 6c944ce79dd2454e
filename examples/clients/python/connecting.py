"""The generated client, with the address of the API and a token from the environment."""

from __future__ import annotations

import os

import httpx
from accountpulse_client import Client


def from_environment() -> Client:
    """The client of ACCOUNTPULSE_URL and ACCOUNTPULSE_TOKEN, over HTTP and, for subscriptions, over a socket."""
    url, token = os.environ.get("ACCOUNTPULSE_URL", "http://127.0.0.1:8000/graphql"), os.environ.get("ACCOUNTPULSE_TOKEN")
    if not token:
        raise SystemExit("set ACCOUNTPULSE_TOKEN to a token with the scopes read and write")
    authorization = {"authorization": f"Bearer {token}"}
    return Client(
        url,
        # Explaining evaluates an account anew; the server ends by itself what takes too long, httpx would after 5 seconds.
        http_client=httpx.AsyncClient(headers=authorization, timeout=60),  # type: ignore[arg-type]  # its protocol wants less typing
        ws_url=url.replace("http", "ws", 1),
        ws_connection_init_payload=authorization,
    )
