"""Reads current scores: what was kept of each becomes components and sentences again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from accountpulse.core.scoring.backdrop import Backdrop, Numbers, told_components
from accountpulse.core.scoring.types import Adjustment, Component, Matched, Score
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store import scores_read


@dataclass(frozen=True, slots=True)
class Detail:
    """What explains a current score."""

    backdrop: Backdrop
    row: sa.Row[Any]

    @property
    def components(self) -> tuple[Component, ...]:
        """In the model's order."""
        numbers = Numbers.unpack(bytes(self.row.numbers), len(self.backdrop.lines))
        return told_components(self.backdrop, numbers, 0, {int(place): said for place, said in (self.row.told or {}).items()})

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
    contents = scores_read.backdrops(connection, {row.backdrop for row in rows.values()})
    backdrops = {digest: Backdrop.from_content(content) for digest, content in contents.items()}
    return {id: Detail(backdrops[row.backdrop], row) for id, row in rows.items()}


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
