"""Stripe's list filters, compiled once a call: `created[gte]`, `types[]`, and a resource's own, such as `customer`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from accountpulse.testing.vendors.stripe_defaults import FILTERS

Json = dict[str, Any]
Test = Callable[[Json], bool]

MOST_TYPES = 20
_PAGING = frozenset({"limit", "starting_after", "ending_before"})
_ENDED = ("canceled", "incomplete_expired")
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "created": lambda left, right: left == right,
    "created[gt]": lambda left, right: left > right,
    "created[gte]": lambda left, right: left >= right,
    "created[lt]": lambda left, right: left < right,
    "created[lte]": lambda left, right: left <= right,
}


class UnknownParameter(Exception):
    """A query parameter the resource does not take; `args[0]` is its name."""


def tests(kind: str, query: Iterable[tuple[str, str]], fixed: Mapping[str, str]) -> list[Test]:
    """What an object of `kind` must pass to be listed.

    Raises UnknownParameter, and ValueError for a `created` that is no number.
    """
    found = [_equals(kind, name, value) for name, value in fixed.items()]
    types: set[str] = set()
    status_asked = False
    for name, value in query:
        if name in _PAGING or name.startswith("expand["):
            continue
        if name.startswith("types["):
            types.add(value)
        elif name in _COMPARISONS:
            found.append(_created(name, int(value)))
        elif name not in FILTERS.get(kind, ()):
            raise UnknownParameter(name)
        elif name == "status":
            status_asked = True
            found += _status(value)
        else:
            found.append(_equals(kind, name, value))
    if len(types) > MOST_TYPES:
        raise UnknownParameter("types")
    if types:
        found.append(lambda body: body.get("type") in types)
    if kind == "subscription" and not status_asked:
        found.append(lambda body: body["status"] not in _ENDED)
    return found


def owner(kind: str, name: str, body: Json) -> object:
    """The value a filter called `name` compares with."""
    if name == "subscription" and kind == "invoice":
        details = (body["parent"] or {}).get("subscription_details") or {}
        return details.get("subscription")
    return body.get(name)


def _created(name: str, bound: int) -> Test:
    compare = _COMPARISONS[name]
    return lambda body: compare(int(body.get("created", 0)), bound)


def _status(wanted: str) -> list[Test]:
    if wanted == "all":
        return []
    if wanted == "ended":
        return [lambda body: body["ended_at"] is not None]
    return [lambda body: bool(body["status"] == wanted)]


def _equals(kind: str, name: str, value: str) -> Test:
    if name == "price" and kind == "subscription":
        return lambda body: any(item["price"]["id"] == value for item in body["items"]["data"])

    def same(body: Json) -> bool:
        actual = owner(kind, name, body)
        return str(actual).lower() == value if isinstance(actual, bool) else actual == value

    return same
