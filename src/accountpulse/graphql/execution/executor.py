"""Strawberry's executor, with compiled completion of what is plain.

Each list and object position is tried compiled; where that bails, graphql-core completes the position itself, and the positions
inside of it are tried again. So errors, their paths, and what becomes null are graphql-core's by construction.
"""

from __future__ import annotations

import logging
from asyncio import gather
from collections.abc import Awaitable, Callable
from copy import copy
from functools import partial
from typing import Any

from accountpulse.graphql.execution.emit import NotCompiled, compile_position
from accountpulse.graphql.execution.internals import (
    CollectedErrors,
    FieldDetails,
    Path,
    PlainExecutor,
    is_awaitable,
    known,
)
from accountpulse.graphql.execution.plans import AT_USE, Compiled, PlanCache, Plans
from accountpulse.graphql.execution.volatile import may_be_kept
from graphql import GraphQLError, GraphQLList, GraphQLObjectType, OperationType

log = logging.getLogger("accountpulse.graphql")

Completed = Any
"""A completed value, or an awaitable of one."""


class _Errors(CollectedErrors):
    """The errors of one compiled position: kept apart, because they count only if the position is not completed again."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[GraphQLError, Path | None]] = []

    def add(self, error: GraphQLError, path: Path | None) -> None:
        if not self.has_nulled_position(path):
            self.found.append((error, path))
        super().add(error, path)

    def hand_to(self, other: CollectedErrors) -> None:
        for error, path in self.found:
            other.add(error, path)


class _Mode:
    """Shared by all of one operation. plain: from now on graphql-core does everything."""

    __slots__ = ("plain",)

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain


def compiled_executor(at_use: int = AT_USE, cache: PlanCache | None = None) -> type[PlainExecutor]:
    """The executor class for a schema, with a plan cache of its own; Strawberry's plain one on versions that aren't known.

    at_use: at which use of an operation it is compiled.
    """
    if not known():
        log.warning("this version of Strawberry or graphql-core is not known here: queries are executed without compiling them")
        return PlainExecutor
    plan_cache = cache or PlanCache()

    class CompiledExecutor(_CompiledExecutor):
        plan_cache_of_schema = plan_cache
        compiled_at_use = at_use

    return CompiledExecutor


class _CompiledExecutor(PlainExecutor):
    plan_cache_of_schema: PlanCache
    compiled_at_use: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        manager = self.middleware_manager
        self._mode = _Mode(
            plain=self.operation.operation is not OperationType.QUERY  # a mutation's fields must not run twice
            or not self.error_propagation
            or self.abort_signal is not None
            # An extension that resolves fields, such as one that traces, has to see each of them.
            or bool(manager is not None and manager.middlewares)
        )
        self._as_json = bool(getattr(self.context_value, "as_json", False))
        self._plans: Plans | None = None
        if hasattr(self.context_value, "may_be_kept"):
            facts = self.plans().facts
            if "may_be_kept" not in facts:
                facts["may_be_kept"] = may_be_kept(self.schema, self.operation, self.fragment_definitions)
            self.context_value.may_be_kept = facts["may_be_kept"]

    def complete_list_value(
        self, return_type: GraphQLList[Any], field_details_list: list[FieldDetails], info: Any, path: Path, *rest: Any
    ) -> Completed:
        return self._complete(super().complete_list_value, return_type, field_details_list, info, path, *rest)

    def complete_object_value(
        self, return_type: GraphQLObjectType, field_details_list: list[FieldDetails], info: Any, path: Path, *rest: Any
    ) -> Completed:
        return self._complete(super().complete_object_value, return_type, field_details_list, info, path, *rest)

    def _complete(self, plain: Callable[..., Completed], *position: Any) -> Completed:
        """Complete a position compiled, else as graphql-core does."""
        return_type, details, _, path, result, position_context = position
        run = self._compiled(return_type, details, position_context)
        return plain(*position) if run is None else self._run(run, result, path, partial(plain, *position))

    def plans(self) -> Plans:
        """The plans of this operation."""
        if self._plans is None:
            self._plans = self.plan_cache_of_schema.of(self.operation, self.variable_values.coerced)
            self._plans.uses += 1
        return self._plans

    def _compiled(self, return_type: Any, details: list[FieldDetails], position_context: Any) -> Compiled | None:
        if self._mode.plain or position_context is not None:
            return None
        plans = self.plans()
        if plans.uses < self.compiled_at_use:
            return None
        key = (return_type, self._as_json, *(id(each.node) for each in details))
        try:
            return plans.functions[key]
        except KeyError:
            pass
        try:
            run: Compiled | None = compile_position(self, return_type, details, as_json=self._as_json)
        except NotCompiled:
            run = None
        plans.functions[key] = run
        return run

    def _run(self, run: Compiled, result: Any, path: Path, plain: Callable[[], Completed]) -> Completed:
        later: list[Any] = []
        try:
            data = run(result, path, later)
        except Exception:  # whatever it is, graphql-core meets it again and says so
            return plain()
        return self._fill(data, later, plain) if later else data

    def _fill(self, data: Any, later: list[Any], plain: Callable[[], Completed]) -> Completed:
        """Execute the slots, by graphql-core, and put their values in."""
        apart = copy(self)
        errors = apart.collected_errors = _Errors()
        waiting: list[Awaitable[Any]] = []
        places: list[tuple[dict[str, Any], str]] = []
        try:
            for place, key, source, path, details, parent_type in later:
                value: Any = apart.execute_field(parent_type, source, details, path, None)
                if is_awaitable(value):
                    waiting.append(value)
                    places.append((place, key))
                else:
                    place[key] = value
        except Exception:  # an error where null is not allowed: it reaches beyond this position
            if waiting:
                self.settle_in_background(waiting)
            return self._plainly(plain)
        if not waiting:
            errors.hand_to(self.collected_errors)
            return data

        async def wait() -> Any:
            # All are waited for, even after one failed: cancelling one would spoil what a loader holds for others.
            values = await gather(*waiting, return_exceptions=True)
            if any(isinstance(value, BaseException) for value in values):
                completed = self._plainly(plain)
                return await completed if is_awaitable(completed) else completed
            for (place, key), value in zip(places, values, strict=True):
                place[key] = value
            errors.hand_to(self.collected_errors)
            return data

        return wait()

    def _plainly(self, plain: Callable[[], Completed]) -> Completed:
        # Resolvers have run in vain; from here on none runs a third time.
        self._mode.plain = True
        return plain()
