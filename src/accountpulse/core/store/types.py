"""Column types that hide how a dialect keeps times: integers in SQLite, native types in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
_ORDINAL = EPOCH_DAY.toordinal()


def to_micros(at: datetime) -> int:
    """An instant as SQLite keeps it: microseconds since 1970 UTC."""
    return (at - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    return EPOCH + timedelta(0, 0, value)  # by place: by name takes twice as long


def to_epoch_day(day: date) -> int:
    """A calendar day as SQLite keeps it: days since 1970-01-01."""
    return day.toordinal() - _ORDINAL


def from_epoch_day(value: int) -> date:
    return EPOCH_DAY + timedelta(days=value)


def epoch_day(connection: sa.Connection, column: sa.ColumnElement[date]) -> sa.ColumnElement[int]:
    """A column of days as days since 1970-01-01 on either dialect: numbers for arrays, without a `date` for each."""
    if connection.dialect.name == "postgresql":
        return sa.type_coerce(sa.type_coerce(column, sa.Date) - sa.literal(EPOCH_DAY, sa.Date), sa.Integer)
    return sa.type_coerce(column, sa.Integer)


def _aware(at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise ValueError(f"a naive datetime can't be stored: {at.isoformat()}")
    return at


def _micros(at: datetime | None) -> int | None:
    return None if at is None else (_aware(at) - EPOCH) // MICROSECOND  # type: ignore[operator]  # not None, as `at` is not


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def _instant(value: int | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(0, 0, value)  # not `from_micros`: a call less for each value read


def _epoch_day(day: date | None) -> int | None:
    return None if day is None else day.toordinal() - _ORDINAL


def _day(value: int | None) -> date | None:
    return None if value is None else date.fromordinal(_ORDINAL + value)


def _words(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds: `timestamptz` in PostgreSQL, an integer in SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        return self.bind_processor(dialect)(value)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any]:
        # One call for a value, where SQLAlchemy's own way to `process_bind_param` takes three.
        return _aware if dialect.name == "postgresql" else _micros

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        at: datetime | None = self.result_processor(dialect)(value)
        return at

    def result_processor(self, dialect: sa.Dialect, coltype: object = None) -> Callable[[Any], Any]:  # noqa: ARG002  # SQLAlchemy's
        return _utc if dialect.name == "postgresql" else _instant


class Day(TypeDecorator[date]):
    """A calendar day: `date` in PostgreSQL, an integer in SQLite."""

    impl = sa.Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Date())
        return dialect.type_descriptor(sa.Integer())

    def process_bind_param(self, value: date | None, dialect: sa.Dialect) -> Any:
        prepare = self.bind_processor(dialect)
        return value if prepare is None else prepare(value)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[date | None], Any] | None:
        return None if dialect.name == "postgresql" else _epoch_day

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> date | None:
        read = self.result_processor(dialect)
        return value if read is None else read(value)  # type: ignore[no-any-return]  # the driver's own date

    def result_processor(self, dialect: sa.Dialect, coltype: object = None) -> Callable[[Any], Any] | None:  # noqa: ARG002  # as above
        return None if dialect.name == "postgresql" else _day


class Words(TypeDecorator[dict[str, str]]):
    """A column of JSON that holds nothing but text by name, read as such: SQLite's text is taken apart several times faster."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else sa.Text())

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dict[str, str] | None:
        read = self.result_processor(dialect)
        return value if read is None else read(value)  # type: ignore[no-any-return]  # the driver has read it

    def result_processor(self, dialect: sa.Dialect, coltype: object = None) -> Callable[[Any], Any] | None:  # noqa: ARG002  # as above
        return None if dialect.name == "postgresql" else _words


Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# SQLite numbers rows by itself only when the key is spelled INTEGER.
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
