"""Changes that people ask for: each is done once, noted with who asked for it, and refused where it rests on an old view.

A change, its row in the trail, and the mark that its idempotency key is used are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.errors import Conflict, InvalidInput
from accountpulse.core.store import people as store_people
from accountpulse.core.store import trail as store_trail
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.core.sync.rows import storable

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks for a change, and on which conditions.

    name: of the person, or of the API token. scope: the accounts that the asker may see; what is not in it can't be changed,
    and is answered like what does not exist. token: its prefix; None at the command line, where no key has a meaning.
    idempotency_key: the asker's own name for the request; asked for again, nothing is done and the answer is the same.
    expected_revision: the account's revision that the asker has seen; the change is refused if somebody changed it since.
    """

    name: str
    scope: RowScope
    token: str | None = None
    idempotency_key: str | None = None
    expected_revision: int | None = None


def operator(name: str) -> Asker:
    """Somebody at the command line, who has the store itself, and so all accounts."""
    return Asker(name=name, scope=EVERYTHING)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a change. result: the id of what it made or changed, if anything. repeated: it had been done before."""

    result: str | None
    repeated: bool = False


def change(
    connection: sa.Connection,
    asker: Asker,
    action: str,
    wanted: Mapping[str, object],
    act: Callable[[], str | None],
    *,
    now: datetime,
    account_id: int | None = None,
    asked_of_account: bool = True,
) -> Done:
    """Carry out a change in the caller's transaction, and note it.

    action: what is done, such as `override.set`. wanted: what was asked for, as JSON, without secrets. act: does it and returns
    the id of what it made. asked_of_account: the account is part of what was asked for; else it is only noted, because it may
    be another after the change. Raises InvalidInput for an unusable key, Conflict, and whatever `act` raises: then nothing is
    kept.
    """
    _require_key(asker.idempotency_key)
    if account_id is not None:
        store_people.lock_account(connection, account_id)
    row = {
        "at": now,
        "action": action,
        "actor": asker.name,
        "token": asker.token,
        "account_id": account_id,
        "input": dict(wanted),
        "idempotency_key": asker.idempotency_key,
    }
    seen = (
        store_trail.revisions(connection, [account_id], scope=EVERYTHING).get(account_id, 0) if account_id is not None else None
    )
    id = store_trail.claim(connection, row)
    if id is None:
        return _repeated(connection, row, ("action", "input", *(("account_id",) if asked_of_account else ())))
    if asker.expected_revision is not None and seen is not None and seen != asker.expected_revision:
        raise Conflict(
            "expectedRevision",
            f"found {asker.expected_revision}, but somebody has changed this account since: it is at {seen}; look again",
        )
    result = act()
    bump(connection, "operations")
    store_trail.finish(connection, id, result)
    return Done(result)


def _repeated(connection: sa.Connection, row: Mapping[str, object], asked: Sequence[str]) -> Done:
    token, key = str(row["token"]), str(row["idempotency_key"])
    before = store_trail.claimed_before(connection, token, key)
    if any(getattr(before, name) != row[name] for name in asked):
        raise Conflict("idempotencyKey", f"{key!r} was used for another request; give each request a key of its own")
    return Done(before.result, repeated=True)


def _require_key(key: str | None) -> None:
    if key is not None and not (0 < len(key) <= LONGEST_KEY and storable(key)):
        raise InvalidInput("idempotencyKey", f"it must have 1 to {LONGEST_KEY} characters; a UUID is a good one")
