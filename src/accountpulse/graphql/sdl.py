"""The schema as text. `schema.graphql` beside this file is the committed copy, so that every change of it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accountpulse.graphql.schema import build_schema
from graphql import build_schema as parse_schema
from graphql import lexicographic_sort_schema, print_schema

COMMITTED = Path(__file__).with_name("schema.graphql")


def export(plugin_types: Sequence[type] = ()) -> str:
    """The schema definition language of the schema, sorted, so that a moved class changes nothing."""
    # Sorting Strawberry's own schema object loses its enums' Python values, so the text is sorted by way of a plain one.
    plain = parse_schema(build_schema(plugin_types).as_str())
    return print_schema(lexicographic_sort_schema(plain)) + "\n"


if __name__ == "__main__":
    COMMITTED.write_text(export(), encoding="utf-8")
