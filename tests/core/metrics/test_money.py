"""Amounts in several currencies: converted at the rate in force at T, exactly, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.metrics.test_states import DAY, END, LONG_AGO, NOW, ZONE, add, cell, small
from tests.core.metrics.worlds import World, load

from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.declare import Metric, count, largest_total, last, mean, median, metric, total
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.money import factor
from accountpulse.core.metrics.reach import shared_inputs
from accountpulse.core.metrics.states import ComponentState as State


def look(
    engine: sa.Engine,
    world: World,
    metrics: Sequence[Metric] = BUILTIN,
    *,
    day: date = DAY,
    mode: Mode | None = None,
    reporting: str = "USD",
) -> MetricFrame:
    load(engine, world)
    with engine.connect() as c:
        return evaluate(c, metrics, day=day, zone=ZONE, mode=mode or AsCorrected(), reporting_currency=reporting)


def rates(world: World, **dated: dict[date, float]) -> World:
    world.rates = [{"currency": c, "day": d, "rate": rate} for c, known in dated.items() for d, rate in known.items()]
    return world


def money(name: str, aggregate: object, **more: object) -> Metric:
    given = {"title": "", "group": "billing", "unit": "money", "better": None, "money": True, **more}
    return metric(name, "x", x=aggregate, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "currency", "reporting", "expected"),
    [
        (1.08, "EUR", "USD", 1.08),
        (0.0067, "JPY", "USD", 0.67),
        (149.3, "USD", "JPY", 1.493),
        (3.25, "KWD", "USD", 0.325),
        (0.3076, "USD", "KWD", 3.076),
    ],
)
def test_a_rate_is_between_major_units_and_a_factor_between_minor_ones(
    rate: float, currency: str, reporting: str, expected: float
) -> None:
    assert factor(rate, currency, reporting) == expected


def test_the_digits_of_both_currencies_count(engine: sa.Engine) -> None:
    world = rates(small("subscription_change"), JPY={LONG_AGO.date(): 0.0067}, KWD={LONG_AGO.date(): 3.25})
    add(world, "subscription_change", at=NOW, mrr_delta=30_000, currency="JPY")  # 30,000 yen are $201.00
    add(world, "subscription_change", at=NOW, mrr_delta=12_345, currency="KWD")  # 12.345 dinars are $40.12125
    assert cell(look(engine, world), "mrr") == (20_100 + 4_012, State.MEASURED, None)
    yen = rates(small("subscription_change"), USD={LONG_AGO.date(): 149.3})
    add(yen, "subscription_change", at=NOW, mrr_delta=10_001, currency="USD")  # $100.01 are 14,931.493 yen
    assert cell(look(engine, yen, reporting="JPY"), "mrr") == (14_931, State.MEASURED, None)


def test_a_rates_move_is_not_the_customers(engine: sa.Engine) -> None:
    """The rule: what was agreed a year ago is worth what it is worth at T, so revenue that did not move did not move."""
    world = rates(small("subscription_change"), EUR={LONG_AGO.date(): 1.5, DAY - timedelta(days=5): 1.0})
    add(world, "subscription_change", at=LONG_AGO, mrr_delta=1000, currency="EUR")
    add(world, "subscription_change", at=NOW, mrr_delta=1, currency="USD")
    frame = look(engine, world)
    assert cell(frame, "mrr")[0] == 1001
    assert cell(frame, "mrr_change_90d")[0] == pytest.approx(0.001)
    assert cell(look(engine, world, day=DAY - timedelta(days=6)), "mrr")[0] == 1500
    assert cell(look(engine, world, day=DAY - timedelta(days=5)), "mrr")[0] == 1000, "a rate is in force from its day on"


def test_a_rate_of_a_later_day_is_no_rate(engine: sa.Engine) -> None:
    world = rates(small("subscription_change"), EUR={DAY + timedelta(days=1): 1.1})
    add(world, "subscription_change", at=NOW, currency="EUR")
    reason = f"an amount is in EUR, and there is no rate from EUR to USD on or before {DAY}"
    assert cell(look(engine, world), "mrr") == (None, State.FAILED, reason)


def test_an_audit_knows_a_rate_from_its_day_on(engine: sa.Engine) -> None:
    world = rates(small("subscription_change"), EUR={LONG_AGO.date(): 1.5, DAY: 2.0})
    add(world, "subscription_change", at=LONG_AGO, mrr_delta=100, currency="EUR")
    yesterday = END - timedelta(days=1, microseconds=1)
    assert cell(look(engine, world, mode=AsKnown(END)), "mrr")[0] == 200
    assert cell(look(engine, world, mode=AsKnown(yesterday)), "mrr")[0] == 150
    del world.rates[0]
    state, reason = cell(look(engine, world, mode=AsKnown(yesterday)), "mrr")[1:]
    assert state is State.FAILED
    assert str(reason).endswith(f"on or before {DAY - timedelta(days=1)}")


@pytest.mark.parametrize(
    ("amounts", "expected"), [([101], 152), ([99], 148), ([101, 100], 302), ([-101], -152), ([-99, 99], 0)]
)
def test_a_result_is_rounded_once_and_halves_go_to_even(engine: sa.Engine, amounts: list[int], expected: int) -> None:
    world = rates(small("subscription_change"), EUR={LONG_AGO.date(): 1.5})
    for amount in amounts:
        add(world, "subscription_change", at=NOW, mrr_delta=amount, currency="EUR")
    value = look(engine, world).values[0, [m.name for m in BUILTIN].index("mrr")]
    assert value == expected
    assert not np.signbit(value) or expected < 0


def test_the_order_of_rows_does_not_matter(engine: sa.Engine) -> None:
    """Floating point would say 108.49999 or 108.5, by the order in which an engine adds; that is 108 or 109 of rounding."""
    amounts = [(10**12 + 1, "EUR"), (7, "EUR"), (-(10**12), "EUR"), (3, "GBP"), (92, "EUR")] * 20
    found = set()
    for order in (amounts, amounts[::-1], sorted(amounts)):
        world = rates(small("subscription_change"), EUR={LONG_AGO.date(): 1.085}, GBP={LONG_AGO.date(): 1.25})
        for amount, currency in order:
            add(world, "subscription_change", at=NOW, mrr_delta=amount, currency=currency)
        found.add(cell(look(engine, world), "mrr")[0])
    assert found == {2245.0}  # 20 * (100 * 1.085 + 3 * 1.25)


def test_every_aggregate_over_money_is_converted_or_fails(engine: sa.Engine) -> None:
    metrics = [
        money("total", total("invoice", "amount")),
        money("mean", mean("invoice", "amount")),
        money("median", median("invoice", "amount")),
        money("last", last("invoice", "amount")),
        money("top", largest_total("invoice", "amount", by="number")),
        money("large", count("invoice", where="amount >= 1000"), unit="invoices", money=False),
    ]
    world = rates(small("invoice"), EUR={LONG_AGO.date(): 2.0})
    for days, amount, currency in ((3, 500, "EUR"), (2, 300, "USD"), (1, 100, "EUR")):
        add(world, "invoice", issued_at=END - timedelta(days=days), amount=amount, currency=currency, number=currency)
    frame = look(engine, world, metrics)
    assert frame.values[0].tolist() == [1500, 500, 300, 200, 1200, 1]
    add(world, "invoice", issued_at=NOW, amount=1, currency="CHF", number="x")
    failed = look(engine, world, metrics)
    assert {failed.state(0, m.name) for m in metrics} == {State.FAILED}
    assert shared_inputs(metrics) == {"rates"}


def test_an_amount_and_its_currency_are_of_one_version(engine: sa.Engine) -> None:
    """A deal of 100 EUR became one of 150 USD after T: as of T it is worth 200, not 100 or 150."""
    world = rates(small("opportunity"), EUR={LONG_AGO.date(): 2.0})
    first = add(world, "opportunity", opened_at=LONG_AGO, amount=100, currency="EUR")
    first["known_to"] = END
    add(world, "opportunity", known_from=END, source_id=first["source_id"], opened_at=LONG_AGO, amount=150, currency="USD")
    pipeline = money("pipeline", total("opportunity", "amount"))
    assert cell(look(engine, world, [pipeline]), "pipeline")[0] == 200
    assert cell(look(engine, world, [pipeline], day=DAY + timedelta(days=1)), "pipeline")[0] == 150


def test_what_can_not_be_added_up_is_a_state_and_no_crash(engine: sa.Engine) -> None:
    world = rates(small("subscription_change"), EUR={LONG_AGO.date(): 1e9})
    add(world, "subscription_change", at=NOW, mrr_delta=2**63 - 1, currency="EUR")
    add(world, "subscription_change", at=NOW, mrr_delta=2**63 - 1, currency="USD")
    reason = "an amount is too large to be added up exactly"
    assert cell(look(engine, world), "mrr") == (None, State.FAILED, reason)
    contracts = money("contracts", total("outcome", "amount"))
    world = small("outcome")
    add(world, "outcome", at=NOW, amount=5, currency=None)
    assert cell(look(engine, world, [contracts]), "contracts") == (None, State.FAILED, "an amount has no currency")
