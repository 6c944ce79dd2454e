"""What HubSpot's search finds: filters in groups, and the one property that it sorts by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from accountpulse.testing.vendors.control import Json, Stored

CEILING = 10_000
GROUPS, FILTERS = 5, 10
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


def found_by(rows: Sequence[Stored], groups: Sequence[Json]) -> list[Stored]:
    """The rows that meet every filter of any group; all where there is none. Raises ValueError as HubSpot answers 400."""
    if len(groups) > GROUPS or any(len(group.get("filters") or ()) > FILTERS for group in groups):
        raise ValueError(f"at most {GROUPS} filterGroups of {FILTERS} filters")
    if not groups:
        return list(rows)
    return [row for row in rows if any(all(_met(row, each) for each in group["filters"]) for group in groups)]


def sorted_by(rows: list[Stored], sorts: Sequence[Json]) -> list[Stored]:
    """The rows by one property, as they are where none is named. Raises ValueError for more."""
    if len(sorts) > 1:
        raise ValueError("only one sort is supported")
    if not sorts:
        return rows
    name = str(sorts[0]["propertyName"])
    found = sorted(rows, key=lambda row: (_comparable(row.body["properties"].get(name)) is not None, _key(row, name)))
    return found[::-1] if sorts[0].get("direction") == "DESCENDING" else found


def _key(row: Stored, name: str) -> Any:
    found = _comparable(row.body["properties"].get(name))
    return (isinstance(found, str), found) if found is not None else (False, 0)


def _met(row: Stored, condition: Json) -> bool:
    stated = row.body["properties"].get(condition.get("propertyName"))
    operator = condition.get("operator")
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return bool((stated not in (None, "")) == (operator == "HAS_PROPERTY"))
    if operator == "IN":
        return str(stated) in (condition.get("values") or ())
    if operator not in _COMPARED:
        raise ValueError(f"{operator} is no operator that this simulation knows")
    if "value" not in condition:
        raise ValueError(f"{operator} needs a value")
    one, other = _comparable(stated), _comparable(condition["value"])
    if one is None or isinstance(one, str) != isinstance(other, str):
        return False
    return _COMPARED[operator](one, other)


def _comparable(value: object) -> int | float | str | None:
    """A number, or a time as milliseconds; a text where it is neither; None where there is nothing."""
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError:
        pass
    try:
        return float(str(value))
    except ValueError:
        pass
    try:
        return round(datetime.fromisoformat(str(value)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return str(value)
