"""Which operations' answers may be kept: queries without a field that says it is volatile, and without one of a plugin."""

from __future__ import annotations

from typing import Any

from accountpulse.graphql.execution.internals import declared_resolver
from accountpulse.graphql.execution.marks import is_volatile
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

OURS = "accountpulse."


def may_be_kept(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
) -> bool:
    """Whether the answer to an operation depends on nothing but the store. All fragments count, used or not."""
    if operation.operation is not OperationType.QUERY:
        return False
    types = TypeInfo(schema)
    look = _Look(types)
    for node in (operation, *fragments.values()):
        visit(node, TypeInfoVisitor(types, look))
    return not look.found


class _Look(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.found = False

    def enter_field(self, _: FieldNode, *__: Any) -> None:
        field = self._types.get_field_def()
        function = None if field is None else declared_resolver(field)
        # What a plugin's field rests on, nobody here knows.
        if function is not None and (is_volatile(function) or not function.__module__.startswith(OURS)):
            self.found = True
