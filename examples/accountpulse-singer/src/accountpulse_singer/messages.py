"""The lines that a tap writes to stdout -> Singer messages. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from accountpulse.plugins import ConnectorError

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. A longer line is a tap that went wrong, and must not fill our memory."""

TYPES = frozenset({"SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION", "BATCH"})
Message = dict[str, Any]


class Lines:
    """Cuts what comes from a pipe into lines."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete now. Raises ConnectorError for one without an end."""
        *ended, rest = data.split(b"\n")
        for line in ended:
            yield b"".join((*self._parts, line))
            self._parts, self._size = [], 0
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
        if self._size > LONGEST_LINE:
            raise ConnectorError(f"the tap wrote a line of more than {LONGEST_LINE >> 20} MiB to stdout")

    def rest(self) -> bytes:
        """What stood after the last line's end."""
        return b"".join(self._parts)


def parse(line: bytes) -> Message | None:
    """The message in a line; None for anything else, which taps and their libraries print there by mistake.

    Raises ConnectorError for what was meant to be a message and can't be read: data would be missing.
    """
    stripped = line.strip()
    if not stripped.startswith(b"{"):
        return None
    try:
        found = json.loads(stripped)
    except ValueError:
        if b'"type"' in stripped[:4096]:
            raise ConnectorError("the tap wrote a message to stdout that is not JSON; its output is not complete") from None
        return None
    return found if isinstance(found, dict) and found.get("type") in TYPES else None
