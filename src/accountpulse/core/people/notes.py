"""Notes: what somebody wrote about an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.people import checks
from accountpulse.core.store import people as store_people
from accountpulse.core.store.people_tables import account_note
from accountpulse.core.store.scope import RowScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note about an account, its author, and when it was written."""

    id: int
    account_id: int
    account: str
    text: str
    author: str
    written_at: datetime


def add_note(connection: sa.Connection, account_id: int, text: str, *, author: str, now: datetime) -> int:
    """Write a note; returns its id. Raises InvalidInput."""
    values = {"text": checks.words("text", text), "author": checks.person("author", author)}
    return store_people.open_row(connection, account_note, account_id, values, now=now)


def remove_note(connection: sa.Connection, id: int, *, by: str, now: datetime) -> None:
    """Take a note away: it is no longer shown, its row stays. Raises InvalidInput; NotFound."""
    if store_people.end(connection, account_note, id, by=checks.person("author", by), now=now) is None:
        raise _missing(id)


def account_of_note(connection: sa.Connection, id: int, *, scope: RowScope) -> int:
    """The account that a note is about, or was. Raises NotFound."""
    if (found := store_people.account_of(connection, account_note, id, scope=scope)) is None:
        raise _missing(id)
    return found


def notes(
    connection: sa.Connection, accounts: Sequence[int] | None = None, *, first: int | None = None, scope: RowScope
) -> list[Note]:
    """The notes, the latest first. first: how many of each account at most."""
    return [
        Note(
            id=row.id,
            account_id=row.account_id,
            account=store_people.name_of(row),
            text=row.text,
            author=row.author,
            written_at=row.known_from,
        )
        for row in store_people.listing(connection, account_note, accounts, first=first, scope=scope)
    ]


def _missing(id: int) -> NotFound:
    return NotFound(f"there is no note {id}; `accountpulse note list ACCOUNT` shows their numbers")
