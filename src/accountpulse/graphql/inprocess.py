"""Executes a GraphQL document over a hub without a server: for the command line, by who may read the store itself anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import anyio

from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.context import Context
from accountpulse.graphql.errors import presented
from accountpulse.graphql.execution.run import run
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.limits.allowance import Allowance
from accountpulse.graphql.schema import build_schema
from graphql import GraphQLError, OperationType

UNLIMITED = 10**12


def execute(
    hub: Hub, text: str, variables: Mapping[str, Any] | None = None, operation: str | None = None, *, viewer: Viewer
) -> dict[str, Any]:
    """The answer as a GraphQL server gives it: `data`, `errors` or both. The viewer is asked for no points.

    Raises PluginError when a plugin's GraphQL type can't be merged.
    """
    return anyio.run(_execute, hub, text, dict(variables or {}), operation, viewer)


async def _execute(hub: Hub, text: str, variables: dict[str, Any], operation: str | None, viewer: Viewer) -> dict[str, Any]:
    request_id = uuid4().hex
    schema = build_schema(hub.graphql_types)
    prepared = schema.documents.prepare(text)
    if prepared.errors:
        return {"errors": [presented(error, request_id).formatted for error in prepared.errors]}
    chosen = prepared.operation(operation)
    if chosen is None:
        said = "--operation must name one of the document's operations, and may only be left out of one"
        return {"errors": [GraphQLError(said).formatted]}
    if chosen.operation is OperationType.SUBSCRIPTION:
        return {"errors": [GraphQLError("a subscription needs a server: `accountpulse serve`").formatted]}
    context = Context(
        hub=hub,
        viewer=viewer,
        request_id=request_id,
        threads=anyio.CapacityLimiter(hub.store.threads),
        previews=anyio.CapacityLimiter(1),
        allowance=Allowance(UNLIMITED, UNLIMITED, UNLIMITED, anyio.current_time),
    )
    result = await run(schema, prepared, operation, variables, context)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [presented(error, request_id).formatted for error in result.errors]
    return answer
