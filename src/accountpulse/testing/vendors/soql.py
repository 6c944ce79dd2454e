"""The part of SOQL a sync needs: SELECT, FROM, WHERE, ORDER BY, LIMIT, really applied to records.

WHERE knows `= != <> < <= > >= LIKE IN NOT IN`, AND / OR / NOT and parentheses; literals are quoted strings, numbers,
dates, datetimes with an offset, booleans and null. Anything else is refused the way Salesforce refuses it:
MALFORMED_QUERY for syntax, INVALID_FIELD for a field the object does not have. Datetimes compare as their canonical
text (UTC, milliseconds), which sorts as the instants do; null sorts first and matches no ordering comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accountpulse.testing.vendors.world.wire import salesforce_time

Json = dict[str, Any]
Test = Callable[[Json], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)(?![\dT])
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][\w.]*)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)


class SoqlError(Exception):
    """A query Salesforce would refuse. `code` is its errorCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in a query, with the kind of literal it was written as."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `fields` is empty for COUNT()."""

    sobject: str
    fields: tuple[str, ...]
    matches: Test
    order: tuple[tuple[str, bool, bool], ...]
    limit: int | None
    count_only: bool

    def run(self, rows: list[Json]) -> list[Json]:
        """The matching records, ordered and limited, complete."""
        found = [row for row in rows if self.matches(row)]
        for name, descending, nulls_first in reversed(self.order):
            present = [row for row in found if row[name] is not None]
            absent = [row for row in found if row[name] is None]
            present.sort(key=lambda row: row[name], reverse=descending)
            found = absent + present if nulls_first else present + absent
        return found if self.limit is None else found[: self.limit]


def parse(text: str, schema: Mapping[str, Mapping[str, str]]) -> Query:
    """Parse SOQL against a schema: object name -> field name -> type. Raises SoqlError."""
    return _Parser(_tokens(text), schema).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise SoqlError("MALFORMED_QUERY", f"unexpected character at: {text[position : position + 20]!r}")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], schema: Mapping[str, Mapping[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.schema = schema
        self.types: Mapping[str, str] = {}
        self.names: dict[str, str] = {}
        self.sobject = ""

    def query(self) -> Query:
        self.expect("select")
        written, count_only = self.select_list()
        self.expect("from")
        self.use(self.word())
        fields = tuple(self.field(name) for name in written)
        matches = self.either() if self.accept("where") else _everything
        order = self.order_by() if self.accept("order") else ()
        limit = self.integer() if self.accept("limit") else None
        if self.at < len(self.tokens):
            raise self.unexpected()
        return Query(self.sobject, fields, matches, order, limit, count_only)

    def select_list(self) -> tuple[list[str], bool]:
        names = [self.word()]
        if names[0].lower() == "count" and self.accept("("):
            self.expect(")")
            return [], True
        while self.accept(","):
            names.append(self.word())
        return names, False

    def use(self, written: str) -> None:
        known = {name.lower(): name for name in self.schema}
        if written.lower() not in known:
            raise SoqlError("INVALID_TYPE", f"sObject type '{written}' is not supported.")
        self.sobject = known[written.lower()]
        self.types = self.schema[self.sobject]
        self.names = {name.lower(): name for name in self.types}

    def field(self, written: str) -> str:
        if "." in written:
            prefix, _, rest = written.partition(".")
            if prefix.lower() != self.sobject.lower():
                raise SoqlError("INVALID_FIELD", f"Didn't understand relationship '{prefix}' in field path.")
            written = rest
        if written.lower() not in self.names:
            raise SoqlError(
                "INVALID_FIELD",
                f"No such column '{written}' on entity '{self.sobject}'. If you are attempting to use a custom field, "
                "be sure to append the '__c' after the custom field name.",
            )
        return self.names[written.lower()]

    def either(self) -> Test:
        tests = [self.both()]
        while self.accept("or"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.accept("and"):
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def single(self) -> Test:
        if self.accept("not"):
            inner = self.single()
            return lambda row: not inner(row)
        if self.accept("("):
            inner = self.either()
            self.expect(")")
            return inner
        return self.comparison()

    def comparison(self) -> Test:
        name = self.field(self.word())
        kind = self.types[name]
        if self.accept("in"):
            values = self.literals(name, kind)
            return lambda row: row[name] in values
        if self.accept("not"):
            self.expect("in")
            refused = self.literals(name, kind)
            return lambda row: row[name] not in refused
        if self.accept("like"):
            pattern = re.escape(str(self.literal(name, kind))).replace("%", ".*").replace("_", ".")
            return lambda row: re.fullmatch(pattern, str(row[name] or ""), re.IGNORECASE) is not None
        sign = self.take()[1]
        if sign not in _COMPARE:
            self.at -= 1
            raise self.unexpected()
        value = self.literal(name, kind)
        if value is None and sign not in ("=", "!=", "<>"):
            raise SoqlError("MALFORMED_QUERY", f"operator '{sign}' cannot be used with null")
        compare = _COMPARE[sign]
        return lambda row: compare(row[name], value)

    def literals(self, name: str, kind: str) -> list[Any]:
        self.expect("(")
        values = [self.literal(name, kind)]
        while self.accept(","):
            values.append(self.literal(name, kind))
        self.expect(")")
        return values

    def literal(self, name: str, kind: str) -> Any:
        symbol, text = self.take()
        if symbol == "name" and text.lower() == "null":
            return None
        wanted = _LITERALS[kind]
        if symbol == "name" and text.lower() in ("true", "false"):
            symbol = "boolean"
        if symbol != wanted:
            if symbol in ("name", "sign"):
                self.at -= 1
                raise self.unexpected()
            raise SoqlError("INVALID_FIELD", f"value of filter criterion for field '{name}' must be of type {kind}")
        match symbol:
            case "string":
                return re.sub(r"\\(.)", r"\1", text[1:-1])
            case "datetime":
                return salesforce_time(datetime.fromisoformat(text))
            case "number":
                return float(text)
            case "boolean":
                return text.lower() == "true"
            case _:
                return text

    def order_by(self) -> tuple[tuple[str, bool, bool], ...]:
        self.expect("by")
        found: list[tuple[str, bool, bool]] = []
        while not found or self.accept(","):
            name = self.field(self.word())
            descending = self.accept("desc")
            if not descending:
                self.accept("asc")
            nulls_first = True
            if self.accept("nulls"):
                nulls_first = self.accept("first")
                if not nulls_first:
                    self.expect("last")
            found.append((name, descending, nulls_first))
        return tuple(found)

    def integer(self) -> int:
        symbol, text = self.take()
        if symbol != "number" or not text.isdigit():
            self.at -= 1
            raise self.unexpected()
        return int(text)

    def word(self) -> str:
        symbol, text = self.take()
        if symbol != "name":
            self.at -= 1
            raise self.unexpected()
        return text

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.unexpected()
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, text: str) -> bool:
        if self.at < len(self.tokens):
            symbol, written = self.tokens[self.at]
            if symbol in ("name", "sign") and written.lower() == text:
                self.at += 1
                return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected()

    def unexpected(self) -> SoqlError:
        if self.at >= len(self.tokens):
            return SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
        return SoqlError("MALFORMED_QUERY", f"unexpected token: '{self.tokens[self.at][1]}'")


def _everything(_row: Json) -> bool:
    return True


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: left is not None and compare(left, right)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<>": lambda left, right: left != right,
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
}
_LITERALS = {
    "id": "string",
    "reference": "string",
    "string": "string",
    "picklist": "string",
    "email": "string",
    "url": "string",
    "textarea": "string",
    "datetime": "datetime",
    "date": "date",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "int": "number",
    "boolean": "boolean",
    "anyType": "none: it can't be filtered by",
}
