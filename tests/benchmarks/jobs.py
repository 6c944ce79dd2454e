"""What a job costs beside the engine's own, what a second worker brings, and how soon what is pushed is seen."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import sqlalchemy as sa
from tests.benchmarks.claims import Claim, Fact, Report
from tests.benchmarks.measure import Task, interleaved
from tests.benchmarks.sync_vendors import vendors_of
from tests.load.figures import percentile
from tests.load.site import ARCHIVE, KINDS, Site, served
from tests.load.watcher import watching
from tests.postgres import PostgresUnavailable, temporary_postgres

from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import run as run_table

Step = Callable[[str], None]

TIMES_BARE = 10.0
FRESH = 1.0
ARCHIVES = 4
"""Connections that are read at once where workers are compared."""
PAUSE = 1.0
"""Between two things that are pushed: longer than a scoring rests, so that each is told by itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """jobs: empty ones. records: of each connection that workers read. accounts, pushes: where freshness is measured."""

    jobs: int
    records: int
    accounts: int
    pushes: int
    rounds: int
    postgres: bool = True


def run(options: Options, step: Step) -> Report:
    """Measure everything. step: told what is done next."""
    setting = {"jobs": options.jobs, "records": options.records, "accounts": options.accounts, "rounds": options.rounds}
    report = Report({**setting, "cores": os.cpu_count() or 0})
    with tempfile.TemporaryDirectory(prefix="accountpulse-bench-") as name:
        _overhead(report, options, Path(name), step)
        _freshness(report, options, Path(name) / "site", step)
    if options.postgres:
        try:
            _workers(report, options, step)
        except PostgresUnavailable as unavailable:
            report.claims.append(
                Claim("two workers against one, on PostgreSQL", None, "at least", 1.5, "times", str(unavailable))
            )
    return report


def _overhead(report: Report, options: Options, scratch: Path, step: Step) -> None:
    tasks = [
        Task(name, {"url": f"sqlite:///{scratch / name}.db", "count": options.jobs}, name, module="jobs_tasks")
        for name in ("ours", "bare")
    ]
    found = interleaved(tasks, options.rounds, step)
    ours, bare = (found[name].cpu / options.jobs * 1000 for name in ("ours", "bare"))
    note = "enqueued, leased, run and its records written, scoring asked for; on SQLite"
    report.claims.append(
        Claim(
            "an empty sync as a job against the engine's own empty job",
            ours / bare,
            "at most",
            TIMES_BARE,
            "times the CPU",
            note,
        )
    )
    report.facts += [Fact("an empty sync as a job: CPU", ours, "ms"), Fact("the engine's own empty job: CPU", bare, "ms")]


def _freshness(report: Report, options: Options, folder: Path, step: Step) -> None:
    folder.mkdir()
    step(f"serving {options.accounts:,} accounts")
    delays: dict[str, list[float]] = {kind: [] for kind in KINDS}
    first: list[float] = []
    with (
        served(Site(options.accounts, folder), str(folder / "store.db")) as site,
        watching(site) as watcher,
        httpx.Client() as client,
    ):
        for number in range(options.pushes + 1):
            for place, kind in enumerate(KINDS):
                step(f"pushed {number} of {options.pushes}: {kind}")
                # The second time that an account's key is seen it need not be linked.
                account = place if number < 2 else (number // 2 * len(KINDS) + place) % options.accounts
                pushed, before, at = site.site.webhook(kind, account), len(watcher.told), time.perf_counter()
                assert site.push(client, pushed).status_code == 200
                delay = watcher.wait_for(f"Company {account}", before).at - at
                (delays[kind] if number else first).append(delay)
                time.sleep(PAUSE)
    every = [delay for found in delays.values() for delay in found]
    note = f"half of them {percentile(every, 50):.2f} s; {len(every)} signed webhooks of {len(KINDS)} kinds, on SQLite"
    report.claims.append(Claim("from a webhook to the watcher, 95 of 100", percentile(every, 95), "at most", FRESH, "s", note))
    report.facts += [
        Fact(f"from a webhook of {kind}, half of them", percentile(found, 50), "s") for kind, found in delays.items()
    ]
    report.facts.append(Fact("the first of each kind, which learns what is typical", max(first), "s"))


def _workers(report: Report, options: Options, step: Step) -> None:
    took: dict[int, list[float]] = {1: [], 2: []}
    with vendors_of(options.records) as archive:
        for _ in range(options.rounds):
            for workers in took:
                step(f"{ARCHIVES} connections of {options.records:,} records with {workers} workers")
                took[workers].append(_read_with(workers, archive, options.records))
    one, two = (sorted(found)[len(found) // 2] for found in took.values())
    note = f"{os.cpu_count()} cores with the vendors, the server and whatever else runs"
    report.claims.append(Claim("two workers against one, on PostgreSQL", one / two, "at least", 1.5, "times the records", note))
    total = ARCHIVES * options.records
    report.facts += [Fact(f"{n} workers on PostgreSQL", total / t, "records a second") for n, t in ((1, one), (2, two))]


def _read_with(workers: int, archive: str, records: int) -> float:
    """How many seconds it takes to read all archives."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accountpulse-bench-")))
        url = stack.enter_context(temporary_postgres())
        site = stack.enter_context(served(Site(2, folder, archive=archive, archives=ARCHIVES), url, workers=workers))
        store = Store(site.store)
        stack.callback(store.close)
        queue = stack.enter_context(JobQueue(store))
        names = [f"{ARCHIVE}{n or ''}" for n in range(ARCHIVES)]
        begun = time.perf_counter()
        for name in names:
            assert queue.start(SyncRequest(name, "tickets"))
        query = sa.select(sa.func.count()).where(run_table.c.state == "ok")
        with store.read() as connection:
            before = connection.execute(query).scalar() or 0
        while True:
            with store.read() as connection:
                ended = connection.execute(query).scalar() or 0
            if ended - before >= ARCHIVES:
                return time.perf_counter() - begun
            time.sleep(0.2)
