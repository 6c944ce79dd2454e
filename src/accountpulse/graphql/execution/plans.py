"""The functions compiled so far: for each operation of a cached document, and each choice of its boolean variables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from accountpulse.graphql.execution.internals import Undefined
from graphql import NamedTypeNode, NonNullTypeNode, OperationDefinitionNode

MOST = 512
"""How many operations (with their boolean variables) are kept."""
AT_USE = 2
"""Compiled at which use: most of a document that comes only once would not pay for it."""

Compiled = Callable[[Any, Any, list[Any]], Any]


@dataclass(slots=True)
class Plans:
    """What is known of one operation. functions: by return type, form and field nodes; None where compiling was given up.

    operation: kept, because nodes are told apart by identity. uses: requests so far. facts: what else is worked out once.
    """

    operation: OperationDefinitionNode
    uses: int = 0
    functions: dict[Hashable, Compiled | None] = field(default_factory=dict)
    facts: dict[Hashable, Any] = field(default_factory=dict)


class PlanCache:
    """The plans used last. Not for several threads: execution stays on the event loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._plans: OrderedDict[Hashable, Plans] = OrderedDict()

    def of(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Plans:
        """The plans of an operation under these variables. Only booleans change what is selected, by @skip and @include."""
        key = (id(operation), *(variables.get(name, Undefined) for name in _booleans(operation)))
        plans = self._plans.get(key)
        if plans is None:
            plans = self._plans[key] = Plans(operation)
            if len(self._plans) > self._most:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plans

    def __len__(self) -> int:
        return len(self._plans)


def _booleans(operation: OperationDefinitionNode) -> list[str]:
    names = []
    for definition in operation.variable_definitions or ():
        kind = definition.type
        if isinstance(kind, NonNullTypeNode):
            kind = kind.type
        if isinstance(kind, NamedTypeNode) and kind.name.value == "Boolean":
            names.append(definition.variable.name.value)
    return names
