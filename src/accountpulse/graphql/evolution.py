"""How the schema changed since it was delivered: what breaks clients, what may surprise them, and what was announced.

`schema.delivered.graphql` is the schema as clients know it: it is replaced when a version is delivered, with
`accountpulse schema export --output`. `breaking_changes.toml` lists what clients were told, and from which day it holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from graphql.utilities import find_schema_changes

from accountpulse.core.errors import SettingsError
from graphql import BreakingChange, DangerousChange, GraphQLSchema, GraphQLSyntaxError, build_schema

DELIVERED = Path(__file__).with_name("schema.delivered.graphql")
ANNOUNCED = Path(__file__).with_name("breaking_changes.toml")

Danger = Literal["breaking", "dangerous", "safe"]
_ORDER: tuple[Danger, ...] = ("breaking", "dangerous", "safe")


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A change of the schema. danger: `breaking` makes a request fail that worked; `dangerous` may change what a client does.

    kind: such as FIELD_REMOVED. announced: the day from which clients were told that it holds; None where nobody told them.
    """

    danger: Danger
    kind: str
    description: str
    announced: date | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What clients were told of a breaking change: its description as `schema diff` says it, and from which day it holds."""

    change: str
    since: date
    instead: str


def changes(before: str, after: str, announced: Collection[Announcement] = ()) -> list[SchemaChange]:
    """How one schema became another, the worst first; other words are no change. Raises SettingsError for what is no schema."""
    told = {each.change: each.since for each in announced}
    found = [_change(change, told) for change in find_schema_changes(_read(before, "before"), _read(after, "after"))]
    found = [change for change in found if change.kind != "DESCRIPTION_CHANGED"]
    return sorted(found, key=lambda change: (_ORDER.index(change.danger), change.kind, change.description))


def announcements(path: Path = ANNOUNCED) -> list[Announcement]:
    """What clients were told. Raises SettingsError for an entry without its three parts."""
    try:
        entries: list[Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("announced", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path.name}: {error}"]) from error
    found = []
    for number, entry in enumerate(entries, 1):
        if set(entry) != {"change", "since", "instead"} or not isinstance(entry["since"], date):
            raise SettingsError([f"{path.name}, entry {number}: it needs `change`, `since` (a date) and `instead`"])
        found.append(Announcement(str(entry["change"]), entry["since"], str(entry["instead"])))
    return found


def _change(change: object, told: dict[str, date]) -> SchemaChange:
    description: str = change.description  # type: ignore[attr-defined]  # graphql-core's three kinds share no base
    kind: str = change.type.name  # type: ignore[attr-defined]
    if isinstance(change, BreakingChange):
        return SchemaChange("breaking", kind, description, told.get(description))
    return SchemaChange("dangerous" if isinstance(change, DangerousChange) else "safe", kind, description)


def _read(text: str, which: str) -> GraphQLSchema:
    try:
        return build_schema(text)
    except (GraphQLSyntaxError, TypeError) as error:
        raise SettingsError([f"the schema {which} can't be read: {error}"]) from error
