"""Takes what people put in, one transaction a command, and reads it back. Accounts are named as a person would name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.people.entries import (
    OutcomeEntry,
    PulseEntry,
    enter_outcome,
    enter_pulse,
    outcomes,
    pulses,
    remove_entry,
)
from accountpulse.core.people.notes import Note, add_note, notes, remove_note
from accountpulse.core.people.overrides import Override, end_override, overrides, set_override
from accountpulse.core.people.targets import Target, end_target, set_target, targets
from accountpulse.core.store import lookup as store_lookup
from accountpulse.core.store.database import Store
from accountpulse.core.store.people import Entered

ALL = 1_000_000
"""How many entries of one account are read at most: every one there could be."""


class People:
    """People's input of one store.

    account: an id, a name, a domain or `connection:key`; every method that takes one raises NotFound, naming near ones. Those
    that write raise InvalidInput for what can't be taken. They do not score: a new override or pulse counts when the account
    is scored next.
    """

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    # --- overrides ----------------------------------------------------------------------------------------------------

    def override(self, account: str, score: float, *, owner: str, reason: str, until: datetime) -> Override:
        """Decide an account's score until an instant, instead of its former override if it has one."""
        with self._writing(account) as (connection, account_id):
            now = self._clock.now()
            set_override(connection, account_id, score, owner=owner, reason=reason, until=until, now=now)
            return overrides(connection, now, [account_id])[0]

    def end_override(self, account: str, *, by: str) -> Override:
        """End an account's override before it expires. Raises NotFound where none is in force."""
        with self._writing(account) as (connection, account_id):
            now = self._clock.now()
            end_override(connection, account_id, by=by, now=now)
            return overrides(connection, now, [account_id], former=True)[0]

    def overrides(self, account: str | None = None, *, former: bool = False) -> list[Override]:
        """The overrides in force of one account, or all; `former` adds the expired and ended ones."""
        with self._reading(account) as (connection, account_ids):
            return overrides(connection, self._clock.now(), account_ids, former=former)

    # --- targets ------------------------------------------------------------------------------------------------------

    def set_target(self, account: str, score: float, *, due: date, owner: str, reason: str | None = None) -> Target:
        """Promise a score by a day, instead of the account's former target if it has one."""
        with self._writing(account) as (connection, account_id):
            now = self._clock.now()
            today = day_of(now, self._zone)
            set_target(connection, account_id, score, due=due, owner=owner, reason=reason, now=now, today=today)
            return targets(connection, today, [account_id])[0]

    def end_target(self, account: str, *, by: str) -> Target:
        """Give up an account's target. Raises NotFound where there is none."""
        with self._writing(account) as (connection, account_id):
            end_target(connection, account_id, by=by, now=self._clock.now())
            return targets(connection, day_of(self._clock.now(), self._zone), [account_id], former=True)[0]

    def targets(self, account: str | None = None, *, former: bool = False) -> list[Target]:
        """The targets of one account, or all, with how they stand today; `former` adds the ended ones."""
        with self._reading(account) as (connection, account_ids):
            return targets(connection, day_of(self._clock.now(), self._zone), account_ids, former=former)

    # --- notes --------------------------------------------------------------------------------------------------------

    def add_note(self, account: str, text: str, *, author: str) -> Note:
        """Write a note about an account."""
        with self._writing(account) as (connection, account_id):
            id = add_note(connection, account_id, text, author=author, now=self._clock.now())
            return next(note for note in notes(connection, [account_id]) if note.id == id)

    def remove_note(self, id: int, *, by: str) -> None:
        """Take a note away. Raises NotFound."""
        with self._store.write() as connection:
            remove_note(connection, id, by=by, now=self._clock.now())

    def notes(self, account: str | None = None) -> list[Note]:
        """The notes about one account, or all, the latest first."""
        with self._reading(account) as (connection, account_ids):
            return notes(connection, account_ids)

    # --- facts that people enter --------------------------------------------------------------------------------------

    def enter_pulse(self, account: str, value: float, *, author: str, reason: str) -> PulseEntry:
        """Keep somebody's judgement of an account as it is now."""
        with self._writing(account) as (connection, account_id):
            return enter_pulse(connection, account_id, value, author=author, reason=reason, now=self._clock.now())

    def pulses(self, account: str) -> list[PulseEntry]:
        """The judgements of an account, the newest first, wherever they were entered."""
        with self._reading(account) as (connection, account_ids):
            return [entry for found in pulses(connection, account_ids or (), ALL).values() for entry in found]

    def enter_outcome(
        self, account: str, kind: str, *, at: datetime | None = None, amount: Decimal | None = None, currency: str
    ) -> OutcomeEntry:
        """Keep what became of an account. at: when; now unless given. amount: the MRR concerned, in units of `currency`."""
        with self._writing(account) as (connection, account_id):
            now = self._clock.now()
            return enter_outcome(connection, account_id, kind, at=at or now, amount=amount, currency=currency, now=now)

    def outcomes(self, account: str) -> list[OutcomeEntry]:
        """What became of an account, the newest first, whoever said so."""
        with self._reading(account) as (connection, account_ids):
            return [entry for found in outcomes(connection, account_ids or (), ALL).values() for entry in found]

    def remove_entry(self, record: Entered, id: str) -> int | None:
        """Take back a pulse or an outcome that a person entered; returns its account's id, if it has one. Raises NotFound."""
        with self._store.write() as connection:
            return remove_entry(connection, record, id, now=self._clock.now())

    # --- accounts -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self, account: str) -> Iterator[tuple[sa.Connection, int]]:
        with self._store.write() as connection:
            yield connection, store_lookup.account_id(connection, account)

    @contextmanager
    def _reading(self, account: str | None) -> Iterator[tuple[sa.Connection, list[int] | None]]:
        with self._store.read() as connection:
            yield connection, None if account is None else [store_lookup.account_id(connection, account)]
