"""Outcomes out of facts, on both databases: what is a departure, what a change of contract, and who says so first."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from tests.core.audit.world import NOW, SINCE, TODAY, World, at, company, moved, subscribed

from accountpulse.core.audit.history import History, read_history
from accountpulse.core.model import Opportunity, Outcome, Subscription
from accountpulse.core.store.database import Store
from accountpulse.core.store.rates import write_rates
from accountpulse.core.store.types import to_micros

DAY = date(2026, 3, 2)


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("c"), company("d"))
    return made


def history(world: World) -> History:
    with world.store.read() as connection:
        return read_history(connection, world.yardstick, world.clock.now())


def found(world: World, key: str = "c") -> list[tuple[str, date, int | None, str]]:
    account = world.account_ids()[key]
    return [(o.kind, o.at.date(), o.mrr, o.origin) for o in history(world).outcomes if o.account_id == account]


def renewal(key: str, closed: date, won: bool, number: int = 0) -> Opportunity:
    return Opportunity(
        source_id=f"{key}-r{number}",
        account=key,
        kind="renewal",
        currency="USD",
        opened_at=SINCE,
        closed_at=at(closed),
        won=won,
    )


def days(n: int) -> timedelta:
    return timedelta(days=n)


def test_revenue_that_is_gone_is_a_departure(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", DAY, "churn", -1000))
    assert found(world) == [("churned", DAY, 1000, "derived")]


def test_revenue_that_moves_within_two_weeks_is_a_change_of_contract(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", DAY, "churn", -1000))
    world.put("billing", moved("c", DAY + days(14), "new", 1050))
    assert found(world) == []
    world.put(
        "billing", moved("d", SINCE, "new", 1000), moved("d", DAY, "churn", -1000), moved("d", DAY + days(15), "new", 900)
    )
    assert found(world, "d") == [("churned", DAY, 1000, "derived")]


def test_an_upgrade_written_as_an_end_and_a_beginning_is_an_expansion(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", DAY, "churn", -1000), moved("c", DAY, "new", 1500, 1))
    assert found(world) == [("expanded", DAY, 500, "derived")]


@pytest.mark.parametrize(("change", "kind"), [(-99, None), (-100, "contracted"), (99, None), (100, "expanded")])
def test_a_tenth_of_the_revenue_is_an_outcome(world: World, change: int, kind: str | None) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", DAY, "contraction" if change < 0 else "expansion", change))
    assert [(o[0], o[2]) for o in found(world)] == ([(kind, abs(change))] if kind else [])


def test_one_of_two_contracts_that_ends_is_a_downgrade(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", SINCE, "new", 500, 1), moved("c", DAY, "churn", -500))
    assert found(world) == [("contracted", DAY, 500, "derived")]


def test_amounts_are_compared_in_one_currency_and_unknown_ones_not_at_all(world: World) -> None:
    with world.store.write() as connection:
        write_rates(connection, {"EUR": {date(2020, 1, 1): 2.0}})
    world.put("billing", moved("c", SINCE, "new", 1000, currency="EUR"), moved("c", DAY, "churn", -1000, currency="EUR"))
    assert found(world) == [("churned", DAY, 2000, "derived")]
    world.put(
        "billing",
        moved("d", SINCE, "new", 1000, currency="SEK"),
        moved("d", DAY - days(90), "contraction", -900, currency="SEK"),
    )
    assert found(world, "d") == [], "without a rate nobody knows how much that is"
    world.put("billing", moved("d", DAY, "churn", -100, currency="SEK"))
    assert found(world, "d") == [("churned", DAY, None, "derived")], "but nothing is nothing in every currency"


def test_without_movements_the_last_subscription_that_ends_is_a_departure(world: World) -> None:
    second = Subscription(
        source_id="c-t", account="c", status="active", currency="USD", started_at=at(DAY - days(30)), ended_at=at(DAY)
    )
    world.put("billing", subscribed("c", DAY - days(60)), second)
    assert found(world) == [("churned", DAY - days(60), None, "derived"), ("churned", DAY, None, "derived")]
    trial = {"source_id": "d-t", "account": "d", "status": "canceled", "currency": "USD", "started_at": at(DAY)}
    world.put("billing", Subscription(**trial, trial_ends_at=at(DAY + days(14)), ended_at=at(DAY + days(14))))
    assert found(world, "d") == [], "a trial that ends was no customer"


def test_contracts_that_follow_each_other_leave_no_gap(world: World) -> None:
    following = Subscription(source_id="c-t", account="c", status="active", currency="USD", started_at=at(DAY))
    world.put("billing", subscribed("c", DAY), following)
    assert found(world) == []


def test_renewals_won_and_lost(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000))
    world.put("crm", renewal("c", DAY, True), renewal("d", DAY, False))
    assert found(world) == [("renewed", DAY, 1000, "derived")]
    assert found(world, "d") == [("lost_renewal", DAY, None, "derived")]
    world.put("crm", renewal("d", DAY + days(45), True, 1), late=True)
    assert found(world, "d") == [("renewed", DAY + days(45), None, "derived")], "lost and won was written anew"


def test_the_account_s_own_record_is_one_source_of_two(world: World) -> None:
    world.put("crm", company("d", churned_at=at(DAY + days(10))))
    world.put("billing", moved("d", SINCE, "new", 1000), moved("d", DAY, "churn", -1000))
    assert found(world, "d") == [("churned", DAY, 1000, "derived")]


def test_what_was_entered_wins_near_the_same_time(world: World) -> None:
    said = Outcome(source_id="o", account="c", kind="churned", at=at(DAY + days(20)), amount=800, currency="USD")
    world.put("success", said)
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", DAY, "churn", -1000))
    world.put("crm", renewal("c", DAY - days(5), False))
    assert found(world) == [("churned", DAY + days(20), 800, "entered")]
    world.put("billing", moved("d", SINCE, "new", 1000), moved("d", DAY, "churn", -1000))
    world.put("success", Outcome(source_id="p", account="d", kind="churned", at=at(DAY - days(46))))
    assert [o[3] for o in found(world, "d")] == ["entered", "derived"], "too long ago to be the same"


def test_two_downgrades_in_a_month_are_two(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000))
    world.put("billing", moved("c", DAY, "contraction", -200), moved("c", DAY + days(20), "contraction", -200))
    assert [o[0] for o in found(world)] == ["contracted", "contracted"]


def test_what_lies_ahead_has_not_happened(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", TODAY + days(3), "churn", -1000))
    world.put("success", Outcome(source_id="o", account="c", kind="churned", at=at(TODAY + days(3))))
    world.put("crm", company("d", churned_at=at(TODAY + days(3))))
    assert found(world) == []
    assert found(world, "d") == []


# --- how accounts stood --------------------------------------------------------------------------------------------------


def standing(world: World, day: datetime, key: str = "c") -> tuple[bool, bool, float | None]:
    """(had left, had given notice, revenue) at an instant."""
    stood = history(world).standing
    i = int(np.flatnonzero(stood.accounts == world.account_ids()[key])[0])
    t = to_micros(day)
    mrr = stood.mrr(t)[i]
    return bool(stood.away(t)[i]), bool(stood.noticed(t)[i]), None if np.isnan(mrr) else float(mrr)


def test_who_left_is_away_until_coming_back(world: World) -> None:
    world.put("billing", moved("c", SINCE, "new", 1000), moved("c", DAY, "churn", -1000))
    world.put("billing", moved("c", DAY + days(40), "reactivation", 700))
    assert standing(world, at(DAY)) == (False, False, 1000), "at the moment itself it has not happened yet"
    assert standing(world, at(DAY, 10)) == (True, False, 0)
    assert standing(world, at(DAY + days(41))) == (False, False, 700)


def test_a_notice_counts_from_when_it_was_known(world: World) -> None:
    told = at(DAY - days(50))
    world.put("billing", subscribed("c"), at=SINCE)
    world.put("billing", subscribed("c", DAY), late=True, at=told)
    assert standing(world, told)[1] is False
    assert standing(world, told + days(1))[1] is True
    assert standing(world, at(DAY + days(1)))[:2] == (True, False), "who has left gives no notice"


def test_one_subscription_of_two_that_ends_is_no_notice(world: World) -> None:
    other = Subscription(source_id="c-t", account="c", status="active", currency="USD", started_at=SINCE)
    world.put("billing", subscribed("c"), other)
    world.put("billing", subscribed("c", DAY), late=True, at=at(DAY - days(50)))
    assert standing(world, at(DAY - days(10)))[1] is False


def test_a_renewal_date_that_goes_away_is_a_notice(world: World) -> None:
    world.put("billing", subscribed("c", renews_at=at(DAY)))
    world.put("billing", subscribed("c"), late=True, at=at(DAY - days(50)))
    assert standing(world, at(DAY - days(51)))[1] is False
    assert standing(world, at(DAY - days(10)))[1] is True


def test_a_first_load_does_not_say_when_notice_was_given(world: World) -> None:
    world.put("billing", subscribed("c", DAY))
    world.put("crm", company("e", churned_at=at(DAY)))
    for key in ("c", "e"):
        assert standing(world, at(DAY - days(10)), key)[1] is False
    world.loaded(at(DAY - days(30)))
    for key in ("c", "e"):
        assert standing(world, at(DAY - days(40)), key)[1] is False
        assert standing(world, at(DAY - days(10)), key)[1] is True
        assert standing(world, NOW, key)[1] is False
