"""The benchmark of syncs: records into a store, beside reading them alone and beside dlt; and how much memory it takes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from tests.benchmarks import environments
from tests.benchmarks.claims import Claim, Fact, Report
from tests.benchmarks.environments import NoEnvironment
from tests.benchmarks.measure import Sample, Task, TaskFailed, interleaved, sample
from tests.benchmarks.servers import Server, postgres_server
from tests.benchmarks.sync_vendors import vendors_of

Step = Callable[[str], None]

VENDORS = {"zendesk": "tickets of Zendesk", "stripe": "invoices of Stripe"}
SINGER = "invoices of Stripe into PostgreSQL with a Singer tap and target"
OF_LIMIT = 35.0
TIMES_DLT = 3.0
FLAT = 1.2
"""A sync of any length may take so many times the memory of a short one."""
FEW = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """records: read from each vendor. most: read by the long sync, whose memory is compared with that of a short one. rounds:
    samples of each. postgres: whether to measure there, too. dlt, singer: whether to compare with these, which may install
    them."""

    records: int
    most: int
    rounds: int
    postgres: bool = True
    dlt: bool = True
    singer: bool = False


def run(options: Options, step: Step) -> Report:
    """Measure everything. step: told what is done next."""
    report = Report({"records": options.records, "rounds": options.rounds, "cores": os.cpu_count() or 0})
    problems: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="accountpulse-bench-") as scratch:
        with _places(options, Path(scratch), problems) as places:
            step("starting the vendors")
            with vendors_of(options.records) as base:
                tasks = _tasks(options, base, places, problems, step)
                found = interleaved(tasks, options.rounds, step)
        for task in tasks:
            if found[task.name].facts["rows"] != options.records:
                raise TaskFailed(f"{task.name}: {found[task.name].facts['rows']:.0f} records, not {options.records}")
        for title in VENDORS.values():
            for place in ("SQLite", "PostgreSQL"):
                _claims(report, found, title, place, problems, limited=place == "SQLite")
        if SINGER in found:
            times = found[SINGER].cpu / found[f"{VENDORS['stripe']} into PostgreSQL"].cpu
            report.facts.append(
                Fact("a Singer tap and target against invoices of Stripe into PostgreSQL", times, "times the CPU")
            )
        _memory_claim(report, options, Path(scratch), step)
    for name, one in found.items():
        report.facts.append(Fact(f"{name}: CPU", one.cpu / options.records * 1e6, "us a record"))
        report.facts.append(Fact(f"{name}: rate", options.records / one.wall, "records a second"))
        report.facts.append(Fact(f"{name}: peak memory of its process", one.peak_mb, "MB"))
    return report


@contextmanager
def _places(options: Options, scratch: Path, problems: dict[str, str]) -> Iterator[dict[str, dict[str, object]]]:
    """Where records may go, by name: the arguments of a task that say so. Every task makes the database anew."""
    places: dict[str, dict[str, object]] = {"SQLite": {"url": f"sqlite:///{scratch / 'sync.db'}"}}
    if not options.postgres:
        problems["PostgreSQL"] = "left out"
        yield places
        return
    with postgres_server() as server:
        if isinstance(server, Server):
            own = sa.make_url(server.url).set(database="accountpulse_bench_sync").render_as_string(hide_password=False)
            places["PostgreSQL"] = {"url": own, "server": server.process}
        else:
            problems["PostgreSQL"] = server
        yield places


def _tasks(
    options: Options, base: str, places: dict[str, dict[str, object]], problems: dict[str, str], step: Step
) -> list[Task]:
    dlt = None
    try:
        step("looking for dlt")
        dlt = str(environments.python_of(environments.DLT, make=options.dlt))
    except NoEnvironment as missing:
        problems["dlt"] = str(missing)
    tasks = []
    for vendor, title in VENDORS.items():
        asked = {"vendor": vendor, "base": base}
        tasks.append(Task(f"{title}: read", asked, "raw", module="sync_tasks"))
        for place, where in places.items():
            tasks.append(Task(f"{title} into {place}", {**asked, **where}, "sync", module="sync_tasks"))
            if dlt:
                tasks.append(Task(f"{title} into {place} with dlt", {**asked, **where}, "hand_dlt", dlt))
    if "PostgreSQL" in places:
        try:
            step("looking for Singer's tap and target")
            tap = environments.python_of(environments.SINGER_TAP, make=options.singer).with_name("tap-rest-api-msdk")
            target = environments.python_of(environments.SINGER_TARGET, make=options.singer).with_name("target-postgres")
            given: dict[str, object] = {"base": base, "tap": str(tap), "target": str(target), **places["PostgreSQL"]}
            tasks.append(Task(SINGER, given, "singer", module="sync_tasks"))
        except NoEnvironment as missing:
            problems["singer"] = str(missing)
    return tasks


def _claims(
    report: Report, found: dict[str, Sample], title: str, place: str, problems: dict[str, str], *, limited: bool
) -> None:
    ours, theirs = found.get(f"{title} into {place}"), found.get(f"{title} into {place} with dlt")
    share = found[f"{title}: read"].cpu / ours.cpu * 100 if ours else None
    if limited:
        note = "the limit is to read the JSON by way of the same SDK, and to do nothing with it"
        report.claims.append(Claim(f"{title} into {place}, of the limit", share, "at least", OF_LIMIT, "%", note))
    elif share is not None:
        report.facts.append(Fact(f"{title} into {place}, of the limit", share, "%"))
    times = theirs.cpu / ours.cpu if ours and theirs else None
    note = problems.get(place) or problems.get("dlt", "")
    report.claims.append(Claim(f"dlt against {title} into {place}", times, "at least", TIMES_DLT, "times the CPU", note))


def _memory_claim(report: Report, options: Options, scratch: Path, step: Step) -> None:
    peaks = []
    for count in (FEW, options.most):
        step(f"the memory of a sync of {count:,} records")
        with vendors_of(count) as base:
            url = f"sqlite:///{scratch / 'memory.db'}"
            task = Task("memory", {"vendor": "zendesk", "base": base, "url": url}, "sync", module="sync_tasks")
            peaks.append(sample(task).peak_mb)
    note = f"{peaks[0]:.0f} MB for {FEW:,} and {peaks[1]:.0f} MB for {options.most:,}"
    report.claims.append(
        Claim("memory of a long sync", peaks[1] / peaks[0], "at most", FLAT, "times that of a short one", note)
    )
