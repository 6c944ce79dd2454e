"""A client of the API, in this process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
from starlette.types import ASGIApp
from tests.graphql.world import NOW, SmallHub

from accountpulse.core.store import tokens
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.graphql.app import create_app
from accountpulse.graphql.settings import ApiSettings


@dataclass
class Asked:
    """An answer."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


class Http:
    """Sends requests to an app in this process. (Starlette's own test client wants a library of a later generation.)"""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://accountpulse.test") as client:
                return await client.request(method, url, **options)

        return anyio.run(send)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)


class Api:
    """A signed-in client of an app over a store. No answers are kept: tests write rows beside what tells of a change."""

    def __init__(
        self,
        hub: SmallHub,
        *,
        require_token: bool = True,
        kept_bytes: int = 0,
        scopes: Sequence[str] = ("read",),
        rows: RowScope = EVERYTHING,
        settings: ApiSettings | None = None,
    ) -> None:
        self.hub, self.settings = hub, settings
        with hub.store.write() as connection:
            self.token = tokens.create(connection, rows=rows, name="tests", scopes=scopes, now=NOW)
        self.http = Http(create_app(hub, require_token=require_token, kept_bytes=kept_bytes, settings=settings))
        self.headers = {"authorization": f"Bearer {self.token}"}

    def ask(self, query: str, **variables: Any) -> Asked:
        body = json.dumps({"query": query, "variables": variables})
        answer = self.http.post("/graphql", content=body, headers={**self.headers, "content-type": "application/json"})
        return Asked(answer.status_code, answer.json())

    def get(self, query: str, **variables: Any) -> Any:
        return self.ask(query, **variables).data
