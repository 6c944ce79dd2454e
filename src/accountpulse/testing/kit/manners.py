"""Rules 19 and 24: how much a connector holds, and what it does to the process it is a guest in."""

from __future__ import annotations

import logging
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from accountpulse.testing.kit.base import Suite
from accountpulse.testing.kit.bench import Bench
from accountpulse.testing.kit.exempt import unless_networked
from accountpulse.testing.kit.rules import proves
from accountpulse.testing.vendors.control import SeenRequest

BYTES_A_ROW = 200  # what a further row may cost; a record that is kept takes more
LARGEST_PAGE = 500


class MannerTests(Suite):
    """How it behaves as a guest."""

    @proves(19, "memory")
    def test_19_memory_does_not_grow_with_the_rows(self, stream: str, tmp_path: Path) -> None:
        """Memory stays flat however many rows there are: yield each row as it comes, and collect neither pages nor ids."""
        if unless_networked(type(self), next(s for s in self.connector.streams() if s.name == stream)) is None:
            with self.bench(stream, tmp_path) as bench:
                bench.seed(6 * self.page_size)
                before = bench.requests()
                bench.read(limit=1)
                asked = bench.requests() - before
                assert asked <= 3, (
                    f"stream {stream} made {asked} requests before its first record: yield the rows of a page before you ask "
                    "for the next"
                )
        peaks = []
        counts = (self.flood // 8, self.flood)
        for count in counts:
            with self.bench(stream, tmp_path) as bench:
                if bench.site.server is not None:
                    bench.site.server.page_size = min(LARGEST_PAGE, self.flood // 40)
                    bench.site.server.requests = _Forgetful()
                bench.rows.flood(count)
                bench.settle()
                read, peak = _peak(bench)
                peaks.append(peak)
                assert read >= count, f"of {count} rows stream {stream} brought {read}"
        small, large = peaks
        growth = (large - small) / (counts[1] - counts[0])
        assert growth <= BYTES_A_ROW, (
            f"each further row of stream {stream} costs {growth:.0f} bytes ({small / 1e6:.1f} MB at {counts[0]} rows, "
            f"{large / 1e6:.1f} MB at {counts[1]}): something is collected; yield rows as they come"
        )

    @proves(24, "manners", always=True)
    def test_24_a_good_guest(self, stream: str, tmp_path: Path) -> None:
        """It opens no connection but to its vendor, sleeps not, and leaves logging and threads alone: that is the host's."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(2 * self.page_size)
            link = bench.link()
            allowed = {urlsplit(bench.site.settings.get("vendor", "")).netloc}
            if bench.site.server is not None:
                allowed.add(urlsplit(bench.site.server.base_url).netloc)
            threads = set(threading.enumerate())
            before = _logging_state()
            with _watched() as seen:
                bench.must_sync(link, "while it is watched")
            elsewhere = sorted(seen["connections"] - allowed)
            assert not elsewhere, f"stream {stream} opened connections to {elsewhere}; allowed is its vendor, {sorted(allowed)}"
            sleeps = seen["sleeps"]
            assert not sleeps, f"stream {stream} slept ({sleeps}): raise RateLimited or Transient, the engine waits"
            after = _logging_state()
            assert before == after, f"logging was configured ({before} became {after}): use context.log and nothing else"
            left = {thread.name for thread in set(threading.enumerate()) - threads if thread.is_alive()}
            assert not left, f"threads are left running after close(): {sorted(left)}"


class _Forgetful(list[SeenRequest]):
    """A vendor's log that stays empty: what it would hold is not the connector's."""

    def append(self, _: SeenRequest) -> None:
        return


def _peak(bench: Bench) -> tuple[int, int]:
    """How many records a complete reading brings, and the most memory it took meanwhile, in bytes."""
    connector = bench.connect()
    record, read = bench.rows.record, 0
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        start = tracemalloc.get_traced_memory()[0]
        for item in getattr(connector, bench.spec.method)(bench.everything()):
            read += type(item) is record
        return read, tracemalloc.get_traced_memory()[1] - start
    finally:
        tracemalloc.stop()
        connector.close()


def _logging_state() -> tuple[object, ...]:
    root = logging.getLogger()
    return (list(root.handlers), root.level, logging.root.manager.disable, logging.getLoggerClass(), logging.raiseExceptions)


@contextmanager
def _watched() -> Iterator[dict[str, Any]]:
    """Whom this thread and its children connect to, and how long they sleep. Nobody really sleeps meanwhile."""
    seen: dict[str, Any] = {"connections": set(), "sleeps": []}
    strangers = set(threading.enumerate()) - {threading.current_thread()}
    connect, sleep = socket.socket.connect, time.sleep

    def watched_connect(self: socket.socket, address: Any) -> None:
        if threading.current_thread() not in strangers and isinstance(address, tuple):
            seen["connections"].add(f"{address[0]}:{address[1]}")
            if not str(address[0]).startswith("127."):
                raise ConnectionRefusedError("the kit lets nobody out")
        connect(self, address)

    def watched_sleep(seconds: float) -> None:
        if threading.current_thread() in strangers:
            sleep(seconds)
        else:
            seen["sleeps"].append(seconds)

    with patch.object(socket.socket, "connect", watched_connect), patch.object(time, "sleep", watched_sleep):
        yield seen
