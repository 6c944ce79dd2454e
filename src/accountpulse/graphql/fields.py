"""Strawberry's field and enum-value helpers, with the types that a checker needs, and a description that can't be left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., object])


def resolver(description: str) -> Callable[[F], F]:
    """Declare a method as the resolver of the field named like it."""
    return cast("Callable[[F], F]", strawberry.field(description=description))


def mutation(description: str) -> Callable[[F], F]:
    """Declare a method as the resolver of the mutation named like it."""
    return cast("Callable[[F], F]", strawberry.mutation(description=description))


def choice(value: str, description: str) -> str:
    """Declare a value of an enum: `value` is what the store and the core call it."""
    return cast("str", strawberry.enum_value(value, description=description))
