"""Holds plugins' lists to what a query was charged for: one that gives more objects is an error, and not a free ride."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from itertools import islice
from typing import Any, cast

from accountpulse.graphql.errors import ApiError
from accountpulse.graphql.execution.internals import attribute_of
from accountpulse.graphql.limits.cost import is_a_plugins, is_list, members_of, size_of
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_composite_type


class TooMany(ApiError):
    """A plugin's list gave more objects than its query was charged for."""

    def __init__(self, field: str, most: int) -> None:
        super().__init__(
            "TOO_MANY",
            f"{field} gave more than the {most} objects that the query is charged for: its plugin has to declare the argument "
            "`first`, and to give no more than that",
        )


def hold_to_cost(schema: GraphQLSchema) -> None:
    """Have the lists of objects that plugins declare, and the pages that they give, refuse to hold more than is counted."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for name, field in kind.fields.items():
                if is_a_plugins(field) and is_composite_type(get_named_type(field.type)):
                    _hold(kind.name, name, field)


def _hold(parent: str, name: str, field: GraphQLField) -> None:
    resolve, size = field.resolve, size_of(parent, name, field)
    assert resolve is not None, "Strawberry gives every field a resolver"
    listed, page = is_list(field), cast("Any", get_named_type(field.type))
    cut = [attribute for each in sorted(size.sized) if (attribute := attribute_of(page.fields[each])) is not None]
    if not listed and not cut:
        return

    def checked(found: Any, most: int) -> Any:
        if listed:
            if isinstance(found, Iterable) and not isinstance(found, str | bytes | dict | list | tuple):
                found = list(islice(found, most + 1))
            held = [found]
        else:
            held = [getattr(found, each, None) for each in cut]
        if any(isinstance(each, list | tuple) and _count(each, most) > most for each in held):
            raise TooMany(f"{parent}.{name}", most)
        return found

    async def waited(found: Any, most: int) -> Any:
        return checked(await found, most)

    # Under a name of its own, so that compiled completion leaves it to graphql-core.
    def held_to_cost(source: Any, info: Any, **arguments: Any) -> Any:
        most = members_of(field, size, arguments)
        found = resolve(source, info, **arguments)
        return waited(found, most) if inspect.isawaitable(found) else checked(found, most)

    field.resolve = held_to_cost


def _count(members: Iterable[Any], most: int) -> int:
    """How many objects are in a list, and in lists in it; counting ends beyond `most`."""
    count = 0
    for member in members:
        count += _count(member, most) if isinstance(member, list | tuple) else 1
        if count > most:
            break
    return count
