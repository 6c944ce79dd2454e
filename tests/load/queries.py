"""Many clients who ask while a large sync writes: none may be refused, or wait for a lock until it gives up."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import sqlalchemy as sa
from tests.load.figures import percentile
from tests.load.site import ARCHIVE, PATIENCE, Served

from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS

_LISTED: Final = """query($after: String, $of: AccountFilter) { accounts(first: 20, after: $after, filter: $of) {
  totalCount nodes { name score { value band components { state reason } } } } }"""
_ONE: Final = """query($name: String!) { accounts(first: 1, filter: {name: {eq: $name}}) { nodes {
  name domain score { value trend28d components { value contribution reason } }
  history(from: "2024-01-01") { points { score } } } } }"""
_PORTFOLIO: Final = "{ portfolio { accounts groups { accounts } } }"
_STATE: Final = "{ connections { name state lastRuns { state streams { name read } } } }"
_START: Final = """mutation($c: String!) { startSync(input: {connection: $c, stream: "tickets"}) { userErrors { message } } }"""
_RUNS: Final = "{ connections { name lastRuns(first: 1) { state message streams { name read opened } } } }"
_LOCKED: Final = re.compile(r"database is locked|lock timeout|LockNotAvailable|DeadlockDetected|QueuePool limit")


@dataclass
class Asked:
    """What many clients met. answers: seconds each. errors: what was no answer, in words. locks: lock time-outs in the log.

    seconds: how long the sync took; read: its records; stored: those of them in the store.
    """

    answers: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    locks: int = 0
    seconds: float = 0.0
    stored: int = 0

    @property
    def p50(self) -> float:
        return percentile(self.answers, 50)

    @property
    def p99(self) -> float:
        return percentile(self.answers, 99)


def ask_while_reading(served: Served, tokens: Sequence[str], pause: float) -> Asked:
    """Start to read the archive, and have one client a token ask until that has ended. pause: of each after an answer."""
    return asyncio.run(_Crowd(served, tokens, pause).run())


class _Crowd:
    def __init__(self, served: Served, tokens: Sequence[str], pause: float) -> None:
        self._served, self._tokens, self._pause = served, tokens, pause
        self._asked = Asked()
        self._over = asyncio.Event()
        self._seen = set[str]()

    async def run(self) -> Asked:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(base_url=self._served.address, timeout=PATIENCE, limits=limits) as client:
            data = await self._post(client, self._tokens[0], _START, {"c": ARCHIVE})
            assert data["data"]["startSync"]["userErrors"] == [], data
            begun = time.perf_counter()
            clients = [asyncio.create_task(self._ask(client, n, token)) for n, token in enumerate(self._tokens)]
            try:
                await self._until_read(client)
                self._asked.seconds = time.perf_counter() - begun
            finally:
                self._over.set()
                await asyncio.gather(*clients)
        self._asked.stored = self._stored()
        log = self._served.log.read_text(errors="replace")
        self._asked.locks = len(_LOCKED.findall(log))
        return self._asked

    async def _ask(self, client: httpx.AsyncClient, number: int, token: str) -> None:
        await asyncio.sleep(number / len(self._tokens) * self._pause)  # not all at the same moment
        for query, variables in self._questions(number):
            if self._over.is_set():
                return
            begun = time.perf_counter()
            try:
                answer = await self._post(client, token, query, variables)
            except (httpx.HTTPError, ValueError) as error:
                self._asked.errors.append(f"{type(error).__name__}: {error}"[:300])
            else:
                if "errors" in answer:
                    self._asked.errors.append(json.dumps(answer["errors"])[:300])
                self._asked.answers.append(time.perf_counter() - begun)
            await asyncio.sleep(self._pause)

    def _questions(self, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        accounts = self._served.site.accounts
        for n in itertools.count(number):
            name = f"Company {n * 7 % accounts}"
            yield _LISTED, {"of": {"name": {"contains": str(n % 100)}}}
            yield _ONE, {"name": name}
            yield _PORTFOLIO, {}
            yield _STATE, {}

    async def _post(self, client: httpx.AsyncClient, token: str, query: str, variables: dict[str, Any]) -> Any:
        body = {"query": query, "variables": variables}
        answer = await client.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
        return answer.json()

    async def _until_read(self, client: httpx.AsyncClient) -> None:
        while True:
            answer = await self._post(client, self._tokens[0], _RUNS, {})
            (runs,) = (each["lastRuns"] for each in answer["data"]["connections"] if each["name"] == ARCHIVE)
            if runs and runs[0]["state"] != "RUNNING":
                assert runs[0]["state"] == "OK", runs
                return
            await asyncio.sleep(0.5)

    def _stored(self) -> int:
        store, ticket = Store(self._served.store), FACTS["ticket"].c
        # Numbers of the archive begin there, those of the desk below it.
        query = sa.select(sa.func.count()).where(ticket.known_to.is_(None), ticket.source_id >= str(10**12))
        with store.read() as connection:
            found = connection.execute(query.where(sa.func.length(ticket.source_id) == 13)).scalar() or 0
        store.close()
        return int(found)
