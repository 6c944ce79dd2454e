"""Every metric has the same value, state and reason on every engine; and what a further engine has to bring."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from tests.core.metrics.conftest import Mirrored
from tests.core.metrics.test_laws import END, EXTRA, MODES, SEEDS, assert_same, check_reference_of, check_truncation_of, laws
from tests.core.metrics.worlds import DAY, ZONE, World, load, random_world

from accountpulse.core.clock import SystemClock
from accountpulse.core.metrics import few
from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.choice import choose_engine
from accountpulse.core.metrics.compiler import compile_metrics
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.dialects import BITS, DIALECTS, Dialect
from accountpulse.core.metrics.duck import DuckEngine, DuckFacts
from accountpulse.core.metrics.engine import STORE, Engine, StoreFacts
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.population import population
from accountpulse.core.metrics.spark_dialect import Spark
from accountpulse.core.mirror import Mirror
from accountpulse.core.store.facts import FACTS

PAGE = Path(__file__).parents[3] / "docs" / "plugins" / "engines.md"
EVERY = (*BUILTIN, *EXTRA)
COUNTED = tuple(m for m in BUILTIN if m.name in {"active_days_30d", "features_used_90d", "usage_trend_30d"})
ACCOUNTS = st.one_of(st.none(), st.lists(st.integers(1, 4), unique=True))


def seen(c: sa.Connection, engine: Engine, mode: Mode, accounts: list[int] | None, churned: bool) -> MetricFrame:
    return evaluate(
        c,
        EVERY,
        day=DAY,
        zone=ZONE,
        mode=mode,
        reporting_currency="USD",
        precedence={"plan": [2, 1]},
        accounts=accounts,
        include_churned=churned,
        now=END - timedelta(hours=1),
        engine=engine,
    )


def counted(c: sa.Connection, engine: Engine) -> MetricFrame:
    return evaluate(c, COUNTED, day=DAY, zone=ZONE, mode=AsCorrected(), reporting_currency="USD", engine=engine)


def is_counted(metric: Metric) -> bool:
    functions = {a.function for a in metric.aggregates.values()}
    return metric.expression in metric.aggregates and functions <= {"count", "distinct", "open"}


def assert_equal(a: MetricFrame, b: MetricFrame) -> None:
    """As `assert_same`, and the anchors, the reasons, and what is counted or money to the last digit."""
    assert_same(a, b)
    for i, metric in enumerate(a.metrics):
        if metric.money or is_counted(metric):
            np.testing.assert_array_equal(a.values[:, i], b.values[:, i], err_msg=metric.name)
    assert a.fresh_at == b.fresh_at
    for name, days in a.anchors.items():
        np.testing.assert_array_equal(days, b.anchors[name])
    for row in range(len(a.account_ids)):
        for metric in a.metrics:
            assert a.reason(row, metric.name) == b.reason(row, metric.name), (row, metric.name)


def on_mirror(mirrored: Mirrored, world: World, mode: Mode, accounts: list[int] | None = None) -> MetricFrame:
    load(mirrored.store.engine, world)
    mirrored.duck.mirror.refresh(rebuild=True)
    with mirrored.store.read() as c:
        return evaluate(
            c, EVERY, day=DAY, zone=ZONE, mode=mode, reporting_currency="USD", accounts=accounts, engine=mirrored.duck
        )


def check_parity(
    mirrored: Mirrored, postgres: sa.Engine, seed: int, mode: Mode, accounts: list[int] | None, churned: bool
) -> None:
    world = random_world(seed)
    load(mirrored.store.engine, world)
    load(postgres, world)
    mirrored.duck.mirror.refresh(rebuild=True)
    with mirrored.store.read() as c:
        duck = seen(c, mirrored.duck, mode, accounts, churned)
        assert_equal(seen(c, STORE, mode, accounts, churned), duck)
    with postgres.connect() as c:
        assert_equal(seen(c, STORE, mode, accounts, churned), duck)


@pytest.mark.slow
@laws(5)
@given(seed=SEEDS, mode=MODES, accounts=ACCOUNTS, churned=st.booleans())
def test_all_engines_agree(
    mirrored: Mirrored, postgres_engine: sa.Engine, seed: int, mode: Mode, accounts: list[int] | None, churned: bool
) -> None:
    check_parity(mirrored, postgres_engine, seed, mode, accounts, churned)


@pytest.mark.slow
@laws(2)
@given(seed=SEEDS, mode=MODES)
def test_truncation_and_plain_python_on_the_mirror(mirrored: Mirrored, seed: int, mode: Mode) -> None:
    def look(world: World, mode: Mode) -> MetricFrame:
        return on_mirror(mirrored, world, mode)

    check_truncation_of(look, seed, mode)
    check_reference_of(look, seed, mode)


@pytest.mark.slow
@laws(4)
@given(seed=SEEDS, mode=MODES, accounts=ACCOUNTS, churned=st.booleans())
def test_all_engines_agree_at_length(
    mirrored: Mirrored, postgres_engine: sa.Engine, seed: int, mode: Mode, accounts: list[int] | None, churned: bool
) -> None:
    check_parity(mirrored, postgres_engine, seed, mode, accounts, churned)
    check_truncation_of(lambda world, mode: on_mirror(mirrored, world, mode), seed, mode)


def test_an_evaluation_has_the_attributes_that_the_store_tells_with_their_origins(mirrored: Mirrored) -> None:
    frame = on_mirror(mirrored, random_world(7), AsCorrected())
    with mirrored.store.read() as c:
        people = population(c, day=DAY, zone=ZONE, mode=AsCorrected())
    assert len(people)
    assert frame.account_ids.tolist() == people.account_ids.tolist()
    assert frame.attributes == people.values
    assert not frame.population.origins
    for name, values in people.values.items():
        for value, origin in zip(values, people.origins[name], strict=True):
            assert (value or None) is None or origin, name


def test_a_store_without_facts(mirrored: Mirrored) -> None:
    assert len(on_mirror(mirrored, World(), AsCorrected()).account_ids) == 0


# --- who is asked ---------------------------------------------------------------------------------------------------------


def test_the_mirror_is_brought_up_to_the_store_before_it_answers(mirrored: Mirrored) -> None:
    world = random_world(7)
    later, world.facts["usage_day"] = world.facts["usage_day"], []
    before = on_mirror(mirrored, world, AsCorrected())
    with mirrored.store.write() as c:
        c.execute(sa.insert(FACTS["usage_day"]), later)
    with mirrored.store.read() as c:
        stored, found = (seen(c, engine, AsCorrected(), None, False) for engine in (STORE, mirrored.duck))
    assert_equal(stored, found)
    assert not np.array_equal(before.states, found.states)


def test_few_accounts_and_transactions_that_write_ask_the_store(mirrored: Mirrored) -> None:
    duck = DuckEngine(mirrored.duck.mirror, few=2)
    with mirrored.store.read() as c:
        assert isinstance(duck.facts(c, [1, 2]), StoreFacts)
        assert isinstance(duck.facts(c, [1, 2, 3]), DuckFacts)
        assert isinstance(duck.facts(c), DuckFacts)
    with mirrored.store.write() as c:
        assert isinstance(duck.facts(c), StoreFacts)


# --- what DuckDB may reach ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{outside}')",
        "select * from read_text('{outside}')",
        "select * from read_blob('{outside}')",
        "select * from '{outside}'",
        "select * from glob('{folder}/*')",
        "copy account to '{folder}/out.csv'",
        "attach '{folder}/other.db'",
        "install httpfs",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set lock_configuration = false",
    ],
)
def test_duckdb_reads_the_mirror_and_nothing_else(mirrored: Mirrored, tmp_path: Path, query: str) -> None:
    (tmp_path / "outside.csv").write_text("a\n1\n")
    with mirrored.store.read() as c:
        facts = mirrored.duck.facts(c)
    with pytest.raises(duckdb.Error, match=r"disabled by configuration|locked"):
        facts.ask(query.format(outside=tmp_path / "outside.csv", folder=tmp_path), {})


def test_python_s_variables_are_no_tables(mirrored: Mirrored) -> None:
    anything = pa.table({"a": [1]})  # noqa: F841  # what must not be found
    assert duckdb.connect().sql("select * from anything").fetchall() == [(1,)], "DuckDB looks for it by itself"
    with mirrored.store.read() as c:
        facts = mirrored.duck.facts(c)
    assert isinstance(facts, DuckFacts)
    with pytest.raises(duckdb.CatalogException, match="anything"):
        facts._database.sql("select * from anything")


# --- a further engine -----------------------------------------------------------------------------------------------------


def from_the_page() -> dict[str, Any]:
    """What the page on engines shows, run."""
    shown: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, shown)
    return shown


def compiled_only(dialect: Dialect, corrected: bool) -> None:
    compiled = compile_metrics(EVERY, dialect, corrected, some_accounts=True, currencies=("EUR", "JPY"))
    tree = sqlglot.parse_one(compiled.text, read=dialect.name)
    assert len(tree.selects) >= len(compiled.population) + compiled.numbers
    tables = {table.name for table in tree.find_all(sqlglot.exp.Table)}
    assert {"fact_usage_day", "fact_ticket", "fact_invoice", "link", "account", "connection"} <= tables


@pytest.mark.parametrize("corrected", [True, False])
def test_snowflake_compile_only(corrected: bool) -> None:
    compiled_only(from_the_page()["Snowflake"](), corrected)


@pytest.mark.parametrize("corrected", [True, False])
def test_bigquery_compile_only(corrected: bool) -> None:
    compiled_only(from_the_page()["BigQuery"](), corrected)


def test_the_engine_of_the_page_says_what_the_store_says(
    mirrored: Mirrored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(mirrored.store.engine, random_world(11))
    Mirror(tmp_path / "pond", mirrored.store, SystemClock()).export()
    monkeypatch.setenv("POND", str(tmp_path / "pond"))
    (brought,) = from_the_page()["register_engines"]()
    engine, _ = choose_engine(mirrored.store, SystemClock(), None, "pond", plugged={brought.id: brought})
    with mirrored.store.read() as c:
        for mode in (AsCorrected(), AsKnown(END)):
            assert_equal(seen(c, STORE, mode, [1, 3], True), seen(c, engine, mode, [1, 3], True))


@pytest.mark.parametrize("corrected", [True, False])
def test_spark_s_text_is_spark_s(corrected: bool) -> None:
    """That it runs there, and says the same, is for tests/core/test_spark.py, where Spark and a Java are."""
    text = compile_metrics(EVERY, Spark(), corrected).text
    compiled_only(Spark(), corrected)
    assert "`" in text
    assert "AS STRING" in text
    assert ":t_30" in text


def test_an_engine_that_gathers_reads_each_source_twice_at_most() -> None:
    """Once what lies in a window and once everything, besides the newest event and what is largest in groups."""
    alone = {a for m in BUILTIN for a in m.aggregates.values() if a.function == "top" or (a.function == "max" and not a.window)}
    text = compile_metrics(BUILTIN, Spark()).text
    passes = re.findall(r"\bp\d+ AS \(", text)
    assert len(passes) <= 2 * len({s for m in BUILTIN for s in m.sources}) + len(alone)
    assert len(passes) < len(re.findall(r"\bp\d+ as \(", compile_metrics(BUILTIN, DIALECTS["duckdb"]).text))
    assert "COUNT(DISTINCT" not in text


def test_few_texts_and_days_are_counted_by_bits_in_the_pass_of_all_else() -> None:
    duck = DIALECTS["duckdb"]
    text = compile_metrics(COUNTED, duck, few=(("usage_day", "feature"),)).text
    assert "count(distinct" not in text
    assert len(re.findall(r"^p\d+ as", text, re.MULTILINE)) == 1
    assert "count(distinct" in compile_metrics(COUNTED, duck).text, "not of texts that nobody looked at before"
    everything = "select unnest(range({})) as n union all select 3".format
    for most in (8, 63, 64, 65, BITS):
        assert duckdb.sql(f"select {duck.places('nullif(n, 7)', most)} from ({everything(most)})").fetchall() == [(most - 1,)]


def test_texts_that_are_too_many_are_counted_one_by_one(mirrored: Mirrored, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = DuckFacts.ask
    monkeypatch.setattr(DuckFacts, "ask", lambda facts, text, given: asked.append(text) or ask(facts, text, given))
    load(mirrored.store.engine, random_world(7))
    mirrored.duck.mirror.refresh(rebuild=True)
    with mirrored.store.read() as c:
        expected = counted(c, mirrored.duck)
    assert not any("count(distinct" in text for text in asked)
    monkeypatch.setattr(few, "BITS", 0)
    with mirrored.store.read() as c:
        assert_equal(expected, counted(c, mirrored.duck))
    assert any("count(distinct" in text for text in asked)


def test_without_an_index_nothing_is_correlated() -> None:
    """Engines over files, Spark among them, run no sub-query for each row."""
    for corrected in (True, False):
        text = compile_metrics(EVERY, DIALECTS["duckdb"], corrected).text
        assert "limit 1" not in text
        assert "limit 1" in compile_metrics(EVERY, DIALECTS["sqlite"], corrected).text
