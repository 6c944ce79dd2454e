"""Tables, progress and numbers for people. Everything that comes from outside is shown as it is, never read as markup."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Literal

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from accountpulse.cli.common import log_is_json

if TYPE_CHECKING:
    from accountpulse.core.sync.results import Progress

PIPE_WIDTH = 120
STYLES = {
    "ok": "green", "green": "green", "healthy": "green", "power": "green", "loaded": "green", "measured": "",
    "yellow": "yellow", "watch": "yellow", "partial": "yellow", "paused": "yellow", "skipped": "yellow", "left out": "yellow",
    "stalled": "yellow", "cancelled": "yellow",
    "red": "red", "at-risk": "red", "failed": "red", "needs_reauth": "red", "misconfigured": "red", "broken": "red",
    "unknown": "dim", "new": "dim",
}  # fmt: skip


def console(*, stderr: bool = False) -> Console:
    """A console of the terminal's width; piped output gets a fixed one, and no colours."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPE_WIDTH
    return made


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. wide: takes the room that is left, and wraps. cut: of a wide one, its lines are cut instead."""

    title: str
    justify: Literal["left", "right"] = "left"
    wide: bool = False
    cut: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Table:
    """A table of text. Words that say how something is (`ok`, `red`, `paused until ...`) get their colour."""
    made = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in columns:
        made.add_column(
            column.title,
            justify=column.justify,
            overflow="fold" if column.wide and not column.cut else "ellipsis",
            no_wrap=not column.wide,
            ratio=1 if column.wide else None,
        )
    for row in rows:
        styled = [
            (column, cell, STYLES.get(cell.partition(" until ")[0], "")) for column, cell in zip(columns, row, strict=True)
        ]
        # Of the column itself it must not be said: one that does not wrap would take its room from others.
        made.add_row(*(Text(cell, style=style, no_wrap=column.cut or None) for column, cell, style in styled))
    return made


# --- numbers and times --------------------------------------------------------------------------------------------------


def number(value: float | None, digits: int = 1) -> str:
    """A number, or a dash for none; never -0."""
    if value is None or not math.isfinite(value):
        return "-"
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def signed(value: float | None, digits: int = 1) -> str:
    """A number with its sign, or a dash for none."""
    text = number(value, digits)
    return f"+{text}" if value is not None and value > 0 and any(digit in text for digit in "123456789") else text


def percent(share: float | None) -> str:
    """A share as a whole percentage."""
    return "-" if share is None else f"{share * 100:.0f}%"


def instant(at: datetime | None) -> str:
    """A time to the minute, in UTC."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def resting(connection: str, until: datetime | None, why: str | None) -> str:
    """That a connection is paused, until when and why where that is known, and what ends it, as in a line about it."""
    from accountpulse.operations import until_when

    return f"{connection}: paused{until_when(until)}{f': {why}' if why else ''}; `accountpulse resume {connection}` ends that"


def adding_up(values: Sequence[float], digits: int = 1) -> list[float]:
    """The values rounded so that their sum is the rounded sum: what a person adds up on paper comes out.

    What is exactly zero stays zero.
    """
    unit = 10**digits
    # The tolerance keeps 0.3, stored as 0.29999999999999998, from being taken for 0.2 and a remainder.
    floors = [math.floor(value * unit + 1e-6) for value in values]
    missing = round(math.fsum(values) * unit) - sum(floors)
    order = sorted(
        (i for i, value in enumerate(values) if value),
        key=lambda i: values[i] * unit - floors[i],
        reverse=True,
    )
    for i in order[: max(missing, 0)]:
        floors[i] += 1
    return [floor / unit for floor in floors]


# --- progress -----------------------------------------------------------------------------------------------------------


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something goes on whose end can't be told beforehand."""
    shown = console(stderr=True)
    with shown.status(what) if shown.is_terminal else nullcontext():
        yield


class StreamBars:
    """Shows the progress of a sync on stderr: a bar per stream on a terminal, else a line when a stream has ended.

    Neither where lines of the log are JSON: the log tells the same.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._console = console(stderr=True)
        self._quiet = quiet = quiet or log_is_json()
        self._live = self._console.is_terminal and not quiet
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[read]:>9,} read"),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._live,
        )

    def __enter__(self) -> StreamBars:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        name = f"{progress.connection}.{progress.stream}"
        if not self._live:
            if progress.done and not self._quiet:
                click.echo(f"{name}: {progress.read:,} read, {progress.state}", err=True)
            return
        key = (progress.connection, progress.stream)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(f"{name:<28.28}", total=None, state="", read=0)
        # How many there will be is not known; a bar is full once its stream has ended, with nothing read, too.
        total, state = (1, progress.state) if progress.done else (None, "")
        self._bars.update(self._tasks[key], completed=int(progress.done), total=total, state=state, read=progress.read)


class DayBar:
    """Shows how many days have been scored: a bar on a terminal, nothing else."""

    doing, what = "scoring", "days"

    def __init__(self, quiet: bool = False) -> None:
        shown = console(stderr=True)
        self._task: TaskID | None = None
        self._bars = Bars(
            TextColumn(self.doing),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn(self.what),
            TimeElapsedColumn(),
            console=shown,
            disable=quiet or not shown.is_terminal,
        )

    def __enter__(self) -> DayBar:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, done: int, total: int) -> None:
        if self._task is None:
            self._task = self._bars.add_task("", total=total)
        self._bars.update(self._task, completed=done, total=total)


class RowBar(DayBar):
    """Shows how many rows the mirror has taken over."""

    doing, what = "mirroring", "rows"
