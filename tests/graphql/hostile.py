"""Requests that are sent to keep a server busy, or to make it fail: each must be refused, quickly, with 4xx."""

from __future__ import annotations

import json
from typing import Any

from accountpulse.graphql.bodies import MAX_BODY
from accountpulse.graphql.documents import MAX_OBJECTS, MAX_VALUES
from accountpulse.graphql.relay import Cursors

MANY = 90_000
"""Members of a list that fits into a body."""


def body(query: str, **variables: Any) -> bytes:
    """A request."""
    return json.dumps({"query": query, "variables": variables}).encode()


_FILTERED = "query($filter: AccountFilter) { accounts(filter: $filter) { totalCount } }"
_BY_IDS = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
_ENOUGH = MAX_BODY - 1_000

DOCUMENTS: dict[str, str] = {
    "31 aliases": "{ " + " ".join(f"a{i}: viewer {{ name }}" for i in range(31)) + " }",
    "20,000 aliases": "{ " + " ".join(f"a{i}: viewer {{ name }}" for i in range(20_000)) + " }",
    "201 duplicate fields": "{ " + "viewer { name } " * 201 + "}",
    "3,000 duplicate fields": "{ " + "viewer { name } " * 3_000 + "}",
    "too many duplicates of one field": "{ viewer { " + "name " * 1_490 + "} }",
    "too many fields with arguments": "{ " + "accounts(first: 1) { totalCount } " * 201 + "}",
    "200 duplicate fields, the last of them unknown": "{ " + "viewer { name } " * 199 + "viewer { nothing } }",
    "as many duplicate fields as may be, the last of them unknown": "{ "
    + "viewer { name } " * 30
    + "viewer { nothing } "
    + " ".join(f"x{i}" for i in range(240))
    + " }",
    "duplicates of duplicates": "{ " + f"viewer {{ {'name ' * 12} }} " * 12 + "viewer { nothing } }",
    "many fragments side by side": "{ viewer { "
    + " ".join(f"...f{i}" for i in range(50))
    + " } } "
    + " ".join(f"fragment f{i} on Viewer {{ name }}" for i in range(50)),
    "as many unknown fields as may be": "{ " + " ".join(f"x{i}" for i in range(400)) + " }",
    "as many fields with unknown arguments as may be": "{ " + " ".join(f"x{i}(a: 1)" for i in range(240)) + "}",
    "fields that contradict each other": "{ "
    + "accounts(first: 1) { totalCount } accounts(first: 2) { totalCount } " * 95
    + "}",
    "a bomb of fragments": "{ ...f0 } fragment f25 on Query { viewer { name } } "
    + " ".join(f"fragment f{i} on Query {{ ...f{i + 1} ...f{i + 1} }}" for i in range(25)),
    "a bomb of aliases in fragments": "{ accounts { nodes { ...f0 } } } fragment f5 on Account { name } "
    + " ".join(f"fragment f{i} on Account {{ a: parent {{ ...f{i + 1} }} b: parent {{ ...f{i + 1} }} }}" for i in range(5)),
    "a long chain of fragments": "{ ...f0 } fragment f300 on Query { viewer { name } } "
    + " ".join(f"fragment f{i} on Query {{ ...f{i + 1} }}" for i in range(300)),
    "a circle of fragments": "{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }",
    "as many unused fragments as may be": "{ viewer { name } } "
    + " ".join(f"fragment f{i} on Viewer {{ name }}" for i in range(50)),
    "51 fragments": "{ viewer { name } } " + " ".join(f"fragment f{i} on Viewer {{ name }}" for i in range(51)),
    "12 levels too deep": "{ accounts { nodes " + "{ parent " * 12 + "{ name }" + " }" * 12 + " } }",
    "3,000 levels deep": "{" * 3_000 + "}" * 3_000,
    "2,000 directives": "{ viewer " + "@skip(if: false) " * 2_000 + "{ name } }",
    "as many unused variables as may be": "query(" + " ".join(f"$v{i}: Int" for i in range(100)) + ") { viewer { name } }",
    "101 variables": "query(" + " ".join(f"$v{i}: Int" for i in range(101)) + ") { viewer { name } }",
    "a huge page": "{ accounts(first: 2000000000) { nodes { name } } }",
    "a filter 500 levels deep": "{ accounts(filter: " + "{not: " * 500 + "{}" + "}" * 500 + ") { totalCount } }",
    "a list 900 levels deep": "{ accounts(orderBy: " + "[" * 900 + "]" * 900 + ") { totalCount } }",
    "as many filters in a filter as may be, written out": "{ accounts(filter: {and: ["
    + "{}" * (MAX_OBJECTS - 1)
    + "]}) { totalCount } }",
    "700 filters in a filter, written out": "{ accounts(filter: {and: [" + "{}" * 700 + "]}) { totalCount } }",
    "a cursor made up": '{ accounts(after: "nonsense") { totalCount } }',
    "a cursor of another order": f'{{ accounts(after: "{Cursors("score", [float, int]).encode([5.0, 1])}") {{ totalCount }} }}',
    "a megabyte of blanks": " " * _ENOUGH + "{ viewer { nothing } }",
    "a megabyte of text": '{ account(by: {id: "' + "x" * _ENOUGH + '"}) { name } }',
    "a megabyte of a name": "{ " + "x" * _ENOUGH + " }",
    "a megabyte of comment": "# " + "x" * _ENOUGH,
}
"""Documents that are refused with 400 before they are executed."""

BODIES: dict[str, bytes] = {
    "more than a megabyte": b'{"query": "' + b" " * MAX_BODY + b'{ viewer { name } }"}',
    "a list": b"[]",
    "a number": b"5",
    "text": b'"{ viewer { name } }"',
    "bad UTF-8": b'{"query": "\xff"}',
    "lists 100,000 levels deep": b"[" * 100_000,
    "a filter 500 levels deep, as a variable": b'{"query": "%b", "variables": {"filter": %b}}'
    % (_FILTERED.encode(), b'{"not": ' * 500 + b"{}" + b"}" * 500),
    "as many ids as may be": body(_BY_IDS, ids=["x"] * (MAX_VALUES - 1)),
    "as many ids of a wrong type as may be": body(_BY_IDS, ids=[{}] * (MAX_VALUES - 1)),
    "as many filters in a filter as may be": body(_FILTERED, filter={"and": [{}] * (MAX_OBJECTS - 2)}),
    "as many tests in filters as may be": body(_FILTERED, filter={"and": [{"name": {"eq": "x"}}] * (MAX_OBJECTS // 2 - 2)}),
    "more filters in a filter than may be": body(_FILTERED, filter={"and": [{}] * (MAX_VALUES - 2)}),
    "many ids": body(_BY_IDS, ids=["x"] * MANY),
    "many ids of a wrong type": body(_BY_IDS, ids=[{}] * MANY),
    "many values in a filter": body(_FILTERED, filter={"name": {"in": ["x"] * MANY}}),
    "many values of a wrong type in a filter": body(_FILTERED, filter={"name": {"in": [5] * MANY}}),
    "many filters in a filter": body(_FILTERED, filter={"and": [{}] * MANY}),
    "many unknown variables of a filter": body(_FILTERED, filter={f"x{i}": 1 for i in range(50_000)}),
}
"""Bodies that are refused with 4xx."""


def requests() -> dict[str, bytes]:
    """All of them, as the bodies of requests."""
    return {name: body(document) for name, document in DOCUMENTS.items()} | BODIES
