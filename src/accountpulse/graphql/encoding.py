"""Answers as JSON."""

from __future__ import annotations

import json

import orjson


def encode(data: object) -> bytes:
    """JSON in UTF-8. A number in free-form data that is not finite becomes null."""
    try:
        return orjson.dumps(data)
    except TypeError:
        # Free-form data may hold what orjson refuses and JSON allows: whole numbers beyond 64 bits, half of a surrogate pair.
        return json.dumps(data).encode()
