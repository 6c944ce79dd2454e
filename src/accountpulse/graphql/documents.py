"""How large a document may be, measured before it is validated: depth, aliases and fields, with fragments spread out.

Strawberry's own limiters walk every spread again, so that 25 fragments that each spread the next one twice keep them busy for
minutes. Here each fragment is measured once, and its size is added wherever it is spread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
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
MAX_PAIRS = 1_000
"""Of fields that are answered under one name, and of fragments side by side: validation compares each with each."""
MAX_FRAGMENTS = 50
MAX_VARIABLES = 100
MAX_TOKENS = 1_500
MAX_CHARACTERS = 50_000
"""Of a document: to find its tokens takes time with its length."""
MAX_VALUE_DEPTH = 12
"""How deep objects and lists may be nested in arguments and variables: filters need fewer."""
MAX_VALUES = 1_000
"""How many members all lists and objects of the variables have together: each is checked by itself."""
MAX_OBJECTS = 160
"""How many of those may be objects: each is made anew, all its fields looked at, given or not. The largest filter has 150."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a selection: fields nested in fields, aliases, and fields, each counted as often as it is spread."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0


def check(document: DocumentNode) -> None:
    """Raises GraphQLError for a document beyond a limit."""
    fragments = sum(isinstance(each, FragmentDefinitionNode) for each in document.definitions)
    if fragments > MAX_FRAGMENTS:
        raise GraphQLError(f"the document has {fragments} fragments; at most {MAX_FRAGMENTS} are allowed")
    for each in document.definitions:
        variables = len(each.variable_definitions or ()) if isinstance(each, OperationDefinitionNode) else 0
        if variables > MAX_VARIABLES:
            raise GraphQLError(f"an operation has {variables} variables; at most {MAX_VARIABLES} are allowed")
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
    if _pairs_of(document) > MAX_PAIRS:
        raise GraphQLError("the document repeats fields too often, side by side or in fragments; ask for each once")


def measure(document: DocumentNode) -> list[Size]:
    """The size of each operation and fragment, in order: validation looks at unused fragments too.

    A fragment that spreads itself counts once; validation refuses it later.
    """
    return _Measure(document).definitions()


def problem_of(variables: Any) -> str | None:
    """Why variables are beyond a limit, in words; None where they are not."""
    level, members, objects = [variables], 0, 0
    for _ in range(MAX_VALUE_DEPTH + 1):
        inner = [each for each in level if isinstance(each, dict | list)]
        if not inner:
            return None
        members += sum(map(len, inner))
        if members > MAX_VALUES:
            return f"the variables hold more than {MAX_VALUES:,} values"
        objects += sum(isinstance(each, dict) for each in inner)
        if objects > MAX_OBJECTS:
            return f"the variables hold more than {MAX_OBJECTS} objects"
        level = [each for holder in inner for each in (holder.values() if isinstance(holder, dict) else holder)]
    return f"the variables are nested deeper than {MAX_VALUE_DEPTH}"


def _objects_in(value: ValueNode, limit: int) -> int:
    """How many objects a literal holds. Raises RecursionError for one that is nested deeper than the limit."""
    if not isinstance(value, ObjectValueNode | ListValueNode):
        return 0
    if limit == 0:
        raise RecursionError
    if isinstance(value, ListValueNode):
        return sum(_objects_in(each, limit - 1) for each in value.values)
    return 1 + sum(_objects_in(each.value, limit - 1) for each in value.fields)


def _pairs_of(document: DocumentNode) -> int:
    """How many pairs validation compares, as far as they count. Only for a document that is small otherwise."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    pairs = 0

    def compare(sets: Iterable[SelectionSetNode], above: frozenset[str]) -> None:
        nonlocal pairs
        found: dict[str, list[SelectionSetNode | None]] = defaultdict(list)
        spread: set[str] = set()
        waiting = list(sets)
        while waiting:
            for selection in waiting.pop().selections:
                if isinstance(selection, FieldNode):
                    found[(selection.alias or selection.name).value].append(selection.selection_set)
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode):
                    name = selection.name.value
                    if name in fragments and name not in spread | above:
                        spread.add(name)
                        waiting.append(fragments[name].selection_set)
        pairs += sum(n * (n - 1) // 2 for n in (len(spread), *map(len, found.values())))
        if pairs > MAX_PAIRS:
            return
        for below in found.values():
            compare([each for each in below if each is not None], above | spread)

    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            compare([definition.selection_set], frozenset())
    return pairs


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[str, Size] = {}
        self._objects = 0

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
                self._look_at_arguments(selection)
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

    def _look_at_arguments(self, field: FieldNode) -> None:
        try:
            self._objects += sum(_objects_in(each.value, MAX_VALUE_DEPTH) for each in field.arguments or ())
        except RecursionError:
            raise GraphQLError(f"the argument of {field.name.value} is nested deeper than {MAX_VALUE_DEPTH}") from None
        if self._objects > MAX_OBJECTS:
            raise GraphQLError(f"the document's arguments hold more than {MAX_OBJECTS} objects")

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # what a circle finds of itself
            fragment = self._fragments.get(name)
            self._known[name] = Size() if fragment is None else self._set(fragment.selection_set)
        return self._known[name]
