"""What of a scoring run is to be told: written in its own transaction, so that no change is told that was not kept, or lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from accountpulse.core.scoring.types import ScoreChange
from accountpulse.core.store import outbox
from accountpulse.core.store.outbox import Event


def tell(
    connection: sa.Connection, events: Collection[Event], changes: Sequence[ScoreChange], today: date, now: datetime
) -> None:
    """Put into the outbox what happened. changes: the scores that moved; a first score is no change of band."""
    if "band_changed" in events:
        moved = [change for change in changes if change.band_before not in (None, change.band)]
        known = outbox.profiles(connection, {change.account_id for change in moved})
        bodies = [
            (
                change.account_id,
                None,
                {
                    "account": known.get(change.account_id, {"id": change.account_id}),
                    "day": change.day.isoformat(),
                    "segment": change.segment,
                    "model_version": change.model_version,
                    "band": {"before": change.band_before, "after": change.band},
                    "score": {"before": change.score_before, "after": change.score},
                },
            )
            for change in moved
        ]
        outbox.put(connection, "band_changed", bodies, now)
    if "target_missed" in events:
        missed = outbox.missed_targets(connection, today)
        known = outbox.profiles(connection, {row.account_id for row in missed})
        targets = [
            (
                row.account_id,
                outbox.subject_of_target(row.id),
                {
                    "account": known.get(row.account_id, {"id": row.account_id}),
                    "day": today.isoformat(),
                    "segment": row.segment,
                    "target": {"score": row.score, "due": row.due.isoformat(), "owner": row.owner},
                    "score": row.published,
                    "band": row.band,
                },
            )
            for row in missed
        ]
        outbox.put(connection, "target_missed", targets, now)
