"""Metrics that a function computes: what it is given, and what becomes of a function that is wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.metrics.test_states import DAY, END, ZONE, add, cell, small
from tests.core.metrics.worlds import World, load

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.compiler import check_metric
from accountpulse.core.metrics.declare import Aggregate, Metric, count, metric, rows, table_metric
from accountpulse.core.metrics.engine import Floats
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState as State
from accountpulse.core.metrics.tables import Table, Tables
from accountpulse.core.scoring.stored_frame import declared

SECRET = "canary-4711"
PRIORITIES = rows("ticket", "priority, subject", where="priority > 0", window=90)


def measured(function: Any, **tables: Aggregate) -> Metric:
    return table_metric("trial", title="T", group="support", unit="x", better=None, **tables)(function)


def look(engine: sa.Engine, world: World, trial: Metric) -> MetricFrame:
    load(engine, world)
    with engine.connect() as c:
        return evaluate(c, [trial], day=DAY, zone=ZONE, mode=AsCorrected(), reporting_currency="USD")


def two_accounts() -> World:
    """Account 1 with two tickets of this quarter and one of long ago, and account 2, without any."""
    world = small("ticket")
    world.accounts.append({"id": 2, "created_at": END - timedelta(days=500)})
    for source, connection in ((3, 1), (4, 2)):
        known = {"connection_id": connection, "key": f"k{source}", "first_known_at": END - timedelta(days=500)}
        world.source_accounts.append({"id": source} | known)
        world.links.append(world.links[1] | {"id": source, "source_account_id": source, "account_id": 2})
    add(world, "account", source=1, source_account_id=3)
    for days, priority in ((200, 4), (2, 3), (30, 1)):
        add(world, "ticket", opened_at=END - timedelta(days=days), priority=priority, subject=f"of {days}")
    return world


def test_it_is_given_what_was_declared_by_account_and_oldest_first(engine: sa.Engine) -> None:
    given: list[Tables] = []

    def keep(tables: Tables) -> Floats:
        given.append(tables)
        return tables["tickets"].apply(lambda one: float(one["priority"][0]))

    frame = look(engine, two_accounts(), measured(keep, tickets=PRIORITIES))
    [tables] = given
    assert (tables.day, tables.accounts) == (DAY, 2)
    assert tables["tickets"].account.tolist() == [0, 0]
    assert tables["tickets"]["priority"].tolist() == [1, 3]
    assert tables["tickets"]["subject"].tolist() == ["of 30", "of 2"]
    assert set(tables["tickets"].columns) == {"priority", "subject"}
    assert cell(frame, "trial") == (1, State.MEASURED, None)
    assert frame.state(1, "trial") is State.NO_DATA
    assert frame.reason(1, "trial") == "there are no tickets to measure"


def test_what_raises_for_one_account_costs_that_account(engine: sa.Engine) -> None:
    def picky(one: Table) -> float:
        if "of 2" in one["subject"].tolist():
            raise ValueError(f"bad ticket {SECRET}")
        return 7

    world = two_accounts()
    add(world, "ticket", source_account_id=4, opened_at=END - timedelta(days=5), subject="fine")
    frame = look(engine, world, measured(lambda tables: tables["tickets"].apply(picky), tickets=PRIORITIES))
    value, state, reason = cell(frame, "trial")
    assert (value, state) == (None, State.FAILED)
    assert "ValueError in picky (test_tables.py:" in str(reason)
    assert "report it to its author" in str(reason)
    assert SECRET not in str(reason)
    assert (frame.values[1, 0], frame.state(1, "trial")) == (7, State.MEASURED)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda tables: sys.exit(3), "SystemExit in <lambda>"),
        (lambda tables: np.full(tables.accounts, np.inf), "it is infinite"),
        (lambda tables: np.zeros(3), "shape (3,) for 1 accounts"),
        (lambda tables: "many", "ValueError"),
        (lambda tables: tables["tickets"]["subjekt"], "KeyError"),
    ],
)
def test_a_function_that_gives_no_numbers_fails(sqlite_engine: sa.Engine, function: Any, said: str) -> None:
    frame = look(sqlite_engine, two_accounts(), measured(function, tickets=PRIORITIES))
    value, state, reason = cell(frame, "trial")
    assert (value, state) == (None, State.FAILED)
    assert said in str(reason)
    assert frame.state(1, "trial") in (State.NO_DATA, State.FAILED)


def test_an_amount_without_a_rate_fails_it(engine: sa.Engine) -> None:
    world = small("invoice")
    add(world, "invoice", issued_at=END - timedelta(days=2), currency="CHF")
    bills = measured(lambda tables: tables["bills"].apply(lambda one: one["amount"].sum()), bills=rows("invoice", "amount"))
    assert "there is no rate from CHF to USD" in str(cell(look(engine, world, bills), "trial")[2])


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"tickets": rows("ticket", "priority, subjekt")}, "ticket has no column 'subjekt' to read; there are"),
        ({"tickets": rows("tickets", "priority")}, "there is no source 'tickets'"),
        ({"tickets": rows("ticket", "priority", window=(0, 5))}, "is empty"),
        ({"people": rows("account", "plan")}, "account has no event"),
    ],
)
def test_reads_that_make_no_sense_are_refused_by_name(tables: dict[str, Aggregate], said: str) -> None:
    with pytest.raises(MetricError, match="metric 'trial', aggregate") as caught:
        check_metric(measured(lambda given: np.zeros(given.accounts), **tables))
    assert said in str(caught.value)


def test_rows_and_expressions_do_not_mix() -> None:
    with pytest.raises(MetricError, match="declare it with table_metric"):
        metric("trial", "n", title="T", group="support", unit="x", better=None, n=PRIORITIES)
    with pytest.raises(MetricError, match=r"such as rows\("):
        measured(lambda given: np.zeros(given.accounts), n=count("ticket"))
    with pytest.raises(MetricError, match=r"give at least one aggregate, such as n=rows\("):
        measured(lambda given: np.zeros(given.accounts))


def test_another_process_knows_the_declaration_again() -> None:
    """Stored measurements count for the declaration that they were made with; a function's address must not be part of it."""
    program = (
        "import tests.core.metrics.test_laws as laws; from accountpulse.core.scoring.stored_frame import declared;"
        "print(declared(laws.MIDDLE_PAUSE), declared(laws.ALL_KINDS))"
    )
    from tests.core.metrics.test_laws import ALL_KINDS, MIDDLE_PAUSE

    arguments = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, '.'); {program}"]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [declared(MIDDLE_PAUSE), declared(ALL_KINDS)]
    assert declared(MIDDLE_PAUSE) != declared(ALL_KINDS)
