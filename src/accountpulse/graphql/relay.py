"""Relay's conventions: opaque ids, the Node interface, and connections with keyset cursors."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from accountpulse.core.store.paging import Page, PageRequest
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import resolver

DEFAULT_FIRST = 50
MAX_FIRST = 100

N = TypeVar("N")

FirstArg = Annotated[
    int | None, strawberry.argument(description="How many from the start of the list, at most 100. Default: 50.")
]
AfterArg = Annotated[
    str | None, strawberry.argument(description="Only what comes after this cursor: the `endCursor` of the page before.")
]
LastArg = Annotated[int | None, strawberry.argument(description="How many from the end of the list, at most 100.")]
BeforeArg = Annotated[
    str | None, strawberry.argument(description="Only what comes before this cursor: the `startCursor` of the page behind.")
]


@strawberry.interface(description="Anything that can be fetched again by its id, with `node(id:)`.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Opaque, stable, and unique over all types. Keep it as it is; don't take it apart."
    )


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="There are more after this page.")
    has_previous_page: bool = strawberry.field(description="There are some before this page.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor: give it as `before` to go back.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor: give it as `after` to go on.")


@strawberry.type(description="One row of a page, with its cursor.")
class Edge(Generic[N]):
    cursor: str = strawberry.field(description="Where this row is in the list.")
    node: N = strawberry.field(description="The row itself.")


@strawberry.type(description="One page of a list. Ask for `nodes` for the rows, or `edges` for rows with cursors.")
class Connection(Generic[N]):
    nodes: list[N] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    counter: strawberry.Private[Callable[[], Awaitable[int]]]
    cursor_of: strawberry.Private[Callable[[int], str]]

    @resolver("The rows with their cursors.")
    def edges(self) -> list[Edge[N]]:
        return [Edge(cursor=self.cursor_of(i), node=node) for i, node in enumerate(self.nodes)]

    @resolver("How many rows the whole list has. Counted only when asked for; it costs a query of its own.")
    async def total_count(self) -> int:
        return await self.counter()


# --- ids ----------------------------------------------------------------------------------------------------------------


def global_id(type_name: str, key: int | str) -> strawberry.ID:
    """The opaque id of something of a type."""
    return strawberry.ID(_encode(f"{type_name}:{key}"))


def parse_id(id: str) -> tuple[str, str]:
    """The type and key of an id. Raises BadInput for what is none."""
    text = _decode(id)
    type_name, colon, key = (text or "").partition(":")
    if not colon or not type_name.isidentifier() or not key:
        raise BadInput(f"{_shorten(id)} is not an id of AccountPulse; use an `id` that an earlier answer gave")
    return type_name, key


def number_of(id: str, type_name: str) -> int:
    """The number in an id of one type. Raises BadInput for an id of another type."""
    found, key = parse_id(id)
    if found != type_name:
        raise BadInput(f"{_shorten(id)} is the id of a {found}; an id of type {type_name} is needed here")
    return row_number(id, key)


def row_number(id: str, key: str) -> int:
    """A key that must be a row's number: up to 2,147,483,647, as the store counts."""
    if not (key.isascii() and key.isdigit() and len(key) <= 10 and int(key) < 2**31):
        raise BadInput(f"{_shorten(id)} is not an id of AccountPulse; use an `id` that an earlier answer gave")
    return int(key)


# --- cursors ------------------------------------------------------------------------------------------------------------

_PARSERS: dict[type, Callable[[Any], Any]] = {
    str: str,
    int: int,
    float: float,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}
_JSON_TYPES: dict[type, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), datetime: (str,), date: (str,)}


class Cursors:
    """Makes and reads the cursors of one ordering. `kinds`: its columns' Python types; `name`: says which ordering it is."""

    def __init__(self, name: str, kinds: Sequence[type]) -> None:
        self._name = name
        self._kinds = tuple(kinds)

    def encode(self, values: Sequence[Any]) -> str:
        """The cursor of a row."""
        plain = [v.isoformat() if isinstance(v, date) else v for v in values]
        return _encode(json.dumps([self._name, *plain], separators=(",", ":")))

    def decode(self, cursor: str) -> list[Any]:
        """The values in a cursor. Raises BadInput for one that was made up, or that belongs to another ordering."""
        try:
            name, *values = json.loads(_decode(cursor) or "")
            if name != self._name:
                raise BadInput(f"the cursor {_shorten(cursor)} is from a list in another order; begin again without a cursor")
            return [self._value(value, kind) for value, kind in zip(values, self._kinds, strict=True)]
        except (ValueError, TypeError, RecursionError) as error:
            raise BadInput(f"{_shorten(cursor)} is not a cursor; use one that an earlier page gave") from error

    @staticmethod
    def _value(value: Any, kind: type) -> Any:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, _JSON_TYPES[kind]):
            raise ValueError(value)
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(value)
        parsed = _PARSERS[kind](value)
        if isinstance(parsed, datetime) and parsed.tzinfo is None:
            raise ValueError(value)
        return parsed


def between(name: str, value: int, most: int, least: int = 1) -> int:
    """The value of an argument. Raises BadInput for one that is too small or too large."""
    if not least <= value <= most:
        raise BadInput(f"{name} is {value}; it must be between {least} and {most}")
    return value


def first_of(most: int) -> Callable[[int], int]:
    """What checks `first` of a list that has no pages."""

    def check(first: int) -> int:
        return between("first", first, most)

    return check


MOST_LISTED = 500
LISTED = 100
listed = first_of(MOST_LISTED)
ListedArg = Annotated[int, strawberry.argument(description=f"How many at most: 1 to {MOST_LISTED}.")]
"""`first` of a list that is short nearly always, so that it has no pages, and has no bound either."""


def page_check(cursors: Cursors) -> Callable[..., PageRequest]:
    """What checks the arguments of a list whose order is always the same."""

    def check(
        first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
    ) -> PageRequest:
        return page_request(cursors, first=first, after=after, last=last, before=before)

    return check


def page_request(
    cursors: Cursors, *, first: int | None, after: str | None, last: int | None, before: str | None
) -> PageRequest:
    """The page that Relay's four arguments ask for. Raises BadInput when they contradict each other."""
    if first is not None and last is not None:
        raise BadInput("give first or last, not both")
    for name, size in (("first", first), ("last", last)):
        if size is not None:
            between(name, size, MAX_FIRST)
    return PageRequest(
        limit=last or first or DEFAULT_FIRST,
        after=None if after is None else cursors.decode(after),
        before=None if before is None else cursors.decode(before),
        backward=last is not None,
    )


def connection_of(
    nodes: list[N], page: Page, request: PageRequest, cursors: Cursors, counter: Callable[[], Awaitable[int]]
) -> Connection[N]:
    """A page of rows as a Relay connection."""
    keys = page.keys
    info = PageInfo(
        has_next_page=request.before is not None if request.backward else page.more,
        has_previous_page=page.more if request.backward else request.after is not None,
        start_cursor=cursors.encode(keys[0]) if keys else None,
        end_cursor=cursors.encode(keys[-1]) if keys else None,
    )
    return Connection(nodes=nodes, page_info=info, counter=counter, cursor_of=lambda i: cursors.encode(keys[i]))


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _encode(text: str) -> str:
    # As `base64.urlsafe_b64encode` does, in half the time: each row of a list has an id.
    return binascii.b2a_base64(text.encode(), newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


def _decode(text: str) -> str | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
