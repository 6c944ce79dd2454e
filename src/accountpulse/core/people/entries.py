"""Facts that a person enters: a judgement of an account (pulse), and what became of it (outcome).

They are facts like any connector's, of an internal connection named `people`, whose key for an account is the account's id, so
metrics, audits and history need nothing of their own for them. What was entered wrongly is removed like a deleted record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.model.records import Outcome, Pulse, Record
from accountpulse.core.model.schema import schema_of
from accountpulse.core.people import checks
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import links as store_links
from accountpulse.core.store import people as store_people
from accountpulse.core.store.links import ENTERED_BY_HAND, NewLink
from accountpulse.core.store.people import Entered
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.touched import touch_wholly
from accountpulse.core.store.types import EPOCH
from accountpulse.core.store.writes import AccountKeys, current_values, delete_records, write_records
from accountpulse.core.sync.rows import to_row

OUTCOMES = next(field.allowed for field in schema_of(Outcome).fields if field.name == "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseEntry:
    """A judgement of an account: 0 (about to leave) to 100 (delighted). connection: where it was entered, `people` here."""

    id: str
    connection: str
    account_id: int
    value: float
    author: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEntry:
    """What became of an account. amount: the MRR concerned, in minor units of `currency`. connection: as of `PulseEntry`.

    author: who says so; None where a source doesn't tell.
    """

    id: str
    connection: str
    account_id: int
    kind: str
    at: datetime
    amount: int | None
    currency: str | None
    author: str | None


def enter_pulse(
    connection: sa.Connection, account_id: int, value: float, *, author: str, reason: str, now: datetime
) -> PulseEntry:
    """Keep a judgement. Raises InvalidInput."""
    kept, by, why = checks.points("value", value), checks.person("author", author), checks.words("reason", reason)
    people = store_people.connection_of_people(connection, now)
    id = str(store_people.next_entry(connection, people))
    pulse = Pulse(source_id=id, account=str(account_id), value=kept, author=by, reason=why, at=now)
    _write(connection, people, account_id, pulse, now)
    return PulseEntry(
        id=id, connection=store_connections.PEOPLE, account_id=account_id, value=kept, author=by, reason=why, at=now
    )


def enter_outcome(
    connection: sa.Connection,
    account_id: int,
    kind: str,
    *,
    author: str,
    at: datetime,
    amount: Decimal | None,
    currency: str,
    now: datetime,
) -> OutcomeEntry:
    """Keep what became of an account. amount: in major units of `currency`. Raises InvalidInput."""
    what: Any = checks.one_of("kind", kind, OUTCOMES)
    by = checks.person("author", author)
    when = checks.happened("at", at, now)
    minor = None if amount is None else checks.minor_units("amount", amount, currency)
    unit = None if amount is None else currency
    people = store_people.connection_of_people(connection, now)
    id = str(store_people.next_entry(connection, people))
    outcome = Outcome(source_id=id, account=str(account_id), kind=what, at=when, amount=minor, currency=unit, author=by)
    _write(connection, people, account_id, outcome, now)
    return OutcomeEntry(
        id=id,
        connection=store_connections.PEOPLE,
        account_id=account_id,
        kind=kind,
        at=when,
        amount=minor,
        currency=unit,
        author=by,
    )


def remove_entry(connection: sa.Connection, record: Entered, id: str, *, now: datetime) -> None:
    """Take back what a person entered; what a source says stays. Raises NotFound."""
    people = store_people.connection_of_people(connection, now)
    if not current_values(connection, record, people, [id]):
        raise _missing(record, id)
    delete_records(connection, record, [id], keys=AccountKeys(people), now=now)
    bump(connection, "facts", "people")


def account_of_entry(connection: sa.Connection, record: Entered, id: str, *, now: datetime, scope: RowScope) -> int | None:
    """The account that something entered belongs to, also once it was removed; None where it has none. Raises NotFound."""
    people = store_people.connection_of_people(connection, now)
    source = store_people.source_of_entry(connection, record, people, id, scope=scope)
    if source is None:
        raise _missing(record, id)
    links = store_people.links_of_source(connection, source)
    return links[-1].account_id if links and links[-1].known_to is None else None


def _missing(record: Entered, id: str) -> NotFound:
    return NotFound(f"nobody entered {record} {id}; `accountpulse {record} list ACCOUNT` shows their numbers")


def pulses(
    connection: sa.Connection, account_ids: Sequence[int], first: int, *, scope: RowScope
) -> dict[int, list[PulseEntry]]:
    """The latest judgements of each account, newest first, whoever brings them."""
    return {
        account_id: [
            PulseEntry(
                id=row.source_id,
                connection=row.connection,
                account_id=account_id,
                value=row.value,
                author=row.author,
                reason=row.reason,
                at=row.at,
            )
            for row in rows
        ]
        for account_id, rows in store_people.facts_of(connection, "pulse", account_ids, first, scope=scope).items()
    }


def outcomes(
    connection: sa.Connection, account_ids: Sequence[int], first: int, *, scope: RowScope
) -> dict[int, list[OutcomeEntry]]:
    """What became of each account, newest first, whoever brings it."""
    return {
        account_id: [
            OutcomeEntry(
                id=row.source_id,
                connection=row.connection,
                account_id=account_id,
                kind=row.kind,
                at=row.at,
                amount=row.amount,
                currency=row.currency,
                author=row.author,
            )
            for row in rows
        ]
        for account_id, rows in store_people.facts_of(connection, "outcome", account_ids, first, scope=scope).items()
    }


def _write(connection: sa.Connection, people: int, account_id: int, record: Record, now: datetime) -> None:
    keys = AccountKeys(people)
    write_records(connection, schema_of(type(record)).name, [to_row(record)], keys=keys, now=now, assumed=False)
    source = keys.intern(connection, [str(account_id)], now)[str(account_id)]
    links = store_people.links_of_source(connection, source)
    if not links or links[-1].known_to is not None or links[-1].account_id != account_id:
        since = now if links else EPOCH
        store_links.write_links(connection, [NewLink(source, account_id, "manual", ENTERED_BY_HAND, since)], now)
        touch_wholly(connection, [source], now)
    bump(connection, "facts", "people")
