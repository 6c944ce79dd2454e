"""Reads what people put in: one statement for all accounts of a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from strawberry.dataloader import DataLoader

from accountpulse.core.clock import day_of
from accountpulse.core.people import Note, OutcomeEntry, Override, PulseEntry, Target
from accountpulse.core.people.entries import outcomes, pulses
from accountpulse.core.people.notes import notes
from accountpulse.core.people.overrides import overrides
from accountpulse.core.people.targets import targets
from accountpulse.core.store import trail as store_trail

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context

Key = tuple[int, int]


class _OfAccount(Protocol):
    @property
    def account_id(self) -> int: ...


T = TypeVar("T", bound=_OfAccount)


class PeopleLoaders:
    """override (that in force), revision: by account. targets, notes, pulses, outcomes: by account and how many at most."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.override: DataLoader[int, Override | None] = DataLoader(load_fn=self._overrides)
        self.targets: DataLoader[Key, list[Target]] = DataLoader(load_fn=self._targets)
        self.notes: DataLoader[Key, list[Note]] = DataLoader(load_fn=self._notes)
        self.pulses: DataLoader[Key, list[PulseEntry]] = DataLoader(load_fn=self._pulses)
        self.revision: DataLoader[int, int] = DataLoader(load_fn=self._revisions)
        self.outcomes: DataLoader[Key, list[OutcomeEntry]] = DataLoader(load_fn=self._outcomes)

    async def _overrides(self, ids: list[int]) -> Sequence[Override | None]:
        found = await self._context.read(overrides, self._context.hub.clock.now(), ids, scope=self._context.scope)
        by_account = {each.account_id: each for each in found}
        return [by_account.get(id) for id in ids]

    async def _targets(self, keys: list[Key]) -> Sequence[list[Target]]:
        ids, most = _wanted(keys)
        today = day_of(self._context.hub.clock.now(), self._context.hub.zone)
        found = await self._context.read(targets, today, ids, former=True, first=most, scope=self._context.scope)
        return _cut(keys, _grouped(found))

    async def _notes(self, keys: list[Key]) -> Sequence[list[Note]]:
        ids, most = _wanted(keys)
        return _cut(keys, _grouped(await self._context.read(notes, ids, first=most, scope=self._context.scope)))

    async def _pulses(self, keys: list[Key]) -> Sequence[list[PulseEntry]]:
        return _cut(keys, await self._context.read(pulses, *_wanted(keys), scope=self._context.scope))

    async def _outcomes(self, keys: list[Key]) -> Sequence[list[OutcomeEntry]]:
        return _cut(keys, await self._context.read(outcomes, *_wanted(keys), scope=self._context.scope))

    async def _revisions(self, ids: list[int]) -> Sequence[int]:
        found = await self._context.read(store_trail.revisions, ids, scope=self._context.scope)
        return [found.get(id, 0) for id in ids]


def _wanted(keys: Sequence[Key]) -> tuple[list[int], int]:
    """The accounts, and the length of the longest list: the others are cut from it."""
    return sorted({id for id, _ in keys}), max(first for _, first in keys)


def _grouped(rows: Iterable[T]) -> Mapping[int, list[T]]:
    found: dict[int, list[T]] = defaultdict(list)
    for row in rows:
        found[row.account_id].append(row)
    return found


def _cut(keys: Sequence[Key], found: Mapping[int, list[T]]) -> list[list[T]]:
    return [found.get(id, [])[:first] for id, first in keys]
