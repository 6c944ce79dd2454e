"""Who looks after an owner's accounts today, as fields of AccountPulse's GraphQL API."""

import csv
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import strawberry

from accountpulse.plugins import hookimpl

VARIABLE = "ACCOUNTPULSE_ABSENCES"


@strawberry.type(description="Who looks after an owner's accounts on a day.")
class Duty:
    owner: str = strawberry.field(description="Whose accounts they are.")
    person: str = strawberry.field(description="Who looks after them: the owner, or a deputy.")
    until: date | None = strawberry.field(description="The last day of it; null for an owner who is there.")


OwnerArg = Annotated[str, strawberry.argument(description="The owner, as accounts name it.")]
DayArg = Annotated[date | None, strawberry.argument(description="The day. Default: today.")]


def duty(owner: OwnerArg, day: DayArg = None) -> Duty:
    """Who looks after the accounts of an owner on a day."""
    on = day or date.today()  # noqa: DTZ011  # an office's day, wherever it is
    for away, first, last, deputy in absences():
        if away == owner and first <= on <= last:
            return Duty(owner=owner, person=deputy, until=last)
    return Duty(owner=owner, person=owner, until=None)


@strawberry.type
class OnDuty:
    """Its fields become fields of Query."""

    on_duty: Duty = strawberry.field(resolver=duty, description="Who looks after the accounts of an owner on a day.")


def absences() -> Iterator[tuple[str, date, date, str]]:
    """Who is away, the first and the last day of it, and who is there instead."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    with Path(path).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["owner"], date.fromisoformat(row["from"]), date.fromisoformat(row["to"]), row["deputy"]


@hookimpl
def register_graphql_types() -> list[type]:
    """What AccountPulse merges into Query."""
    return [OnDuty]
