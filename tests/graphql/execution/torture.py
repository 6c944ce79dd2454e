"""A schema with everything that completing a value has to deal with, over data with everything that can be wrong with it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, StrEnum
from typing import Any, NewType, Union

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from accountpulse.graphql import scalars
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.execution.marks import NOT_READY, ready_with, written_as


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Drift(Enum):
    """Another enum, with a value that Colour has."""

    RED = "red"
    BLUE = "blue"


class Text(str):
    """Text of a class of its own."""


class Money:
    """Completes as text: it can say itself."""

    def __str__(self) -> str:
        return "12.50"


class Chameleon:
    """Answers any attribute; some say that they can be awaited, and can't."""

    def __init__(self, *, awaitable: bool = False) -> None:
        self.__dict__["awaitable"] = awaitable

    def __repr__(self) -> str:
        return "a chameleon"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and not (name == "__await__" and self.__dict__["awaitable"]):
            raise AttributeError(name)
        return name


@strawberry.enum
class Tone(StrEnum):
    """An enum whose members equal text."""

    HIGH = "high"


Odd = NewType("Odd", int)
MOMENTS = (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(999, 1, 2, microsecond=60, tzinfo=UTC))
SCALARS: dict[object, ScalarDefinition] = {
    **scalars.SCALARS,
    Odd: strawberry.scalar(name="Odd", serialize=lambda value: value if value % 2 else None, parse_value=int),
}


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Leafs:
    text: str
    text_or_none: str | None
    number: int
    number_or_none: int | None
    share: float
    share_or_none: float | None
    flag: bool
    flag_or_none: bool | None
    key: strawberry.ID
    colour: Colour
    colour_or_none: Colour | None
    day: date
    day_or_none: date | None
    moment: datetime
    moment_or_none: datetime | None
    anything: JSON | None
    words: list[str]
    words_or_none: list[str | None] | None
    grid: list[list[int | None]]
    colours: list[Colour]
    tone: Tone | None
    odd: Odd | None


def _shout(self: Thing) -> str:
    return self.row["shout"]  # type: ignore[no-any-return]


def _later(self: Thing) -> Any:
    return self.row.get("ready", NOT_READY)


async def _readied(self: Thing) -> list[Leafs]:
    await asyncio.sleep(0)
    found = self.row.get("ready", NOT_READY)
    return self.row["fetched"] if found is NOT_READY else found  # type: ignore[no-any-return]


@strawberry.type
class Thing(Named):
    leafs: Leafs
    leafs_or_none: Leafs | None
    things: list[Thing]
    things_or_none: list[Thing | None] | None
    other: Named | None
    either: Union[Thing, Gadget, None]  # noqa: UP007  # Strawberry makes a union of this form only
    shout: str = strawberry.field(resolver=written_as(_shout, "s.row['shout']"))
    readied: list[Leafs] = strawberry.field(resolver=ready_with(_readied, _later))
    row: strawberry.Private[dict[str, Any]]

    @strawberry.field
    def whisper(self) -> str | None:
        return self.row["whisper"]  # type: ignore[no-any-return]

    @strawberry.field
    def asked(self, info: strawberry.Info, times: int = 1) -> str:
        if times < 0:
            raise BadInput("not below zero")
        return "x" * times

    @strawberry.field
    async def awaited(self, info: strawberry.Info) -> Leafs | None:
        await asyncio.sleep(0)
        return self.row["awaited"]  # type: ignore[no-any-return]

    @strawberry.field
    async def loaded(self, info: strawberry.Info) -> list[Thing]:
        return await info.context["loader"].load(id(self)) or self.things[:1]

    @strawberry.field
    def broken(self) -> int | None:
        raise ZeroDivisionError("broken")


@strawberry.type
class Gadget(Named):
    size: float | None
    thing: Thing | None


@strawberry.type
class Query:
    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing:
        return info.context["data"]  # type: ignore[no-any-return]

    @strawberry.field
    async def things(self, info: strawberry.Info, first: int = 3) -> list[Thing] | None:
        await asyncio.sleep(0)
        return [info.context["data"]] * first

    @strawberry.field
    def named(self, info: strawberry.Info) -> Named | None:
        return info.context["data"].other  # type: ignore[no-any-return]


def schema() -> strawberry.Schema:
    return strawberry.Schema(Query, types=[Thing, Gadget], config=StrawberryConfig(scalar_map=SCALARS))


class Asked(dict[str, Any]):
    """What a query is executed with. as_json: whether its answer is sent."""

    as_json = False


def context(data: Thing) -> Asked:
    """The data, and a loader."""

    async def load(keys: list[int]) -> list[Any]:
        return [None for _ in keys]

    return Asked(data=data, loader=DataLoader(load_fn=load))


class Many:
    """No list, but it can be gone through, as often as one likes."""

    def __iter__(self) -> Iterator[int]:
        return iter([1])

    def __repr__(self) -> str:
        return "many"


class Awaitable:
    """A value that has to be waited for, as often as one likes."""

    def __repr__(self) -> str:
        return "an awaitable"

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return "awaited"


HOSTILE: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: strawberry.UNSET,
    lambda: "text",
    lambda: Text("text"),
    Money,
    lambda: 2**31,
    lambda: 2**80,
    lambda: True,
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: -1.5,
    lambda: 3.0,
    lambda: b"bytes",
    list,
    lambda: ["a", None],
    lambda: ("a",),
    lambda: {"name": "a"},
    lambda: {1, 2},
    lambda: range(2),
    lambda: Drift.RED,
    lambda: Drift.BLUE,
    lambda: Colour.GREEN,
    lambda: "red",
    lambda: ValueError("a value that is an exception"),
    lambda: BadInput("a value that is an error"),
    lambda: ImportError("with a name", name="module"),
    object,
    lambda: Gadget(name="stray", size=None, thing=None),
    lambda: date(2026, 2, 3),
    lambda: datetime(2026, 2, 3),
    lambda: datetime(2026, 2, 3, tzinfo=timezone(timedelta(hours=5, minutes=30, seconds=7))),
    Chameleon,
    lambda: Chameleon(awaitable=True),
    lambda: Odd(2),
    lambda: "high",
    lambda: Tone.HIGH,
    Awaitable,
    lambda: 10**400,
    Many,
    frozenset,
)
"""Makes values that no field expects, or only some do."""


class Data:
    """Makes data. hostile: the share of values that are not what the schema promises."""

    def __init__(self, seed: int, hostile: float) -> None:
        self._random, self._hostile = random.Random(seed), hostile

    def thing(self, depth: int = 0) -> Any:
        r = self._random
        kids = 0 if depth > 1 else r.randint(0, 2)
        row: dict[str, Any] = {
            "shout": self._of("AH"),
            "whisper": self._of("sh"),
            "awaited": self._of(self.leafs()),
            "fetched": [self.leafs()],
        }
        if r.random() < 0.5:
            row["ready"] = self._of([self.leafs() for _ in range(r.randint(0, 2))])
        thing = Thing(
            name=self._of("n"),
            leafs=self._of(self.leafs()),
            leafs_or_none=self._of(r.choice([None, self.leafs()])),
            things=self._of([self.thing(depth + 1) for _ in range(kids)]),
            things_or_none=self._of([r.choice([None, self.thing(depth + 1)]) for _ in range(kids)]),
            other=self._of(self._named(depth)),
            either=self._of(self._named(depth)),
            row=row,
        )
        return self._of(thing) if depth else thing

    def _named(self, depth: int) -> Any:
        if depth > 1 or self._random.random() < 0.5:
            return Gadget(name="g", size=self._of(1.5), thing=None)
        return self.thing(depth + 1)

    def leafs(self) -> Leafs:
        r = self._random
        return Leafs(
            text=self._of(r.choice(["a", "é\n", ""])),
            text_or_none=self._of(r.choice([None, "b"])),
            number=self._of(r.choice([0, -1, 2**31 - 1])),
            number_or_none=self._of(r.choice([None, 7])),
            share=self._of(r.choice([0.5, 3, -0.0])),
            share_or_none=self._of(r.choice([None, 1e300])),
            flag=self._of(r.choice([True, False])),
            flag_or_none=self._of(r.choice([None, True])),
            key=self._of("id"),
            colour=self._of(r.choice(list(Colour))),
            colour_or_none=self._of(r.choice([None, Colour.RED])),
            day=self._of(date(2026, 1, 2)),
            day_or_none=self._of(r.choice([None, date(2026, 1, 2)])),
            moment=self._of(r.choice(MOMENTS)),
            moment_or_none=self._of(r.choice([None, *MOMENTS])),
            anything=self._of({"a": [1, None]}),
            words=self._of([self._of("w") for _ in range(r.randint(0, 3))]),
            words_or_none=self._of(r.choice([None, ("x", None), [self._of("y")]])),
            grid=self._of([self._of([1, self._of(2)]), []]),
            colours=self._of([self._of(Colour.GREEN), Colour.RED]),
            tone=self._of(Tone.HIGH),
            odd=self._of(Odd(3)),
        )

    def _of(self, value: Any) -> Any:
        if self._random.random() >= self._hostile:
            return value
        return self._random.choice(HOSTILE)()
