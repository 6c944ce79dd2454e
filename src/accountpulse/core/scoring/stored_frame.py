"""What the facts said about accounts, kept between runs: on the current day, and on earlier ones that reasons look back to.

A *sheet* is one of these days, named by its offset in days before the current one. It holds measurements, not values: what a
value is depends on who could answer, which changes without a fact (`metrics/measure.py`). An account's row holds all its
sheets, so that it can be replaced alone, and rows joined end to end are an array.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.features import KeyFeatures
from accountpulse.core.metrics.measure import Measurements, flags_of
from accountpulse.core.metrics.money import Conversion
from accountpulse.core.metrics.population import ATTRIBUTES, Population
from accountpulse.core.model import Kind
from accountpulse.core.scoring.scorer import Floats, Mask
from accountpulse.core.store.types import from_micros, to_micros

Ids = NDArray[np.int64]


class Attributes(list[object]):
    """What an account is, in the order of `ATTRIBUTES`. text: as the store has it, where it was read from there."""

    __slots__ = ("text",)

    def __init__(self, values: Iterable[object], text: str | None = None) -> None:
        super().__init__(values)
        self.text = text


_PARENT = list(ATTRIBUTES).index("parent")
_encode = json.JSONEncoder(separators=(",", ":")).encode  # `json.dumps` makes an encoder each time it is told separators
_INSTANTS = tuple(i for i, kind in enumerate(ATTRIBUTES.values()) if kind is Kind.INSTANT)


@dataclass(frozen=True)
class Columns:
    """What a sheet has columns for, and what its amounts and key features rest on. Every account's row has the same."""

    offset: int
    metrics: tuple[Metric, ...]
    clocks: Mapping[str, Kind]
    worth: Conversion
    features: KeyFeatures | None

    @property
    def dtype(self) -> np.dtype[np.void]:
        width = (len(flags_of(self.metrics)) + 7) // 8
        return np.dtype([("exists", "u1"), ("values", "<f8", (len(self.metrics),)), ("flags", "u1", (width,))])

    def content(self) -> dict[str, Any]:
        """As the header keeps it."""
        return {
            "offset": self.offset,
            # A list: the order of the columns, which PostgreSQL would not keep of an object's keys.
            "metrics": [[m.name, declared(m)] for m in self.metrics],
            "clocks": {name: kind.value for name, kind in self.clocks.items()},
            "factors": dict(self.worth.factors),
            "features": None if self.features is None else list(self.features.names),
        }


def declared(metric: Metric) -> str:
    """A few digits that differ when a metric's declaration does."""
    return hashlib.sha256(repr(metric).encode()).hexdigest()[:16]


@dataclass(slots=True)
class Sheet:
    """One day of some accounts. exists: (n,) whether it was a customer then. values, flags: as in `Measurements`. problems: by
    metric, by the account's place, see there."""

    columns: Columns
    exists: Mask
    values: Floats
    flags: Mask
    problems: dict[str, dict[int, str]] = field(default_factory=dict)

    def put(self, measured: Measurements, ids: Ids, asked: Ids) -> None:
        """Take over what was measured of the accounts `asked`, some metrics or all; who is not in it was no customer."""
        self.exists[np.searchsorted(ids, asked)] = False
        here = np.isin(measured.population.account_ids, ids)
        rows = np.searchsorted(ids, measured.population.account_ids[here])
        self.exists[rows] = True
        places = {m.name: i for i, m in enumerate(self.columns.metrics)}
        flag_places = {flag: i for i, flag in enumerate(flags_of(self.columns.metrics))}
        into = [places[m.name] for m in measured.metrics]
        self.values[rows[:, None], into] = measured.values[here]
        self.flags[rows[:, None], [flag_places[flag] for flag in flags_of(measured.metrics)]] = measured.flags[here]
        for metric in measured.metrics:
            known = self.problems.setdefault(metric.name, {})
            for row in rows.tolist():
                known.pop(row, None)
            found = measured.problems.get(metric.name)
            if found is not None:
                taken = [problem for problem, kept in zip(found, here, strict=True) if kept]
                known |= {row: str(problem) for row, problem in zip(rows.tolist(), taken, strict=True) if problem is not None}


@dataclass(slots=True)
class StoredFrame:
    """Accounts by ascending id, all customers on the current day, with their attributes and sheets by offset."""

    account_ids: Ids
    attributes: list[Attributes]
    sheets: dict[int, Sheet]

    @property
    def parents(self) -> list[int | None]:
        return [None if (id := row[_PARENT]) is None else int(str(id)) for row in self.attributes]

    def measurements(self, offset: int, day: date, zone: ZoneInfo, worth: Conversion) -> Measurements:
        """A sheet as if it had just been measured. day: the current one. worth: what amounts are converted with."""
        sheet = self.sheets[offset]
        rows = np.flatnonzero(sheet.exists)
        place = {row: i for i, row in enumerate(rows.tolist())}
        wrong: dict[str, Sequence[object]] = {}
        for metric, problems in sheet.problems.items():
            if problems:
                column: list[object] = [None] * len(rows)
                for row, problem in problems.items():
                    if row in place:
                        column[place[row]] = problem
                wrong[metric] = column
        population = Population(self.account_ids[rows], AttributeColumns([self.attributes[i] for i in rows.tolist()]), {})
        return Measurements(
            day - timedelta(days=offset),
            zone,
            sheet.columns.metrics,
            population,
            sheet.values[rows],
            sheet.flags[rows],
            wrong,
            sheet.columns.clocks,
            worth,
            sheet.columns.features,
        )

    def with_rows(self, changed: StoredFrame, without: Iterable[int]) -> StoredFrame:
        """These accounts with those of `changed` in place of, or beside, them, and without some."""
        gone = np.array(sorted({*without, *changed.account_ids.tolist()}), dtype=np.int64)
        kept = np.flatnonzero(~np.isin(self.account_ids, gone))
        ids = np.concatenate([self.account_ids[kept], changed.account_ids])
        order = np.argsort(ids, kind="stable")
        rows = [self.attributes[i] for i in kept.tolist()] + changed.attributes
        sheets = {}
        for offset, sheet in self.sheets.items():
            other = changed.sheets[offset]
            place = {row: i for i, row in enumerate(kept.tolist())}
            wrong: dict[str, dict[int, str]] = {}
            where = np.empty(len(ids), dtype=np.int64)
            where[order] = np.arange(len(ids))
            for metric in sheet.problems.keys() | other.problems.keys():
                mine = {place[r]: t for r, t in sheet.problems.get(metric, {}).items() if r in place}
                theirs = {len(kept) + r: t for r, t in other.problems.get(metric, {}).items()}
                wrong[metric] = {int(where[i]): text for i, text in {**mine, **theirs}.items()}
            sheets[offset] = Sheet(
                sheet.columns,
                np.concatenate([sheet.exists[kept], other.exists])[order],
                np.concatenate([sheet.values[kept], other.values])[order],
                np.concatenate([sheet.flags[kept], other.flags])[order],
                wrong,
            )
        return StoredFrame(ids[order], [rows[i] for i in order.tolist()], sheets)

    def widened(self, offset: int, measured: Measurements) -> None:
        """Give a sheet columns for further metrics, or begin it, from measurements of all accounts."""
        n = len(self.account_ids)
        old = self.sheets.get(offset)
        columns = columns_of(offset, measured)
        if old is not None:
            columns = replace(
                columns,
                metrics=(*old.columns.metrics, *measured.metrics),
                clocks={**old.columns.clocks, **measured.clocks},
                features=measured.features or old.columns.features,
            )
        sheet = blank(columns, n)
        if old is not None:
            sheet.values[:, : old.values.shape[1]] = old.values
            sheet.flags[:, : old.flags.shape[1]] = old.flags
            sheet.problems = dict(old.problems)
        sheet.put(measured, self.account_ids, self.account_ids)
        self.sheets[offset] = sheet


class AttributeColumns(Mapping[str, Sequence[object]]):
    """Attributes by column, each made when it is asked for: scoring reads a few of them."""

    def __init__(self, rows: Sequence[Attributes]) -> None:
        self._rows = rows
        self._made: dict[str, list[object]] = {}

    def __getitem__(self, name: str) -> Sequence[object]:
        if name not in self._made:
            i = list(ATTRIBUTES).index(name)
            column = [row[i] for row in self._rows]
            if ATTRIBUTES[name] is Kind.INSTANT:
                column = [from_micros(at) if isinstance(at, int) else None for at in column]
            self._made[name] = column
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(ATTRIBUTES)

    def __len__(self) -> int:
        return len(ATTRIBUTES)


def columns_of(offset: int, measured: Measurements) -> Columns:
    """The columns that measurements fill."""
    return Columns(offset, measured.metrics, measured.clocks, measured.worth, measured.features)


def blank(columns: Columns, n: int) -> Sheet:
    """A sheet of `n` accounts of which nothing is known."""
    shape = (n, len(columns.metrics))
    flags = np.zeros((n, len(flags_of(columns.metrics))), dtype=np.bool_)
    return Sheet(columns, np.zeros(n, dtype=np.bool_), np.full(shape, np.nan), flags)


def attributes_of(population: Population) -> list[Attributes]:
    """The attributes of accounts as a row keeps them: instants as microseconds."""
    rows = [Attributes(row) for row in zip(*(population.values[name] for name in ATTRIBUTES), strict=True)]
    for row in rows:
        for i in _INSTANTS:
            at = row[i]
            row[i] = to_micros(at) if isinstance(at, datetime) else None
    return rows


def frame_of(measured: Mapping[int, Measurements]) -> StoredFrame:
    """A frame of everybody who was measured. measured: by offset, with the current day among them."""
    today = measured[0].population
    frame = StoredFrame(today.account_ids, attributes_of(today), {})
    for offset, found in measured.items():
        frame.widened(offset, found)
    return frame


# --- rows of the store ----------------------------------------------------------------------------------------------------


def pack(frame: StoredFrame, booked: Mapping[int, Mapping[str, object]]) -> dict[int, dict[str, Any]]:
    """What is kept of each account, as columns of `score_detail`. booked: by account, by basis, what it counts for that day."""
    n = len(frame.account_ids)
    packed = np.zeros(n, dtype=_row_type(s.columns for s in frame.sheets.values()))
    wrong: dict[int, dict[str, dict[str, str]]] = {}
    for offset, sheet in frame.sheets.items():
        part = packed[str(offset)]
        part["exists"], part["values"] = sheet.exists, sheet.values
        part["flags"] = np.packbits(sheet.flags, axis=1)
        for metric, problems in sheet.problems.items():
            for row, problem in problems.items():
                wrong.setdefault(row, {}).setdefault(str(offset), {})[metric] = problem
    whole, size = packed.tobytes(), packed.dtype.itemsize
    return {
        id: {
            "parent_id": parent,
            "measured": whole[i * size : (i + 1) * size],
            "described": _encode([attributes, wrong[i]]) if i in wrong else attributes.text or _encode([attributes]),
            "booked": orjson.dumps(booked.get(id, {})).decode(),
        }
        for i, (id, parent, attributes) in enumerate(
            zip(frame.account_ids.tolist(), frame.parents, frame.attributes, strict=True)
        )
    }


class Packed(Protocol):
    """What is read of a row that `pack` made."""

    @property
    def account_id(self) -> int: ...
    @property
    def measured(self) -> bytes: ...
    @property
    def described(self) -> str: ...


def unpack(rows: Sequence[Packed] | Sequence[sa.Row[Any]], sheets: Sequence[Columns]) -> StoredFrame:
    """The accounts of rows that `pack` made. sheets: the columns that the header names."""
    kind = _row_type(sheets)
    packed = np.frombuffer(b"".join(bytes(row.measured) for row in rows), dtype=kind) if rows else np.empty(0, dtype=kind)
    described = json.loads("[" + ",".join(row.described for row in rows) + "]")
    # Most are written as they were read: making the text of what did not change takes longer than comparing it.
    texts = (row.described if len(found) == 1 else None for row, found in zip(rows, described, strict=True))
    attributes = [Attributes(found[0], text) for found, text in zip(described, texts, strict=True)]
    frame = StoredFrame(np.array([row.account_id for row in rows], dtype=np.int64), attributes, {})
    for columns in sheets:
        part = packed[str(columns.offset)]
        flags = np.unpackbits(part["flags"], axis=1, count=len(flags_of(columns.metrics))).astype(np.bool_)
        frame.sheets[columns.offset] = Sheet(columns, part["exists"] > 0, np.array(part["values"], dtype=np.float64), flags)
    for i, row in enumerate(described):
        for offset, problems in (row[1] if len(row) > 1 else {}).items():
            for metric, problem in problems.items():
                frame.sheets[int(offset)].problems.setdefault(metric, {})[i] = problem
    return frame


def _row_type(sheets: Iterable[Columns]) -> np.dtype[np.void]:
    return np.dtype([(str(columns.offset), columns.dtype) for columns in sorted(sheets, key=lambda c: c.offset)])
