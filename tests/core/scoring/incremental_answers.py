"""All that scoring stores and that answers questions: what two ways of scoring are compared by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from accountpulse.core.scoring.stored import stored_scores
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import (
    account_profile,
    peer,
    portfolio_daily,
    score_current,
    score_detail,
    score_history,
    scored_day,
    segment_daily,
)

UNASKED = ("scored_at", "measured", "described")
ANSWERS = (score_detail, score_current, score_history, portfolio_daily, segment_daily, peer, scored_day)


def answers(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored and answers questions, but for when it was written, and for what only the next run reads."""
    with store.read() as connection:
        found = {
            table.name: [tuple(row) for row in connection.execute(sa.select(*(c for c in table.c if c.name not in UNASKED)))]
            for table in ANSWERS
        }
        revenue = connection.execute(sa.select(account_profile.c.account_id, account_profile.c.mrr))
        found["mrr"] = [tuple(row) for row in revenue]
        # Components and their sentences, as readers get them.
        found["read"] = [(id, score.to_json()) for id, score in stored_scores(connection).items()]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}
