"""Paths into JSON, for tools that send other shapes: `answers.0.number`, `answers.question=nps.value`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def steps(path: str) -> tuple[str, ...]:
    """The steps of a path. Raises ValueError for one that can't lead anywhere."""
    found = tuple(path.split("."))
    if not all(step and not step.startswith("=") for step in found):
        raise ValueError(f"{path!r} is not a path; write names and places with points between, such as answers.0.number")
    return found


def follow(value: Any, path: str) -> Any:
    """What is at a path, or None where there is nothing.

    A step is the name of a key; in a list, the place from 0 on, or NAME=VALUE for the first object whose NAME is VALUE.
    """
    for step in steps(path):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and "=" in step:
            name, _, wanted = step.partition("=")
            value = next((each for each in value if isinstance(each, Mapping) and _text(each.get(name)) == wanted), None)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, bool | Mapping | list) else str(value)
