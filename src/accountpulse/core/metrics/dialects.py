"""What differs between the engines that metrics run on: how times are kept, and a handful of functions.

A further engine is a subclass of `Dialect`, and something that runs its texts: see `engine` and docs/engines.md.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

import orjson
import sqlalchemy as sa
import sqlglot

from accountpulse.core.errors import MetricError
from accountpulse.core.store.types import to_epoch_day, to_micros

BITS = 120
"""So many different values can be bits of one number, see `Dialect.bits`."""


class Dialect(ABC):
    """One engine. Methods that take SQL return SQL; `instant`, `day`, `ids` and `texts` make bound values.

    What is abstract is all that an engine with native times and arrays must say. name: as SQLAlchemy calls it, where it is a
    store. seeks: whether it finds single rows by an index; where not, everything is written as joins of whole tables. plans:
    whether it chooses the order of joins by what they cost; where not, it is told to read a table in its own order when no
    index fits a window, instead of by account. apart: put before a pass so that it is worked out once, by itself, where an
    engine that took it for a single row would work it out again for each account. begin: a statement to run first in a
    transaction. first: the aggregate over `{value}` and `{place}` that gives the value of the lowest place that has one.
    median: the aggregate that takes the middle, between two values if need be. Where an engine has neither, windows say the
    same, slower. gathers: whether a pass over a table costs so much before its first row that as many aggregates as can share
    one; then `median` is needed, and `last`, the aggregate of `{value}` in the row with the greatest `{columns}` of those that
    meet `{condition}`. distinct, largest_text: the aggregates of `{value}` so called, where others go better with the rest of a
    pass. bits: whether different values are less work to count as bits of one number than by `distinct`, where they are few;
    then `place_among` and `places` are needed. translate_to: the SQLGlot dialect that finished queries are
    translated to, where the engine spells types, quotes or functions in its own way.
    """

    name: ClassVar[str]
    double: ClassVar[str] = "double precision"
    seeks: ClassVar[bool] = True
    plans: ClassVar[bool] = True
    apart: ClassVar[str] = ""
    begin: ClassVar[str] = ""
    first: ClassVar[str] = ""
    median: ClassVar[str] = ""
    gathers: ClassVar[bool] = False
    last: ClassVar[str] = ""
    distinct: ClassVar[str] = "count(distinct {value})"
    largest_text: ClassVar[str] = "max({value})"
    bits: ClassVar[bool] = False
    translate_to: ClassVar[str] = ""

    def finished(self, query: str) -> str:
        """A whole query as the engine reads it."""
        return sqlglot.transpile(query, read="duckdb", write=self.translate_to)[0] if self.translate_to else query

    # --- bound values ---

    def instant(self, at: datetime) -> object:
        """An instant."""
        return at

    def day(self, day: date) -> object:
        """A calendar day."""
        return day

    def ids(self, ids: Sequence[int]) -> object:
        """Any number of account ids as *one* value, so that the text stays the same."""
        return [int(i) for i in ids]

    def texts(self, values: Sequence[str]) -> object:
        """Any number of texts as one value."""
        return list(values)

    # --- SQL ---

    @abstractmethod
    def among(self, column: str, parameter: str) -> str:
        """The condition that a column is one of the ids bound to `parameter`."""

    @abstractmethod
    def among_texts(self, value: str, parameter: str) -> str:
        """The condition that a text is one of those bound to `parameter`."""

    def place_among(self, value: str, parameter: str) -> str:
        """The place of a text, from 0 on, among those bound to `parameter`, where it is one of them; null for null."""
        raise NotImplementedError(f"{self.name} counts by bits and does not say which")

    def places(self, place: str, most: int) -> str:
        """The aggregate that says how many different places there are, numbers from 0 and below `most`, at most `BITS`."""
        raise NotImplementedError(f"{self.name} counts by bits and does not say how")

    @abstractmethod
    def instant_number(self, value: str) -> str:
        """An instant as whole microseconds since 1970 UTC."""

    @abstractmethod
    def hours(self, begin: str, end: str) -> str:
        """The hours from one instant to another, with fractions."""

    @abstractmethod
    def first_item(self, items: str) -> str:
        """The first text in a JSON array, or null."""

    @abstractmethod
    def json_by_number(self, number: str, value: str) -> str:
        """Aggregate JSON values to one JSON text, an object with the numbers as its keys."""

    def day_number(self, value: str) -> str:
        """A calendar day as days since 1970-01-01."""
        return f"({value} - date '1970-01-01')"

    def days(self, begin: str, end: str) -> str:
        """The whole days from one calendar day to another."""
        return f"({end} - {begin})"

    def round(self, value: str) -> str:
        """A floating-point number rounded to a whole one, halves away from zero."""
        return f"round({value})"

    def binary(self, text: str) -> str:
        """Text that compares by its bytes, whatever the database's collation."""
        return text

    def number(self, value: str) -> str:
        """A floating-point number."""
        return f"cast({value} as {self.double})"


class SQLite(Dialect):
    """Instants are integers (microseconds), days are integers, booleans are 0 and 1."""

    name = "sqlite"
    double = "real"
    plans = False

    def instant(self, at: datetime) -> int:
        return to_micros(at)

    def day(self, day: date) -> int:
        return to_epoch_day(day)

    def ids(self, ids: Sequence[int]) -> str:
        return orjson.dumps([int(i) for i in ids]).decode()

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

    def first_item(self, items: str) -> str:
        return f"json_extract({items}, '$[0]')"

    def json_by_number(self, number: str, value: str) -> str:
        return f"json_group_object({number}, json({value}))"


class PostgreSQL(Dialect):
    """Native times. `avg` and `sum` of integers are numeric, so every result is cast at the end."""

    name = "postgresql"
    apart = "materialized "
    begin = "set local jit = off"

    def among(self, column: str, parameter: str) -> str:
        return f"{column} = any(cast(:{parameter} as bigint[]))"

    def among_texts(self, value: str, parameter: str) -> str:
        return f"({value} = any(cast(:{parameter} as text[])))"

    def instant_number(self, value: str) -> str:
        return f"cast(extract(epoch from {value}) * 1000000 as bigint)"

    def hours(self, begin: str, end: str) -> str:
        return f"(cast(extract(epoch from {end} - {begin}) as double precision) / 3600)"

    def round(self, value: str) -> str:
        return f"(sign({value}) * floor(abs({value}) + 0.5))"

    def first_item(self, items: str) -> str:
        return f"({items} ->> 0)"

    def json_by_number(self, number: str, value: str) -> str:
        return f"cast(jsonb_object_agg({number}, {value}) as text)"

    def binary(self, text: str) -> str:
        return f'{text} collate "C"'


class DuckDB(Dialect):
    """Native times, over files that have no index. A sum of integers is wider than they are, so every result is cast."""

    name = "duckdb"
    double = "double"
    seeks = False
    first = "arg_min({value}, {place})"
    median = "median"
    bits = True

    def among(self, column: str, parameter: str) -> str:
        return f"{column} in (select unnest(cast(:{parameter} as bigint[])))"  # names of ours

    def among_texts(self, value: str, parameter: str) -> str:
        return f"({value} = any(cast(:{parameter} as text[])))"

    def place_among(self, value: str, parameter: str) -> str:
        return f"(list_position(cast(:{parameter} as text[]), {value}) - 1)"

    def places(self, place: str, most: int) -> str:
        number = "ubigint" if most <= 64 else "hugeint"  # the wide one takes longer
        return f"bit_count(bit_or(cast(1 as {number}) << cast({place} as {number})))"

    def instant_number(self, value: str) -> str:
        return f"epoch_us({value})"

    def hours(self, begin: str, end: str) -> str:
        return f"((epoch_us({end}) - epoch_us({begin})) / 3600000000.0)"

    def first_item(self, items: str) -> str:
        return f"json_extract_string({items}, '$[0]')"

    def json_by_number(self, number: str, value: str) -> str:
        return f"cast(json_group_object({number}, cast({value} as json)) as text)"


DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (SQLite(), PostgreSQL(), DuckDB())}
"""The engines that come with AccountPulse; a metric must compile for each of them."""


def dialect_of(connection: sa.Connection) -> Dialect:
    """The dialect of a connection. Raises MetricError for an engine that metrics have never run on."""
    try:
        return DIALECTS[connection.dialect.name]
    except KeyError:
        raise MetricError(f"metrics can't run on {connection.dialect.name!r}; they run on {', '.join(DIALECTS)}") from None


def quoted(name: str) -> str:
    """A column's name, safe even where it is a keyword (`user`, `at`, `day`)."""
    return '"' + name.replace('"', '""') + '"'
