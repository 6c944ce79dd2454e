"""Scalars of our own, and amounts of money."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NewType

import orjson
import strawberry
from strawberry.schema.types.base_scalars import DateTimeDefinition
from strawberry.types.scalar import ScalarDefinition

from graphql import GraphQLError

BigInt = NewType("BigInt", int)


def _parse_big_int(value: Any) -> BigInt:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise GraphQLError(f"{value!r} is not a whole number of at most 64 bits")
    return BigInt(value)


def instant(at: datetime) -> str:
    """An instant as ISO 8601 writes it."""
    if at.__class__ is datetime and at.tzinfo is UTC:
        return orjson.dumps(at)[1:-1].decode()  # as isoformat says it, in a third of the time: a row of a list has several
    return at.isoformat()


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of up to 64 bits, as a JSON number. Amounts of money in minor units need the room.",
        serialize=int,
        parse_value=_parse_big_int,
    ),
    datetime: replace(DateTimeDefinition, serialize=instant),
}


@strawberry.type(description="An amount of money.")
class Money:
    amount: BigInt = strawberry.field(description="In minor units of the currency: cents, pence; whole yen.")
    currency: str = strawberry.field(description="The currency's ISO 4217 code, such as EUR.")
