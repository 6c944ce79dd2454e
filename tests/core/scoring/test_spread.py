"""Scoring on other machines, without those: batches of accounts go through what executors run, and come back the same.

That Spark does the same, in processes of its own, is for tests/core/test_spark.py.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.core.scoring import incremental_world
from tests.core.scoring.incremental_answers import answers
from tests.core.scoring.incremental_models import LONGEST_PAUSE, METRICS, MODELS, RULES
from tests.core.scoring.incremental_world import IncrementalWorld

from accountpulse.core.metrics.coverage import links_query
from accountpulse.core.metrics.duck import DuckEngine
from accountpulse.core.metrics.engine import STORE, Engine
from accountpulse.core.metrics.measure import Question
from accountpulse.core.mirror import Mirror
from accountpulse.core.scoring import incremental, spread_day
from accountpulse.core.scoring.day import DayScores, Yardstick, score_day
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.spread_day import spread_today
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store.database import Store

DAY = incremental_world.NOON.date() - timedelta(days=9)


def without_functions() -> Draft:
    """The models without metrics that are functions over rows, which keep a day from being scored in the engine."""
    models = copy.deepcopy(MODELS)
    for model in models.values():
        for group in model["groups"]:
            group["metrics"] = [line for line in group["metrics"] if line["metric"] != LONGEST_PAUSE.name]
    rules, problems = parse_rules(RULES)
    assert not problems
    return Draft(tuple(rules), {name: model_of(content) for name, content in models.items()})


def yardstick(engine: Engine) -> Yardstick:
    scorers = {"weighted": WeightedScorer, "points": PointsScorer}
    return Yardstick(incremental_world.ZONE, "USD", METRICS, scorers, {}, timedelta(days=3), engine)


class Batches:
    """A frame of rows that are worked on two at a time, by functions that were sent there: what Spark's are used for."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def persist(self) -> Batches:
        return self

    def unpersist(self) -> None:
        pass

    def toArrow(self) -> pa.Table:  # Spark's name
        return self.table

    def mapInArrow(self, function: Any, schema: str) -> Batches:  # Spark's name
        batches: Iterator[pa.RecordBatch] = iter(self.table.to_batches(max_chunksize=2))
        return Batches(pa.Table.from_batches(list(pickle.loads(pickle.dumps(function))(batches)), _schema(schema)))

    def groupBy(self, *keys: str) -> Groups:  # Spark's name
        return Groups(self.table, keys)


class Groups:
    def __init__(self, table: pa.Table, keys: tuple[str, ...]) -> None:
        self.table, self.keys = table, keys

    def applyInArrow(self, function: Callable[[pa.Table], pa.Table], schema: str) -> Batches:  # Spark's name
        found: dict[tuple[object, ...], list[int]] = {}
        for row, key in enumerate(zip(*(self.table.column(k).to_pylist() for k in self.keys), strict=True)):
            found.setdefault(key, []).append(row)
        # In no order that anybody could rest on.
        results = [function(self.table.take(pa.array(rows[::-1]))) for rows in found.values()]
        return Batches(pa.concat_tables([_schema(schema).empty_table(), *results]))


def _schema(text: str) -> pa.Schema:
    types = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "string": pa.string(), "binary": pa.binary()}
    types["tinyint"] = pa.int8()
    return pa.schema([(name, types[kind]) for name, kind in (column.split() for column in text.split(", "))])


class Spreading(DuckEngine):
    """DuckDB with batches as its machines."""

    spreads = True


def arrow(columns: Mapping[str, Any]) -> pa.Table:
    return pa.table({name: pa.array(column) for name, column in columns.items()})


def side_by_side(facts: Any, questions: Mapping[int, Question]) -> Batches:
    answers = {offset: arrow(facts.run(q.compiled.text, q.parameters).fetchnumpy()) for offset, q in questions.items()}
    ids = answers[0].column(0).to_pylist()
    arrays, names = [], []
    for offset, answer in answers.items():
        place = {id: row for row, id in enumerate(answer.column(0).to_pylist())}
        rows = pa.array([place.get(id) for id in ids], pa.int64())
        for i, column in enumerate(answer.columns):
            arrays.append(column.combine_chunks().take(rows))
            names.append(f"o{offset}_{i}")
    links: dict[int, list[int]] = {}
    for connection, account in facts.ask(links_query(facts.dialect, True, False, False, False), {}).floats(0, 2).astype(int):
        links.setdefault(int(account), []).append(int(connection))
    arrays.append(pa.array([links.get(id) for id in ids], pa.list_(pa.int64())))
    return Batches(pa.Table.from_arrays(arrays, names=[*names, "connections"]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 5])
def test_accounts_in_batches_elsewhere_get_the_scores_that_they_get_here(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread_day, "_side_by_side", side_by_side)
    monkeypatch.setattr(spread_day, "_explained", lambda facts: nullcontext())
    store = Store.open(str(tmp_path / "store.db"))
    world = IncrementalWorld(store, seed)
    cards = without_functions().cards()
    engine = Spreading(Mirror(tmp_path / "mirror", store, world.clock), few=0)
    with store.read() as connection:
        here = score_day(connection, cards, yardstick(STORE), DAY)
        there = spread_day.spread_day(connection, cards, yardstick(engine), DAY)
        assert there is not None
        assert_same(here, there)
        assert len(here.frame.account_ids) > 2
        assert spread_day.spread_day(connection, cards, yardstick(STORE), DAY) is None
        whole = Draft(tuple(without_functions().rules), {n: model_of(c) for n, c in MODELS.items()}).cards()
        assert spread_day.spread_day(connection, whole, yardstick(engine), DAY) is None, "a metric is a function over rows"
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 5])
def test_the_current_day_is_scored_elsewhere_as_it_is_here(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a run leaves, with what explains it; and what a run after it makes of what was kept."""
    monkeypatch.setattr(spread_day, "_side_by_side", side_by_side)
    monkeypatch.setattr(spread_day, "_explained", lambda facts: nullcontext())
    asked: list[bool] = []

    def spied(*arguments: Any) -> Any:
        found = spread_today(*arguments)
        asked.append(found is not None)
        return found

    monkeypatch.setattr(incremental, "spread_today", spied)
    stores = [Store.open(str(tmp_path / name)) for name in ("here.db", "there.db")]
    worlds = [IncrementalWorld(store, seed) for store in stores]
    engines = [STORE, Spreading(Mirror(tmp_path / "mirror", stores[1], worlds[1].clock), few=0)]
    for number in range(3):
        for store, world, engine in zip(stores, worlds, engines, strict=True):
            service = ScoringService(store, world.clock, yardstick(engine), without_functions())
            service.run(service.today, full=number == 1)
            world.use()
            world.ticket()
        assert answers(stores[0]) == answers(stores[1])
    assert asked[:4] == [False, True, False, True], "the first time, and where everybody is to be measured"
    for store in stores:
        store.close()


def assert_same(here: DayScores, there: DayScores) -> None:
    assert here.frame.account_ids.tolist() == there.frame.account_ids.tolist()
    assert here.assignment.index.tolist() == there.assignment.index.tolist()
    assert here.assignment.matched.tolist() == there.assignment.matched.tolist()
    for name in ("owner", "parent"):
        assert list(here.frame.attributes[name]) == list(there.frame.attributes[name])
    for a, b in zip(here.segments, there.segments, strict=True):
        assert a.rows.tolist() == b.rows.tolist()
        assert a.peers == b.peers, "to the last digit"
        assert a.new_peers == b.new_peers
        for what in ("score", "raw_score", "low", "high", "coverage", "components", "band", "states"):
            np.testing.assert_array_equal(getattr(a.evaluation, what), getattr(b.evaluation, what), err_msg=what)
