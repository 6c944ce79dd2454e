"""What was said of accounts day by day, as columns: what trends rest on, and since when accounts are in their bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.store.history_rows import aside, has_more, unpack
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
    first_live = connection.execute(sa.select(sa.func.min(scored_day.c.day)).where(scored_day.c.basis == LIVE)).scalar()
    said, day = _Said(), epoch_day(connection, h.day)
    code = _code(day)
    # All of an account in one text: there are dozens of rows for each, and reading them takes longer than finding them.
    codes = sa.func.aggregate_strings(sa.cast(code, sa.Text), ",")
    bases: tuple[Basis, ...] = (RESTATED, LIVE)
    for basis in bases:
        rows = [h.basis == basis, h.day >= since, chosen(accounts)]
        if basis == RESTATED and first_live is not None:
            if first_live <= since:
                # Between the last restated row and the live one in force at `since` there may be others.
                continue
            rows.append(h.day < first_live)
        for one in connection.execute(newest_before(basis, since, accounts, h.account_id, code, day, aside(h.packed))).all():
            said.add(one[0], str(one[1]))
            if one[3] is not None:
                said.held(one[0], one[2], one[3])
        for account, text in connection.execute(sa.select(h.account_id, codes).where(*rows).group_by(h.account_id)).all():
            said.add(account, text)
        for row in connection.execute(sa.select(h.account_id, day, h.packed).where(*rows, has_more(h.packed))).all():
            said.held(*row)
    return said.read()


# A row as one number: its model, its day, its band + 1, and its score in hundredths.
_DAYS, _BANDS, _SCORES = 22, 8, 14
"""Of how many bits each but the first is; half a million models fit in front of them."""


def _code(day: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    h = score_history.c
    code: sa.ColumnElement[int] = sa.cast(h.model_id, sa.BigInteger)
    for bits, value in ((_DAYS, day), (_BANDS, h.band + 1), (_SCORES, h.score_centi)):
        code = code * (1 << bits) + value
    return code


class _Said:
    """Gathers rows, and puts them in order."""

    def __init__(self) -> None:
        self._accounts: list[int] = []
        self._texts: list[str] = []
        self._raw: dict[tuple[int, int], int] = {}

    def add(self, account: int, codes: str) -> None:
        """Rows of an account, with a comma between them."""
        self._accounts.append(account)
        self._texts.append(codes)

    def held(self, account: int, day: int, packed: bytes) -> None:
        """The bytes of one of the rows, where they hold more than components."""
        found = unpack(bytes(packed), EPOCH_DAY + timedelta(days=day)).raw_centi
        if found is not None:
            self._raw[account, day] = found

    def read(self) -> Said:
        accounts = np.repeat(np.array(self._accounts, dtype=np.int64), [text.count(",") + 1 for text in self._texts])
        codes = np.fromstring(",".join(self._texts), dtype=np.int64, sep=",")
        fields = []
        for bits in (_SCORES, _BANDS, _DAYS):
            fields.append(codes & (1 << bits) - 1)
            codes >>= bits
        raw, band, day = fields
        order = np.lexsort((day, accounts))
        found = Said(accounts[order], day[order], codes[order], band[order] - 1, raw[order])
        if self._raw:
            key, wanted = found.account << _DAYS | found.day, np.array(list(self._raw), dtype=np.int64)
            found.raw[np.searchsorted(key, wanted[:, 0] << _DAYS | wanted[:, 1])] = list(self._raw.values())
        return found
