"""Scores a day on the machines of a distributed engine, so that only results come back.

Every step is the one that scores a day in this process: the metrics are judged, accounts fall under their segment, peers are
made and accounts evaluated by the same functions, over batches of accounts. What needs all accounts at once goes in between:
peers are made where all values of one metric in one segment have been brought together, and parents are rolled up here.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accountpulse.core.metrics.arrow import Columns
from accountpulse.core.metrics.coverage import Provider, Witnesses
from accountpulse.core.metrics.evaluate import records_of
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.measure import Measurements, Question, judged, measurements_of
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.adjust import Limit
from accountpulse.core.scoring.evaluate import Evaluation, concluded, evaluate
from accountpulse.core.scoring.inputs import REVENUE, UsualValues, columns_of, inputs_of, usual_values
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.peers import Peer, Peers, is_measured, peer_of
from accountpulse.core.scoring.scorer import Floats, Scorer
from accountpulse.core.scoring.segments import Assignment, Rule, assign

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterator[pa.RecordBatch]

VALUES = "account_id bigint, segment int, line int, value double, usual double"
PEERS = "segment int, line int, component double, value double, accounts bigint, curve string"
RESULTS = (
    "account_id bigint, segment int, matched binary, owner string, parent bigint, revenue double, revenue_state tinyint,"
    " own binary, coverage double, cap binary, components binary, states binary"
)
"""What comes back of an account. matched: a byte for each rule; own, cap: three numbers; components: a number for each line of
the model, states: a byte; numbers are eight bytes, lowest first."""

NUMBER = np.dtype("<f8")


@dataclass(frozen=True)
class Plan:
    """What all machines are told.

    stale_before: the oldest success that still counts, None on a day of the past. questions: by how many days before the day it
    is; width: how many columns each one's answer has. providers: by record type. models: by rule. fields: what conditions read.
    scorers: by id.
    """

    day: date
    stale_before: datetime | None
    questions: Mapping[int, Question]
    width: Mapping[int, int]
    providers: Mapping[str, Sequence[Provider]]
    rules: tuple[Rule, ...]
    models: tuple[ScoringModel, ...]
    fields: frozenset[str]
    scorers: Mapping[str, type[Scorer]]


# --- there, over batches of accounts --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Members:
    """The accounts of one segment. rows: (n,) among the others. values, states, usual: (n, k)."""

    segment: int
    model: ScoringModel
    rows: NDArray[np.int64]
    values: Floats
    states: NDArray[np.int8]
    usual: Floats


@dataclass(frozen=True)
class Accounts:
    """Some accounts as they are known on the day, and their segments. measured: on each of the plan's days."""

    measured: Mapping[int, Measurements]
    frame: MetricFrame
    assignment: Assignment
    columns: Mapping[str, NDArray[Any]]
    usual: UsualValues

    def of(self, plan: Plan, segment: int) -> Members:
        """Those of one segment."""
        model, rows = plan.models[segment], np.flatnonzero(self.assignment.index == segment)
        return Members(segment, model, rows, *inputs_of(self.frame, self.usual, model, rows))

    def by_segment(self, plan: Plan) -> Iterator[Members]:
        """Those of each segment that has any."""
        return (found for segment in range(len(plan.models)) if len((found := self.of(plan, segment)).rows))


def read_accounts(plan: Plan, batch: pa.RecordBatch) -> Accounts:
    """The accounts of a batch. Its columns: each question's answer, then the connections of the account."""
    table = pa.Table.from_batches([batch])
    measured: dict[int, Measurements] = {}
    frames: dict[int, MetricFrame] = {}
    first = 0
    for offset, question in plan.questions.items():
        width = plan.width[offset]
        names = table.column_names[first : first + width]
        # Who was no customer then has no row of that day.
        there = table.filter(table.column(first).is_valid()).sort_by(names[0])
        first += width
        measured[offset] = measurements_of(question, Columns(there.select(names)), {})
        ids = measured[offset].population.account_ids
        witnesses = Witnesses(plan.providers, _linked(ids, there.column(table.num_columns - 1)))
        stale_before = None if offset else plan.stale_before
        covered = witnesses.coverage(records_of(question.metrics), ids, stale_before)
        frames[offset] = judged(measured[offset], covered)
    frame = frames[0]
    columns = columns_of(frame, plan.fields)
    usual = usual_values(frame, plan.models, lambda _, past: frames[(plan.day - past).days])
    return Accounts(measured, frame, assign(plan.rules, columns, len(frame.account_ids)), columns, usual)


def _linked(accounts: NDArray[np.int64], connections: pa.ChunkedArray) -> dict[int, NDArray[np.int64]]:
    """By connection, the accounts with a source account in it. connections: a list for each of the accounts, or null."""
    linked: dict[int, list[int]] = {}
    for account, ids in zip(accounts.tolist(), connections.to_pylist(), strict=True):
        for id in ids or ():
            linked.setdefault(id, []).append(account)
    return {id: np.array(found, dtype=np.int64) for id, found in linked.items()}


class ValuesOf:
    """From accounts to the values that peers are made of."""

    def __init__(self, plan: Plan, wanted: frozenset[tuple[int, int]]) -> None:
        self.plan, self.wanted = plan, wanted

    def __call__(self, batches: Batches) -> Batches:
        for batch in batches:
            accounts = read_accounts(self.plan, batch)
            for segment, line in sorted(self.wanted):
                found = accounts.of(self.plan, segment)
                values = found.values[:, line]
                known = is_measured(values, found.states[:, line])
                n = int(known.sum())
                ids = accounts.frame.account_ids[found.rows[known]]
                columns = (ids, same(segment, n), same(line, n), values[known], found.usual[known, line])
                yield pa.RecordBatch.from_arrays([pa.array(c) for c in columns], names=names_of(VALUES))


class PeersOf:
    """From all the values of one metric in one segment to their peer."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, table: pa.Table) -> pa.Table:
        segment, line = (table.column(name)[0].as_py() for name in ("segment", "line"))
        # In the order of the accounts, as everywhere: it decides about the last digit of a mean.
        ordered = table.sort_by("account_id")
        values, usual = (ordered.column(name).to_numpy() for name in ("value", "usual"))
        peer = peer_of(self.plan.models[segment].lines[line], values, usual)
        rows = [] if peer is None else [peer]
        columns: list[Sequence[object]] = [[segment] * len(rows), [line] * len(rows)]
        columns += [[p.component for p in rows], [p.value for p in rows], [p.accounts for p in rows]]
        columns += [[json.dumps([list(point) for point in p.curve]) for p in rows]]
        types = (pa.int32(), pa.int32(), pa.float64(), pa.float64(), pa.int64(), pa.string())
        arrays = [pa.array(column, type) for column, type in zip(columns, types, strict=True)]
        return pa.Table.from_arrays(arrays, names=names_of(PEERS))


class Scoring(ABC):
    """From accounts to what comes of them, compared with these peers."""

    def __init__(self, plan: Plan, peers: Sequence[Peers]) -> None:
        self.plan, self.peers = plan, peers

    def __call__(self, batches: Batches) -> Batches:
        for batch in batches:
            yield from self.of(read_accounts(self.plan, batch))

    @abstractmethod
    def of(self, accounts: Accounts) -> Batches:
        """What comes back of one batch."""


class ResultsOf(Scoring):
    """Their scores, and what a history keeps of them."""

    def of(self, accounts: Accounts) -> Batches:
        plan = self.plan
        for members in accounts.by_segment(plan):
            found = evaluate(
                members.model,
                members.model.make_scorer(plan.scorers),
                members.values,
                members.states,
                self.peers[members.segment],
                columns={name: column[members.rows] for name, column in accounts.columns.items()},
                usual=members.usual,
            )
            yield _results(accounts, members.segment, members.rows, found)


def _results(accounts: Accounts, segment: int, rows: NDArray[np.int64], found: Evaluation) -> pa.RecordBatch:
    frame, n = accounts.frame, len(rows)
    revenue = frame.index(REVENUE)
    picked = rows.tolist()
    arrays = [
        pa.array(frame.account_ids[rows]),
        pa.array(same(segment, n)),
        rows_of_bytes(accounts.assignment.matched[rows].astype(np.int8)),
        pa.array([frame.attributes["owner"][i] for i in picked], pa.string()),
        pa.array([frame.attributes["parent"][i] for i in picked], pa.int64()),
        pa.array(frame.values[rows, revenue]),
        pa.array(frame.states[rows, revenue]),
        rows_of_bytes(found.own.T.astype(NUMBER)),
        pa.array(found.own_coverage),
        rows_of_bytes(np.broadcast_to(found.caps.at, (3, n)).T.astype(NUMBER)),
        rows_of_bytes(found.components.astype(NUMBER)),
        rows_of_bytes(found.states.astype(np.int8)),
    ]
    return pa.RecordBatch.from_arrays(arrays, names=names_of(RESULTS))


def same(value: int, n: int) -> NDArray[np.int32]:
    return np.full(n, value, dtype=np.int32)


def rows_of_bytes(rows: NDArray[Any]) -> pa.Array:
    """(n, m) as n texts of bytes."""
    data, width = np.ascontiguousarray(rows), rows.shape[1] * rows.itemsize
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * width
    return pa.BinaryArray.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def names_of(schema: str) -> list[str]:
    return [column.split()[0] for column in schema.split(", ")]


# --- here -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """What came back of one segment. rows: its accounts' places among all. new: the peers that were not known, by metric."""

    rows: NDArray[np.int64]
    evaluation: Evaluation
    peers: Peers
    new: Mapping[str, Peer]


@dataclass(frozen=True)
class Scored:
    """What came back: n accounts by ascending id. matched: (n, rules). revenue, revenue_state: of the metric `mrr`."""

    accounts: NDArray[np.int64]
    index: NDArray[np.int64]
    matched: NDArray[np.bool_]
    owners: Sequence[object]
    parents: Sequence[object]
    revenue: Floats
    revenue_states: NDArray[np.int8]
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Compared:
    """Rows that came back, by ascending account; the peers by segment, and those among them that were not known, by metric."""

    rows: pa.Table
    peers: Sequence[Peers]
    new: Sequence[Mapping[str, Peer]]


def compared(plan: Plan, accounts: DataFrame, stored: Sequence[Peers], work: type[Scoring], schema: str) -> Compared:
    """Have work done on accounts, knowing what they are compared with.

    accounts: the answers to the plan's questions side by side, and the connections of each account. stored: for each rule, the
    peers that are known; the others are learnt from all the accounts. schema: of the rows that the work makes.
    """
    wanted = frozenset((s, i) for s, peers in enumerate(stored) for i, peer in enumerate(peers) if peer is None)
    accounts = accounts.persist() if wanted else accounts
    try:
        learnt = _learnt(plan, accounts, wanted) if wanted else {}
        peers = [tuple(peer or learnt.get((s, i)) for i, peer in enumerate(known)) for s, known in enumerate(stored)]
        found = accounts.mapInArrow(work(plan, peers), schema).toArrow().sort_by("account_id")
    finally:
        accounts.unpersist()
    new = [{m: p for i, m in enumerate(model.metrics) if (p := learnt.get((s, i)))} for s, model in enumerate(plan.models)]
    return Compared(found, peers, new)


def spread(plan: Plan, accounts: DataFrame, stored: Sequence[Peers]) -> Scored:
    """Score accounts; the arguments as in `compared`."""
    found = compared(plan, accounts, stored, ResultsOf, RESULTS)
    return _scored(plan, found.rows, found.peers, found.new)


def _learnt(plan: Plan, accounts: DataFrame, wanted: frozenset[tuple[int, int]]) -> dict[tuple[int, int], Peer]:
    values = accounts.mapInArrow(ValuesOf(plan, wanted), VALUES)
    # A function and no object: Spark asks a function that it applies by group how many arguments it takes.
    of = PeersOf(plan)

    def peer(table: pa.Table) -> pa.Table:
        return of(table)

    found = values.groupBy("segment", "line").applyInArrow(peer, PEERS).toArrow().to_pylist()
    return {
        (row["segment"], row["line"]): Peer(
            row["component"], row["value"], row["accounts"], tuple((float(x), float(y)) for x, y in json.loads(row["curve"]))
        )
        for row in found
    }


def _scored(plan: Plan, found: pa.Table, peers: Sequence[Peers], new: Sequence[Mapping[str, Peer]]) -> Scored:
    index = found.column("segment").to_numpy().astype(np.int64)
    segments = []
    for segment, model in enumerate(plan.models):
        rows = np.flatnonzero(index == segment)
        evaluation = _evaluation(plan, model, peers[segment], found.take(pa.array(rows)))
        segments.append(Segment(rows, evaluation, peers[segment], new[segment]))
    return Scored(
        accounts=found.column("account_id").to_numpy(),
        index=index,
        matched=matrix_of(found.column("matched"), np.dtype(np.int8), len(plan.rules)) > 0,
        owners=found.column("owner").to_pylist(),
        parents=found.column("parent").to_pylist(),
        revenue=found.column("revenue").to_numpy(),
        revenue_states=found.column("revenue_state").to_numpy(),
        segments=tuple(segments),
    )


def _evaluation(plan: Plan, model: ScoringModel, peers: Peers, found: pa.Table) -> Evaluation:
    """The evaluation that the results are of. What only an explanation needs did not come back: values, deltas, causes."""
    n, k = found.num_rows, len(model.lines)
    nobody = evaluate(model, model.make_scorer(plan.scorers), np.empty((0, k)), np.empty((0, k), dtype=np.int8), peers)
    nothing, states = np.broadcast_to(np.nan, (n, k)), matrix_of(found.column("states"), np.dtype(np.int8), k)
    own = np.ascontiguousarray(matrix_of(found.column("own"), NUMBER, 3).T)
    cap = np.ascontiguousarray(matrix_of(found.column("cap"), NUMBER, 3).T)
    coverage = found.column("coverage").to_numpy()
    return concluded(
        replace(
            nobody,
            values=nothing,
            usual=nothing,
            components=matrix_of(found.column("components"), NUMBER, k),
            states=states,
            unknown=states != ComponentState.MEASURED,
            deltas=nothing,
            own=own,
            own_coverage=coverage,
            own_adjustments=(),
            caps=Limit(cap, np.full(n, -1)),
        )
    )


def matrix_of(column: pa.ChunkedArray, of: np.dtype[Any], width: int) -> NDArray[Any]:
    data = b"".join(column.to_pylist())
    return np.frombuffer(data, dtype=of).reshape(len(column), width).copy()
