"""Which connections answer for which record types, for which accounts, and how fresh their answers are.

An account without tickets has zero tickets only if somebody who would know has been asked. This module knows who was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.dialects import Dialect
from accountpulse.core.metrics.engine import Facts, StoreFacts
from accountpulse.core.metrics.rows import ACCOUNTS, KNOWN_AT, Scope
from accountpulse.core.store.connections import naming
from accountpulse.core.store.states import Reading, connections_at, streams_at

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Provider:
    """One connection that provides a record type. pushed: no stream reads it, the vendor sends. fresh_at: newest success."""

    connection_id: int
    name: str
    pushed: bool
    loaded: bool
    fresh_at: datetime | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one record type is covered. The masks have one entry an account.

    linked: the account has a source account in a providing connection. loaded: one of those finished its first load.
    stale: the newest success of those is too long ago.
    """

    record: str
    providers: tuple[Provider, ...]
    linked: Mask
    loaded: Mask
    stale: Mask

    @property
    def fresh_at(self) -> datetime | None:
        """The newest success of all providing streams."""
        return max((p.fresh_at for p in self.providers if p.fresh_at is not None), default=None)

    @property
    def names(self) -> str:
        return ", ".join(p.name for p in self.providers)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who could tell. providers: by record type. linked: by connection, the accounts with a source account in it."""

    providers: Mapping[str, Sequence[Provider]]
    linked: Mapping[int, NDArray[np.int64]]

    def coverage(
        self, records: Iterable[str], account_ids: NDArray[np.int64], stale_before: datetime | None
    ) -> dict[str, Coverage]:
        """The coverage of each record type for accounts; `stale_before` as in the function `coverage`."""
        linked = {id: np.isin(account_ids, accounts, assume_unique=True) for id, accounts in self.linked.items()}
        nobody = np.zeros(len(account_ids), dtype=np.bool_)
        result: dict[str, Coverage] = {}
        for record in records:
            found = self.providers.get(record, [])
            masks = [linked.get(p.connection_id, nobody) for p in found]
            fresh = [m for p, m in zip(found, masks, strict=True) if _is_fresh(p, stale_before)]
            known = [m for p, m in zip(found, masks, strict=True) if p.loaded]
            result[record] = Coverage(
                record=record,
                providers=tuple(found),
                linked=_any(masks, nobody),
                loaded=_any(known, nobody),
                stale=_any(known, nobody) & ~_any(fresh, nobody),
            )
        return result


def coverage(
    connection: sa.Connection,
    records: Iterable[str],
    account_ids: NDArray[np.int64],
    *,
    mode: Mode,
    stale_before: datetime | None,
    accounts: Sequence[int] | None = None,
    facts: Facts | None = None,
) -> dict[str, Coverage]:
    """The coverage of each record type. `stale_before`: the oldest success that still counts; None when staleness doesn't.

    facts: where links are read, the store unless given.
    """
    found = Witnesses(providers_of(connection, mode), linked_by(connection, mode=mode, accounts=accounts, facts=facts))
    return found.coverage(records, account_ids, stale_before)


def linked_by(
    connection: sa.Connection, *, mode: Mode, accounts: Sequence[int] | None = None, facts: Facts | None = None
) -> dict[int, NDArray[np.int64]]:
    """For each connection, the accounts with a source account in it; the arguments as in `coverage`."""
    # A first link holds since ever, but whom a source had not named yet was unknown then, not zero. The store alone knows when.
    seen = mode.at is not None and not _assumed(mode)
    if facts is None or seen:
        facts = StoreFacts(connection)
    dialect = facts.dialect
    parameters: dict[str, object] = {}
    if mode.at is not None:
        parameters[KNOWN_AT.removeprefix(":")] = dialect.instant(mode.at)
    if accounts is not None:
        parameters[ACCOUNTS] = dialect.ids(accounts)
    query = links_query(dialect, isinstance(mode, AsCorrected), accounts is not None, mode.at is not None, seen)
    connections, accounts_there = facts.ask(query, parameters).floats(0, 2).astype(np.int64).T
    return {int(c): np.unique(accounts_there[connections == c]) for c in np.unique(connections)}


def providers_of(connection: sa.Connection, mode: Mode) -> dict[str, list[Provider]]:
    """Who provides each record type."""
    return _providers(connection, mode.at, _assumed(mode))


def loading(
    connection: sa.Connection,
    providers: Mapping[str, Sequence[Provider]],
    metrics: Iterable[Metric],
    unplaced: Collection[int],
) -> frozenset[str]:
    """The metrics that rest on a record type of which a source is in the midst of its first load: what is measured is a part.

    providers: by record type. A source that has not named an account yet has not begun. unplaced: connections of whose source
    accounts some have not been linked yet: for them, the load is not over.
    """
    begun = naming(connection)

    def behind(provider: Provider) -> bool:
        return provider.connection_id in unplaced or (not provider.loaded and provider.connection_id in begun)

    partly = {record for record, found in providers.items() if any(map(behind, found))}
    return frozenset(metric.name for metric in metrics if not partly.isdisjoint(metric.sources))


def _assumed(mode: Mode) -> bool:
    return isinstance(mode, AsKnown) and mode.loads_assumed


def _is_fresh(provider: Provider, stale_before: datetime | None) -> bool:
    if stale_before is None or provider.pushed:
        return True
    return provider.fresh_at is not None and provider.fresh_at >= stale_before


def _any(masks: list[Mask], nobody: Mask) -> Mask:
    result: Mask = np.logical_or.reduce([nobody, *masks])
    return result


def _providers(connection: sa.Connection, at: datetime | None, loads_assumed: bool) -> dict[str, list[Provider]]:
    streams: dict[tuple[int, str], list[Reading]] = {}
    for stream in streams_at(connection, at, loads_assumed=loads_assumed):
        for record in stream.records:
            streams.setdefault((stream.connection_id, record), []).append(stream)
    result: dict[str, list[Provider]] = {}
    for standing in connections_at(connection, at, loads_assumed=loads_assumed):
        for record in standing.provides:
            found = streams.get((standing.connection_id, record), [])
            result.setdefault(record, []).append(
                Provider(
                    connection_id=standing.connection_id,
                    name=standing.name,
                    pushed=not found,
                    loaded=not found or any(stream.loaded for stream in found),
                    fresh_at=max((s.succeeded_at for s in found if s.succeeded_at is not None), default=None),
                )
            )
    return result


@lru_cache(maxsize=8)
def links_query(dialect: Dialect, corrected: bool, some_accounts: bool, pinned: bool, seen: bool) -> str:
    """Select the pairs of a connection and an account that has a source account in it, once for each of those."""
    scope = Scope(dialect, corrected, some_accounts, pinned=pinned)
    where = " and ".join(
        [scope.version("l"), *scope.wanted("l.account_id"), *([f"s.first_known_at <= {KNOWN_AT}"] if seen else [])]
    )
    source = "link l join source_account s on s.id = l.source_account_id"
    return dialect.finished(f"select s.connection_id, l.account_id from {source} where {where}")  # noqa: S608  # ours
