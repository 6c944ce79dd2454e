"""What a job costs beside the engine's own, what a second worker brings, and how soon what is pushed is seen."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa
from tests.benchmarks.claims import Claim, Fact, Report
from tests.benchmarks.measure import Task, interleaved
from tests.benchmarks.sync_vendors import vendors_of
from tests.load.figures import percentile
from tests.load.site import ARCHIVE, KINDS, Served, Site, served
from tests.load.watcher import watching
from tests.postgres import PostgresUnavailable, temporary_postgres

from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.jobs.requests import SyncRequest
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import run as run_table

Step = Callable[[str], None]

TIMES_BARE = 10.0
FRESH = 1.0
TIMES_ACCOUNTS = 10
GROWN = 1.5
ARCHIVES = 4
"""Connections that are read at once where workers are compared."""
QUIET = 0.1
"""Seconds of CPU in a pause, of a server that has nothing to do but look."""
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


@dataclass(slots=True)
class _Seen:
    """What pushes came to: seconds until each was told, by kind, and the server's CPU for each. first: of each kind."""

    delays: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    cpu: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)

    @property
    def every(self) -> list[float]:
        return [delay for found in self.delays.values() for delay in found]


def _freshness(report: Report, options: Options, folder: Path, step: Step) -> None:
    seen = _pushed(options.accounts, options.pushes, folder, step)
    size = options.accounts * TIMES_ACCOUNTS
    many = _pushed(size, max(2, options.pushes // 2), folder.with_name("many"), step)
    note = (
        f"half of them {percentile(seen.every, 50):.2f} s; {len(seen.every)} signed webhooks of {len(KINDS)} kinds, on SQLite"
    )
    grown = percentile(many.cpu, 50) / percentile(seen.cpu, 50)
    report.claims += [
        Claim("from a webhook to the watcher, 95 of 100", percentile(seen.every, 95), "at most", FRESH, "s", note),
        Claim(f"the server's CPU for it with {TIMES_ACCOUNTS} times the accounts", grown, "at most", GROWN, "times", ""),
    ]
    report.facts += [
        *(Fact(f"from a webhook of {kind}, half of them", percentile(found, 50), "s") for kind, found in seen.delays.items()),
        Fact("the first of each kind, which learns what is typical", max(seen.first), "s"),
        Fact("the server's CPU until it is told, half of them", percentile(seen.cpu, 50) * 1000, "ms"),
        Fact("the same, 95 of 100", percentile(seen.cpu, 95) * 1000, "ms"),
        Fact(f"the same with {size:,} accounts, half of them", percentile(many.cpu, 50) * 1000, "ms"),
        Fact("the same, 95 of 100", percentile(many.cpu, 95) * 1000, "ms"),
        Fact(f"from a webhook with {size:,} accounts, 95 of 100", percentile(many.every, 95), "s"),
    ]


def _pushed(accounts: int, pushes: int, folder: Path, step: Step) -> _Seen:
    """Push to a site of its own, each time when what came before is told."""
    folder.mkdir()
    step(f"serving {accounts:,} accounts")
    seen = _Seen()
    with (
        served(Site(accounts, folder), str(folder / "store.db")) as site,
        watching(site) as watcher,
        httpx.Client() as client,
    ):
        for number in range(pushes + 1):
            for place, kind in enumerate(KINDS):
                step(f"pushed {number} of {pushes}: {kind}")
                # The second time that an account's key is seen it need not be linked.
                account = place if number < 2 else (number // 2 * len(KINDS) + place) % accounts
                pushed, before = site.site.webhook(kind, account), len(watcher.told)
                used, at = site.cpu(), time.perf_counter()
                assert site.push(client, pushed).status_code == 200
                delay = watcher.wait_for(f"Company {account}", before).at - at
                if number:
                    seen.delays[kind].append(delay)
                    seen.cpu.append(site.cpu() - used)
                else:
                    seen.first.append(delay)
                    _until_quiet(site)
                time.sleep(PAUSE)
    return seen


def _until_quiet(site: Served) -> None:
    """Until everybody's change is told, which the first of a kind brings: what becomes typical then moves all scores."""
    used, before = site.cpu(), 0.0
    while used - before > QUIET:
        time.sleep(PAUSE)
        used, before = site.cpu(), used


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
