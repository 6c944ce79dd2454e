"""The benchmarks of metrics and scores: every promise about speed and size, measured in one interleaved run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tests.benchmarks import environments, stores
from tests.benchmarks.claims import Claim, Fact, Report
from tests.benchmarks.environments import NoEnvironment
from tests.benchmarks.measure import Sample, Task, TaskFailed, interleaved, middle, sample
from tests.benchmarks.question import METRICS, SAYABLE
from tests.benchmarks.servers import Server, postgres_server
from tests.benchmarks.stores import CACHE

Step = Callable[[str], None]

SEED = 1
POSTGRES_MOST = 20_000
"""How many accounts the PostgreSQL store has at most: it goes away with its server, so it is filled anew in each run."""

TOUCHED = 10
"""One of so many accounts gets new facts before an incremental run."""
TOUCHED_FEW = 50
"""The same where it is beside another claim: what accounts share is less, of pages and of statements."""

HISTORY_DAYS = 90
HISTORY_MOST = 20_000
SAME = f"the {len(SAYABLE)} metrics that featuretools can say, on DuckDB"
STAGE_PER_ACCOUNT = 10
"""The scorer stage is measured for ten times as many accounts: a million where the metrics have a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Options:
    """accounts: of the world. rounds: samples of each. pandas, featuretools: whether to compare with them, which may install
    them. postgres: whether to measure there, too."""

    accounts: int
    rounds: int
    pandas: bool = True
    featuretools: bool = False
    postgres: bool = True
    cache: Path = CACHE


def run(options: Options, step: Step) -> Report:
    """Measure everything. step: told what is done next."""
    report = Report({"accounts": options.accounts, "rounds": options.rounds, "cores": os.cpu_count() or 0})
    world = stores.worlds(options.accounts, SEED, step, options.cache)
    with tempfile.TemporaryDirectory(prefix="accountpulse-bench-") as scratch, _postgres(options, world, step) as postgres:
        tasks, problems = _tasks(options, world, postgres, step)
        _check_answers(tasks, Path(scratch), step, problems)
        found = interleaved(list(tasks.values()), options.rounds, step)
        _sql_claims(report, found, problems)
        _columnar_claims(report, found, problems, options)
        _stage_claims(report, found, options)
        _history_claims(report, options, Path(scratch), postgres, step)
        _live_claims(report, options, Path(scratch), world, step)
    for name, one in found.items():
        report.facts.append(Fact(f"{name}: CPU", one.cpu, "s"))
        report.facts.append(Fact(f"{name}: peak memory of its process", one.peak_mb, "MB"))
        if "evaluate" in one.facts:
            report.facts.append(Fact(f"{name}: CPU of the whole evaluation, judged and in arrays", one.facts["evaluate"], "s"))
    return report


# --- what is run ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server with a filled store: the store's URL, and how many accounts are in it."""

    server: Server
    url: str
    accounts: int


@contextmanager
def _postgres(options: Options, world: Path, step: Step) -> Iterator[Postgres | str]:
    """A filled PostgreSQL store, or why there is none."""
    if not options.postgres:
        yield "left out"
        return
    accounts = min(options.accounts, POSTGRES_MOST)
    facts = (world if accounts == options.accounts else stores.worlds(accounts, SEED, step, options.cache)) / "facts"
    with postgres_server() as server:
        if isinstance(server, str):
            yield server
            return
        with server.database("accountpulse_bench") as url:
            stores.fill_postgres(url, facts, accounts, step)
            yield Postgres(server, url, accounts)


def _tasks(options: Options, world: Path, postgres: Postgres | str, step: Step) -> tuple[dict[str, Task], dict[str, str]]:
    """The tasks by name, and for what can't be measured, why."""
    store, mirror = f"sqlite:///{world / 'store.db'}", str(world / "mirror")
    tasks = [
        Task("compiled SQL on SQLite", {"url": store}, "compiled"),
        Task("hand-written SQL on SQLite", {"url": store}, "hand"),
        Task("scorer stage", {"accounts": options.accounts * STAGE_PER_ACCOUNT}, "stage"),
    ]
    problems: dict[str, str] = {}
    if isinstance(postgres, Postgres):
        where = {"url": postgres.url, "server": postgres.server.process}
        tasks += [
            Task("compiled SQL on PostgreSQL", where, "compiled"),
            Task("hand-written SQL on PostgreSQL", where, "hand"),
        ]
    else:
        problems["PostgreSQL"] = postgres
    if find_spec("duckdb") and find_spec("pyarrow"):
        step("bringing the mirror up to the store")
        sample(Task("mirror", {"url": store, "folder": mirror}, "mirror"))
        tasks += [
            Task("compiled SQL on DuckDB", {"url": store, "mirror": mirror}, "compiled"),
            Task("plain scan in DuckDB", {"url": store, "folder": mirror}, "scan"),
        ]
        if options.featuretools:
            tasks.append(Task(SAME, {"url": store, "mirror": mirror, "names": SAYABLE}, "compiled"))
    else:
        problems["DuckDB"] = "the extra `fast` is not installed"
    facts = {"folder": str(world / "facts")}
    for name, wanted, environment, module in (
        ("pandas", options.pandas, environments.PANDAS, "hand_pandas"),
        ("featuretools", options.featuretools, environments.FEATURETOOLS, "hand_featuretools"),
    ):
        step(f"looking for {name}")
        try:
            python = environments.python_of(environment, make=wanted)
            tasks.append(Task(name, facts, module, str(python)))
        except NoEnvironment as missing:
            problems[name] = str(missing)
    return {task.name: task for task in tasks}, problems


def _check_answers(tasks: dict[str, Task], scratch: Path, step: Step, problems: dict[str, str]) -> None:
    """Compare what everybody answers, cell by cell, before any time is taken. Who differs is not measured."""
    for place in ("SQLite", "PostgreSQL"):
        reference = tasks.get(f"compiled SQL on {place}")
        others = [f"hand-written SQL on {place}"]
        if place == "SQLite":
            others += ["compiled SQL on DuckDB", SAME, "pandas", "featuretools"]
        if reference is None:
            continue
        step(f"comparing: {reference.name}")
        expected = _answer(reference, scratch)
        for name in others:
            if name not in tasks:
                continue
            step(f"comparing: {name}")
            try:
                difference = _difference(expected, _answer(tasks[name], scratch))
            except TaskFailed as failed:
                difference = str(failed)
            if difference:
                problems[name] = difference
                del tasks[name]


def _answer(task: Task, scratch: Path) -> dict[str, np.ndarray]:
    out = scratch / "answer.npz"
    sample(Task(task.name, {**task.arguments, "out": str(out)}, task.function, task.python))
    with np.load(out) as found:
        return dict(found)


def _difference(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> str:
    """What differs, empty for nothing.

    A query alone can't tell an account that nobody could know of from one that has nothing: where ours says unknown, the other
    may say null or 0.
    """
    if not np.array_equal(expected["ids"], found["ids"]):
        return f"other accounts: {len(found['ids'])} instead of {len(expected['ids'])}"
    columns = [METRICS.index(name) for name in found["names"]] if "names" in found else list(range(len(METRICS)))
    ours, theirs, measured = expected["values"][:, columns], found["values"], expected["measured"][:, columns]
    equal = np.where(measured, np.isclose(theirs, ours, rtol=1e-9, atol=1e-12), np.isnan(theirs) | (theirs == 0))
    if "measured" in found:
        equal = np.isclose(theirs, ours, rtol=1e-9, atol=1e-12, equal_nan=True)
    wrong = {METRICS[columns[i]]: int(n) for i, n in enumerate((~equal).sum(axis=0)) if n}
    return f"other values: {wrong}" if wrong else ""


# --- what it comes to -----------------------------------------------------------------------------------------------------


def _sql_claims(report: Report, found: dict[str, Sample], problems: dict[str, str]) -> None:
    for place in ("SQLite", "PostgreSQL"):
        ours, theirs = found.get(f"compiled SQL on {place}"), found.get(f"hand-written SQL on {place}")
        ratio = ours.cpu / theirs.cpu if ours and theirs else None
        note = problems.get(place) or problems.get(f"hand-written SQL on {place}", "")
        report.claims.append(Claim(f"compiled SQL against hand-written SQL on {place}", ratio, "at most", 1.25, "times", note))


def _columnar_claims(report: Report, found: dict[str, Sample], problems: dict[str, str], options: Options) -> None:
    duck, scan = found.get("compiled SQL on DuckDB"), found.get("plain scan in DuckDB")
    note = problems.get("DuckDB") or problems.get("compiled SQL on DuckDB", "")
    ratio = duck.cpu / scan.cpu if duck and scan else None
    report.claims.append(Claim("compiled SQL on DuckDB against a plain scan", ratio, "at most", 5, "times", note))
    for name, what, limit in (("pandas", "compiled SQL on DuckDB", 3.0), ("featuretools", SAME, 5.0)):
        other, ours = found.get(name), found.get(what)
        less = other.cpu / ours.facts["evaluate"] if other and ours else None
        why = problems.get(name) or problems.get(what, note)
        of = " of the same metrics" if what == SAME else ""
        report.claims.append(Claim(f"{name} against the whole evaluation{of} on DuckDB", less, "at least", limit, "times", why))


def _stage_claims(report: Report, found: dict[str, Sample], options: Options) -> None:
    stage = found["scorer stage"]
    accounts = options.accounts * STAGE_PER_ACCOUNT
    each = stage.cpu / accounts * 1e6
    report.claims.append(Claim(f"scoring {accounts:,} accounts x 15 metrics", each, "at most", 1, "us of CPU an account"))
    best = found.get("compiled SQL on DuckDB") or found["compiled SQL on SQLite"]
    share = each / (best.facts["evaluate"] / options.accounts * 1e6)
    report.claims.append(Claim("scoring as a share of the metrics' time", share * 100, "at most", 5, "%"))
    report.facts.append(
        Fact("finding a day's peers, once a day", stage.facts["peers"] / accounts * 1e6, "us of CPU an account")
    )


def _history_claims(report: Report, options: Options, scratch: Path, postgres: Postgres | str, step: Step) -> None:
    accounts, unit = min(options.accounts, HISTORY_MOST), "bytes an account and day"
    size = {"accounts": accounts, "days": HISTORY_DAYS}
    step(f"history of {HISTORY_DAYS} days on SQLite")
    found = sample(Task("history", {"url": str(scratch / "history.db"), **size}, "history")).facts
    note = f"{found['compacted_bytes']:.1f} when compacted; {found['rows']:.3f} rows"
    report.claims.append(
        Claim("history with components on SQLite", found["bytes"], "at most", 10, "bytes an account and day", note)
    )
    report.facts.append(Fact("writing history on SQLite", found["cpu_us"], "us of CPU an account and day"))
    if isinstance(postgres, Postgres):
        step(f"history of {HISTORY_DAYS} days on PostgreSQL")
        with postgres.server.database("accountpulse_bench_history") as url:
            found = sample(Task("history", {"url": url, **size}, "history")).facts
        report.facts.append(Fact("history with components on PostgreSQL", found["bytes"], unit))
        report.facts.append(Fact("the same, compacted", found["compacted_bytes"], unit))


def _live_claims(report: Report, options: Options, scratch: Path, world: Path, step: Step) -> None:
    url = str(scratch / "live.db")
    step("scoring everybody, twice, for what comes after a sync and after a change of the model")
    sample(Task("first scores", {"source": str(world / "store.db"), "url": url}, "prepare_live"))
    touched = {"many": max(1, options.accounts // TOUCHED), "few": max(1, options.accounts // TOUCHED_FEW)}
    syncs: dict[str, list[Sample]] = {"many": [], "few": []}
    changes = []
    for number in range(1, options.rounds + 1):
        step(f"round {number} of {options.rounds}: scoring after syncs, and after a change of the model")
        for place, (name, accounts) in enumerate(touched.items()):
            arguments = {"url": url, "accounts": accounts, "number": len(touched) * number + place}
            syncs[name].append(sample(Task(f"after syncs of {name}", arguments, "incremental")))
        changes.append(sample(Task("another model", {"url": url, "number": number}, "model_change")))
    many, few, change = middle(syncs["many"]), middle(syncs["few"]), middle(changes)
    unit = "ms of CPU a touched account"
    note = f"{touched['many']} touched by each of several syncs: read, scored, and written with reasons and history"
    each = many.cpu / many.facts["scored"] * 1e3
    report.claims.append(Claim("incremental scoring on SQLite", each, "at most", 0.2, unit, note))
    report.facts.append(Fact("the same after the first sync of a process", many.facts["first_cpu"] * 1e3, unit))
    report.facts.append(Fact(f"the same with {touched['few']} touched", few.cpu / few.facts["scored"] * 1e3, unit))
    first = few.facts["first_cpu"] * 1e3
    report.facts.append(Fact(f"the same with {touched['few']} touched, after the first sync of a process", first, unit))
    queries = change.facts["metric_queries"]
    note = f"{change.facts['scored']:.0f} accounts scored from stored metric values"
    report.claims.append(Claim("metrics run for a change of the model", queries, "at most", 0, "queries", note))
    of_change = change.cpu / change.facts["scored"] * 1e3
    report.facts.append(Fact("scoring everybody with another model on SQLite, written", of_change, "ms of CPU an account"))
