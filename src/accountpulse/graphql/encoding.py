"""Answers as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from typing import Any, Final

import orjson


class Encoded:
    """A part of an answer that is JSON already."""

    __slots__ = ("json",)

    def __init__(self, json: bytes) -> None:
        self.json = json


encoded_part: Final[Callable[[Any], bytes]] = orjson.dumps
"""JSON of a part. Raises TypeError for what only the whole answer can be encoded with."""


def encode(data: object) -> bytes:
    """JSON in UTF-8. A number in free-form data that is not finite becomes null."""
    try:
        return orjson.dumps(data, default=_fragment)
    except TypeError:
        # Free-form data may hold what orjson refuses and JSON allows: whole numbers beyond 64 bits, half of a surrogate pair.
        return json.dumps(_plain(data)).encode()


def _fragment(value: object) -> orjson.Fragment:
    if isinstance(value, Encoded):
        return orjson.Fragment(value.json)
    raise TypeError


def _plain(data: Any) -> Any:
    if isinstance(data, Encoded):
        return json.loads(data.json)
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, datetime):
        return data.isoformat()
    return None if isinstance(data, float) and not isfinite(data) else data
