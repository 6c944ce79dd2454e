"""Every GraphQL document in the documentation is one of the example queries, which tests/e2e executes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accountpulse.graphql.schema import build_schema
from graphql import parse, validate

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUERIES = {page.name: page.read_text(encoding="utf-8") for page in sorted((ROOT / "examples" / "queries").glob("*.graphql"))}
BLOCKS = [
    pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples" / "clients").glob("*.md")])
    for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1)
]


def test_there_are_some() -> None:
    assert len(BLOCKS) > 5


@pytest.mark.parametrize("name", QUERIES)
def test_an_example_query_can_be_asked(name: str) -> None:
    assert validate(build_schema()._schema, parse(QUERIES[name])) == []


@pytest.mark.parametrize("text", BLOCKS)
def test_a_documented_query_is_an_example(text: str) -> None:
    assert text in {re.sub(r"\A(#.*\n)+", "", each) for each in QUERIES.values()}


def test_every_example_query_is_listed() -> None:
    listed = (ROOT / "examples" / "queries" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+\.graphql)\)", listed)) == set(QUERIES)
