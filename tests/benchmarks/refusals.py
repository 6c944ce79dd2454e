"""What hostile GraphQL requests cost: CPU time of each refusal, and how long they keep others waiting."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from statistics import median

from tests.benchmarks.claims import Claim, Fact, Report
from tests.benchmarks.measure import family_cpu, threads_cpu
from tests.graphql import hostile

REPEATED = 10
"""How often each is sent for one sample: CPU times are counted in hundredths of a second."""
QUIET = '{"query": "{ viewer { name } }"}'


class NotRefused(Exception):
    """A hostile request was answered; the message says which and how."""


def measure(report: Report, port: int, pid: int, headers: dict[str, str], rounds: int, step: Callable[[str], None]) -> None:
    """Send every hostile request to a server, time and again, each time as one that it does not know."""
    given = {"content-type": "application/json", "accept": "application/graphql-response+json", **headers}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = 0

    def send(name: str, body: bytes) -> None:
        nonlocal sent
        sent += 1
        # Blanks before the document make it another one, in a body of the same length but for these.
        connection.request("POST", "/graphql", body.replace(b'{"query": "', b'{"query": "%b' % (b" " * (sent % 500)), 1), given)
        answer = connection.getresponse()
        answer.read()
        if not 400 <= answer.status < 500:
            raise NotRefused(f"{name} is answered with {answer.status}")

    requests = hostile.requests()
    used: dict[str, list[float]] = {name: [] for name in requests}
    for number in range(1, rounds + 1):
        step(f"refusals, round {number} of {rounds}")
        for name, body in requests.items():
            before = family_cpu(pid)
            for _ in range(REPEATED):
                send(name, body)
            used[name].append((family_cpu(pid) - before) / REPEATED * 1_000)
    cost = {name: median(samples) for name, samples in used.items()}
    dearest = max(cost, key=lambda name: cost[name])
    stalls, waits, beside = [], [], []
    for number in range(1, rounds + 1):
        step(f"others beside hostile requests, round {number} of {rounds}")
        began = time.perf_counter()
        with _Others(port, pid, given) as others:
            for name, body in requests.items():
                send(name, body)
        stalls.append(others.longest)
        beside.append(others.dearest)
        lasted = time.perf_counter() - began
        with _Others(port, pid, given) as others:
            time.sleep(lasted)
        waits.append(others.longest)
    report.claims += [
        Claim("the dearest refusal of a hostile request", cost[dearest], "at most", 50, "ms of CPU", dearest),
        Claim("the longest that others waited while they came", median(stalls) * 1_000, "at most", 100, "ms"),
    ]
    report.facts += [
        Fact("the longest that others waited while none came", median(waits) * 1_000, "ms"),
        Fact("the most that the server did while one of the others waited", median(beside) * 1_000, "ms of CPU"),
    ]
    report.facts += [Fact(f"refusal: {name}", each, "ms of CPU") for name, each in sorted(cost.items(), key=lambda x: -x[1])]


class _Others:
    """Somebody else who asks small questions meanwhile.

    longest: what one of them waited, in seconds. dearest: the CPU seconds of the server while one waited, which don't grow with
    what else the machine has to do.
    """

    def __init__(self, port: int, pid: int, headers: dict[str, str]) -> None:
        self.longest = self.dearest = 0.0
        self._pid = pid
        self._connection, self._headers = http.client.HTTPConnection("127.0.0.1", port, timeout=60), headers
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> _Others:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._ended.wait(0.002):
            used, began = threads_cpu(self._pid), time.perf_counter()
            self._connection.request("POST", "/graphql", QUIET, self._headers)
            self._connection.getresponse().read()
            self.longest = max(self.longest, time.perf_counter() - began)
            self.dearest = max(self.dearest, threads_cpu(self._pid) - used)
