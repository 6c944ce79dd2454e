"""A row of the history, and the bytes that hold what no query asks for.

Most rows say the same thing before steadiness and overrides as after. Columns that are nearly always null would take a seventh
of the history, so what is seldom there is in the row's bytes, and takes none where it is not:

    coverage in percent, + 128 where steadiness follows
    [which of the five follow, as bits; then those: raw score and band, steady score and band, days since rising began]
    the components, one byte each (core/scoring/packing.py)
"""

from __future__ import annotations

import struct
from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from accountpulse.core.errors import StoreError

_FOLLOWS = 128
_FORMATS = ("<h", "<b", "<h", "<b", "<i")
"""Of raw_centi, raw_band, steady_centi, steady_band, and the days from rising_since to the row's own day."""


class Packed(NamedTuple):
    """What a row's bytes hold; see `HistoryPoint`."""

    coverage_percent: int
    components: bytes
    raw_centi: int | None = None
    raw_band: int | None = None
    steady_centi: int | None = None
    steady_band: int | None = None
    rising_since: date | None = None

    def pack(self, day: date) -> bytes:
        """As the bytes of a row of a day."""
        rising = None if self.rising_since is None else (day - self.rising_since).days
        aside = (self.raw_centi, self.raw_band, self.steady_centi, self.steady_band, rising)
        if aside == (None,) * len(aside):
            return bytes([self.coverage_percent]) + self.components
        there = [(1 << i, struct.pack(_FORMATS[i], value)) for i, value in enumerate(aside) if value is not None]
        head = bytes([self.coverage_percent | _FOLLOWS, sum(bit for bit, _ in there)])
        return head + b"".join(value for _, value in there) + self.components


def has_aside(packed: bytes) -> bool:
    """Whether a row's bytes hold more than coverage and components."""
    return packed[0] >= _FOLLOWS


def unpack(packed: bytes, day: date) -> Packed:
    """From the bytes of a row of a day. Raises StoreError for bytes that `Packed.pack` did not make."""
    try:
        if packed[0] < _FOLLOWS:
            return Packed(packed[0], packed[1:])
        place = 2
        aside: list[int | None] = [None] * len(_FORMATS)
        for i, form in enumerate(_FORMATS):
            if packed[1] & 1 << i:
                (aside[i],) = struct.unpack_from(form, packed, place)
                place += struct.calcsize(form)
    except (IndexError, struct.error) as damaged:
        raise StoreError("a row of the history is damaged: its bytes end too early") from damaged
    raw_centi, raw_band, steady_centi, steady_band, rising = aside
    since = None if rising is None else day - timedelta(days=rising)
    return Packed(packed[0] - _FOLLOWS, packed[place:], raw_centi, raw_band, steady_centi, steady_band, since)


def has_more(packed: sa.ColumnElement[bytes]) -> sa.ColumnElement[bool]:
    """Whether a row's bytes hold more than coverage and components."""
    return packed >= bytes([_FOLLOWS])


def aside(packed: sa.ColumnElement[bytes]) -> sa.ColumnElement[bytes]:
    """A row's bytes where they hold more than coverage and components, else null: most rows' are not even fetched."""
    return sa.case((has_more(packed), packed))


class HistoryRow:
    """A row with the columns of the query it came by, and what its bytes hold (`Packed`) as if that were columns, too.

    The query must name `day`, and `packed` where those are asked for. The bytes are read when something of them is. row: the
    columns alone.
    """

    __slots__ = ("_unpacked", "row")

    def __init__(self, row: sa.Row[*tuple[Any, ...]]) -> None:
        self.row = row
        self._unpacked: Packed | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in Packed._fields:
            return getattr(self.row, name)
        if self._unpacked is None:
            self._unpacked = unpack(bytes(self.row.packed), self.row.day)
        return getattr(self._unpacked, name)
