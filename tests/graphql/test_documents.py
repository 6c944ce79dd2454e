"""How documents are measured."""

from __future__ import annotations

import gc

import pytest

from accountpulse.graphql.documents import MAX_OBJECTS, MAX_VALUES, Size, check, measure, problem_of
from accountpulse.graphql.execution.prepared import SHORT, Documents
from graphql import GraphQLError, Node, build_schema, get_introspection_query, parse

_SCHEMA = build_schema("type Query { a(b: [Int]): String }")


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


@pytest.mark.parametrize("objects", [MAX_OBJECTS, MAX_OBJECTS + 1])
def test_objects_are_counted_before_they_are_made(objects: int) -> None:
    variables = {"filter": {"and": [{}] * (objects - 2)}}  # the variables are an object, and so is the filter
    document = parse("{ a(b: [" + "{}" * (objects - 1) + "]) { c(d: {}) } }")
    if objects <= MAX_OBJECTS:
        assert problem_of(variables) is None
        check(document)
        return
    assert problem_of(variables) == f"the variables hold more than {MAX_OBJECTS} objects"
    with pytest.raises(GraphQLError, match=f"more than {MAX_OBJECTS} objects"):
        check(document)


def test_lists_of_plain_values_may_be_longer() -> None:
    assert problem_of({"ids": [1] * (MAX_VALUES - 1)}) is None


@pytest.mark.parametrize("text", ["{ a { b } }", "{ nothing }", "{ a(b: 0.5) }", "{ a(", "{ a " + "x: a " * 400 + "}"])
def test_of_a_refused_document_only_its_errors_are_kept(text: str) -> None:
    documents = Documents(_SCHEMA)
    refused = documents.read(text)
    assert refused.errors
    assert refused.document is None
    found, waiting = 0, list(gc.get_referents(*refused.errors))
    while waiting and found < 1_000:
        each = waiting.pop()
        assert not isinstance(each, Node)
        if not isinstance(each, type):
            found += 1
            waiting.extend(gc.get_referents(each))


def test_an_error_still_says_where_it_is() -> None:
    assert [each.formatted for each in Documents(_SCHEMA).read("{\n  nothing }").errors] == [
        {"message": "Cannot query field 'nothing' on type 'Query'.", "locations": [{"line": 2, "column": 3}]}
    ]


def test_kept_documents_are_bounded_by_their_length() -> None:
    documents = Documents(_SCHEMA, most=30)
    for text in ("{ a }", "{ x: a }", "{ y: a }"):
        documents.prepare(text)
    documents.prepare("{ a }")  # the last that was used
    documents.prepare("{ abc: a  }")
    assert [documents.known(text) is not None for text in ("{ a }", "{ x: a }", "{ y: a }", "{ abc: a  }")] == [
        True,
        False,
        True,
        True,
    ]


def test_a_long_document_that_is_refused_pushes_nothing_out() -> None:
    documents = Documents(_SCHEMA)
    for length in (SHORT, SHORT + 1):
        text = "{ nothing }".ljust(length)
        assert documents.prepare(text).errors
        assert (documents.known(text) is not None) == (length <= SHORT)
