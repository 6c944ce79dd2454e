"""Executes a query plainly and compiled, and says in what the two answers differ."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import strawberry
from tests.graphql.execution.documents import BOOLEANS, Query

from accountpulse.graphql.execution.executor import compiled_executor
from accountpulse.graphql.execution.internals import PlainExecutor, is_awaitable
from graphql import DocumentNode, ExecutionResult, execute, parse


class Comparison:
    """A schema whose queries are answered both ways. compiled: how many documents were; erred: how many had errors."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema = schema._schema
        self.executor = compiled_executor(at_use=1)
        self.asked = self.erred = 0
        self._documents: dict[str, DocumentNode] = {}

    async def differences(self, query: Query, context: Callable[[], Any]) -> list[str]:
        """Of one query, with its variables, and now and then with the opposite booleans. Empty: the answers are equal."""
        if query.text not in self._documents:
            self._documents[query.text] = parse(query.text)
        document = self._documents[query.text]
        found = []
        opposite = {name: not value if name in BOOLEANS else value for name, value in query.variables.items()}
        for variables in (query.variables, opposite):
            if variables is not query.variables and (self.asked % 3 or opposite == query.variables):
                continue
            plain = await self._answer(document, variables, PlainExecutor, context())
            answer = await self._answer(document, variables, self.executor, context())
            if answer != plain:
                found.append(f"{query.text}\n{variables}\nplain:    {plain}\ncompiled: {answer}")
        self.asked += 1
        self.erred += plain[1] != "[]"
        return found

    async def _answer(self, document: DocumentNode, variables: dict[str, Any], executor: Any, context: Any) -> tuple[str, str]:
        result = execute(
            self.schema,
            document,
            variable_values=variables,
            context_value=context,
            executor_class=executor,
            is_awaitable=is_awaitable,
            operation_extensions=None,
        )
        if inspect.isawaitable(result):
            result = await result
        assert isinstance(result, ExecutionResult)
        # Keys in order, nan as such. What runs at once may fail in any order, so errors are compared as a set of lines.
        data = json.dumps(result.data, default=lambda value: type(value).__name__)
        errors = sorted(f"{e.path} {e.message} {e.locations} {type(e.original_error)}" for e in result.errors or ())
        return data, repr(errors)
