"""What a query may cost, known before it is executed: a point for every object that it can return, more for what is dear.

A list counts as many times as it can have members: as `first` or `last` says, else its size: one that the code bounds, or that
of the largest model there is, as the store says (`sizes.py`). So an answer never holds more objects than its query cost.
Conditions by `@skip` and `@include` are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql.pyutils import Undefined

from accountpulse.graphql.execution.internals import attribute_of, module_of
from accountpulse.graphql.execution.prepared import Prepared
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
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
    get_nullable_type,
    is_composite_type,
)

SLICING = ("first", "last")
BY_MEMBERS = "ids"
ASSUMED = 100
"""How many members a page has at most, and a list of a plugin's without `first`: see `plugged.py`."""
SIZES = {
    "Account.historyBuckets": 500,  # graphql/scores/buckets.py
    "ModelPreview.bandChanges": 100,  # the most that `first` of modelPreview may be; so are the next two
    "ModelPreview.movers": 100,
    "ModelPreview.newlyUnknown": 100,
    "PortfolioGroup.keys": 3,  # graphql/portfolio/reading.py, as the next
    "Portfolio.groups": 1_000,
    "userErrors": 1,  # the first mistake ends a mutation
}
"""The lists that no argument cuts, and how many members they have at most, by type and field, or by the field alone."""
OF_MODELS = {
    "Model.bands": 20,
    "Model.groups": 20,
    "Model.segments": 100,
    "ModelGroup.metrics": 30,
    "PortfolioMovement.transitions": 100,
    "Query.segments": 100,
    "Score.adjustments": 50,
    "Score.components": 30,
    "Score.matchedSegments": 50,
    "ScoreMove.parts": 200,
    "ScorePoint.components": 30,
    "Segment.bands": 20,
    "ToReachBand.alone": 30,
    "ToReachBand.mustEnd": 20,
    "ToReachBand.together": 30,
}
"""Lists that are as long as models make them: at least so many members are counted, by type and field. What a query costs then
does not change with every metric that is added."""
WEIGHTS = {"modelPreview": 20_000, "totalCount": 100, "portfolio": 1_000, "__schema": 1_000, "__type": 100}
"""What a field costs beside the objects that it returns, by its name."""
MUTATION = 100
_OURS = __name__.partition(".")[0] + "."
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
    slicing = _slicing(field)
    if is_list(field):
        full = f"{parent}.{name}"
        return Size(OF_MODELS.get(full, SIZES.get(full, SIZES.get(name, ASSUMED))), slicing)
    inner = get_named_type(field.type)
    if not slicing or not isinstance(inner, GraphQLObjectType | GraphQLInterfaceType):
        return Size()
    cut = {
        each
        for each, below in inner.fields.items()
        if is_list(below)
        and is_composite_type(get_named_type(below.type))
        and not _slicing(below)
        # What a plugin's resolver makes of the page is not looked at.
        and not (is_a_plugins(below) and attribute_of(below) is None)
    }
    return Size(ASSUMED, slicing, frozenset(cut)) if cut else Size()


def is_a_plugins(field: GraphQLField) -> bool:
    """Whether a plugin declares a field."""
    module = module_of(field)
    return module is not None and not module.startswith(_OURS)


def _slicing(field: GraphQLField) -> tuple[str, ...]:
    return tuple(each for each in (*SLICING, BY_MEMBERS) if each in field.args)


def weight_of(parent: Any, name: str, schema: GraphQLSchema) -> int:
    """What a field costs beside its objects."""
    return MUTATION if parent is schema.mutation_type else WEIGHTS.get(name, 0)


def is_list(field: GraphQLField) -> bool:
    """Whether a field returns a list."""
    return isinstance(get_nullable_type(field.type), GraphQLList)


_NOT_COUNTED: tuple[Mapping[str, int] | None, dict[Any, int]] = None, {}


class Costs:
    """Counts the points of operations."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._found: Mapping[str, int] = {}

    def look_up(self, found: Mapping[str, int]) -> None:
        """How large lists are from now on, by type and field, where they are larger than `OF_MODELS` says."""
        if found != self._found:
            self._found = found

    def of(self, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """The points of a valid operation with these variables, at least 1. Kept for the variables that it rests on."""
        # With the sizes that it was counted with: others are another object.
        counted, known = prepared.facts.get(("cost", id(operation)), _NOT_COUNTED)
        if counted is not self._found:
            known = {}
            prepared.facts[("cost", id(operation))] = self._found, known
        names = prepared.facts.get(("sizes", id(operation)))
        key = None if names is None else tuple(_plain(variables.get(name, Undefined)) for name in names)
        if key is None or key not in known:
            count = _Count(self._schema, prepared, operation, variables, self._found)
            found = max(1, min(MOST, count.operation()))
            names = prepared.facts[("sizes", id(operation))] = sorted(count.read)
            prepared.facts[("models", id(operation))] = count.on_models
            key = tuple(_plain(variables.get(name, Undefined)) for name in names)
            if len(known) >= ASSUMED:
                known.clear()
            known[key] = found
        points: int = known[key]
        return points

    @staticmethod
    def rests_on_models(prepared: Prepared, operation: OperationDefinitionNode) -> bool:
        """Whether an operation that was counted selects a list that may be as long as the largest model makes it."""
        found: bool = prepared.facts[("models", id(operation))]
        return found


def members_of(field: GraphQLField, size: Size, arguments: Mapping[str, Any]) -> int:
    """How many members a list is counted with, for arguments as its resolver gets them."""
    given = _cut(field, size.slicing, lambda name: _plain(arguments.get(name)))
    return size.assumed if given is None else given


def _cut(field: GraphQLField, slicing: Iterable[str], value_of: Callable[[str], int | None]) -> int | None:
    """What a list is cut to by the values of its arguments, or by their defaults; None where neither says."""
    found = []
    for name in slicing:
        value = value_of(name)
        if value is None:
            default = field.args[name].default_value
            value = default if isinstance(default, int) else None
        if value is not None:
            found.append(value)
    return max(0, *found) if found else None


def _plain(value: Any) -> Any:
    return len(value) if isinstance(value, list) else value if isinstance(value, int) else None


class _Count:
    """read: the variables that sizes rest on. on_models: whether one rests on how large models are."""

    def __init__(
        self,
        schema: GraphQLSchema,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        found: Mapping[str, int],
    ) -> None:
        self._found = found
        self._schema, self._fragments, self._operation, self._variables = schema, prepared.fragments, operation, variables
        self._defaults = {each.variable.name.value: each.default_value for each in operation.variable_definitions or ()}
        self.read: set[str] = set()
        self.on_models = False

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
        at_least = OF_MODELS.get(f"{kind.name}.{name}")
        self.on_models = self.on_models or at_least is not None
        assumed = size.assumed if at_least is None else max(at_least, self._found.get(f"{kind.name}.{name}", 0))
        members = n if name in sized else given if given is not None else assumed
        return min(MOST, weight + members * (1 + self._set(below, node.selection_set, frozenset(), 1)))

    def _given(self, field: GraphQLField, node: FieldNode, slicing: Iterable[str]) -> int | None:
        """How many members the arguments ask for; None where they don't say."""
        arguments = {each.name.value: each.value for each in node.arguments or ()}
        return _cut(field, slicing, lambda name: self._value(arguments[name]) if name in arguments else None)

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
