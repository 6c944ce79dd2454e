"""The example queries run as they are written against the demo, and each part of them answers with something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.graphql.client import Api

from accountpulse.demo import Demo

QUERIES = sorted((Path(__file__).parents[2] / "examples" / "queries").glob("*.graphql"))


@pytest.fixture(scope="module")
def api(demo: Demo) -> Api:
    return Api(demo.hub)  # type: ignore[arg-type]  # the real hub


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.stem)
def test_an_example_query_answers(api: Api, query: Path) -> None:
    data = api.get(query.read_text(encoding="utf-8"))
    assert list(_empty(data)) == []


def _empty(value: dict[str, Any]) -> list[str]:
    """Root fields that say nothing: an example that answers with nothing shows nothing."""
    return [name for name, part in value.items() if part in (None, [], {})]


@pytest.mark.slow
def test_what_is_counted_is_what_is_behind_it(api: Api, demo: Demo) -> None:
    counts = {
        name
        for name, metric in demo.hub.metrics.items()
        if [a.function for a in metric.aggregates.values()] == ["count"] and metric.expression in metric.aggregates
    }
    query = (
        "{ accounts(first: 100) { nodes { score { components { metric { name } value records(first: 1) { totalCount } } } } } }"
    )
    scores = [node["score"] for node in api.get(query)["accounts"]["nodes"]]
    counted = [part for score in scores if score for part in score["components"] if part["metric"]["name"] in counts]
    measured = [part for part in counted if part["value"] is not None]
    assert len(measured) > 5
    assert [part["value"] for part in measured] == [part["records"]["totalCount"] for part in measured]
