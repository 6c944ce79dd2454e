"""How far the scores of a shadow are from the published ones, day by day, read from the history of both.

What each would say by itself: with its steadiness, without what people decided over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store import series as store_series
from accountpulse.core.store.scorecards import SHADOW
from accountpulse.core.store.scores import LIVE, RESTATED, SHADOW_LIVE, SHADOW_RESTATED
from accountpulse.core.store.series import Series
from accountpulse.core.store.types import to_epoch_day


@dataclass(frozen=True, slots=True)
class Apart:
    """One account on the last day that both were scored: what is published, and what the shadow says."""

    account_id: int
    name: str
    published: float
    shadow: float
    published_band: str
    shadow_band: str


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """A shadow beside what is published.

    since, author, reason: of the release that put it there. days: how many days both were scored; first, last: those days.
    accounts: on the last of them. mean_difference: shadow - published in points, over all accounts and days, without accounts
    whose band is unknown on either side; mean_distance: the same without its sign; None where nothing was scored beside.
    other_band: the share of accounts and days, 0..1, with another band. other_band_now: that of the last day.
    movers: the accounts furthest apart on the last day.
    """

    release: int
    since: datetime
    author: str
    reason: str | None
    days: int
    first: date | None
    last: date | None
    accounts: int
    mean_difference: float | None
    mean_distance: float | None
    other_band: float | None
    other_band_now: float | None
    movers: tuple[Apart, ...]


@dataclass(frozen=True)
class _Pairs:
    """Accounts that both sides say something of on a day: shadow, published: (n,) scores; bands: (n,) names, unknown told."""

    accounts: NDArray[np.int64]
    shadow: NDArray[np.float64]
    published: NDArray[np.float64]
    shadow_band: NDArray[np.object_]
    published_band: NDArray[np.object_]

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.asarray((self.shadow_band != UNKNOWN_NAME) & (self.published_band != UNKNOWN_NAME), dtype=bool)


def shadow_report(connection: sa.Connection, *, limit: int = 10) -> ShadowReport | None:
    """How far the shadow is from what is published; None where nothing is in shadow. limit: of the accounts listed."""
    in_shadow = store_scorecards.in_force(connection, SHADOW)
    if not in_shadow:
        return None
    release = next(row for row in store_scorecards.releases(connection, SHADOW) if row.action == "shadow")
    models = {row.model_id for row in in_shadow}
    # Rows that an earlier shadow left are no part of this one.
    beside = store_series.days_beside(connection, (SHADOW_LIVE, SHADOW_RESTATED), release.at)
    published = store_series.days_beside(connection, (LIVE, RESTATED))
    days = [day for day in beside if day in published]
    differences, distances, other, accounts = [0.0], [0.0], 0, 0
    known = 0
    last: _Pairs | None = None
    if days:
        reader = _Reader(connection, days[-1], models)
        for day in days:
            last = reader.pairs(day, beside[day], published[day])
            gap = (last.shadow - last.published)[last.known]
            differences.append(float(gap.sum()))
            distances.append(float(np.abs(gap).sum()))
            known += len(gap)
            other += int((last.shadow_band != last.published_band).sum())
            accounts += len(last.accounts)
    return ShadowReport(
        release=release.id,
        since=release.at,
        author=release.author,
        reason=release.reason,
        days=len(days),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        accounts=len(last.accounts) if last is not None else 0,
        mean_difference=sum(differences) / known if known else None,
        mean_distance=sum(distances) / known if known else None,
        other_band=other / accounts if accounts else None,
        other_band_now=_share(last),
        movers=() if last is None else _furthest(connection, last, limit),
    )


def _share(pairs: _Pairs | None) -> float | None:
    if pairs is None or not len(pairs.accounts):
        return None
    return float((pairs.shadow_band != pairs.published_band).mean())


def _furthest(connection: sa.Connection, pairs: _Pairs, limit: int) -> tuple[Apart, ...]:
    gap = np.where(pairs.known, np.abs(pairs.shadow - pairs.published), 0.0)
    # Whoever is unknown on one side only is as far apart as can be told.
    gap[(pairs.shadow_band != pairs.published_band) & ~pairs.known] = np.inf
    places = [int(i) for i in np.argsort(-gap, kind="stable")[:limit] if gap[i] > 0]
    names = store_profiles.names(connection, [int(pairs.accounts[i]) for i in places])
    return tuple(
        Apart(
            account_id=(account := int(pairs.accounts[i])),
            name=names.get(account, f"account {account}"),
            published=float(pairs.published[i]),
            shadow=float(pairs.shadow[i]),
            published_band=str(pairs.published_band[i]),
            shadow_band=str(pairs.shadow_band[i]),
        )
        for i in places
    )


class _Reader:
    """Reads each basis once, for the accounts that are scored now: who has left since is no longer anybody's question."""

    def __init__(self, connection: sa.Connection, until: date, models: set[int]) -> None:
        self._connection = connection
        self._until = until
        self._models = np.array(sorted(models), dtype=np.int64)
        self._scored = np.array(sorted(store_series.scored_now(connection)), dtype=np.int64)
        self._bands = {
            id: np.array([*(band["name"] for band in content["bands"]), UNKNOWN_NAME], dtype=object)
            for id, content in store_series.model_contents(connection).items()
        }
        self._series: dict[int, Series] = {}

    def pairs(self, day: date, shadow_basis: int, published_basis: int) -> _Pairs:
        """Both sides on a day."""
        shadow, published = self._of(shadow_basis), self._of(published_basis)
        mine, theirs = shadow.in_force(to_epoch_day(day)), published.in_force(to_epoch_day(day))
        mine = mine[np.isin(shadow.model[mine], self._models) & np.isin(shadow.account[mine], self._scored)]
        accounts, a, b = np.intersect1d(shadow.account[mine], published.account[theirs], return_indices=True)
        mine, theirs = mine[a], theirs[b]
        return _Pairs(
            accounts, shadow.score[mine], published.score[theirs], self._named(shadow, mine), self._named(published, theirs)
        )

    def _of(self, basis: int) -> Series:
        if basis not in self._series:
            self._series[basis] = store_series.series(self._connection, basis, self._until, overridden=False)
        return self._series[basis]

    def _named(self, series: Series, places: NDArray[np.int64]) -> NDArray[np.object_]:
        names = np.empty(len(places), dtype=object)
        for model in np.unique(series.model[places]):
            of_model = series.model[places] == model
            names[of_model] = self._bands[int(model)][series.band[places][of_model]]  # -1, unknown, is the last
        return names
