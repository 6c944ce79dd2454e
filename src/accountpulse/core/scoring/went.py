"""How accounts came to where they are: their trends, and since when they are in their bands. Both rest on the history alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

import numpy as np
import sqlalchemy as sa

from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.standing import Bands, bands_of
from accountpulse.core.scoring.trend import WINDOWS, daily, trends
from accountpulse.core.scoring.types import Score
from accountpulse.core.store import absence as store_absence
from accountpulse.core.store.said import Integers, Said, history_since
from accountpulse.core.store.scores import LIVE, RESTATED
from accountpulse.core.store.types import from_epoch_day, to_epoch_day

_NAMES = ("band_since", *(f"trend_{window}d" for window in WINDOWS))
_said_last = attrgetter(*_NAMES)


def went(
    connection: sa.Connection,
    day: date,
    bands: Mapping[int, str],
    known: Mapping[int, sa.Row[Any]],
    moved: Collection[int] | None,
    accounts: Sequence[int] | None,
    scales: Mapping[int, Bands],
) -> dict[int, dict[str, Any]]:
    """The columns of each account's current score that tell how it came there. bands: the current ones, by account.

    known: what was said last. moved: whose history has changed since, None where that may be any; of the others, what was said
    earlier that day holds where the band has not changed. accounts: given where the bands are of some only. scales: bands of
    models, by id, as far as they are known.
    """
    found: dict[int, dict[str, Any]] = {}
    for account, band in bands.items():
        row = known.get(account)
        if moved is not None and account not in moved and row is not None and (row.day, row.band) == (day, band):
            found[account] = dict(zip(_NAMES, _said_last(row), strict=True))
    anew = sorted(bands.keys() - found.keys())
    if not anew:
        return found
    begin = day - timedelta(days=max(WINDOWS))
    ids = np.array(anew, dtype=np.int64)
    said = _of(ids, _since_return(connection, history_since(connection, begin, None if accounts is None else anew), day))
    since = _bands_since(connection, day, ids, [bands[account] for account in anew], said, known, scales)
    # What a person decides for a month is no trend of the account.
    series = daily(np.searchsorted(ids, said.account), said.day, said.raw, len(ids), to_epoch_day(day), max(WINDOWS))
    found |= {account: {"band_since": since[account]} for account in anew}
    for window in WINDOWS:
        for account, trend in zip(anew, trends(series[:, -window:]).tolist(), strict=True):
            found[account][f"trend_{window}d"] = None if np.isnan(trend) else trend
    return found


def band_began(connection: sa.Connection, score: Score) -> date:
    """The first day of the unbroken run, up to a score of some past day, of the band that it is in."""
    said = _since_return(connection, history_since(connection, date.min, [score.account_id]), score.day)
    earlier = said.where(said.day < to_epoch_day(score.day))
    begin, end, _ = _runs(connection, np.array([score.account_id]), [score.band], earlier, {})
    return from_epoch_day(int(earlier.day[begin[0]])) if begin[0] < end[0] else score.day


def _of(ids: Integers, said: Said) -> Said:
    return said.where(np.isin(said.account, ids))


def _since_return(connection: sa.Connection, said: Said, until: date) -> Said:
    """The rows since an account that had left came back, up to a day; all of the others."""
    returned = store_absence.returned(connection, (RESTATED, LIVE), until)
    if not returned:
        return said
    ids = np.array(sorted(returned), dtype=np.int64)
    days = np.array([to_epoch_day(returned[int(id)]) for id in ids], dtype=np.int64)
    place = np.minimum(np.searchsorted(ids, said.account), len(ids) - 1)
    return said.where((ids[place] != said.account) | (said.day >= days[place]))


def _runs(
    connection: sa.Connection, ids: Integers, bands: Sequence[str], said: Said, scales: Mapping[int, Bands]
) -> tuple[Integers, Integers, Integers]:
    """The rows at the end of each account's that are all in its band: the first of them, and the one after the last (N,).

    And the first row of the account; without any such rows, the first two are the same.
    """
    # As one number, which sorts much faster than pairs; a band is one byte.
    pairs, which = np.unique(said.model * 256 + said.band + 1, return_inverse=True)
    places = [(pair >> 8, (pair & 255) - 1) for pair in pairs.tolist()]
    known = {**scales, **bands_of(connection, {model for model, _ in places} - scales.keys())}
    numbers = {name: number for number, name in enumerate(dict.fromkeys(bands))}
    codes = np.array([numbers.get(band_name(known[model], band), -1) for model, band in places], dtype=np.int64)
    now = np.array([numbers[name] for name in bands], dtype=np.int64)
    place = np.searchsorted(ids, said.account)
    begin, end = np.searchsorted(said.account, ids, side="left"), np.searchsorted(said.account, ids, side="right")
    other = np.flatnonzero(codes[which.reshape(-1)] != now[place])
    run = begin.copy()
    np.maximum.at(run, place[other], other + 1)
    return run, end, begin


def _bands_since(
    connection: sa.Connection,
    day: date,
    ids: Integers,
    bands: Sequence[str],
    said: Said,
    known: Mapping[int, sa.Row[Any]],
    scales: Mapping[int, Bands],
) -> dict[int, date]:
    """The first day of the unbroken run of the band that each account is in.

    said: the rows of the last months; known: what was said last. Where neither reaches back to the beginning of the run, all of
    the account's history is read.
    """
    run, end, begin = _runs(connection, ids, bands, said, scales)
    since = dict.fromkeys(ids.tolist(), day)
    unfinished: dict[int, str] = {}
    for i in np.flatnonzero(run < end).tolist():
        account, first = int(ids[i]), from_epoch_day(int(said.day[run[i]]))
        since[account] = first
        if run[i] > begin[i]:
            continue
        before = known.get(account)
        if before is not None and before.band == bands[i] and before.band_since <= first <= before.day:
            since[account] = before.band_since
        else:
            unfinished[account] = bands[i]
    if unfinished:
        left = np.array(sorted(unfinished), dtype=np.int64)
        older = _of(left, _since_return(connection, history_since(connection, date.min, left.tolist()), day))
        run, end, _ = _runs(connection, left, [unfinished[int(id)] for id in left], older, scales)
        since |= {int(left[i]): from_epoch_day(int(older.day[run[i]])) for i in np.flatnonzero(run < end)}
    return since
