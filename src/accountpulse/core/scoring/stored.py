"""Reads current scores: what was kept of each becomes components and sentences again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from accountpulse.core.scoring.backdrop import Backdrop, Columns, Part, Reasons, kept_parts, reasons_told, unpacked
from accountpulse.core.scoring.types import Adjustment, Component, Matched, Score
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store import scores_read

MOST_READ = 500
_READ: dict[str, Backdrop] = {}
MOST_TOLD = 5_000
_TOLD: OrderedDict[tuple[str, bytes, str], Reasons] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Detail:
    """What explains a current score."""

    backdrop: Backdrop
    row: sa.Row[Any]

    @property
    def components(self) -> tuple[Component, ...]:
        """In the model's order."""
        return tuple(part.whole() for part in self.parts)

    @property
    def parts(self) -> list[Part]:
        """The components, each worked out as far as it is read."""
        return kept_parts(self.backdrop, bytes(self.row.numbers), reasons_told(self.backdrop, self.row.told))

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """In the order in which they were applied."""
        return tuple(map(Adjustment.from_json, self.row.adjustments))

    @property
    def matched(self) -> tuple[Matched, ...]:
        """Every segment rule that matched, the first being the one in force."""
        return tuple(map(Matched.from_json, self.row.matched))

    @property
    def steadiness(self) -> str | None:
        """Why what is published is not what is raw, in words; None where it is."""
        said: str | None = self.row.steadiness
        return said


def details(connection: sa.Connection, account_ids: Sequence[int] | None = None) -> dict[int, Detail]:
    """What explains current scores, by account, of all or of some."""
    rows = scores_read.details(connection, account_ids)
    known = backdrops(connection, (row.backdrop for row in rows.values()))
    return {id: Detail(known[row.backdrop], row) for id, row in rows.items()}


def backdrops(connection: sa.Connection, digests: Iterable[str | None]) -> Mapping[str, Backdrop]:
    """Backdrops by digest. Those read before are not read again: a digest never means anything else."""
    wanted = {digest for digest in digests if digest is not None}
    found = {digest: _READ[digest] for digest in wanted if digest in _READ}
    missing = wanted - found.keys()
    if missing:
        contents = scores_read.backdrops(connection, missing)
        found |= {digest: Backdrop.from_content(content) for digest, content in contents.items()}
        if len(_READ) > MOST_READ:
            _READ.clear()
        _READ.update(found)
    return found


def parts_read(backdrop: Backdrop, row: sa.Row[Any]) -> list[Part]:
    """The components in a row of `score_detail`, or in one with its columns. For one thread: the event loop's."""
    packed = bytes(row.numbers)
    return kept_parts(backdrop, packed, _reasons(backdrop, packed, row.told))


def columns_read(backdrop: Backdrop, row: sa.Row[Any]) -> Columns:
    """The same, without an object for each."""
    packed = bytes(row.numbers)
    reasons = _reasons(backdrop, packed, row.told)
    return Columns(backdrop, unpacked(backdrop, packed), reasons)


def _reasons(backdrop: Backdrop, packed: bytes, told: dict[str, str] | None) -> Reasons:
    """The sentences of a score, as far as they are known.

    Those of the scores read last are kept, and nothing else of them: they take most of the time, rest on nothing but what is in
    the row, and are one list for Python to look through for garbage.
    """
    key = backdrop.digest, packed, repr(told) if told else ""
    reasons = _TOLD.get(key)
    if reasons is None:
        reasons = _TOLD[key] = reasons_told(backdrop, told)
        if len(_TOLD) > MOST_TOLD:
            _TOLD.popitem(last=False)
    return reasons


def stored_scores(connection: sa.Connection, account_ids: Sequence[int] | None = None) -> dict[int, Score]:
    """The current scores, by account, of all or of some."""
    found = details(connection, account_ids)
    rows = store_scores.current(connection, account_ids)
    return {id: _score(row, found[id]) for id, row in rows.items() if id in found}


def _score(row: sa.Row[Any], detail: Detail) -> Score:
    return Score(
        account_id=row.account_id,
        day=row.day,
        segment=row.segment,
        model_version=row.model_version,
        score=row.score,
        reference=row.reference,
        band=row.band,
        raw_score=row.raw_score,
        raw_band=row.raw_band,
        band_since=row.band_since,
        steadiness=detail.steadiness,
        coverage=row.coverage,
        low=row.low,
        high=row.high,
        components=detail.components,
        adjustments=detail.adjustments,
        matched=detail.matched,
    )
