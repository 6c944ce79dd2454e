"""A Zendesk and a Stripe account of any size for the benchmark of syncs, in a process of their own: they speak as the simulated
vendors do, but make a page when it is asked for, so that a million records take no memory and no search.

Every object is one of a few hundred of the simulated company, as the simulated vendor shows it, under a number of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from tests.benchmarks.measure import ROOT

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.world import World
from accountpulse.testing.vendors.zendesk import ZendeskVendor

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
"""Until then the company's history goes."""
KEY = "sk_test_benchmark"
TICKETS = 1_000
"""The most tickets that a page holds."""

Query = dict[str, list[str]]


class Numbered:
    """Objects 0 to `count` - 1 as JSON: samples in turns, each with a number in the place of its own id."""

    def __init__(self, samples: Sequence[dict[str, Any]], count: int, name: Callable[[int], str]) -> None:
        self.count = count
        self._name = name
        self._samples = [re.split(re.escape(str(each["id"])), json.dumps(each, separators=(",", ":"))) for each in samples]

    def page(self, first: int, size: int) -> tuple[str, int]:
        """The JSON array of a page, and where the next begins."""
        after = min(first + size, self.count)
        return "[" + ",".join(
            self._name(i).join(self._samples[i % len(self._samples)]) for i in range(first, after)
        ) + "]", after


class Vendors:
    """Both accounts as one ASGI app. The path says which is asked."""

    def __init__(self, count: int) -> None:
        world, clock = World(NOW), FixedClock(NOW)
        zendesk, stripe = ZendeskVendor(world, clock), StripeVendor(world, clock)
        tickets = [{"url": "https://fernwood.zendesk.com/api/v2/tickets.json", **t.body} for t in zendesk.stored("ticket")]
        bills = [bill.body for bill in stripe.stored("invoice")]
        self._tickets = Numbered([t for t in tickets if t["status"] != "deleted"][:500], count, lambda i: str(10**12 + i))
        self._invoices = Numbered([b for b in bills if b["status"] != "draft"][:500], count, lambda i: f"in_{i:012d}")

    async def __call__(self, scope: Any, receive: Any, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        body = self._answer(scope["path"], parse_qs(scope["query_string"].decode()))
        status = 200 if body is not None else 404
        headers = [(b"content-type", b"application/json"), (b"request-id", b"req_benchmark")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": (body or '{"error":{"message":"unknown"}}').encode()})

    def _answer(self, path: str, query: Query) -> str | None:
        match path.removesuffix(".json"):
            case "/api/v2/incremental/tickets/cursor":
                return self._export(query)
            case "/v1/invoices":
                return self._list(query)
            case "/v1/events":
                return '{"object":"list","url":"/v1/events","has_more":false,"data":[]}'
        return None

    def _export(self, query: Query) -> str:
        rows, after = self._tickets.page(int(query.get("cursor", ["0"])[0]), int(query.get("per_page", [str(TICKETS)])[0]))
        end = str(after >= self._tickets.count).lower()
        return f'{{"tickets":{rows},"after_url":null,"before_url":null,"after_cursor":"{after}","end_of_stream":{end}}}'

    def _list(self, query: Query) -> str:
        first = int(query["starting_after"][0].removeprefix("in_")) + 1 if "starting_after" in query else 0
        rows, after = self._invoices.page(first, int(query.get("limit", ["10"])[0]))
        more = str(after < self._invoices.count).lower()
        return f'{{"object":"list","url":"/v1/invoices","has_more":{more},"data":{rows}}}'


@contextmanager
def vendors_of(count: int) -> Iterator[str]:
    """Serve both accounts, with so many tickets and invoices, in a process of their own; gives their URL."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "tests.benchmarks.sync_vendors", str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("the vendors of the benchmark did not start; what they said is above")
        yield url
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


class _Announced(uvicorn.Server):
    """Writes its URL once it listens."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()


def main() -> None:
    config = uvicorn.Config(Vendors(int(sys.argv[1])), "127.0.0.1", 0, log_config=None, access_log=False, lifespan="off")
    _Announced(config).run()


if __name__ == "__main__":
    main()
