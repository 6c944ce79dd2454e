"""What follows from declarations: which boundaries matter, how far back to read, and what the sources offer."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from accountpulse.core.metrics.builtin import BUILTIN, register_metrics
from accountpulse.core.metrics.compiler import check_metric, compile_metrics
from accountpulse.core.metrics.declare import Metric, attribute, count, metric, ongoing, total
from accountpulse.core.metrics.dialects import DIALECTS, Dialect
from accountpulse.core.metrics.engine import PARAMETER
from accountpulse.core.metrics.library.usage import USAGE
from accountpulse.core.metrics.reach import Boundary, boundaries, look_back
from accountpulse.core.metrics.sources import sources
from accountpulse.core.model import schemas


def trial(**aggregates: object) -> Metric:
    return metric("trial", "n", title="", group="usage", unit="", better=None, **aggregates)  # type: ignore[arg-type]


def test_boundaries_are_the_edges_of_windows_and_what_happens_at_t() -> None:
    assert boundaries([trial(n=total("usage_day", "count", window=(60, 30)))]) == {
        Boundary("usage_day", "day", 0),
        Boundary("usage_day", "day", 30),
        Boundary("usage_day", "day", 60),
    }
    assert boundaries([trial(n=ongoing("invoice", since="due_at", until="paid_at"))]) == {
        Boundary("invoice", "issued_at", 0),
        Boundary("invoice", "due_at", 0),
        Boundary("invoice", "paid_at", 0),
        Boundary("invoice", "voided_at", 0),
    }
    assert Boundary("account", "churned_at", 0) in boundaries([trial(n=attribute("employees"))])


def test_look_back_is_the_longest_window_of_each_source() -> None:
    a = trial(n=count("ticket", window=30), m=count("ticket", window=(90, 60)))
    b = trial(n=count("activity"), m=count("activity", window=7))
    assert look_back([a, b]) == {"ticket": 90, "activity": None}


def test_every_built_in_metric_compiles_and_is_described() -> None:
    assert register_metrics() == BUILTIN
    assert len({m.name for m in BUILTIN}) == len(BUILTIN)
    for m in BUILTIN:
        check_metric(m)
        assert m.title
        assert m.description != m.title
        assert m.money == (m.unit == "money")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_text_is_made_once(dialect: Dialect) -> None:
    assert compile_metrics(BUILTIN, dialect) is compile_metrics(tuple(BUILTIN), dialect)


def test_sources_come_from_the_account_model() -> None:
    assert list(sources()) == list(schemas())
    ticket = sources()["ticket"]
    assert ticket.event == "opened_at"
    assert ticket.lifecycle == ("first_replied_at", "solved_at")
    assert ticket.times == ("opened_at", "first_replied_at", "solved_at")
    assert "priority" in ticket.undated
    assert "references" not in sources()["account"].readable
    assert sources()["opportunity"].happens_at("won") == "closed_at"
    with_money = [source for source in sources().values() if any(field.money for field in source.columns.values())]
    assert with_money
    assert all(source.currency for source in with_money), "an amount without a currency can't be added up"


def test_on_sqlite_usage_of_accounts_is_read_in_an_index_alone(sqlite_engine: sa.Engine) -> None:
    """An account's usage lies all over the table."""
    usage = tuple(metric for metric in USAGE if set(metric.sources) == {"usage_day"})
    text = compile_metrics(usage, DIALECTS["sqlite"], some_accounts=True, customers=True).text
    with sqlite_engine.connect() as connection:
        plan = connection.execute(sa.text(f"explain query plan {text}"), dict.fromkeys(PARAMETER.findall(text))).all()
    reads = [row.detail for row in plan if row.detail.startswith(("SEARCH f ", "SCAN f"))]
    assert reads
    assert all("USING COVERING INDEX ix_fact_usage_day_whole (source_account_id=? AND day" in read for read in reads)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_rows_of_a_few_accounts_are_read_once_for_all_passes(dialect: str) -> None:
    tickets = tuple(metric for metric in BUILTIN if set(metric.sources) == {"ticket"})
    texts = [compile_metrics(tickets, DIALECTS[dialect], some_accounts=some).text for some in (True, False)]
    reads = [len(re.findall(r"\bfact_ticket f\b", text)) for text in texts]
    assert reads[0] == 1
    assert reads[1] > 1


def test_what_is_read_of_the_longest_window_is_counted_without_asking_for_it_again() -> None:
    def text(*windows: int | tuple[int, int], where: str = "") -> str:
        several = [trial(n=count("usage_day", window=window, where=where)) for window in windows]
        named = tuple(replace(each, name=f"trial_{i}") for i, each in enumerate(several))
        return compile_metrics(named, DIALECTS["sqlite"]).text

    of_two = text(90, 30)
    assert "count(1) as g0" in of_two
    assert 'count(case when "day" >= :d_30 then 1 end) as g1' in of_two
    unasked = "as visible\ngroup by"
    assert unasked in of_two
    assert unasked in text((60, 30), 30)
    assert unasked in text((90, 20), 30, 7)
    assert unasked not in text((60, 30), 7)
    assert unasked not in text(60, 30, where="count > 3")
