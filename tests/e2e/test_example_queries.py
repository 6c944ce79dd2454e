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


def _empty(value: Any, place: str = "") -> list[str]:
    """Root fields that say nothing: an example that answers with nothing shows nothing."""
    return [name for name, part in value.items() if part in (None, [], {})]
