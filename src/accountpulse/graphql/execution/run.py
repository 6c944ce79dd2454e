"""Executes a document that was read: graphql-core's own function, with our executor."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from accountpulse.graphql.execution.internals import is_awaitable
from accountpulse.graphql.execution.prepared import Prepared
from graphql import ExecutionResult, execute

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context
    from accountpulse.graphql.schema import Schema


async def run(
    schema: Schema, prepared: Prepared, operation: str | None, variables: dict[str, Any], context: Context
) -> ExecutionResult:
    """The result of an operation. Never raises for what a resolver raises."""
    assert prepared.document is not None
    result = execute(
        schema._schema,
        prepared.document,
        context_value=context,
        variable_values=variables,
        operation_name=operation,
        executor_class=schema.execution_context_class,
        is_awaitable=is_awaitable,  # type: ignore[arg-type]  # Strawberry's own says no more than bool
        hide_suggestions=True,
        operation_extensions=None,
    )
    return await result if inspect.isawaitable(result) else result
