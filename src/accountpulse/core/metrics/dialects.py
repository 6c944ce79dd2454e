"""What differs between the engines that metrics run on: how times are kept, and a handful of functions.

A further engine is a subclass: SQLGlot writes everything else.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa

from accountpulse.core.errors import MetricError
from accountpulse.core.store.types import to_epoch_day, to_micros


class Dialect(ABC):
    """One engine. Methods that take SQL return SQL; `instant`, `day` and `ids` make bound values.

    name: as SQLAlchemy calls it. sqlglot: as SQLGlot does.
    """

    name: ClassVar[str]
    sqlglot: ClassVar[str]
    double: ClassVar[str] = "double precision"

    def prepare(self, connection: sa.Connection) -> None:  # noqa: B027  # most engines need nothing
        """Set up the transaction that metrics are about to run in."""

    @abstractmethod
    def instant(self, at: datetime) -> object:
        """An instant as a bound value."""

    @abstractmethod
    def day(self, day: date) -> object:
        """A calendar day as a bound value."""

    @abstractmethod
    def ids(self, ids: Sequence[int]) -> object:
        """Any number of account ids as *one* bound value, so that the text stays the same."""

    @abstractmethod
    def among(self, column: str, parameter: str) -> str:
        """The condition that a column is one of the ids bound to `parameter`."""

    @abstractmethod
    def texts(self, values: Sequence[str]) -> object:
        """Any number of texts as one bound value."""

    @abstractmethod
    def among_texts(self, value: str, parameter: str) -> str:
        """The condition that a text is one of those bound to `parameter`."""

    @abstractmethod
    def instant_number(self, value: str) -> str:
        """An instant as whole microseconds since 1970 UTC."""

    @abstractmethod
    def day_number(self, value: str) -> str:
        """A calendar day as days since 1970-01-01."""

    @abstractmethod
    def hours(self, begin: str, end: str) -> str:
        """The hours from one instant to another, with fractions."""

    @abstractmethod
    def days(self, begin: str, end: str) -> str:
        """The whole days from one calendar day to another."""

    @abstractmethod
    def round(self, value: str) -> str:
        """A floating-point number rounded to a whole one, halves away from zero."""

    @abstractmethod
    def first_item(self, items: str) -> str:
        """The first text in a JSON array, or null."""

    @abstractmethod
    def json_by_number(self, number: str, value: str) -> str:
        """Aggregate JSON values to one JSON text, an object with the numbers as its keys."""

    @abstractmethod
    def binary(self, text: str) -> str:
        """Text that compares by its bytes, whatever the database's collation."""

    def number(self, value: str) -> str:
        """A floating-point number."""
        return f"cast({value} as {self.double})"


class SQLite(Dialect):
    """Instants are integers (microseconds), days are integers, booleans are 0 and 1."""

    name = "sqlite"
    sqlglot = "sqlite"
    double = "real"

    def instant(self, at: datetime) -> int:
        return to_micros(at)

    def day(self, day: date) -> int:
        return to_epoch_day(day)

    def ids(self, ids: Sequence[int]) -> str:
        return json.dumps([int(i) for i in ids])

    def among(self, column: str, parameter: str) -> str:
        return f"{column} in (select value from json_each(:{parameter}))"  # noqa: S608  # names of ours

    def texts(self, values: Sequence[str]) -> str:
        return json.dumps(list(values))

    def among_texts(self, value: str, parameter: str) -> str:
        return f"({value} in (select value from json_each(:{parameter})))"  # noqa: S608  # names of ours

    def instant_number(self, value: str) -> str:
        return value

    def day_number(self, value: str) -> str:
        return value

    def hours(self, begin: str, end: str) -> str:
        return f"(({end} - {begin}) / 3600000000.0)"

    def days(self, begin: str, end: str) -> str:
        return f"({end} - {begin})"

    def round(self, value: str) -> str:
        return f"round({value})"

    def first_item(self, items: str) -> str:
        return f"json_extract({items}, '$[0]')"

    def json_by_number(self, number: str, value: str) -> str:
        return f"json_group_object({number}, json({value}))"

    def binary(self, text: str) -> str:
        return text


class PostgreSQL(Dialect):
    """Native times. `avg` and `sum` of integers are numeric, so every result is cast at the end."""

    name = "postgresql"
    sqlglot = "postgres"

    def prepare(self, connection: sa.Connection) -> None:
        connection.execute(sa.text("set local jit = off"))

    def instant(self, at: datetime) -> datetime:
        return at

    def day(self, day: date) -> date:
        return day

    def ids(self, ids: Sequence[int]) -> list[int]:
        return [int(i) for i in ids]

    def among(self, column: str, parameter: str) -> str:
        return f"{column} = any(cast(:{parameter} as bigint[]))"

    def texts(self, values: Sequence[str]) -> list[str]:
        return list(values)

    def among_texts(self, value: str, parameter: str) -> str:
        return f"({value} = any(cast(:{parameter} as text[])))"

    def instant_number(self, value: str) -> str:
        return f"cast(extract(epoch from {value}) * 1000000 as bigint)"

    def day_number(self, value: str) -> str:
        return f"({value} - date '1970-01-01')"

    def hours(self, begin: str, end: str) -> str:
        return f"(cast(extract(epoch from {end} - {begin}) as double precision) / 3600)"

    def days(self, begin: str, end: str) -> str:
        return f"({end} - {begin})"

    def round(self, value: str) -> str:
        return f"(sign({value}) * floor(abs({value}) + 0.5))"

    def first_item(self, items: str) -> str:
        return f"({items} ->> 0)"

    def json_by_number(self, number: str, value: str) -> str:
        return f"cast(jsonb_object_agg({number}, {value}) as text)"

    def binary(self, text: str) -> str:
        return f'{text} collate "C"'


DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (SQLite(), PostgreSQL())}


def dialect_of(connection: sa.Connection) -> Dialect:
    """The dialect of a connection. Raises MetricError for an engine that metrics have never run on."""
    try:
        return DIALECTS[connection.dialect.name]
    except KeyError:
        raise MetricError(f"metrics can't run on {connection.dialect.name!r}; they run on {', '.join(DIALECTS)}") from None


def quoted(name: str) -> str:
    """A column's name, safe even where it is a keyword (`user`, `at`, `day`)."""
    return '"' + name.replace('"', '""') + '"'
