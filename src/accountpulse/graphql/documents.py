"""How large a document may be, measured before it is validated: depth, aliases and fields, with fragments spread out.

Strawberry's own limiters walk every spread again, so that 25 fragments that each spread the next one twice keep them busy for
minutes. Here each fragment is measured once, and its size is added wherever it is spread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
)

MAX_DEPTH = 12
MAX_ALIASES = 30
MAX_FIELDS = 400
MAX_TOKENS = 3_000
MAX_VALUE_DEPTH = 12
"""How deep objects and lists may be nested in arguments and variables: filters need fewer."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a selection: fields nested in fields, aliases, and fields, each counted as often as it is spread."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0


def check(document: DocumentNode) -> None:
    """Raises GraphQLError for a document beyond a limit."""
    try:
        sizes = measure(document)
    except RecursionError:
        raise GraphQLError(f"the document is nested deeper than {MAX_DEPTH}") from None
    for size in sizes:
        for what, found, limit in (
            ("is nested {} deep", size.depth, MAX_DEPTH),
            ("has {} aliases", size.aliases, MAX_ALIASES),
            ("selects {} fields", size.fields, MAX_FIELDS),
        ):
            if found > limit:
                raise GraphQLError(f"an operation or fragment {what.format(min(found, 10**6))}; at most {limit} are allowed")


def measure(document: DocumentNode) -> list[Size]:
    """The size of each operation and fragment, in order: validation looks at unused fragments too.

    A fragment that spreads itself counts once; validation refuses it later.
    """
    return _Measure(document).definitions()


def deeper_than(value: Any, limit: int) -> bool:
    """Whether JSON is nested deeper."""
    if not isinstance(value, dict | list):
        return False
    if limit == 0:
        return True
    return any(deeper_than(each, limit - 1) for each in (value.values() if isinstance(value, dict) else value))


def _literal_deeper_than(value: ValueNode, limit: int) -> bool:
    if not isinstance(value, ObjectValueNode | ListValueNode):
        return False
    if limit == 0:
        return True
    inner = [field.value for field in value.fields] if isinstance(value, ObjectValueNode) else value.values
    return any(_literal_deeper_than(each, limit - 1) for each in inner)


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[str, Size] = {}

    def definitions(self) -> list[Size]:
        return [
            # Depth counts from an operation: a tool's introspection is one deep fragment, spread where depth is free.
            replace(self._fragment(d.name.value), depth=0)
            if isinstance(d, FragmentDefinitionNode)
            else self._set(d.selection_set)
            for d in self._document.definitions
            if isinstance(d, OperationDefinitionNode | FragmentDefinitionNode)
        ]

    def _set(self, selections: SelectionSetNode | None) -> Size:
        depth = aliases = fields = 0
        for selection in selections.selections if selections is not None else ():
            part = Size()
            if isinstance(selection, FieldNode):
                if any(_literal_deeper_than(each.value, MAX_VALUE_DEPTH) for each in selection.arguments or ()):
                    raise GraphQLError(f"the argument of {selection.name.value} is nested deeper than {MAX_VALUE_DEPTH}")
                inner = self._set(selection.selection_set)
                # Introspection nests deep by nature, and can't reach data.
                own_depth = 0 if selection.name.value.startswith("__") else inner.depth + 1
                part = Size(own_depth, inner.aliases + (selection.alias is not None), inner.fields + 1)
            elif isinstance(selection, InlineFragmentNode):
                part = self._set(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                part = self._fragment(selection.name.value)
            depth, aliases, fields = max(depth, part.depth), aliases + part.aliases, fields + part.fields
        return Size(depth, aliases, fields)

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # what a circle finds of itself
            fragment = self._fragments.get(name)
            self._known[name] = Size() if fragment is None else self._set(fragment.selection_set)
        return self._known[name]
