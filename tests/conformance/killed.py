"""A sync in a process of its own, killed with SIGKILL while its vendor answers."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from accountpulse.core.clock import FixedClock
from accountpulse.core.store.database import Store
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.testing.kit.bench import Bench, Link
from accountpulse.testing.vendors.control import Answer, Call

REPOSITORY = Path(__file__).parents[2]

BUILT_IN = ("hubspot", "intercom", "posthog", "salesforce", "stripe", "zendesk")

# Its children are forked from a process that has imported everything: a fresh interpreter for each would take seconds.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "accountpulse.testing.kit.bench",
        *(
            f"accountpulse.connectors.{name}.source"
            for name in ("hubspot", "intercom", "posthog", "salesforce", "stripe", "zendesk")
        ),
        *("stripe", "zenpy", "simple_salesforce"),
    ]
)


def sync_and_kill(bench: Bench, link: Link, kill_at: int) -> int:
    """Sync in another process, which is killed while the vendor answers its n-th request; returns its exit code."""
    arguments = (bench.store.url, (link.id, link.name), bench.connector.__module__, bench.connector.__qualname__)
    child = _PROCESSES.Process(target=_sync, args=(*arguments, bench.settings, bench.host.now(), bench.spec.name))
    asked = 0

    def kill(call: Call, answer: Answer) -> Answer:
        nonlocal asked
        asked += bench.rows.path in call.path
        if asked == kill_at:
            child.kill()
        return answer

    assert bench.site.server is not None
    bench.site.server.alter = kill
    with _tests_importable():
        child.start()
    child.join(timeout=60)
    bench.site.server.alter = None
    code = child.exitcode
    child.close()
    assert code is not None, "the sync takes for ever"
    return code


@contextmanager
def _tests_importable() -> Iterator[None]:
    """A new process finds modules by the path alone; pytest does not put the tests there."""
    sys.path.append(str(REPOSITORY))
    try:
        yield
    finally:
        sys.path.remove(str(REPOSITORY))


def _sync(
    store: str, link: tuple[int, str], module: str, connector: str, settings: dict[str, Any], now: datetime, stream: str
) -> None:
    made = getattr(importlib.import_module(module), connector)
    clock = FixedClock(now)
    id, name = link
    reading = made(made.Config.model_validate(settings), Context(name, clock=clock))
    engine = SyncEngine(Store(store), clock, enough=1)
    if engine.sync(Source(id, name, reading), [stream]).state != "ok":
        raise SystemExit(1)
