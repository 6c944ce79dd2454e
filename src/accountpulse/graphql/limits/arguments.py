"""What is wrong with the arguments of a valid operation, found before it is executed.

Types can't say that a page has at most 100 rows, or that a cursor belongs to an order. Fields say it by a `check`; here each is
asked about the arguments that its field will get, at whatever depth it is selected, conditions by `@skip` and `@include` apart.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.execution.internals import arguments_as_resolved, declared_resolver
from accountpulse.graphql.execution.marks import check_of
from accountpulse.graphql.execution.prepared import MOST_ERRORS, Prepared
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    visit,
)

MOST_GOOD = 100
"""Variables of an operation with which it is known that nothing is wrong: what a `check` says rests on its arguments alone."""
LONGEST = 2_000
"""Bytes of variables that are known again."""


@dataclass(frozen=True, slots=True)
class Use:
    """A field with a check, as an operation selects it. names: of the arguments that the check takes."""

    field: GraphQLField
    node: FieldNode
    check: Callable[..., object]
    names: frozenset[str]


class Arguments:
    """Checks the arguments of operations."""

    def __init__(self, schema: strawberry.Schema, core: GraphQLSchema) -> None:
        self._schema, self._core = schema, core

    def refusals(
        self, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, Any], said: bytes = b""
    ) -> tuple[GraphQLError, ...]:
        """What is wrong; empty where nothing is. said: the variables as text, to know those again with which nothing was."""
        key = ("arguments", id(operation))
        if key not in prepared.facts:
            # The document holds no more than a few hundred fields, and what it says without variables it says each time.
            fixed, varying = self._uses(prepared, operation)
            found = tuple(error for use in fixed for error in self._refused(use, None))
            prepared.facts[key] = found, varying
        found, varying = prepared.facts[key]
        if found or not varying:
            return found  # type: ignore[no-any-return]  # facts are of any type
        definitions = operation.variable_definitions or ()
        good: set[bytes] = prepared.facts.setdefault(("good", id(operation)), set())
        if said in good:
            return ()
        given = get_variable_values(self._core, definitions, dict(variables), MOST_ERRORS, hide_suggestions=True)
        if not isinstance(given, VariableValues):
            return tuple(given)
        refused = tuple(error for use in varying for error in self._refused(use, given))
        if said and not refused and len(said) <= LONGEST:
            if len(good) >= MOST_GOOD:
                good.clear()
            good.add(said)
        return refused

    def _refused(self, use: Use, variables: VariableValues | None) -> list[GraphQLError]:
        try:
            values = get_argument_values(use.field, use.node, variables)
            arguments = arguments_as_resolved(self._schema, use.field, values)
            use.check(**{name: value for name, value in arguments.items() if name in use.names})
        except BadInput as error:
            return [BadInput(error.message, [use.node])]
        except GraphQLError:
            return []  # a variable that is missing: execution says so
        return []

    def _uses(self, prepared: Prepared, operation: OperationDefinitionNode) -> tuple[list[Use], list[Use]]:
        """(those whose arguments are written out, those with variables) of an operation and all fragments."""
        types = TypeInfo(self._core)
        look = _Look(types)
        for node in (operation, *prepared.fragments.values()):
            visit(node, TypeInfoVisitor(types, look))
        return look.fixed, look.varying


class _Look(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.fixed: list[Use] = []
        self.varying: list[Use] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        field = self._types.get_field_def()
        function = None if field is None else declared_resolver(field)
        check = None if function is None else check_of(function)
        if field is None or check is None:
            return
        has = _HasVariable()
        for argument in node.arguments or ():
            visit(argument, has)
        use = Use(field, node, check, frozenset(inspect.signature(check).parameters))
        (self.varying if has.found else self.fixed).append(use)


class _HasVariable(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, _: VariableNode, *__: Any) -> None:
        self.found = True
