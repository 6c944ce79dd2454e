"""One execution for all who watch the same: each event is computed once, and given to everybody.

The same are a document, its variables and the viewer: who it is and what they see. Their tokens may differ; each lets watch to
its own end. Who asks for what was missed (`since`) has an execution of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType as Allowed

from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.errors import ApiError, log, presented
from accountpulse.graphql.execution.prepared import Prepared
from accountpulse.graphql.limits.sizes import Sizes
from accountpulse.graphql.limits.trusted import UNTRUSTED
from accountpulse.graphql.live.context import LiveContext
from accountpulse.graphql.live.guests import Guests
from accountpulse.graphql.schema import Schema
from accountpulse.graphql.settings import ApiSettings
from graphql import (
    FieldNode,
    GraphQLError,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
)

MOST_WAITING = 1_000
"""Who is so many events behind is let go, and goes on from its last cursor when it comes back."""
MOST_STREAMS = 1_000
"""Different executions at once, over all clients."""
ENDED = "the token has expired or was revoked; sign in again, and go on from your last cursor"

Key = tuple[str, str, str | None, Viewer | None]


class SharedStreams:
    """What Strawberry's protocols ask instead of the schema. context: makes that of an execution, for a viewer."""

    def __init__(
        self,
        schema: Schema,
        context: Callable[[Viewer | None], LiveContext],
        settings: ApiSettings,
        guests: Guests,
        sizes: Sizes,
    ) -> None:
        self._schema, self._context, self._settings, self._guests = schema, context, settings, guests
        self._sizes = sizes
        self._streams: dict[Key, _Stream] = {}
        self._alone = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._schema, name)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        operation_name: str | None = None,
        **_: Any,
    ) -> AsyncGenerator[Any, None]:
        """The results of a subscription. Anything else than one is refused: it is asked at the endpoint for queries."""
        viewer: Viewer | None = context_value.viewer
        context = self._context(viewer)
        try:
            if self._settings.refuses(query or ""):
                raise ApiError("UNTRUSTED_DOCUMENT", UNTRUSTED)
            # Strawberry's own execution is given the same one: `FromPrepared`.
            prepared = await self._schema.documents.prepare_aside(query or "")
            resumes = _resumes(prepared, operation_name, variable_values or {})
            if len(self._streams) + self._alone >= MOST_STREAMS:
                raise ApiError("UNAVAILABLE", f"{MOST_STREAMS} different subscriptions are watched already; try again later")
        except GraphQLError as error:
            return _refused(presented(error, context.request_id))
        source = self._executed(query, variable_values, context, operation_name)
        if resumes:
            return self._watch_alone(source, viewer)
        key = (query or "", json.dumps(variable_values or {}, sort_keys=True), operation_name, viewer)
        return self._watch_together(key, source, viewer)

    # Both begin when they are first asked for something: who goes away before that leaves nothing behind.

    async def _watch_alone(self, source: AsyncGenerator[Any, None], viewer: Viewer | None) -> AsyncGenerator[Any, None]:
        self._alone += 1
        try:
            async with aclosing(_Stream(source, self._guests, lambda: None).watch(viewer)) as results:
                async for result in results:
                    yield result
        finally:
            self._alone -= 1

    async def _watch_together(
        self, key: Key, source: AsyncGenerator[Any, None], viewer: Viewer | None
    ) -> AsyncGenerator[Any, None]:
        if key not in self._streams:
            self._streams[key] = _Stream(source, self._guests, lambda: self._streams.pop(key, None))
        async with aclosing(self._streams[key].watch(viewer)) as results:
            async for result in results:
                yield result

    async def _executed(
        self, query: str | None, variables: dict[str, Any] | None, context: LiveContext, operation_name: str | None
    ) -> AsyncGenerator[Any, None]:
        await self._sizes.renew()
        results = await self._schema.stream(
            query,
            variable_values=variables,
            context_value=context,
            operation_name=operation_name,
            allowed_operation_types=[Allowed.SUBSCRIPTION],
        )
        async for result in results:
            if isinstance(result, ExecutionResult) and result.errors:
                result.errors = [presented(error, context.request_id) for error in result.errors]
            yield result


class _Stream:
    """One execution, and those who watch it. It ends when nobody does."""

    def __init__(self, source: AsyncGenerator[Any, None], guests: Guests, ended: Callable[[], object]) -> None:
        self._source, self._guests, self._ended = source, guests, ended
        self._queues: set[asyncio.Queue[Any]] = set()
        self._task: asyncio.Task[None] | None = None

    async def watch(self, viewer: Viewer | None) -> AsyncGenerator[Any, None]:
        """What comes from now on, for as long as the viewer's own token is good."""
        queue: asyncio.Queue[Any] = asyncio.Queue(MOST_WAITING)
        self._queues.add(queue)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            with self._guests.here(viewer, lambda: self._let_go(queue, _last_word("UNAUTHENTICATED", ENDED))):
                while (result := await queue.get()) is not None:
                    yield result
        finally:
            self._queues.discard(queue)
            if not self._queues and self._task is not None:
                self._ended()
                self._task.cancel()

    async def _run(self) -> None:
        try:
            async for result in self._source:
                if not await self._only_welcome():
                    return
                for queue in list(self._queues):
                    if queue.full():
                        # It would take ever more memory; with its last cursor nothing is lost to it.
                        self._let_go(queue)
                    else:
                        queue.put_nowait(result)
        finally:
            self._ended()
            for queue in list(self._queues):
                if queue.full():
                    self._let_go(queue)
                else:
                    queue.put_nowait(None)
            await self._source.aclose()

    async def _only_welcome(self) -> bool:
        """Lets go whose token has ended. False where nobody can tell: then all are let go, rather than told too much."""
        try:
            await self._guests.sweep()
        except Exception:
            log.exception("whose token is still good could not be looked at")
            for queue in list(self._queues):
                self._let_go(queue, _last_word("UNAVAILABLE", "the store did not answer; go on from your last cursor"))
            return False
        return True

    def _let_go(self, queue: asyncio.Queue[Any], *last: Any) -> None:
        """End what somebody watches, whatever waits to be told; with a last word."""
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        for result in (*last, None):
            queue.put_nowait(result)


def _resumes(prepared: Prepared, operation_name: str | None, variables: dict[str, Any]) -> bool:
    """Whether a subscription asks for what was missed. Raises GraphQLError for a document that is none, or not valid."""
    if prepared.errors:
        raise prepared.errors[0]
    operation = prepared.operation(operation_name)
    if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
        raise ApiError("BAD_INPUT", "only subscriptions can be watched here; send queries and mutations to /graphql by POST")
    return any(_asked(argument, variables) for field in _fields(operation) for argument in field.arguments or ())


def _fields(operation: OperationDefinitionNode) -> list[FieldNode]:
    # A fragment at the root would hide the field's arguments; then nothing is shared, which is slower and right.
    found = [each for each in operation.selection_set.selections if isinstance(each, FieldNode)]
    if len(found) != len(operation.selection_set.selections):
        raise ApiError("BAD_INPUT", "write the field of a subscription into the operation itself, not into a fragment")
    return found


def _asked(argument: Any, variables: dict[str, Any]) -> bool:
    if argument.name.value != "since" or isinstance(argument.value, NullValueNode):
        return False
    return not isinstance(argument.value, VariableNode) or variables.get(argument.value.name.value) is not None


def _last_word(code: str, message: str) -> ExecutionResult:
    return ExecutionResult(data=None, errors=[presented(ApiError(code, message), uuid4().hex)])


async def _refused(error: GraphQLError) -> AsyncGenerator[Any, None]:
    yield PreExecutionError(data=None, errors=[error])
