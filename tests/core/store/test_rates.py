"""Dated rates in the store: as the configuration says, and no others."""

from __future__ import annotations

from datetime import date

from accountpulse.core.store.database import Store
from accountpulse.core.store.rates import Rates, rates_in_force, write_rates
from accountpulse.core.store.revisions import current

FIRST, SECOND = date(2025, 1, 1), date(2026, 1, 1)


def write(store: Store, rates: Rates) -> tuple[bool, int]:
    with store.write() as connection:
        changed = write_rates(connection, rates)
    with store.read() as connection:
        return changed, current(connection).get("facts", 0)


def in_force(store: Store, day: date) -> dict[str, float]:
    with store.read() as connection:
        return rates_in_force(connection, day)


def test_the_newest_rate_by_the_day_is_in_force(store: Store) -> None:
    write(store, {"EUR": {SECOND: 1.08, FIRST: 1.04}, "JPY": {SECOND: 0.0067}})
    assert in_force(store, date(2024, 12, 31)) == {}
    assert in_force(store, FIRST) == in_force(store, date(2025, 12, 31)) == {"EUR": 1.04}
    assert in_force(store, SECOND) == {"EUR": 1.08, "JPY": 0.0067}


def test_stored_rates_become_those_of_the_configuration(store: Store) -> None:
    assert write(store, {}) == (False, 0)
    assert write(store, {"EUR": {FIRST: 1.04, SECOND: 1.08}}) == (True, 1)
    assert write(store, {"EUR": {SECOND: 1.08, FIRST: 1.04}}) == (False, 1), "nothing changed, so no answer did"
    assert write(store, {"EUR": {FIRST: 1.05}, "CHF": {FIRST: 1.1}}) == (True, 2)
    assert in_force(store, SECOND) == {"CHF": 1.1, "EUR": 1.05}
    assert write(store, {}) == (True, 3)
    assert in_force(store, SECOND) == {}
