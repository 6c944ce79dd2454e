"""Every GraphQL document in the documentation is one that the schema takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accountpulse.graphql.schema import build_schema
from graphql import parse, validate

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUERIES = sorted((ROOT / "examples" / "queries").glob("*.graphql"))
DOCUMENTS = [pytest.param(page.read_text(encoding="utf-8"), id=page.name) for page in QUERIES] + [
    pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1)
]


def test_there_are_some() -> None:
    assert len(DOCUMENTS) > 1


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_documented_query_can_be_asked(text: str) -> None:
    assert validate(build_schema()._schema, parse(text)) == []
