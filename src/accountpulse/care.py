"""Care for people's data: erasing somebody on request, and forgetting what is too old."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.store import age, erase, erasures
from accountpulse.core.store import lookup as store_lookup
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.settings import read_setting, write_setting

if TYPE_CHECKING:
    from accountpulse.core.mirror import Mirror

_LAST = "records_forgotten"
WEEK = timedelta(days=7)
REMAINS = (
    "scores of the past, counts of whole portfolios and what was typical in a segment, which name nobody",
    "back-ups and exports that were made before: delete them, or erase again after restoring one",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an erasure removed. It names nobody, so that it can be kept. erasure: its number, None where it was only tried."""

    erasure: int | None
    kind: str
    at: datetime
    author: str
    reason: str | None
    removed: Mapping[str, int]
    tombstones: int
    mirror_files: int
    remains: tuple[str, ...] = REMAINS


Act = Callable[[sa.Connection, datetime], tuple[erase.Removed, list[bytes], str | None]]
"""What removes, and says what was, whom no sync may bring back, and the reason as it may be kept."""


class DataCare:
    """Erases and forgets in a store. days: for how long records are kept, by type. mirror: None where there is none."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, days: Mapping[str, int], mirror: Mirror | None) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._days = days
        self._mirror = mirror

    def erase_contact(self, named: str, *, author: str, reason: str | None = None, dry_run: bool = False) -> Certificate:
        """Erase a person, by an address or `connection:id`. Raises NotFound. dry_run: say what would go, and change nothing."""

        def act(connection: sa.Connection, now: datetime) -> tuple[erase.Removed, list[bytes], str | None]:
            person = erase.find_person(connection, named)
            why = reason and erase.without_addresses(reason, person)
            return erase.erase_person(connection, person, now), person.keys(erasures.tombstones(connection)), why

        return self._erase("contact", act, author, dry_run)

    def erase_account(self, named: str, *, author: str, reason: str | None = None, dry_run: bool = False) -> Certificate:
        """Erase a customer, by id, name, domain or `connection:key`, with everybody and everything of it. Raises NotFound."""

        def act(connection: sa.Connection, now: datetime) -> tuple[erase.Removed, list[bytes], str | None]:
            account_id = store_lookup.account_id(connection, named, scope=EVERYTHING)
            keys = erase.keys_of_account(connection, account_id, erasures.tombstones(connection))
            return erase.erase_account(connection, account_id, now), keys, reason

        return self._erase("account", act, author, dry_run)

    def _erase(self, kind: str, act: Act, author: str, dry_run: bool) -> Certificate:
        now = self._clock.now()
        with self._store.write() as connection, connection.begin_nested() as attempt:
            erase.shred(connection)
            removed, keys, reason = act(connection, now)
            counts = removed.counts()
            id = None
            if dry_run:
                attempt.rollback()
            else:
                id = erasures.note(connection, kind, counts, keys, author=author, reason=reason, now=now)
        files = 0
        if not dry_run:
            self._store.settle_file()
            files = self._mirror.forget() if self._mirror is not None else 0
        return Certificate(id, kind, now, author, reason, counts, len(set(keys)), files)

    def erasures(self) -> list[sa.Row[tuple[object, ...]]]:
        """All that were made, the latest first."""
        with self._store.read() as connection:
            return erasures.listing(connection)

    def release(self, id: int, *, author: str) -> int:
        """Let syncs bring again whom an erasure kept away; returns how many tombstones went. Raises NotFound."""
        with self._store.write() as connection:
            return erasures.release(connection, id, by=author, now=self._clock.now())

    # --- what is too old ------------------------------------------------------------------------------------------------

    def forget_old(self, *, dry_run: bool = False) -> dict[str, int]:
        """Remove what is older than the configuration keeps; returns how many rows of each type. dry_run: only count them."""
        if not self._days:
            return {}
        now = self._clock.now()
        with self._store.write() as connection, connection.begin_nested() as attempt:
            erase.shred(connection)
            removed = age.forget(connection, self._days, now, day_of(now, self._zone))
            if dry_run:
                attempt.rollback()
            else:
                write_setting(connection, _LAST, now.isoformat())
        return removed

    def forget_old_weekly(self) -> None:
        """Do so where that was not done for a week: a mirror has to be made anew after it."""
        if not self._days:
            return
        with self._store.read() as connection:
            last = read_setting(connection, _LAST)
        if last is None or self._clock.now() - datetime.fromisoformat(last) >= WEEK:
            self.forget_old()
