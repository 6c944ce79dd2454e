"""Asks the scorers of the current day on the machines of a distributed engine.

What they make of every component comes back, with what the store keeps of each account's measurements: the next run reads only
whose facts changed. Adjustments, children, steadiness and words are added here, as they are without such an engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accountpulse.core.scoring.blocks import Parts, score_parts
from accountpulse.core.scoring.day import ScoredThere
from accountpulse.core.scoring.evaluate import setup_of
from accountpulse.core.scoring.peers import Peers
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.spread import (
    NUMBER,
    Accounts,
    Batches,
    Members,
    Plan,
    Scoring,
    compared,
    matrix_of,
    names_of,
    rows_of_bytes,
    same,
)
from accountpulse.core.scoring.spread_day import ScoredToday
from accountpulse.core.scoring.stored_frame import Columns, frame_of, pack, unpack

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PARTS = (
    "account_id bigint, segment int, measured binary, described string, components binary, states binary, deltas binary,"
    " own binary, coverage double, stood_in binary, excluded double"
)
"""What comes back of an account. measured, described: as the store keeps them. The others are its part of `blocks.Parts`;
stood_in: a number for each component that has a stand-in, in the order in which they are applied."""


class PartsOf(Scoring):
    """There: what scorers make of accounts, and what is kept of these."""

    def of(self, accounts: Accounts) -> Batches:
        kept = pack(frame_of(accounts.measured), {}).values()
        measured = _objects([row["measured"] for row in kept])
        described = _objects([row["described"] for row in kept])
        for members in accounts.by_segment(self.plan):
            rows = members.rows
            scorer = members.model.make_scorer(self.plan.scorers)
            setup = setup_of(members.model, scorer, self.peers[members.segment])
            parts = score_parts(setup, members.values, members.states, members.usual)
            stood_in = [parts.stood_in.get(i, np.zeros(len(rows))) for i in setup.stand_ins]
            yield _batch(accounts, members, measured[rows], described[rows], parts, stood_in)


def _batch(
    accounts: Accounts,
    members: Members,
    measured: NDArray[np.object_],
    described: NDArray[np.object_],
    parts: Parts,
    stood_in: Sequence[Floats],
) -> pa.RecordBatch:
    n = len(members.rows)
    arrays = [
        pa.array(accounts.frame.account_ids[members.rows]),
        pa.array(same(members.segment, n)),
        pa.array(measured, pa.binary()),
        pa.array(described, pa.string()),
        rows_of_bytes(parts.components.astype(NUMBER)),
        rows_of_bytes(parts.states.astype(np.int8)),
        rows_of_bytes(parts.deltas.astype(NUMBER)),
        rows_of_bytes(parts.own.T.astype(NUMBER)),
        pa.array(parts.coverage),
        rows_of_bytes(np.array(stood_in, dtype=NUMBER).reshape(len(stood_in), n).T),
        pa.array(parts.excluded),
    ]
    return pa.RecordBatch.from_arrays(arrays, names=names_of(PARTS))


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=np.object_)
    column[:] = values
    return column


# --- here -----------------------------------------------------------------------------------------------------------------


class _Kept(NamedTuple):
    account_id: int
    measured: bytes
    described: str


def spread_parts(plan: Plan, accounts: DataFrame, stored: Sequence[Peers]) -> ScoredToday:
    """Have scorers asked; the arguments as in `compared`."""
    found = compared(plan, accounts, stored, PartsOf, PARTS)
    rows = found.rows
    sheets = [Columns(o, q.metrics, q.compiled.clocks, q.worth, q.features) for o, q in plan.questions.items()]
    kept = (rows.column(name).to_pylist() for name in ("account_id", "measured", "described"))
    frame = unpack([_Kept(*row) for row in zip(*kept, strict=True)], sheets)
    index = rows.column("segment").to_numpy()
    segments = []
    for segment, peers in enumerate(found.peers):
        mine = rows.take(pa.array(np.flatnonzero(index == segment)))
        ids = mine.column("account_id").to_numpy()
        segments.append(ScoredThere(ids, _parts(plan, segment, peers, mine), found.new[segment]))
    return ScoredToday(frame, tuple(segments))


def _parts(plan: Plan, segment: int, peers: Peers, rows: pa.Table) -> Parts:
    model = plan.models[segment]
    k = len(model.lines)
    stand_ins = setup_of(model, model.make_scorer(plan.scorers), peers).stand_ins
    stood_in = matrix_of(rows.column("stood_in"), NUMBER, len(stand_ins))
    return Parts(
        components=matrix_of(rows.column("components"), NUMBER, k),
        states=matrix_of(rows.column("states"), np.dtype(np.int8), k),
        deltas=matrix_of(rows.column("deltas"), NUMBER, k),
        own=np.ascontiguousarray(matrix_of(rows.column("own"), NUMBER, 3).T),
        coverage=rows.column("coverage").to_numpy(),
        stood_in={i: column for i, column in zip(stand_ins, stood_in.T, strict=True) if column.any()},
        excluded=rows.column("excluded").to_numpy(),
    )
