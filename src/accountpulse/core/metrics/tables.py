"""Metrics that a function computes: the way out for what aggregates and an expression can't say.

What it reads is still declared (`rows`), so the as-of guards, the link join, which accounts change when a day passes, and who
could answer all follow from the declaration, as for any other metric. The function gets tables of what was visible at T, and
nothing else.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import describe_crash
from accountpulse.core.metrics.engine import Answer, Floats
from accountpulse.core.model import Kind

SAID = "!"
"""In front of a problem that is a sentence already; others are codes, see `Conversion.problem`."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one source, by account, and of each account the oldest first.

    account: (r,) ascending, for each row the place of its account, from 0. accounts: how many accounts were asked about, with
    rows or without. columns: those declared, (r,) each. Numbers, amounts (minor units of the reporting currency), and true and
    false are float64, NaN for null; instants datetime64[us] in UTC, and days datetime64[D], NaT for null; texts are objects,
    None for null.
    """

    account: NDArray[np.int64]
    accounts: int
    columns: Mapping[str, NDArray[Any]]

    def __getitem__(self, column: str) -> NDArray[Any]:
        """A column. Raises KeyError for one that was not declared."""
        return self.columns[column]

    def __len__(self) -> int:
        return len(self.account)

    def of(self, place: int) -> Table:
        """The rows of the account at a place, as a table of one account."""
        first, end = np.searchsorted(self.account, [place, place + 1])
        columns = {name: column[first:end] for name, column in self.columns.items()}
        return Table(np.zeros(end - first, dtype=np.int64), 1, columns)

    def apply(self, function: Callable[[Table], float | None]) -> Floats:
        """(accounts,): what a function gives for each account that has rows; NaN for None, and for accounts without rows."""
        values = np.full(self.accounts, np.nan)
        for place in np.unique(self.account).tolist():
            value = function(self.of(place))
            values[place] = np.nan if value is None else value
        return values


@dataclass(frozen=True, slots=True)
class Tables:
    """What a function gets. day: the day at whose end (T) it is asked. accounts: how many it is asked about. tables: by the
    name under which each was declared."""

    day: date
    accounts: int
    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def of(self, place: int) -> Tables:
        """What it would get if it were asked about the account at a place alone."""
        return Tables(self.day, 1, {name: table.of(place) for name, table in self.tables.items()})


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A function from tables to (accounts,) values, NaN for none.

    What it says of an account may rest on nothing but the tables' rows of that account and the day: it must say the same when
    it is asked about that account alone, on any machine, whenever.
    """

    call: Callable[[Tables], Floats]

    def __repr__(self) -> str:
        """Its name, and digits that differ when the text of its module does: stored values of another text are not used."""
        return f"{self.call.__module__}.{self.call.__qualname__}:{_digest(self.call)}"

    def values(self, tables: Tables) -> tuple[Floats, dict[int, str]]:
        """(accounts,) values, and by place what went wrong, as `SAID` and a sentence."""
        try:
            return self._checked(tables)
        except (Exception, SystemExit) as error:
            if tables.accounts == 1:
                said = str(error) if isinstance(error, _Misshapen) else describe_crash(error, "the metric")
                return np.full(1, np.nan), {0: f"{SAID}it could not be computed: {said}"}
        # One account's rows must cost that account only, whoever else it is asked about with.
        values = np.full(tables.accounts, np.nan)
        problems: dict[int, str] = {}
        for place in range(tables.accounts):
            alone, problem = self.values(tables.of(place))
            values[place] = alone[0]
            if problem:
                problems[place] = problem[0]
        return values, problems

    def _checked(self, tables: Tables) -> tuple[Floats, dict[int, str]]:
        values = np.asarray(self.call(tables), dtype=np.float64)
        if values.shape != (tables.accounts,):
            raise _Misshapen(f"it gave values of shape {values.shape} for {tables.accounts} accounts")
        endless = f"{SAID}it could not be computed: it is infinite"
        return values, dict.fromkeys(np.flatnonzero(np.isinf(values)).tolist(), endless)


class _Misshapen(Exception):
    """A function gave something else than a value for each account. The message is ours."""


@cache
def _digest(function: Callable[..., object]) -> str:
    try:
        text = inspect.getsource(inspect.getmodule(function) or function).encode()
    except (OSError, TypeError):  # typed at a prompt
        text = function.__code__.co_code if inspect.isfunction(function) else b""
    return hashlib.sha256(text).hexdigest()[:16]


# --- reading ----------------------------------------------------------------------------------------------------------------


_TIMES = {Kind.INSTANT: "datetime64[us]", Kind.DAY: "datetime64[D]"}
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class TableQuery:
    """A query for a table: `account_id`, then columns that are read as numbers, then texts, ordered as `Table` says."""

    text: str
    numbers: tuple[tuple[str, Kind], ...]
    texts: tuple[str, ...]


def table_of(answer: Answer, query: TableQuery, accounts: NDArray[np.int64]) -> Table:
    """The rows of an answer that belong to one of these accounts (ascending ids)."""
    ids = answer.floats(0, 1)[:, 0].astype(np.int64)
    places = np.searchsorted(accounts, ids)
    here = places < len(accounts)
    here[here] = accounts[places[here]] == ids[here]
    numbers = answer.floats(1, len(query.numbers))[here]
    columns: dict[str, NDArray[Any]] = {name: _column(numbers[:, i], kind) for i, (name, kind) in enumerate(query.numbers)}
    for i, name in enumerate(query.texts, start=1 + len(query.numbers)):
        column = np.empty(len(ids), dtype=object)
        column[:] = list(answer.objects(i))
        columns[name] = column[here]
    return Table(places[here].astype(np.int64), len(accounts), columns)


def _column(numbers: Floats, kind: Kind) -> NDArray[Any]:
    if kind not in _TIMES:
        return numbers
    known = ~np.isnan(numbers)
    return np.where(known, np.where(known, numbers, 0).astype(np.int64), _NAT).astype(_TIMES[kind])
