"""How large models are, over all that were ever in force: what a score is made of has no more parts than its model says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from accountpulse.core.store.tables import scoring_model, segment


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest numbers of one model: metrics, of the whole and of one group; groups, bands, caps.

    band_names: different ones, over all models. segments: that were ever in force. newest: the id of the last model looked at.
    """

    metrics: int = 0
    group_metrics: int = 0
    groups: int = 0
    bands: int = 0
    caps: int = 0
    band_names: frozenset[str] = frozenset()
    segments: int = 0
    newest: int = 0

    def with_model(self, id: int, content: Any) -> Largest:
        """With another model looked at, too. content: as a model file says it."""
        groups = [len(group["metrics"]) for group in content.get("groups", ())]
        bands = content.get("bands", ())
        return replace(
            self,
            metrics=max(self.metrics, sum(groups)),
            group_metrics=max(self.group_metrics, *groups, 0),
            groups=max(self.groups, len(groups)),
            bands=max(self.bands, len(bands)),
            caps=max(self.caps, len(content.get("caps", ()))),
            band_names=self.band_names | {band["name"] for band in bands},
            newest=id,
        )


def look(connection: sa.Connection, known: Largest) -> Largest:
    """The largest now. known: what was found before; models never change, so that only later ones are read."""
    table = scoring_model.c
    rows = connection.execute(sa.select(table.id, table.content).where(table.id > known.newest).order_by(table.id))
    for row in rows:
        known = known.with_model(row.id, row.content)
    segments = int(connection.execute(sa.select(sa.func.count()).select_from(segment)).scalar_one())
    return replace(known, segments=segments)
