"""Reading a GraphQL request off HTTP: headers, media types, JSON, and the four things that a request says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Scope

from accountpulse.core.garbage import fewer_collections
from accountpulse.graphql.documents import problem_of

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
LARGE = 50_000
"""Bytes of a body that is large."""


class Refused(Exception):
    """A request that GraphQL never sees."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def bad_request(message: str) -> Refused:
    """A request that is none."""
    return Refused(400, "BAD_REQUEST", message)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks. text: the document, where it came along; document_id: of a trusted document."""

    text: str | None
    document_id: str | None
    operation: str | None
    variables: dict[str, Any]
    extended: bool


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by name in lower case; the first of those sent twice."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def media_type(headers: Mapping[str, str]) -> str:
    """What the body is said to be."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def query_of(scope: Scope) -> dict[str, Any]:
    """The parameters of a GET, the JSON in them read. Raises Refused."""
    given: dict[str, Any] = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = parse_object(given[name])
        else:
            given.pop(name, None)
    return given


def parse_object(data: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises Refused for anything else."""
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        parsed = _with_large_numbers(data)
    if isinstance(parsed, list):
        raise bad_request("send one operation at a time; batches are not taken")
    if not isinstance(parsed, dict):
        raise bad_request('a JSON object is needed, such as {"query": "{ viewer { name } }"}')
    return parsed


def _with_large_numbers(data: str | bytes) -> Any:
    # JSON that orjson does not take: whole numbers beyond 64 bits, and half of a surrogate pair.
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise bad_request("the body is not JSON in UTF-8") from error


_MEMBERS: tuple[tuple[str, type, str], ...] = (
    ("query", str, "text"),
    ("documentId", str, "text"),
    ("operationName", str, "text or null"),
    ("variables", dict, "an object or null"),
    ("extensions", dict, "an object or null"),
)


def ask_of_body(body: bytes) -> Ask:
    """What a body says. Raises Refused."""
    # A large one may hold 100,000 lists that are thrown away at once: not to be looked through for garbage while others wait.
    with fewer_collections() if len(body) > LARGE else nullcontext():
        return ask_of(parse_object(body))


def ask_of(given: Mapping[str, Any]) -> Ask:
    """What the members of a request say. Raises Refused for a member of the wrong type."""
    for name, kind, what in _MEMBERS:
        value = given.get(name)
        if value is not None and not isinstance(value, kind):
            raise bad_request(f"{name} must be {what}")
    if (problem := problem_of(given.get("variables"))) is not None:
        raise bad_request(problem)
    return Ask(
        given.get("query") or None,
        given.get("documentId") or None,
        given.get("operationName"),
        given.get("variables") or {},
        bool(given.get("extensions")),
    )


def negotiate(accept: str) -> str:
    """The media type to answer with: the specification's own where the client prefers it, else plain JSON."""
    if RESPONSE_JSON not in accept.lower():
        return PLAIN_JSON
    quality = {RESPONSE_JSON: 0.0, PLAIN_JSON: 0.0}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name in quality:
            given = [p.removeprefix("q=") for p in parameters if p.startswith("q=")]
            try:
                quality[name] = float(given[0]) if given else 1.0
            except ValueError:
                quality[name] = 0.0
    return RESPONSE_JSON if 0 < quality[RESPONSE_JSON] >= quality[PLAIN_JSON] else PLAIN_JSON
