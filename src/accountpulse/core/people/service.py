"""Takes what people put in, one transaction a command, and reads it back. Accounts are named as a person would name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import NotFound
from accountpulse.core.people.entries import (
    OutcomeEntry,
    PulseEntry,
    account_of_entry,
    enter_outcome,
    enter_pulse,
    outcomes,
    pulses,
    remove_entry,
)
from accountpulse.core.people.notes import Note, account_of_note, add_note, notes, remove_note
from accountpulse.core.people.overrides import Override, end_override, overrides, set_override
from accountpulse.core.people.targets import Target, end_target, set_target, targets
from accountpulse.core.store import lookup as store_lookup
from accountpulse.core.store.connections import PEOPLE
from accountpulse.core.store.database import Store
from accountpulse.core.store.people import Entered
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.trail import Asker, change

ALL = 1_000_000
"""How many entries of one account are read at most: every one there could be."""

Act = Callable[[sa.Connection, int, datetime], int | str]
E = TypeVar("E", Override, Target, Note, PulseEntry, OutcomeEntry)


@dataclass(frozen=True, slots=True)
class Made:
    """A change that was carried out, in this transaction or an earlier one. result: the id of what it made."""

    connection: sa.Connection
    account_id: int
    result: str | None


class People:
    """People's input of one store.

    account: an id, a name, a domain or `connection:key`; every method that takes one raises NotFound, naming near ones. Those
    that write raise InvalidInput for what can't be taken, and note who asked for it. owner, author, by: in whose name it is
    done, the asker's unless given. They do not score: a new override or pulse counts when the account is scored next.
    """

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    # --- overrides ----------------------------------------------------------------------------------------------------

    def override(
        self, account: str, score: float, *, reason: str, until: datetime, asker: Asker, owner: str | None = None
    ) -> Override:
        """Decide an account's score until an instant, instead of its former override if it has one."""
        owner = owner or asker.name
        wanted = {"score": score, "owner": owner, "reason": reason, "until": until.isoformat()}

        def act(connection: sa.Connection, account_id: int, now: datetime) -> int:
            return set_override(connection, account_id, score, owner=owner, reason=reason, until=until, now=now)

        with self._changing(account, asker, "override.set", wanted, act) as made:
            return self._override(made)

    def end_override(self, account: str, *, asker: Asker, by: str | None = None) -> Override:
        """End an account's override before it expires. Raises NotFound where none is in force."""
        by = by or asker.name

        def act(connection: sa.Connection, account_id: int, now: datetime) -> int:
            return end_override(connection, account_id, by=by, now=now)

        with self._changing(account, asker, "override.end", {"by": by}, act) as made:
            return self._override(made)

    def overrides(self, account: str | None = None, *, former: bool = False) -> list[Override]:
        """The overrides in force of one account, or all; `former` adds the expired and ended ones."""
        with self._reading(account) as (connection, account_ids):
            return overrides(connection, self._clock.now(), account_ids, former=former, scope=EVERYTHING)

    def _override(self, made: Made) -> Override:
        found = overrides(made.connection, self._clock.now(), [made.account_id], former=True, scope=EVERYTHING)
        return _made(found, made)

    # --- targets ------------------------------------------------------------------------------------------------------

    def set_target(
        self,
        account: str,
        score: float,
        *,
        due: date,
        asker: Asker,
        owner: str | None = None,
        reason: str | None = None,
    ) -> Target:
        """Promise a score by a day, instead of the account's former target if it has one."""
        owner = owner or asker.name
        wanted = {"score": score, "by": due.isoformat(), "owner": owner, "reason": reason}

        def act(connection: sa.Connection, account_id: int, now: datetime) -> int:
            today = day_of(now, self._zone)
            return set_target(connection, account_id, score, due=due, owner=owner, reason=reason, now=now, today=today)

        with self._changing(account, asker, "target.set", wanted, act) as made:
            return self._target(made)

    def end_target(self, account: str, *, asker: Asker, by: str | None = None) -> Target:
        """Give up an account's target. Raises NotFound where there is none."""
        by = by or asker.name

        def act(connection: sa.Connection, account_id: int, now: datetime) -> int:
            return end_target(connection, account_id, by=by, now=now)

        with self._changing(account, asker, "target.end", {"by": by}, act) as made:
            return self._target(made)

    def targets(self, account: str | None = None, *, former: bool = False) -> list[Target]:
        """The targets of one account, or all, with how they stand today; `former` adds the ended ones."""
        with self._reading(account) as (connection, account_ids):
            return targets(connection, day_of(self._clock.now(), self._zone), account_ids, former=former, scope=EVERYTHING)

    def _target(self, made: Made) -> Target:
        today = day_of(self._clock.now(), self._zone)
        return _made(targets(made.connection, today, [made.account_id], former=True, scope=EVERYTHING), made)

    # --- notes --------------------------------------------------------------------------------------------------------

    def add_note(self, account: str, text: str, *, asker: Asker, author: str | None = None) -> Note:
        """Write a note about an account."""
        author = author or asker.name

        def act(connection: sa.Connection, account_id: int, now: datetime) -> int:
            return add_note(connection, account_id, text, author=author, now=now)

        wanted = {"text": text, "author": author}
        with self._changing(account, asker, "note.add", wanted, act) as made:
            found = notes(made.connection, [made.account_id], scope=EVERYTHING)
            return _made(found, made)

    def remove_note(self, id: int, *, asker: Asker, by: str | None = None) -> int:
        """Take a note away; returns its account's id. Raises NotFound."""
        with self._store.write() as connection:
            now = self._clock.now()
            account_id = account_of_note(connection, id, scope=asker.scope)

            def act() -> str:
                remove_note(connection, id, by=by or asker.name, now=now)
                return str(id)

            change(connection, asker, "note.remove", {"id": id}, act, now=now, account_id=account_id)
            return account_id

    def notes(self, account: str | None = None) -> list[Note]:
        """The notes about one account, or all, the latest first."""
        with self._reading(account) as (connection, account_ids):
            return notes(connection, account_ids, scope=EVERYTHING)

    # --- facts that people enter --------------------------------------------------------------------------------------

    def enter_pulse(self, account: str, value: float, *, reason: str, asker: Asker, author: str | None = None) -> PulseEntry:
        """Keep somebody's judgement of an account as it is now."""
        author = author or asker.name

        def act(connection: sa.Connection, account_id: int, now: datetime) -> str:
            return enter_pulse(connection, account_id, value, author=author, reason=reason, now=now).id

        wanted = {"value": value, "author": author, "reason": reason}
        with self._changing(account, asker, "pulse.enter", wanted, act) as made:
            found = pulses(made.connection, [made.account_id], ALL, scope=EVERYTHING).get(made.account_id, [])
            return _made([each for each in found if each.connection == PEOPLE], made)

    def pulses(self, account: str) -> list[PulseEntry]:
        """The judgements of an account, the newest first, wherever they were entered."""
        with self._reading(account) as (connection, account_ids):
            by_account = pulses(connection, account_ids or (), ALL, scope=EVERYTHING)
            return [entry for found in by_account.values() for entry in found]

    def enter_outcome(
        self,
        account: str,
        kind: str,
        *,
        at: datetime | None = None,
        amount: Decimal | None = None,
        currency: str,
        asker: Asker,
    ) -> OutcomeEntry:
        """Keep what became of an account. at: when; now unless given. amount: the MRR concerned, in units of `currency`."""

        def act(connection: sa.Connection, account_id: int, now: datetime) -> str:
            entry = enter_outcome(
                connection, account_id, kind, author=asker.name, at=at or now, amount=amount, currency=currency, now=now
            )
            return entry.id

        wanted = {
            "kind": kind,
            "at": None if at is None else at.isoformat(),
            "amount": None if amount is None else str(amount),
            "currency": currency,
        }
        with self._changing(account, asker, "outcome.enter", wanted, act) as made:
            found = outcomes(made.connection, [made.account_id], ALL, scope=EVERYTHING).get(made.account_id, [])
            return _made([each for each in found if each.connection == PEOPLE], made)

    def outcomes(self, account: str) -> list[OutcomeEntry]:
        """What became of an account, the newest first, whoever said so."""
        with self._reading(account) as (connection, account_ids):
            by_account = outcomes(connection, account_ids or (), ALL, scope=EVERYTHING)
            return [entry for found in by_account.values() for entry in found]

    def remove_entry(self, record: Entered, id: str, *, asker: Asker) -> int | None:
        """Take back a pulse or an outcome that a person entered; returns its account's id, if it has one. Raises NotFound."""
        with self._store.write() as connection:
            now = self._clock.now()
            account_id = account_of_entry(connection, record, id, now=now, scope=asker.scope)

            def act() -> str:
                remove_entry(connection, record, id, now=now)
                return id

            change(connection, asker, f"{record}.remove", {"id": id}, act, now=now, account_id=account_id)
            return account_id

    # --- accounts -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self, account: str, asker: Asker, action: str, wanted: Mapping[str, object], act: Act) -> Iterator[Made]:
        """Carry out a change of an account, once and noted, and give the transaction to read what it made."""
        with self._store.write() as connection:
            account_id, now = store_lookup.account_id(connection, account, scope=asker.scope), self._clock.now()

            def work() -> str:
                return str(act(connection, account_id, now))

            done = change(connection, asker, action, wanted, work, now=now, account_id=account_id)
            yield Made(connection, account_id, done.result)

    @contextmanager
    def _reading(self, account: str | None) -> Iterator[tuple[sa.Connection, list[int] | None]]:
        with self._store.read() as connection:
            ids = None if account is None else [store_lookup.account_id(connection, account, scope=EVERYTHING)]
            yield connection, ids


def _made(found: Iterable[E], made: Made) -> E:
    """What a change made. Raises NotFound where it was asked for before, and what it made has been removed since."""
    for each in found:
        if str(each.id) == made.result:
            return each
    raise NotFound(f"{made.result} was made when this was asked for before, and has been removed since")
