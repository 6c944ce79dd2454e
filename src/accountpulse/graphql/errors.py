"""Which errors a caller may see, and the stable `extensions.code` of each. Everything else is masked and logged.

| code | means |
| --- | --- |
| GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED | the document can't be read, or does not fit the schema or the limits |
| BAD_INPUT | an argument can't be used; the message says what is allowed |
| NOT_FOUND | what was named does not exist |
| UNAUTHENTICATED, FORBIDDEN | no valid token; a token without the scope |
| TOO_COSTLY | the query could return more than is allowed at once; `extensions.cost` says how much |
| TOO_MANY | a plugin's list gave more objects than the query was charged for |
| RATE_LIMITED | the token has spent its points for now; the header Retry-After says how long |
| TIMEOUT | the query took too long |
| UNTRUSTED_DOCUMENT, UNKNOWN_DOCUMENT | only documents that the operator has listed are taken; none has this id |
| UNAVAILABLE | the store did not answer in time |
| PROVIDER_UNAVAILABLE | the identity provider's keys can't be read, so that nobody can tell whether a token is good |
| INTERNAL | a fault of ours: the log has the details under the `requestId` |
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import AccountPulseError, NotFound, Unauthorized
from accountpulse.core.observe.outage import STORE_AWAY
from graphql import GraphQLError, GraphQLSyntaxError, Node

log = logging.getLogger("accountpulse.graphql")

STORE_SILENT = "the store did not answer in time; try again"


class ApiError(GraphQLError):
    """An error that the caller may see. nodes: where in the document it is, for one that is found before execution."""

    def __init__(self, code: str, message: str, nodes: Collection[Node] | None = None) -> None:
        super().__init__(message, nodes, extensions={"code": code})


class BadInput(ApiError):
    """An argument that can't be used."""

    def __init__(self, message: str, nodes: Collection[Node] | None = None) -> None:
        super().__init__("BAD_INPUT", message, nodes)


class Missing(ApiError):
    """Something that was named does not exist."""

    def __init__(self, message: str) -> None:
        super().__init__("NOT_FOUND", message)


def error_body(code: str, message: str, request_id: str) -> dict[str, Any]:
    """The answer to a request that is refused before GraphQL sees it."""
    return {"errors": [{"message": message, "extensions": {"code": code, "requestId": request_id}}]}


def presented(error: GraphQLError, request_id: str) -> GraphQLError:
    """The error as a caller sees it: with a code and the request's id, and without anything that we did not write for them."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and not isinstance(cause, ApiError):
        # At its end: graphql-core's own word, such as on a variable of a wrong type.
        cause = cause.original_error
    message = error.message
    if isinstance(error, ApiError):
        code = str((error.extensions or {})["code"])
    elif isinstance(cause, ApiError):
        code = str((cause.extensions or {})["code"])
    elif isinstance(cause, NotFound):
        code = "NOT_FOUND"
    elif isinstance(cause, Unauthorized):
        code = "FORBIDDEN"
    elif isinstance(error, GraphQLSyntaxError):
        code = "GRAPHQL_PARSE_FAILED"
    elif cause is None and error.path is None:
        code = "GRAPHQL_VALIDATION_FAILED"
    elif isinstance(cause, AccountPulseError):
        code = "INTERNAL"  # written for people, but about our own state
    elif isinstance(cause, sa.exc.DataError | UnicodeEncodeError):
        code, message = "BAD_INPUT", "a value is out of range, or holds characters that can't be stored"
    elif isinstance(cause, STORE_AWAY):
        code, message = "UNAVAILABLE", STORE_SILENT
    else:
        code, message = "INTERNAL", f"something went wrong here; its details are in the log under {request_id}"
    if code in ("INTERNAL", "UNAVAILABLE"):
        log.error("request %s failed at %s", request_id, error.path, exc_info=cause or error)
    shown = GraphQLError(message, nodes=error.nodes, source=error.source, positions=error.positions, path=error.path)
    shown.extensions = {"code": code, "requestId": request_id}
    return shown
