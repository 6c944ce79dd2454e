"""Why an account has no score, in words."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.store import accounts
from accountpulse.core.store.scope import EVERYTHING


def unscored(connection: sa.Connection, account_id: int) -> NotFound:
    """The error for an account that has no current score: it left, or nobody has scored it yet."""
    found = accounts.by_ids(connection, [account_id], frozenset({"name", "churned_at"}), scope=EVERYTHING).get(account_id)
    if found is None:
        return NotFound(f"there is no account {account_id}")
    if found.churned_at is not None:
        left = found.churned_at.date()
        return NotFound(f"{found.name} left on {left} and has no score any more; ask as of a day before that")
    return NotFound(f"{found.name} has no score yet: run `accountpulse score`")
