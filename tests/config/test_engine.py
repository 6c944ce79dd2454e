"""The keys `engine` and `spark`."""

from __future__ import annotations

from pathlib import Path

import pytest

from accountpulse.config.engine import read_engine, read_spark
from accountpulse.config.secrets import References
from accountpulse.core.metrics.spark_settings import SparkSettings
from accountpulse.core.scoring.problems import Reader

PASSWORD = "hunter2-and-more"


def spark(data: object) -> tuple[SparkSettings, list[str]]:
    reader = Reader()
    settings = read_spark(data, References(Path(), {"KEY": PASSWORD, "HEAD": "head.example"}, reader), reader)
    return settings, [problem.message for problem in reader.problems]


def test_how_spark_is_reached() -> None:
    settings, problems = spark(
        {
            "master": "spark://${HEAD}:7077",
            "options": {
                "spark.executor.memory": "4g",
                "spark.sql.ansi.enabled": True,
                "spark.hadoop.fs.s3a.secret.key": "${KEY}",
            },
            "tables": {"usage_day": "lake.usage"},
        }
    )
    assert problems == []
    assert settings.master == "spark://head.example:7077"
    assert settings.options["spark.sql.ansi.enabled"] == "true"
    assert settings.options["spark.hadoop.fs.s3a.secret.key"] == PASSWORD
    assert settings.tables == {"usage_day": "lake.usage"}
    assert PASSWORD not in repr(settings)
    assert settings.redacted(f"no such key: {PASSWORD}, 4g") == "no such key: ***, 4g"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"options": {"spark.hadoop.fs.s3a.access.key": PASSWORD}}, "a secret must not stand in this file"),
        ({"options": {"executor.memory": "4g"}}, "begins with 'spark.'"),
        ({"options": {"spark.executor.memory": ["4g"]}}, "text, a number"),
        ({"options": "spark.executor.memory=4g"}, "a mapping of Spark's own options"),
        ({"master": "sc://head"}, "spark://host:7077"),
        ({"tables": {"usage": "lake.usage"}}, "usage_day"),
        ({"tables": {"usage_day": 3}}, "a table, a view or a query"),
        ({"workers": 3}, "allowed: master, options, tables"),
    ],
)
def test_what_is_wrong_is_told(data: object, said: str) -> None:
    _, problems = spark(data)
    assert any(said in problem for problem in problems), problems
    assert PASSWORD not in " ".join(problems)


@pytest.mark.parametrize(
    ("name", "mirror", "said"),
    [
        ("spark", None, "runs over a mirror"),
        ("duckdb", None, "runs over a mirror"),
        ("sparc", "m", "did you mean"),
        (3, "m", "allowed: duckdb, pond, spark, store"),
    ],
)
def test_an_engine_that_can_t_be(name: object, mirror: str | None, said: str) -> None:
    reader = Reader()
    read_engine(name, None if mirror is None else Path(mirror), ["pond"], reader)
    assert any(said in problem.message for problem in reader.problems), reader.problems


def test_engines_there_are() -> None:
    reader = Reader()
    for name in ("store", "duckdb", "spark", "pond", None):
        assert read_engine(name, Path("m"), ["pond"], reader) == name
    assert read_engine("store", None, [], reader) == "store"
    assert reader.problems == []
