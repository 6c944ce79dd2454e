"""Compiled answers equal plain ones: data with the order of its keys, and every error, over random queries and broken data."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from strawberry.utils.str_converters import to_camel_case
from tests.graphql.execution import ours, torture
from tests.graphql.execution.compare import Comparison
from tests.graphql.execution.documents import Queries, Query
from tests.graphql.world import SmallHub

from accountpulse.graphql.schema import build_schema
from accountpulse.testing.stores import fresh_store

SEED = 20261128
WORLDS = 60
HOSTILITIES = (0.0, 0.01, 0.05, 0.3)
"""The share of values that are not what the schema promises, from world to world."""


def _torture(queries: int) -> Comparison:
    comparison = Comparison(torture.schema())
    making = Queries(comparison.schema, SEED, {"times": ["0", "2", "-1"], "first": ["0", "1", "3"]})
    worlds = [torture.Data(SEED + i, HOSTILITIES[i % len(HOSTILITIES)]).thing() for i in range(WORLDS)]

    async def compare() -> None:
        for number in range(queries):
            context = partial(torture.context, worlds[number % WORLDS])
            found = await comparison.differences(making.make(), context)
            assert not found, "\n\n".join(found)

    with _unawaited_allowed():
        asyncio.run(compare())
    return comparison


def test_every_field_with_every_value_that_it_does_not_expect() -> None:
    comparison = Comparison(torture.schema())
    good = torture.Data(SEED, 0.0)

    async def compare() -> None:
        for kind, around in PLACES:
            for field in kind.__strawberry_definition__.fields:  # type: ignore[attr-defined]
                if not field.is_basic_field:
                    continue
                below = BELOW.get(field.python_name, "")
                name = to_camel_case(field.python_name)
                query = Query(f"{{ {around.format(f'{name} {below} two: {name} {below}')} }}", {})
                for make in torture.HOSTILE:
                    in_list = "things" in around
                    found = await comparison.differences(query, partial(_with, good, kind, field.python_name, make, in_list))
                    assert not found, "\n\n".join(found)

    asyncio.run(compare())
    assert comparison.erred > 400


PLACES: tuple[tuple[type, str], ...] = (
    (torture.Leafs, "thing {{ leafs {{ {} }} }}"),
    (torture.Leafs, "thing {{ things {{ leafs {{ {} }} }} }}"),
    (torture.Thing, "thing {{ things {{ {} }} }}"),
)
BELOW = {
    "leafs": "{ text }",
    "leafs_or_none": "{ __typename }",
    "things": "{ name }",
    "things_or_none": "{ name }",
    "other": "{ name }",
    "either": "{ __typename }",
}


def _with(good: torture.Data, kind: type, name: str, make: Callable[[], Any], in_list: bool) -> torture.Asked:
    """A context whose data is good but for one value, of the thing or of one in its list."""
    thing, other = good.thing(2), good.thing(2)
    thing.things = [other]
    broken: Any = other if in_list else thing
    broken = broken.leafs if kind is torture.Leafs else broken
    value = make()
    setattr(broken, name, [value] if name.startswith("things") and not isinstance(value, list | tuple) else value)
    return torture.context(thing)


def _ours(queries: int, seed: int = SEED) -> Comparison:
    """Over our own schema and a store."""
    comparison = Comparison(build_schema())
    making = Queries(comparison.schema, seed, ours.VALUES, most_fields=14, by_variable=0.3)

    async def compare(hub: SmallHub, connection: sa.Connection) -> None:
        for number in range(queries):
            hostile = HOSTILITIES[number % len(HOSTILITIES)]
            found = await comparison.differences(making.make(), partial(ours.context, hub, connection, number, hostile))
            assert not found, "\n\n".join(found)

    with TemporaryDirectory() as folder, fresh_store(Path(folder)) as store, _unawaited_allowed():
        hub = ours.fill(store)
        with store.read() as connection:
            asyncio.run(compare(hub, connection))
    return comparison


@contextmanager
def _unawaited_allowed() -> Iterator[None]:
    """Plain graphql-core leaves coroutines of positions that another error made null; compiled was seen to leave none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        yield
        gc.collect()


def test_some_random_queries_over_our_own_schema() -> None:
    comparison = _ours(60)
    assert comparison.erred > 5


@pytest.mark.slow
def test_a_thousand_random_queries_over_our_own_schema() -> None:
    assert _ours(1_000, SEED + 1).erred > 200


def test_some_hundred_random_queries_over_broken_data() -> None:
    comparison = _torture(100)
    assert comparison.erred > 20
    assert len(comparison.executor.plan_cache_of_schema) > 60  # type: ignore[attr-defined]


@pytest.mark.slow
def test_ten_thousand_random_queries_over_broken_data() -> None:
    assert _torture(10_000).erred > 2_000
