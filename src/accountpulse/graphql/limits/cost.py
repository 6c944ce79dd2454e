"""What a query may cost, known before it is executed: a point for every object that it can return, more for what is dear.

A list counts as many times as it can have members: as `first` or `last` says, else as many as are assumed at most.
So an answer never holds more objects than its query cost. Conditions by `@skip` and `@include` are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql.pyutils import Undefined

from accountpulse.graphql.execution.prepared import Prepared
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

SLICING = ("first", "last")
BY_MEMBERS = "ids"
ASSUMED = 100
"""How many members a list has at most, where nothing else is said."""
SIZES = {
    "Account.historyBuckets": 1_000,
    "Account.links": 50,
    "Account.origins": 20,
    "Model.bands": 20,
    "Model.groups": 20,
    "ModelGroup.metrics": 30,
    "PortfolioGroup.keys": 4,
    "Portfolio.groups": 1_000,
    "Query.metrics": 500,
    "Query.models": 200,
    "Score.adjustments": 50,
    "Score.components": 30,
    "Score.matchedSegments": 50,
    "ScorePoint.components": 30,
    "Segment.bands": 20,
    "UnlinkedAccount.candidates": 20,
    "userErrors": 20,
}
"""The other lists: what is assumed of them, by type and field, or by the field alone."""
WEIGHTS = {"modelPreview": 20_000, "totalCount": 100, "portfolio": 1_000, "__schema": 1_000, "__type": 100}
"""What a field costs beside the objects that it returns, by its name."""
MUTATION = 100
MOST = 10**12
"""Where counting ends."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many objects a field returns. slicing: the arguments that say it. sized: the lists of its object that they cut."""

    assumed: int = 1
    slicing: tuple[str, ...] = ()
    sized: frozenset[str] = frozenset()


def size_of(parent: str, name: str, field: GraphQLField) -> Size:
    """The size of a field that returns objects."""
    slicing = tuple(each for each in (*SLICING, BY_MEMBERS) if each in field.args)
    if is_list(field):
        return Size(SIZES.get(f"{parent}.{name}", SIZES.get(name, ASSUMED)), slicing)
    inner = get_named_type(field.type)
    if not slicing or not isinstance(inner, GraphQLObjectType | GraphQLInterfaceType):
        return Size()
    lists = {each for each, below in inner.fields.items() if is_list(below) and is_composite_type(get_named_type(below.type))}
    return Size(ASSUMED, slicing, frozenset(lists))


def weight_of(parent: Any, name: str, schema: GraphQLSchema) -> int:
    """What a field costs beside its objects."""
    return MUTATION if parent is schema.mutation_type else WEIGHTS.get(name, 0)


def is_list(field: GraphQLField) -> bool:
    """Whether a field returns a list."""
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return isinstance(kind, GraphQLList)


class Costs:
    """Counts the points of operations."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def of(self, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """The points of a valid operation with these variables, at least 1. Kept for the variables that it rests on."""
        known: dict[Any, int] = prepared.facts.setdefault(("cost", id(operation)), {})
        names = prepared.facts.get(("sizes", id(operation)))
        key = None if names is None else tuple(_plain(variables.get(name, Undefined)) for name in names)
        if key is None or key not in known:
            count = _Count(self._schema, prepared, operation, variables)
            found = max(1, min(MOST, count.operation()))
            names = prepared.facts[("sizes", id(operation))] = sorted(count.read)
            key = tuple(_plain(variables.get(name, Undefined)) for name in names)
            if len(known) >= ASSUMED:
                known.clear()
            known[key] = found
        return known[key]


def _plain(value: Any) -> Any:
    return len(value) if isinstance(value, list) else value if isinstance(value, int) else None


class _Count:
    """read: the variables that sizes rest on."""

    def __init__(
        self, schema: GraphQLSchema, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> None:
        self._schema, self._fragments, self._operation, self._variables = schema, prepared.fragments, operation, variables
        self._defaults = {each.variable.name.value: each.default_value for each in operation.variable_definitions or ()}
        self.read: set[str] = set()

    def operation(self) -> int:
        root = {
            OperationType.QUERY: self._schema.query_type,
            OperationType.MUTATION: self._schema.mutation_type,
            OperationType.SUBSCRIPTION: self._schema.subscription_type,
        }[self._operation.operation]
        return self._set(root, self._operation.selection_set, frozenset(), 1)

    def _set(self, kind: Any, selections: SelectionSetNode, sized: frozenset[str], n: int) -> int:
        """The points below an object. sized, n: lists of it that an argument has cut, and to how many."""
        return sum(self._one(kind, each, sized, n) for each in selections.selections)

    def _one(self, kind: Any, selection: Any, sized: frozenset[str], n: int) -> int:
        if isinstance(selection, FieldNode):
            return self._field(kind, selection, sized, n)
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            on = kind if condition is None else self._schema.get_type(condition.name.value)
            return self._set(on, selection.selection_set, sized, n)
        assert isinstance(selection, FragmentSpreadNode)
        fragment = self._fragments[selection.name.value]
        return self._set(self._schema.get_type(fragment.type_condition.name.value), fragment.selection_set, sized, n)

    def _field(self, kind: Any, node: FieldNode, sized: frozenset[str], n: int) -> int:
        name = node.name.value
        weight = weight_of(kind, name, self._schema)
        field = kind.fields.get(name) if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else None
        if node.selection_set is None or name.startswith("__") or field is None:
            return weight
        size = size_of(kind.name, name, field)
        given = self._given(field, node, size.slicing)
        below = get_named_type(field.type)
        if size.sized:
            return weight + 1 + self._set(below, node.selection_set, size.sized, size.assumed if given is None else given)
        members = n if name in sized else given if given is not None else size.assumed
        return min(MOST, weight + members * (1 + self._set(below, node.selection_set, frozenset(), 1)))

    def _given(self, field: GraphQLField, node: FieldNode, slicing: Iterable[str]) -> int | None:
        """How many members the arguments ask for; None where they don't say."""
        arguments = {each.name.value: each.value for each in node.arguments or ()}
        found = []
        for name in slicing:
            value = self._value(arguments[name]) if name in arguments else None
            if value is None:
                default = field.args[name].default_value
                value = default if isinstance(default, int) else None
            if value is not None:
                found.append(value)
        return max(0, *found) if found else None

    def _value(self, node: ValueNode) -> int | None:
        if isinstance(node, VariableNode):
            name = node.name.value
            self.read.add(name)
            if name in self._variables:
                value = self._variables[name]
                return len(value) if isinstance(value, list) else value if isinstance(value, int) else None
            default = self._defaults.get(name)
            return None if default is None else self._value(default)
        if isinstance(node, ListValueNode):
            return len(node.values)
        return int(node.value) if isinstance(node, IntValueNode) else None
