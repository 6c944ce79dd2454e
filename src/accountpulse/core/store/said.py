"""What was said of accounts day by day, as columns: what trends rest on, and since when accounts are in their bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.store.history_rows import aside, unpack
from accountpulse.core.store.scores import LIVE, RESTATED, Basis, chosen, newest_before
from accountpulse.core.store.tables import score_history, scored_day
from accountpulse.core.store.types import EPOCH_DAY, epoch_day

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Said:
    """Rows of the history, by account and then by day.

    day: days since 1970. band: index in the bands of the row's model. raw: the score before steadiness and overrides, in
    hundredths.
    """

    account: Integers
    day: Integers
    model: Integers
    band: Integers
    raw: Integers

    def where(self, wanted: NDArray[np.bool_]) -> Said:
        """Some of the rows."""
        return Said(self.account[wanted], self.day[wanted], self.model[wanted], self.band[wanted], self.raw[wanted])


def history_since(connection: sa.Connection, since: date, accounts: Sequence[int] | None = None) -> Said:
    """What was said of every account, or of some, from `since` on and what was in force before.

    What was said live from the first day that was scored live, restated for the days before.
    """
    h = score_history.c
    columns = (h.account_id, epoch_day(connection, h.day), h.model_id, h.band, h.score_centi, aside(h.packed))
    first_live = connection.execute(sa.select(sa.func.min(scored_day.c.day)).where(scored_day.c.basis == LIVE)).scalar()
    read: list[sa.Row[Any]] = []
    bases: tuple[Basis, ...] = (RESTATED, LIVE)
    wanted = chosen(accounts)
    for basis in bases:
        query = sa.select(*columns).where(h.basis == basis, h.day >= since, wanted)
        if basis == RESTATED and first_live is not None:
            if first_live <= since:
                # Between the last restated row and the live one in force at `since` there may be others.
                continue
            query = query.where(h.day < first_live)
        for part in (newest_before(basis, since, accounts, *columns), query):
            read += connection.execute(part).all()
    account, day, model, band, centi, packed = zip(*read, strict=True) if read else ((),) * len(columns)
    raw = [c if p is None else _raw(d, c, p) for c, p, d in zip(centi, packed, day, strict=True)]
    table = [np.array(column, dtype=np.int64) for column in (account, day, model, band, raw)]
    order = np.lexsort((table[1], table[0]))
    return Said(*(column[order] for column in table))


def _raw(day: int, centi: int, packed: bytes) -> int:
    found = unpack(bytes(packed), EPOCH_DAY + timedelta(days=day)).raw_centi
    return centi if found is None else found
