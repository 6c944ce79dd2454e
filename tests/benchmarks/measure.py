"""Measures work in processes of its own: CPU time (user and system, all threads) of one region, peak memory, wall time.

Everything that is compared runs in turns, a round at a time, each sample in a fresh process, and medians are compared: other
work on the machine then weighs on all alike. Starting Python, imports, and opening the store lie outside of the region.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process used. cpu, wall: seconds in the region. process_cpu: of the whole process. facts: what else it found."""

    cpu: float
    wall: float
    process_cpu: float
    peak_mb: float
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Work to be measured, under a name for people: a function of a module of this package with its arguments.

    python: of another environment; `function` is then a module of this package, which gets the arguments as JSON.
    """

    name: str
    arguments: Mapping[str, Any]
    function: str
    python: str = ""
    module: str = "tasks"


class TaskFailed(Exception):
    """A process ended badly; the message is what it said last."""


def sample(task: Task) -> Sample:
    """Run a task in a fresh process. Raises TaskFailed with its last words."""
    module = [sys.executable, "-P", "-m", f"tests.benchmarks.{task.module}", task.function]
    if task.python:
        module = [task.python, "-P", "-m", f"tests.benchmarks.{task.function}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen(
        [*module, json.dumps(dict(task.arguments))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment
    )
    assert process.stdout
    assert process.stderr
    told, said = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise TaskFailed(f"{task.name}: exit code {process.returncode}: {said.decode()[-2000:]}")
    result = json.loads(told)
    return Sample(
        cpu=result.pop("cpu"),
        wall=result.pop("wall"),
        process_cpu=usage.ru_utime + usage.ru_stime,
        peak_mb=result.pop("peak_mb"),
        facts=result,
    )


def interleaved(tasks: Sequence[Task], rounds: int, step: Callable[[str], None]) -> dict[str, Sample]:
    """Run all tasks in turns; returns the medians of each by its name."""
    samples: dict[str, list[Sample]] = {task.name: [] for task in tasks}
    for number in range(1, rounds + 1):
        for task in tasks:
            step(f"round {number} of {rounds}: {task.name}")
            samples[task.name].append(sample(task))
    return {name: middle(found) for name, found in samples.items()}


def middle(samples: Sequence[Sample]) -> Sample:
    """The medians of samples of the same work."""
    return Sample(
        cpu=median(s.cpu for s in samples),
        wall=median(s.wall for s in samples),
        process_cpu=median(s.process_cpu for s in samples),
        peak_mb=median(s.peak_mb for s in samples),
        facts={name: median(s.facts[name] for s in samples) for name in samples[0].facts},
    )


# --- inside of a task -----------------------------------------------------------------------------------------------------


class Region:
    """CPU and wall seconds so far, with those of processes that were started and ended within.

    `server` is the process id of a database server whose CPU counts too.
    """

    def __init__(self, server: int | None = None) -> None:
        self.cpu = 0.0
        self.wall = 0.0
        self._server = server

    @contextmanager
    def measured(self) -> Iterator[None]:
        began, at = self._cpu(), time.perf_counter()
        yield
        self.cpu += self._cpu() - began
        self.wall += time.perf_counter() - at

    def _cpu(self) -> float:
        spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in spent) + (family_cpu(self._server) if self._server else 0.0)


def serve(tasks: Mapping[str, Callable[..., Mapping[str, float]]]) -> None:
    """Do the task that the command line names, with the arguments that it gives as JSON, and tell what was found."""
    name, arguments = sys.argv[1:]
    finish(tasks[name](**json.loads(arguments)))


def finish(result: Mapping[str, float]) -> None:
    """Tell the process that started this one what was found."""
    # Not ru_maxrss: that begins with what the parent had.
    peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    json.dump({**result, "peak_mb": int(peak[1]) / 1024 if peak else 0.0}, sys.stdout)


def family_cpu(pid: int) -> float:
    """CPU seconds of a process and its children, those that have ended included."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        number = int(stat.parent.name)
        parents[number], used[number] = int(fields[1]), int(fields[11]) + int(fields[12])
        if number == pid:
            used[number] += int(fields[13]) + int(fields[14])
    return sum(ticks for number, ticks in used.items() if number == pid or parents[number] == pid) * _TICK


def threads_cpu(pid: int) -> float:
    """CPU seconds of a process's threads that live, to the nanosecond: for what takes less than a tick."""
    used = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            used += int(stat.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return used / 1e9
