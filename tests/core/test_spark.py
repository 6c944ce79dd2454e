"""The distributed engine, in Spark's own multi-process mode: two workers, an executor each, in processes of their own.

One test, because a session takes longer to start than everything else, and each worker of the tests' would start its own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.core.metrics.test_engines import EVERY, assert_equal, seen
from tests.core.metrics.test_laws import END, assert_same
from tests.core.metrics.worlds import DAY as METRIC_DAY
from tests.core.metrics.worlds import ZONE, World, load, random_world, without_the_future
from tests.core.scoring.incremental_answers import answers
from tests.core.scoring.incremental_world import IncrementalWorld
from tests.core.scoring.test_spread import DAY, without_functions, yardstick

from accountpulse.cli.app import cli
from accountpulse.core.clock import SystemClock
from accountpulse.core.errors import EngineError
from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.engine import STORE, Engine, StoreFacts
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.java import MissingJava, find_java
from accountpulse.core.metrics.spark_settings import SparkSettings
from accountpulse.core.mirror import Mirror
from accountpulse.core.scoring.bands import UNKNOWN
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import score_history

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
SEEDS = range(8)
# On data as small as this, Spark would spend most of its time on making code that runs once.
QUICK = {
    "spark.executor.memory": "512m",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.buffer.pageSize": "256k",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture
def spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SparkSettings]:
    """A cluster of two. Without Spark or Java this is skipped, but not where everything has to be tested."""
    try:
        if find_spec("pyspark") is None:
            raise MissingJava("pyspark is not installed: `python3 dev.py test --all` installs it")
        find_java(os.environ)
    except MissingJava as missing:
        if os.environ.get("CI"):
            pytest.fail(f"the distributed engine can't be tested: {missing}")
        pytest.skip(f"the distributed engine is not tested: {missing}")
    monkeypatch.setenv("JAVA_HOME", str(find_java(os.environ)))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_WORKER_DIR", str(tmp_path / "workers"))
    options = {**QUICK, "spark.local.dir": str(tmp_path / "local"), "spark.sql.warehouse.dir": str(tmp_path / "warehouse")}
    yield SparkSettings("local-cluster[2,1,512]", options)
    from pyspark.sql import SparkSession

    if (session := SparkSession.getActiveSession()) is not None:
        session.stop()
    shutil.rmtree(tmp_path / "workers", ignore_errors=True)


def of_each_source(connection: sa.Connection, engine: Engine, mode: Mode, accounts: list[int]) -> MetricFrame:
    """A metric of each record type: how rows are read in another mode is the same for all of one."""
    first = {source: metric for metric in EVERY[::-1] for source in metric.sources}
    metrics = list(dict.fromkeys(first.values()))
    return evaluate(
        connection, metrics, day=METRIC_DAY, zone=ZONE, mode=mode, reporting_currency="USD", accounts=accounts, engine=engine
    )


def together(seeds: range) -> World:
    """Several worlds as one: so much happens in it that one query tells of all."""
    whole, *others = (_numbered(random_world(seed), n) for n, seed in enumerate(seeds))
    for world in others:
        whole.accounts += world.accounts
        whole.source_accounts += world.source_accounts
        whole.links += world.links
        for record, rows in world.facts.items():
            whole.facts[record] += rows
    return whole


def _numbered(world: World, n: int) -> World:
    for row in (*world.accounts, *world.source_accounts):
        row["id"] += 100 * n
    for row in world.source_accounts:
        row["key"] = f"{n}-{row['key']}"
    for link in world.links:
        link["id"] += 1_000 * n
        link["source_account_id"] += 100 * n
        link["account_id"] += 100 * n
    for rows in world.facts.values():
        for row in rows:
            row["id"] += 1_000 * n
            row["source_account_id"] += 100 * n
            row["source_id"] = f"{n}-{row['source_id']}"
            if row.get("parent") is not None:
                row["parent"] = f"{n}-{row['parent']}"
    return world


def test_whether_spark_is_there() -> None:
    if find_spec("pyspark") is None:
        pytest.skip("Spark is not installed, so nothing of it is tested: `python3 dev.py test --all` does both")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Spark's own, of what comes with it
def test_spark_says_what_the_store_says(
    spark: SparkSettings, tmp_path: Path, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accountpulse.core.metrics.spark import SparkEngine, SparkFacts, _size

    world = together(SEEDS)
    store = Store.open(str(tmp_path / "store.db"))
    load(store.engine, world)
    engine = SparkEngine(Mirror(tmp_path / "mirror", store, SystemClock()), spark, few=3)
    corrected, known = AsCorrected(), AsKnown(END - timedelta(days=3))

    with subtests.test("who is asked"), store.read() as connection:
        assert isinstance(engine.facts(connection, [1, 2, 3]), StoreFacts)
    with store.read() as connection:
        found = seen(connection, engine, corrected, None, True)
        with subtests.test("every metric, function over rows and attribute, cell by cell"):
            assert_equal(seen(connection, STORE, corrected, None, True), found)
        with subtests.test("nothing after T counts"):
            truncated = Store.open(str(tmp_path / "truncated.db"))
            load(truncated.engine, without_the_future(world, END, METRIC_DAY))
            with truncated.read() as other:
                assert_same(seen(other, STORE, corrected, None, True), found)
            truncated.close()
        with subtests.test("a query that fails is told in one line"):
            facts = engine.facts(connection)
            assert isinstance(facts, SparkFacts)
            with pytest.raises(EngineError, match="so it is") as refused:
                facts.ask("select raise_error('so it is') from link", {})
            assert "\n" not in str(refused.value)
        with subtests.test("a session is fitted to the accounts there are, but for what the options say"):
            partitions = []
            for said, accounts in ((SparkSettings(), 60_001), (spark, 1_000_000), (SparkSettings(), 9)):
                _size(facts.session, said, accounts)
                partitions.append(facts.session.conf.get("spark.sql.shuffle.partitions"))
            assert partitions == ["7", "7", "1"]
    with subtests.test("a table that lacks a column is refused"), store.read() as connection:
        lake = SparkSettings(spark.master, spark.options, tables={"usage_day": "select 1 as connection_id, 'x' as feature"})
        with pytest.raises(
            EngineError, match=r"usage_day.*lacks the columns count, day, seconds, source_account_id, source_id"
        ):
            SparkEngine(engine.mirror, lake).facts(connection)
    with subtests.test("as it was known, and of some accounts"), store.read() as connection:
        some = [row["id"] for row in world.accounts][::2]
        assert_equal(of_each_source(connection, STORE, known, some), of_each_source(connection, engine, known, some))
    store.close()
    with subtests.test("scores of a past day and of the current one, what is typical, what explains them, and what is counted"):
        check_scores(spark, tmp_path)
    with subtests.test("the page's example, over a table of a lake"):
        check_page(spark, tmp_path / "page", monkeypatch)


# --- scores ---------------------------------------------------------------------------------------------------------------


def check_scores(spark: SparkSettings, folder: Path) -> None:
    """A past day and the current one, scored here and by the executors, with all that a model can hold."""
    from accountpulse.core.metrics.spark import SparkEngine

    here, there = (Store.open(str(folder / name)) for name in ("here.db", "there.db"))
    for store in (here, there):
        world = IncrementalWorld(store, 5)
        engine = SparkEngine(Mirror(folder / "of-scores", store, world.clock), spark) if store is there else STORE
        service = ScoringService(store, world.clock, yardstick(engine), without_functions())
        for day in (DAY, service.today):
            service.run(day)
    expected, found = answers(here), answers(there)
    assert {name: rounded(rows) for name, rows in expected.items()} == {name: rounded(rows) for name, rows in found.items()}
    assert len(expected["score_history"]) > 4
    assert expected["peer"]
    here.close()
    there.close()


# --- the page -------------------------------------------------------------------------------------------------------------


def check_page(spark: SparkSettings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/scale.md is followed: usage lies in a lake, and is scored where it lies."""
    config, model = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = re.findall(r"^\$ accountpulse (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    (folder / "lake" / "usage").mkdir(parents=True)
    (folder / "accountpulse.yaml").write_text(config)
    (folder / "model.yaml").write_text(model)
    (folder / "accounts.csv").write_text("id,name,since\na,Acme,2024-01-05\nb,Beta,2024-06-05\nc,Gamma,2024-06-05\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SPARK_MASTER", spark.master)
    monkeypatch.setenv("LAKE", str(folder / "lake"))
    used = [(customer, f"p{i % 2}", ("a", "b")[i % 2], date(2026, 2, 1 + i), 5) for customer in "ab" for i in range(20)]
    columns = dict(zip(("customer", "person", "feature", "day", "events"), zip(*used, strict=True), strict=True))
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), folder / "lake" / "usage" / "1.parquet")
    for command in commands:
        done = CliRunner().invoke(cli, command.split(), catch_exceptions=False)
        assert done.exit_code == 0, done.output
    store = Store.open(str(folder / "accountpulse.db"))
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(FACTS["usage_day"])).scalar() == 0
        bands = sorted(connection.execute(sa.select(score_history.c.band)).scalars())
    store.close()
    assert bands[0] == UNKNOWN, "whoever has no rows there is unknown"
    assert len(bands) == 3
    assert UNKNOWN not in bands[1:]


def rounded(value: object) -> object:
    """Floating-point numbers to a relative 1e-9, in whatever holds them."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    return {key: rounded(each) for key, each in value.items()} if isinstance(value, dict) else value
