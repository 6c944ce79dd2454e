"""The questions that are asked of PostHog, in HogQL. Pure.

Nothing that a person wrote stands in a question's text: values are bound by name, and the only thing that varies is which of
five columns holds the group. Pages go on behind the last row's key, because PostHog refuses OFFSET to keys of the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accountpulse.plugins import ConfigError

PAGE = 10_000  # rows; less than every limit that PostHog has had
LONGEST = 86_400  # seconds that one event may have lasted; as for Segment's events, more is a mistake
GROUPS = ("$group_0", "$group_1", "$group_2", "$group_3", "$group_4")  # a project has five group types at most


@dataclass(frozen=True, slots=True)
class Question:
    """A query, the values bound in it, and the names of the columns that an answer must have."""

    text: str
    values: Mapping[str, Any]
    columns: tuple[str, ...]


def group_column(index: object) -> str:
    """The column of events that holds the group of a type. Raises ConfigError."""
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(GROUPS):
        raise ConfigError("group_type", f"PostHog gives it the number {index!r}, and there are only 0 to {len(GROUPS) - 1}")
    return GROUPS[index]


def first_event(column: str, since: int) -> Question:
    """How many events of groups there are since an instant, and when the first of them was, in seconds since 1970."""
    return Question(
        f"SELECT count() AS events, toUnixTimestamp(min(timestamp)) AS first FROM events "  # noqa: S608  # `column` is one of GROUPS
        f"WHERE {column} != '' AND timestamp >= fromUnixTimestamp({{start}})",
        {"start": since},
        ("events", "first"),
    )


def usage(
    column: str,
    start: int,
    end: int,
    *,
    after: Sequence[str] | None,
    key_events: Sequence[str] | None,
    ignored_events: Sequence[str],
    duration_property: str | None,
) -> Question:
    """How often each user of each group sent each event within [start, end), and for how many seconds.

    Bounds are seconds since 1970, so that no time zone has a say. after: the key of the last row read, (group, user, event).
    """
    values: dict[str, Any] = {"start": start, "end": end}
    where = [f"{column} != ''", "timestamp >= fromUnixTimestamp({start})", "timestamp < fromUnixTimestamp({end})"]
    if key_events is not None:
        where.append("event IN {key_events}")
        values["key_events"] = list(key_events)
    if ignored_events:
        where.append("event NOT IN {ignored_events}")
        values["ignored_events"] = list(ignored_events)
    seconds = "0"
    if duration_property is not None:
        lasted = "JSONExtractFloat(properties, {duration})"
        seconds = f"sumIf({lasted}, {lasted} >= 0 AND {lasted} <= {LONGEST})"
        values["duration"] = duration_property
    if after is not None:
        values |= dict(zip(("group", "user", "event"), after, strict=True))
        where.append(
            f"({column} > {{group}} OR ({column} = {{group}} AND "
            "(distinct_id > {user} OR (distinct_id = {user} AND event > {event}))))"
        )
    return Question(
        f"SELECT {column} AS group_key, distinct_id AS user_key, event AS event_name, count() AS uses, {seconds} AS seconds "  # noqa: S608  # no value is in it
        f"FROM events WHERE {' AND '.join(where)} GROUP BY group_key, user_key, event_name "
        f"ORDER BY group_key, user_key, event_name LIMIT {PAGE}",
        values,
        ("group_key", "user_key", "event_name", "uses", "seconds"),
    )


def groups(index: int, after: str | None) -> Question:
    """The groups of a type, with their properties."""
    values: dict[str, Any] = {"index": index}
    where = "index = {index}"
    if after is not None:
        where += " AND key > {after}"
        values["after"] = after
    return Question(
        "SELECT key AS group_key, properties AS traits, toUnixTimestamp(created_at) AS created "  # noqa: S608  # no value is in it
        f"FROM groups WHERE {where} ORDER BY group_key LIMIT {PAGE}",
        values,
        ("group_key", "traits", "created"),
    )
