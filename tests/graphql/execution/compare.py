"""Executes a query plainly, compiled, and compiled as JSON, and says in what the answers differ."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from typing import Any

import strawberry
from tests.graphql.execution.documents import BOOLEANS, Query

from accountpulse.graphql.encoding import encode
from accountpulse.graphql.execution.executor import compiled_executor
from accountpulse.graphql.execution.internals import PlainExecutor, is_awaitable
from graphql import DocumentNode, ExecutionResult, execute, parse

Answer = tuple[str, dict[str, tuple[str | int, ...]]]
"""The data as text, and the errors: each in words, with the position that it made null."""


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
            plain = await self._result(document, variables, PlainExecutor, context())
            as_json = await self._result(document, variables, self.executor, _as_json(context()))
            if not _same(said := _encoded(plain), answer := _encoded(as_json)):
                found.append(f"{query.text}\n{variables}\nplain:    {said}\nas JSON:  {answer}")
            if self.asked % 3 == 0:
                compiled = await self._result(document, variables, self.executor, context())
                if not _same(said := _dumped(plain), answer := _dumped(compiled)):
                    found.append(f"{query.text}\n{variables}\nplain:    {said}\ncompiled: {answer}")
        self.asked += 1
        self.erred += bool(plain.errors)
        return found

    async def _result(self, document: DocumentNode, variables: dict[str, Any], executor: Any, context: Any) -> ExecutionResult:
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
        return result


def _as_json(context: Any) -> Any:
    context.as_json = True
    return context


def _encoded(result: ExecutionResult) -> Answer:
    """As it is sent."""
    try:
        data = encode(result.data).decode()
    except TypeError:  # free-form data that no JSON has words for
        return "", _errors(result, None)
    return data, _errors(result, json.loads(data))


def _dumped(result: ExecutionResult) -> Answer:
    """As it is: keys in order, nan as such."""
    return json.dumps(result.data, default=lambda value: type(value).__name__), _errors(result, result.data)


def _errors(result: ExecutionResult, data: Any) -> dict[str, tuple[str | int, ...]]:
    # What runs at once may fail in any order, so errors are compared as a set of lines.
    return {
        f"{e.path} {e.message} {e.locations} {type(e.original_error)}": _nulled(data, e.path or []) for e in result.errors or ()
    }


def _nulled(data: Any, path: Sequence[str | int]) -> tuple[str | int, ...]:
    """The position above or at a path that is null."""
    here: list[str | int] = []
    for step in path:
        if data is None:
            break
        here.append(step)
        data = data.get(step) if isinstance(data, dict) else data[step]
    return tuple(here)


def _same(plain: Answer, answer: Answer) -> bool:
    """Whether two answers are equal. Of several errors that make one position null, the first to come may end the others."""
    if plain[0] != answer[0]:
        return False
    both = set(plain[1].items()) & set(answer[1].items())
    ended = {nulled for _, nulled in both}
    return all(nulled in ended for _, nulled in set(plain[1].items()) ^ set(answer[1].items()))
