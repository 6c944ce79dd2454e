"""How documents are measured."""

from __future__ import annotations

import pytest

from accountpulse.graphql.documents import Size, check, measure
from graphql import GraphQLError, get_introspection_query, parse


@pytest.mark.parametrize(
    ("document", "size"),
    [
        ("{ a }", Size(1, 0, 1)),
        ("{ x: a { b c } }", Size(2, 1, 3)),
        ("{ a { ...f } ...g } fragment f on A { y: b { c } } fragment g on Query { a { ...f } }", Size(3, 2, 6)),
        ("{ ... on Query { a } ... @include(if: true) { b } }", Size(1, 0, 2)),
        ("{ ...f } fragment f on Query { a ...f }", Size(1, 0, 1)),
        ("{ ...missing }", Size(0, 0, 0)),
        ("{ __schema { types { name } } a }", Size(1, 0, 4)),
    ],
)
def test_fragments_count_wherever_they_are_spread(document: str, size: Size) -> None:
    assert measure(parse(document))[0] == size


def test_every_operation_and_every_fragment_is_measured() -> None:
    with pytest.raises(GraphQLError, match="selects 401 fields"):
        check(parse("{ a } fragment unused on Query { " + "a " * 401 + "}"))
    with pytest.raises(GraphQLError, match="31 aliases"):
        check(parse("query A { a } query B { " + " ".join(f"x{i}: a" for i in range(31)) + " }"))


def test_what_tools_ask_to_know_the_schema_is_allowed() -> None:
    check(parse(get_introspection_query(input_value_deprecation=True, schema_description=True, specified_by_url=True)))


@pytest.mark.parametrize(
    ("document", "refused"),
    [
        ("{ " + "viewer { name } " * 31 + "}", False),
        ("{ " + "viewer { name } " * 33 + "}", True),  # 528 pairs of viewers, and as many of names
        ("{ " + "...f " * 60 + "} fragment f on Query { viewer { name } }", False),  # one fragment, again and again
        ("{ a { " + "id " * 45 + "} b { " + "id " * 45 + "} }", True),
        ("{ a { " + "id " * 30 + "} b { " + "id " * 30 + "} }", False),
        ("{ ...f " + "id " * 40 + "} fragment f on Query { id id id id id id }", True),
        ("{ viewer { ...a } } fragment a on Viewer { viewer { ...a } }", False),  # a circle is not followed
    ],
)
def test_what_is_repeated_too_often_is_refused(document: str, refused: bool) -> None:
    found = parse(document)
    if refused:
        with pytest.raises(GraphQLError, match="repeats fields too often"):
            check(found)
    else:
        check(found)
