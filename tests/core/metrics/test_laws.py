"""The laws that every built-in metric keeps, over random worlds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.metrics.reference import REFERENCE, NoRate, Reader, cents
from tests.core.metrics.worlds import (
    DAY,
    ZONE,
    World,
    load,
    random_world,
    without_later_knowledge,
    without_the_future,
)

from accountpulse.core.clock import start_of_day
from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.declare import (
    count,
    distinct,
    earliest,
    largest_total,
    last,
    latest,
    mean,
    median,
    metric,
    ongoing,
    rows,
    table_metric,
    total,
)
from accountpulse.core.metrics.engine import Floats
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.metrics.tables import Table, Tables

END = start_of_day(DAY + timedelta(days=1), ZONE)
SEEDS = st.integers(0, 2**32)
MODES = st.one_of(
    st.just(AsCorrected()), st.integers(-60 * 24, 10 * 24).map(lambda hours: AsKnown(END + timedelta(hours=hours)))
)


def laws(examples: int):  # type: ignore[no-untyped-def]
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# What the built-in metrics don't use, but a stranger's may.
EXTRA = tuple(
    metric(f"extra_{name}", expression, title="", group="usage", unit="", better=None, x=aggregate)
    for name, expression, aggregate in (
        ("undated_window", "x", count("opportunity", at="closes_at", window=60)),
        ("undated_latest", "x", latest("subscription", "coalesce(seats, 0)", at="renews_at", window=90)),
        ("median_money", "x", median("invoice", "amount", where="voided_at is null", window=(365, 30))),
        ("mean_money", "x", mean("invoice", "amount - services_amount", window=180)),
        ("deals", "x", total("opportunity", "amount")),
        ("big_deals", "x", count("opportunity", where="amount > 5 and kind = 'new'")),
        ("top_money", "x", largest_total("invoice", "amount", by="number", where="attempts > 0")),
        ("last_money", "x", last("subscription", "mrr")),
        ("last_boolean", "case when x then 1 else 0 end", last("opportunity", "won")),
        ("last_text", "case when x = 'y' then 1 else 0 end", last("ticket", "subject", at="solved_at")),
        ("distinct_texts", "x", distinct("ticket", "subject, channel, priority")),
        ("distinct_days_before", "x", distinct("usage_day", "day", window=(60, 20))),
        ("distinct_texts_of_few", "x", distinct("usage_day", "feature", where="count > 2", window=(90, 10))),
        ("earliest_number", "round(x / 3, 2)", earliest("pulse", "abs(value - 5)", window=400)),
        ("ongoing_planned", "x", ongoing("subscription", since="trial_ends_at", until="ended_at", where="status <> 'paused'")),
        ("newest_undated", "x", median("contact", "case when active then 1 else 2.5 end")),
    )
)


def middle_pause(uses: Table) -> float | None:
    days = np.unique(uses["day"])
    return float(np.median(np.diff(days).astype(float))) if len(days) > 1 else None


@table_metric(
    "extra_middle_pause",
    title="",
    group="usage",
    unit="",
    better=None,
    applies="uses > 1",
    uses=rows("usage_day", "day, user", where='"user" is not null', window=120),
)
def MIDDLE_PAUSE(tables: Tables) -> Floats:
    return tables["uses"].apply(middle_pause)


@table_metric(
    "extra_all_kinds",
    title="",
    group="support",
    unit="",
    better=None,
    tickets=rows("ticket", "subject, opened_at, solved_at, priority", at="solved_at", window=200),
    bills=rows("invoice", "due_at, amount, attempts"),
    deals=rows("opportunity", "won, closes_at, stage"),
)
def ALL_KINDS(tables: Tables) -> Floats:
    """Every kind of column, and the order of rows."""
    tickets, bills, deals = tables["tickets"], tables["bills"], tables["deals"]
    value = np.zeros(tables.accounts)
    seconds = (tickets["solved_at"] - tickets["opened_at"]).astype(float) / 1e6
    np.add.at(value, tickets.account, np.nan_to_num(seconds) * np.nan_to_num(tickets["priority"]))
    np.add.at(value, tickets.account, [len(subject or "") for subject in tickets["subject"]])
    np.add.at(value, bills.account, np.nan_to_num(bills["amount"]) * (bills["due_at"].astype(object) != None))  # noqa: E711
    np.add.at(value, deals.account, np.nan_to_num(deals["won"], nan=0.5) + [len(stage or "") for stage in deals["stage"]])
    np.add.at(value, deals.account, np.where(np.isnat(deals["closes_at"]), 0, deals["closes_at"].astype(float)))
    for table, first in ((tickets, "solved_at"), (deals, "closes_at")):
        assert (np.diff(table.account) >= 0).all(), first
    assert (np.diff(tickets["solved_at"])[np.diff(tickets.account) == 0] >= np.timedelta64(0)).all()
    return value


EXTRA = (*EXTRA, MIDDLE_PAUSE, ALL_KINDS)

Look = Callable[[World, Mode], MetricFrame]


def look(engine: sa.Engine, world: World, mode: Mode, accounts: list[int] | None = None) -> MetricFrame:
    load(engine, world)
    with engine.connect() as c:
        return evaluate(c, (*BUILTIN, *EXTRA), day=DAY, zone=ZONE, mode=mode, reporting_currency="USD", accounts=accounts)


def assert_same(a: MetricFrame, b: MetricFrame) -> None:
    assert a.account_ids.tolist() == b.account_ids.tolist()
    assert a.attributes == b.attributes
    assert a.population.origins == b.population.origins
    for i, declared in enumerate(a.metrics):
        assert a.states[:, i].tolist() == b.states[:, i].tolist(), declared.name
        np.testing.assert_allclose(a.values[:, i], b.values[:, i], rtol=1e-9, atol=1e-12, err_msg=declared.name)


def check_truncation_of(look: Look, seed: int, mode: Mode) -> None:
    world = random_world(seed)
    if isinstance(mode, AsKnown):
        assert_same(look(world, mode), look(without_later_knowledge(world, mode.at, ZONE), mode))
    else:
        assert_same(look(world, mode), look(without_the_future(world, END, DAY), mode))


def check_truncation(engine: sa.Engine, seed: int, mode: Mode) -> None:
    check_truncation_of(partial(look, engine), seed, mode)


def deals(reader: Reader) -> float | None:
    found = [o for o in reader.rows("opportunity") if o["amount"] is not None]
    return float(cents(reader, found, "amount")) if found else None


def big_deals(reader: Reader) -> float | None:
    rows = reader.rows("opportunity")
    worth = [0 if o["amount"] is None else reader.money(o, "amount") for o in rows]  # an amount without a rate could be big
    return sum(w > 5 and o["kind"] == "new" for o, w in zip(rows, worth, strict=True)) or None


def medium_bill(reader: Reader) -> float | None:
    billed = [i for i in reader.rows("invoice", (365, 30)) if i["voided_at"] is None]
    return statistics.median(float(reader.money(i, "amount")) for i in billed) if billed else None


def mean_bill(reader: Reader) -> float | None:
    worth = [reader.money(i, "amount") - reader.money(i, "services_amount") for i in reader.rows("invoice", 180)]
    return float(sum(worth) / len(worth)) if worth else None


def top_money(reader: Reader) -> float | None:
    sums: dict[object, Fraction] = {}
    for i in reader.rows("invoice"):
        if i["attempts"] > 0:
            sums[i["number"]] = sums.get(i["number"], Fraction()) + reader.money(i, "amount")
    return float(max(sums.values())) if sums else None


def pause(reader: Reader) -> float | None:
    days = sorted({u["day"] for u in reader.rows("usage_day", 120) if u["user"] is not None})
    return statistics.median((b - a).days for a, b in pairwise(days)) if len(days) > 1 else None


EXPECTED_EXTRA: dict[str, Callable[[Reader], float | None]] = {
    "extra_undated_window": lambda r: len(r.rows("opportunity", 60, "closes_at")) or None,
    "extra_undated_latest": lambda r: max((s["seats"] or 0 for s in r.rows("subscription", 90, "renews_at")), default=None),
    "extra_median_money": medium_bill,
    "extra_mean_money": mean_bill,
    "extra_deals": deals,
    "extra_big_deals": big_deals,
    "extra_top_money": top_money,
    "extra_middle_pause": pause,
}


def told(compute: Callable[[Reader], float | Fraction | None], reader: Reader) -> float | Fraction | NoRate | None:
    try:
        return compute(reader)
    except NoRate as missing:
        return missing


def check_reference(engine: sa.Engine, seed: int, mode: Mode) -> None:
    check_reference_of(partial(look, engine), seed, mode)


def check_reference_of(look: Look, seed: int, mode: Mode) -> None:
    world = random_world(seed)
    frame = look(world, mode)
    readers = [Reader(world, DAY, ZONE, mode, account) for account in (1, 2, 3)]
    assert frame.account_ids.tolist() == [r.account for r in readers if r.exists()]
    for i, reader in enumerate(r for r in readers if r.exists()):
        for name in ("name", "plan", "employees", "renewal_at", "customer_since"):
            assert frame.attributes[name][i] == reader.attribute(name)
        for name, compute in (REFERENCE | EXPECTED_EXTRA).items():
            found = frame.values[i, frame.index(name)]
            expected = told(compute, reader)
            assert (frame.state(i, name) is ComponentState.FAILED) == isinstance(expected, NoRate), (name, expected)
            if isinstance(expected, NoRate):
                assert "there is no rate from" in str(frame.reason(i, name))
            elif expected is None:
                assert math.isnan(found), (name, found)
            elif frame.metrics[frame.index(name)].money:
                assert found == round(found), name
                # A millionth of a cent an amount is what adding up in whole numbers may cost.
                assert abs(Fraction(found) - Fraction(expected)) <= Fraction(50_01, 100_00), (name, found, expected)
            else:
                assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6), (name, found, expected)


def test_every_built_in_metric_has_a_reference() -> None:
    assert list(REFERENCE) == [m.name for m in BUILTIN]


@pytest.mark.slow
@laws(40)
@given(seed=SEEDS, mode=MODES)
def test_nothing_after_t_and_nothing_learnt_after_k_matters(sqlite_engine: sa.Engine, seed: int, mode: Mode) -> None:
    check_truncation(sqlite_engine, seed, mode)


@laws(40)
@given(seed=SEEDS, mode=MODES)
def test_the_sql_agrees_with_plain_python(sqlite_engine: sa.Engine, seed: int, mode: Mode) -> None:
    check_reference(sqlite_engine, seed, mode)


@pytest.mark.slow
@laws(15)
@given(seed=SEEDS, mode=MODES)
def test_sqlite_and_postgresql_agree(sqlite_engine: sa.Engine, postgres_engine: sa.Engine, seed: int, mode: Mode) -> None:
    world = random_world(seed)
    assert_same(look(sqlite_engine, world, mode), look(postgres_engine, world, mode))


@laws(10)
@given(seed=SEEDS, mode=MODES, accounts=st.lists(st.integers(1, 4), unique=True))
def test_some_accounts_get_what_they_get_among_all(
    sqlite_engine: sa.Engine, seed: int, mode: Mode, accounts: list[int]
) -> None:
    world = random_world(seed)
    everyone, some = look(sqlite_engine, world, mode), look(sqlite_engine, world, mode, accounts)
    rows = np.isin(everyone.account_ids, accounts)
    assert some.account_ids.tolist() == everyone.account_ids[rows].tolist()
    np.testing.assert_array_equal(some.values, everyone.values[rows])
    np.testing.assert_array_equal(some.states, everyone.states[rows])


@pytest.mark.slow
@laws(80)
@given(seed=SEEDS, mode=MODES)
def test_truncation_at_length(sqlite_engine: sa.Engine, seed: int, mode: Mode) -> None:
    check_truncation(sqlite_engine, seed, mode)


@pytest.mark.slow
@laws(25)
@given(seed=SEEDS, mode=MODES)
def test_both_engines_agree_with_plain_python_at_length(engine: sa.Engine, seed: int, mode: Mode) -> None:
    check_truncation(engine, seed, mode)
    check_reference(engine, seed, mode)
