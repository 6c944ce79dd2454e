"""Which columns a query needs: read from what it selects, and from what the selected fields say that they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from accountpulse.graphql.execution.internals import declared_resolver
from accountpulse.graphql.execution.marks import needs_of
from accountpulse.graphql.execution.plans import PlanCache
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

_KNOWN = PlanCache()


def columns(info: Any, type_name: str, *below: tuple[str, ...], everything: frozenset[str]) -> frozenset[str]:
    """The columns that the selected fields of a type need, under the field being resolved. Worked out once for an operation.

    info: Strawberry's. below: paths of field names, such as ("edges", "node"), that lead from the field to the type; none means
    that the field itself is of the type. everything: what a field needs that doesn't say.
    """
    raw = info._raw_info
    facts = _KNOWN.of(raw.operation, raw.variable_values).facts
    key = (type_name, below, *(id(node) for node in raw.field_nodes))
    if key not in facts:
        look = _Look(raw.schema, raw.fragments, raw.variable_values, everything)
        sets: list[SelectionSetNode] = []
        for path in below or ((),):
            nodes = list(raw.field_nodes)
            for name in path:
                nodes = look.children(node.selection_set for node in nodes if node.selection_set).get(name, [])
            sets += [node.selection_set for node in nodes if node.selection_set]
        facts[key] = look.needed(raw.schema.get_type(type_name), sets)
    found: frozenset[str] = facts[key]
    return found


class _Look:
    def __init__(
        self, schema: GraphQLSchema, fragments: dict[str, Any], variables: dict[str, Any], everything: frozenset[str]
    ) -> None:
        self._schema, self._fragments, self._variables, self._everything = schema, fragments, variables, everything

    def needed(self, kind: Any, sets: Sequence[SelectionSetNode]) -> frozenset[str]:
        found: set[str] = set()
        for name, nodes in self.children(sets).items():
            field = kind.fields.get(name) if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else None
            if field is None:
                continue  # __typename, or a field of another type, behind a fragment
            function = declared_resolver(field)
            if function is None:
                continue  # an attribute of the object itself
            needs = needs_of(function)
            if needs is None:
                found.update(self._everything)
                continue
            found.update(needs.columns)
            if needs.within:
                inner = [node.selection_set for node in nodes if node.selection_set]
                found.update(self.needed(get_named_type(field.type), inner))
        return frozenset(found)

    def children(self, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields selected, by name. Conditions on types are not looked at: rather a column too many than one too few."""
        found: dict[str, list[FieldNode]] = {}
        for one in sets:
            self._collect(one, found, set())
        return found

    def _collect(self, selections: SelectionSetNode, found: dict[str, list[FieldNode]], seen: set[str]) -> None:
        for selection in selections.selections:
            if self._left_out(selection):
                continue
            if isinstance(selection, FieldNode):
                found.setdefault(selection.name.value, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                self._collect(selection.selection_set, found, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                self._collect(self._fragments[selection.name.value].selection_set, found, seen)

    def _left_out(self, selection: Any) -> bool:
        for directive in selection.directives or ():
            for argument in directive.arguments or ():
                value = argument.value
                given = (
                    self._variables.get(value.name.value) if isinstance(value, VariableNode) else getattr(value, "value", None)
                )
                if (directive.name.value, given) in (("skip", True), ("include", False)):
                    return True
        return False
