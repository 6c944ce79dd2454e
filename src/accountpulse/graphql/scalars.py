"""Scalars of our own, and amounts of money."""

from __future__ import annotations

from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from graphql import GraphQLError

BigInt = NewType("BigInt", int)


def _parse_big_int(value: Any) -> BigInt:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise GraphQLError(f"{value!r} is not a whole number of at most 64 bits")
    return BigInt(value)


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of up to 64 bits, as a JSON number. Amounts of money in minor units need the room.",
        serialize=int,
        parse_value=_parse_big_int,
    )
}


@strawberry.type(description="An amount of money.")
class Money:
    amount: BigInt = strawberry.field(description="In minor units of the currency: cents, pence; whole yen.")
    currency: str = strawberry.field(description="The currency's ISO 4217 code, such as EUR.")
