"""Forgets what is too old: records by when they came true, and what syncs leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from accountpulse.core.model import schemas
from accountpulse.core.store import mirror
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.sweeps import sweep
from accountpulse.core.store.tables import inbox, quarantine, run, run_stream, snapshot_key
from accountpulse.core.store.touched import touch_wholly

RECORDS = ("usage_day", "ticket", "survey_response", "activity", "payment_issue", "opportunity_change")
"""Records that are forgotten by age. Of the others the sum or the last word counts: revenue is the sum of all its movements."""
AGEING = (*RECORDS, "inbox", "quarantine", "runs")
SHORTEST: Mapping[str, int] = {**dict.fromkeys(RECORDS, 200), "inbox": 30, "quarantine": 1, "runs": 30}
"""Days. The longest windows of metrics and comparisons end before; vendors send a message again for weeks."""


def forget(connection: sa.Connection, days: Mapping[str, int], now: datetime, today: date) -> dict[str, int]:
    """Remove what is older, all versions of it; returns how many rows of each. Whoever had some is scored again."""
    removed: dict[str, int] = {}
    touched: set[int] = set()
    for record in (name for name in RECORDS if name in days):
        table, event = FACTS[record], schemas()[record].event
        assert event is not None
        before: Any = today - timedelta(days=days[record])
        if not isinstance(before, datetime) and event.kind.value == "instant":
            before = now - timedelta(days=days[record])
        old = table.c[event.name] < before
        touched |= set(connection.execute(sa.select(table.c.source_account_id).where(old).distinct()).scalars())
        removed[record] = connection.execute(sa.delete(table).where(old)).rowcount
    if any(removed.values()):
        touch_wholly(connection, sorted(touched), now)
        mirror.outdate(connection)
        bump(connection, "facts")
    if "inbox" in days:
        old = sa.and_(inbox.c.applied_at.is_not(None), inbox.c.received_at < now - timedelta(days=days["inbox"]))
        removed["inbox"] = connection.execute(sa.delete(inbox).where(old)).rowcount
    if "quarantine" in days:
        old = quarantine.c.seen_at < now - timedelta(days=days["quarantine"])
        removed["quarantine"] = connection.execute(sa.delete(quarantine).where(old)).rowcount
    if "runs" in days:
        removed["runs"] = _forget_runs(connection, now - timedelta(days=days["runs"]))
    return removed


def _forget_runs(connection: sa.Connection, before: datetime) -> int:
    """Old runs, but for the last of each connection, and those that something still rests on."""
    last = sa.select(sa.func.max(run.c.id)).group_by(run.c.connection_id)
    old = sa.and_(
        run.c.finished_at < before,
        run.c.id.not_in(last),
        run.c.id.not_in(sa.select(sweep.c.run_id)),
        run.c.id.not_in(sa.select(snapshot_key.c.run_id)),
    )
    ids = sa.select(run.c.id).where(old)
    connection.execute(sa.delete(run_stream).where(run_stream.c.run_id.in_(ids)))
    return connection.execute(sa.delete(run).where(old)).rowcount
