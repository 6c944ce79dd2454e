"""What the store and the metric compiler must know about a record's field beyond its type.

A field is annotated with at most one *role*:

* `Event`: when the record came true. Every record that metrics read by time has exactly one.
* `Lifecycle`: something that happened to it later (solved, paid). As of an earlier day it has not happened, so the compiler
  reads it as null.
* `Planned`: a time that is known in advance (due, renews). It may lie in the future of the day asked about.
* `Undated`: an attribute that the vendor changes without saying when (plan, owner, priority). Its history is that of the
  versions we stored.

* `DatedBy`: an attribute that comes true together with a lifecycle time (won with closed_at), and reads as null before it.

A field without a role never changes, or its change is a correction. `PERSONAL` marks what identifies a person; `MONEY` an
amount in minor units of the record's `currency`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Role:
    """How a field behaves in time."""

    name: str


@dataclass(frozen=True, slots=True)
class DatedBy:
    """The field comes true at the time that the lifecycle field `column` holds."""

    column: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What else must be known of a field."""

    name: str


EVENT = Role("event")
LIFECYCLE = Role("lifecycle")
PLANNED = Role("planned")
UNDATED = Role("undated")
PERSONAL = Mark("personal")
MONEY = Mark("money")

Event = Annotated[datetime, EVENT]
EventDay = Annotated[date, EVENT]
Lifecycle = Annotated[datetime | None, LIFECYCLE]
Planned = Annotated[datetime | None, PLANNED]
