"""What a GraphQL request costs: CPU time of the server for each answer, ours beside others', over the same rows.

All servers run at once and are asked in turns, a round at a time, one request after another over one connection. Each answer is
compared with ours first. A server's CPU is that of its process, and of the database where that is one of its own. Ours is asked
three times over: with nothing kept, with the sentences that explain scores kept but no answer, and as it is delivered. What
sending as many bytes without any GraphQL takes is measured, too.
Each list is of another owner's accounts than the one before, until all accounts had their turn.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks import fanout, postgraphile, refusals
from tests.benchmarks.claims import Claim, Fact, Report
from tests.benchmarks.environments import NoEnvironment, python_of
from tests.benchmarks.measure import ROOT, family_cpu
from tests.benchmarks.portfolio import LIST, NOW, SMALL, fill, owners
from tests.benchmarks.servers import postgres_server
from tests.node import NODE, NoPackages, installed

from accountpulse.core.store import tokens
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING

ARIADNE = (
    "ariadne",
    (
        "ariadne==1.1.1",
        "orjson>=3.11,<4",
        "sqlalchemy>=2.1,<2.2",
        "uvicorn>=0.54,<1",
        "anyio>=4.16,<5",
        "psycopg[binary]>=3.3,<4",
    ),
)
RIVALS = Path(__file__).parent / "rivals"
OURS, TOLD, KEPT = "ours", "ours, kept sentences", "ours, kept answers"
PLAIN, FLOOR = "plain Strawberry, ORM", "fixed bytes, no GraphQL"
POSTGRAPHILE = "PostGraphile"
_MODULE = (sys.executable, "-P", "-m")
WARM_UP = 6
ASKED = {LIST: 30, SMALL: 150}
"""How many requests make one sample."""


@dataclass(frozen=True, slots=True)
class Options:
    """accounts: in the store. rounds: samples of each server. node, postgres: whether those are measured, too."""

    accounts: int
    rounds: int
    node: bool = False
    ariadne: bool = True
    postgres: bool = True


@dataclass(slots=True)
class Server:
    """A running server."""

    name: str
    pid: int
    connection: http.client.HTTPConnection
    headers: dict[str, str]
    path: str = "/graphql"
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.connection.port

    def ask(self, query: str, owner: str) -> Any:
        """The answer's data, in our shape."""
        found = json.loads(self.raw(query, owner))
        if "data" not in found:
            raise NotComparable(f"{self.name} refuses: {str(found)[:500]}")
        return postgraphile.as_ours(found["data"]) if self.name == POSTGRAPHILE else found["data"]

    def raw(self, query: str, owner: str) -> bytes:
        said = postgraphile.QUERIES[query] if self.name == POSTGRAPHILE else query
        body = json.dumps({"query": said, "variables": {"owner": owner} if query is LIST else {}})
        self.connection.request("POST", self.path, body, {"content-type": "application/json", **self.headers})
        return self.connection.getresponse().read()

    def sample(self, query: str, owners: Sequence[str], database: int | None) -> None:
        """Note the CPU milliseconds of one answer. owners: whose lists are asked for, in turn."""
        count = ASKED[query] * (10 if self.name in (KEPT, FLOOR) else 1)
        self.connection.close()  # others were asked meanwhile, and servers hang up on who is silent
        for owner in owners if self.name in (KEPT, TOLD) else owners[-1:]:
            self.raw(query, owner)
        before = self._cpu(database)
        for number in range(count):
            self.raw(query, owners[number % len(owners)])
        self.samples.setdefault(query, []).append((self._cpu(database) - before) / count * 1_000)

    def _cpu(self, database: int | None) -> float:
        return family_cpu(self.pid) + (family_cpu(database) if database else 0.0)


class NotComparable(Exception):
    """A server does not give our answer; the message says which and how."""


def run(options: Options, step: Callable[[str], None]) -> Report:
    """Measure everything that can be."""
    report = Report({"accounts": options.accounts, "rounds": options.rounds})
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        _measure(report, url, "SQLite", None, options, step, aim=8)
        if options.postgres:
            with postgres_server() as server:
                if isinstance(server, str):
                    report.claims.append(
                        Claim("plain Strawberry against ours, PostgreSQL", None, "at least", 5, "times", server)
                    )
                else:
                    _measure(report, server.url, "PostgreSQL", server.process, options, step, aim=5)
    return report


def _measure(
    report: Report, url: str, engine: str, database: int | None, options: Options, step: Callable[[str], None], *, aim: float
) -> None:
    step(f"{engine}: filling the store")
    store = Store.open(url)
    fill(store, options.accounts)
    with store.write() as connection:
        token = tokens.create(connection, rows=EVERYTHING, name="bench", scopes=["read"], now=NOW)
    plain_url = store.engine.url.render_as_string(hide_password=False)
    store.close()
    with ExitStack() as stack:
        servers: list[Server] = []
        for name, command, headers in _commands(plain_url, token, options, report, sqlite=database is None):
            step(f"{engine}: starting {name}")
            servers.append(stack.enter_context(_running(name, command, headers)))
        everybody = owners(options.accounts)
        length = len(servers[0].raw(LIST, everybody[0]))
        for server in list(servers):
            for query in (LIST, SMALL):
                for owner in everybody[:WARM_UP]:
                    expected, found = servers[0].ask(query, owner), server.ask(query, owner)
                    if found != expected:
                        raise NotComparable(f"{server.name} answers otherwise: {str(found)[:500]}")
        fixed = [*_MODULE, "tests.benchmarks.rivals.fixed", str(length)]
        servers.append(stack.enter_context(_running(FLOOR, fixed, {})))
        for number in range(1, options.rounds + 1):
            for server in servers:
                step(f"{engine}: round {number} of {options.rounds}: {server.name}")
                for query in (LIST, SMALL):
                    # Where the round before ended: each account has its turn.
                    begin = number * ASKED[query] % len(everybody)
                    server.sample(query, [*everybody[begin:], *everybody[:begin]], database)
        if database is None:
            refusals.measure(report, servers[0].port, servers[0].pid, servers[0].headers, options.rounds, step)
            fanout.measure(report, plain_url, servers[0].port, servers[0].pid, servers[0].headers, step)
    _report(report, engine, {server.name: server.samples for server in servers}, aim)


def _report(report: Report, engine: str, samples: dict[str, dict[str, list[float]]], aim: float) -> None:
    def ratio(query: str, name: str, ours: str = OURS) -> float:
        return median(a / b for a, b in zip(samples[name][query], samples[ours][query], strict=True))

    report.claims += [
        Claim(
            f"plain Strawberry against ours: 100 accounts x 12 fields x 6 components x 5 fields, {engine}",
            ratio(LIST, PLAIN),
            "at least",
            aim,
            "times the CPU",
        ),
        Claim(f"the same of a small query asked again, {engine}", ratio(SMALL, PLAIN, KEPT), "at least", 10, "times the CPU"),
        Claim(
            f"an answer that was kept, beyond what sending as many bytes takes, {engine}",
            round(max(0.0, median(samples[KEPT][LIST]) - median(samples[FLOOR][LIST])), 6),
            "at most",
            0.2,
            "ms of CPU",
        ),
    ]
    report.facts.append(
        Fact(f"the small query against ours, each time executed, {engine}", ratio(SMALL, PLAIN), "times the CPU")
    )
    report.facts.append(
        Fact(f"plain Strawberry against ours, the list, sentences kept, {engine}", ratio(LIST, PLAIN, TOLD), "times the CPU")
    )
    for name, found in samples.items():
        report.facts.append(Fact(f"{name}, the list, {engine}", median(found[LIST]), "ms of CPU"))
        report.facts.append(Fact(f"{name}, the small query, {engine}", median(found[SMALL]), "ms of CPU"))
        if name not in (OURS, TOLD, KEPT, PLAIN, FLOOR):
            report.facts.append(Fact(f"{name} against ours, the list, {engine}", ratio(LIST, name), "times the CPU"))


def _commands(
    url: str, token: str, options: Options, report: Report, *, sqlite: bool
) -> Iterator[tuple[str, Sequence[str], dict[str, str]]]:
    module = _MODULE
    signed = {"authorization": f"Bearer {token}"}
    ours = [*module, "tests.benchmarks.rivals.ours", url]
    yield OURS, [*ours, "0", "0"], signed
    yield TOLD, [*ours, "0", "5000"], signed
    yield KEPT, [*ours, "64000000", "5000"], signed
    yield PLAIN, [*module, "tests.benchmarks.rivals.plain_strawberry", url], {}
    if options.ariadne:
        try:
            yield "Ariadne", [str(python_of(ARIADNE, make=True)), "-P", "-m", "tests.benchmarks.rivals.ariadne_server", url], {}
        except NoEnvironment as error:
            report.claims.append(Claim("Ariadne", None, "at least", 1, "times the CPU", str(error)))
    if options.node:
        try:
            place = installed(RIVALS)
        except NoPackages as error:
            report.claims.append(Claim("the servers on Node", None, "at least", 1, "times the CPU", str(error)))
            return
        quiet = [str(NODE), "--disable-warning=ExperimentalWarning"]
        if not sqlite:
            postgraphile.make_views(url)
            yield POSTGRAPHILE, [*quiet, str(place / "postgraphile.mjs"), url.replace("postgresql+psycopg:", "postgresql:")], {}
            return
        path = url.removeprefix("sqlite:///")
        yield "graphql-yoga", [*quiet, str(place / "yoga.mjs"), path], {}
        yield "graphql-yoga with JIT", [*quiet, str(place / "yoga.mjs"), path, "jit"], {}
        yield "mercurius with JIT", [*quiet, str(place / "mercurius.mjs"), path], {}


@contextmanager
def _running(name: str, command: Sequence[str], headers: dict[str, str]) -> Iterator[Server]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    environment = {**os.environ, "PYTHONPATH": paths, "GRAPHILE_ENV": "production", "NODE_ENV": "production"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    assert process.stdout
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise NotComparable(f"{name} did not start")
        yield Server(name, process.pid, http.client.HTTPConnection("127.0.0.1", int(port), timeout=60), headers)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
