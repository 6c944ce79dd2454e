"""Where a read begins and how far it may claim to have come: the only arithmetic on cursors there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import ConnectorError
from accountpulse.core.sync.connector import Checkpoint, OpaqueCursor, StreamSpec, TimeCursor, Window
from accountpulse.core.sync.rows import storable


def window_of(spec: StreamSpec, state: sa.Row[Any], now: datetime) -> Window:
    """What to ask a stream for, from its stored state. A snapshot is always asked for everything."""
    until = now - spec.lag
    since: datetime | None = None
    if spec.cursor is not None and spec.deletes != "snapshot" and state.position is not None:
        # A clock that stepped back must not ask for a window that ends before it begins.
        since = min(state.position, until) - spec.look_back
    return Window(since=since, until=until, cursor=state.cursor if isinstance(spec.cursor, OpaqueCursor) else None)


def advance(spec: StreamSpec, checkpoint: Checkpoint, window: Window) -> dict[str, Any]:
    """The columns of a stream's state that a checkpoint sets. A time position never passes the window's end.

    Raises ConnectorError for a cursor of the wrong kind.
    """
    if isinstance(spec.cursor, TimeCursor):
        position = checkpoint.cursor
        if not isinstance(position, datetime) or position.utcoffset() is None:
            raise ConnectorError(
                f"stream {spec.name} has a TimeCursor, so its checkpoints must be aware datetimes, "
                f"found {type(position).__name__}"
            )
        capped = min(position, window.until)
        # While re-reading the look-back, older positions pass by; what is behind us stays behind us.
        floor = window.since + spec.look_back if window.since is not None else capped
        return {"position": max(capped, floor)}
    if spec.cursor is None:
        return {}
    if not _comes_back_as_it_is(checkpoint.cursor):
        raise ConnectorError(
            f"stream {spec.name} yielded a checkpoint that does not come back from JSON as it is "
            f"({type(checkpoint.cursor).__name__}); allowed are null, true, false, numbers, texts, lists and dicts by text"
        )
    return {"cursor": checkpoint.cursor}


def _comes_back_as_it_is(cursor: object) -> bool:
    try:
        same = json.loads(json.dumps(cursor, allow_nan=False)) == cursor
    except (TypeError, ValueError):
        return False
    return same and all(map(storable, _texts(cursor)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
