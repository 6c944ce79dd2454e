"""What became of everybody, read from the store: outcomes, and how each account stood at any instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.audit import outcomes as derive
from accountpulse.core.audit.outcomes import Outcome, Rates
from accountpulse.core.audit.standing import Standing, notices, with_revenue
from accountpulse.core.clock import day_of
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.population import population
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.store import outcomes as store_outcomes
from accountpulse.core.store.outcomes import FirstLoad
from accountpulse.core.store.rates import rates_in_force

SOURCES = ("account", "opportunity", "outcome", "subscription", "subscription_change")
"""The record types that outcomes come from."""


@dataclass(frozen=True)
class History:
    """All outcomes up to now, by account and time; how accounts stood; and the loads that brought what they rest on."""

    outcomes: tuple[Outcome, ...]
    standing: Standing
    loads: tuple[FirstLoad, ...]


def read_history(connection: sa.Connection, yardstick: Yardstick, now: datetime) -> History:
    """Read it, with everything that is known now."""
    today = day_of(now, yardstick.zone)
    everybody = population(
        connection,
        day=today,
        zone=yardstick.zone,
        mode=AsCorrected(),
        precedence=yardstick.precedence,
        include_churned=True,
    )
    ids = everybody.account_ids.tolist()
    churned_at = {id: at for id, at in zip(ids, everybody.values["churned_at"], strict=True) if isinstance(at, datetime)}
    rates = Rates(yardstick.currency, rates_in_force(connection, today))
    steps = derive.revenue_steps(store_outcomes.movements(connection), rates)
    counted = derive.subscription_steps(store_outcomes.subscriptions(connection), frozenset(s.account_id for s in steps))
    found, returns = derive.from_steps(steps, now, sizes=True)
    ended, returned = derive.from_steps(counted, now, sizes=False)
    found += ended
    found += derive.from_renewals(store_outcomes.closed_renewals(connection), now)
    found += derive.from_attribute(churned_at, now)
    found += derive.from_records(store_outcomes.entered(connection), rates, now)
    outcomes = with_revenue(derive.settled(found), steps)
    loads = tuple(store_outcomes.first_loads(connection))
    known_ends = notices(
        store_outcomes.announced_ends(connection),
        store_outcomes.subscription_versions(connection),
        {(load.connection_id, load.record): load.at for load in loads},
        now,
    )
    standing = Standing(everybody.account_ids, outcomes, [*returns, *returned], steps, known_ends)
    return History(tuple(outcomes), standing, tuple(load for load in loads if load.record in SOURCES))
