"""Reads an expression and writes it for one engine, node by node: the machine that `grammar` gives the rules to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.dialects import Dialect
from accountpulse.core.model import Kind

LONGEST = 2_000
_LONGEST_SQL = 20_000
FUNCTIONS = ("abs", "coalesce", "days", "greatest", "hours", "is_key", "least", "nullif", "round")
KEY_FEATURES = "key_features"
"""The parameter that holds the names of the key features."""
NUMBERS = (Kind.INTEGER, Kind.FLOAT)
TIMES = (Kind.INSTANT, Kind.DAY)

# Set by the parser on its own account; none of them changes what we write.
_FLAGS = frozenset({"typed", "safe", "ignore_nulls", "is_string", "coalesce"})


@dataclass(frozen=True, slots=True)
class Name:
    """A name that an expression may use: what it stands for in SQL, its kind (None: always null) and its allowed values."""

    sql: str
    kind: Kind | None
    allowed: tuple[str | int, ...] = ()


@dataclass(slots=True)
class Literals:
    """The text literals of a query. They are bound, so that no text of an author's ever becomes SQL."""

    values: dict[str, str] = field(default_factory=dict)

    def bind(self, value: str) -> str:
        name = f"v_{len(self.values)}"
        self.values[name] = value
        return f"cast(:{name} as text)"  # PostgreSQL can't always infer what an untyped value is


@dataclass(frozen=True, slots=True)
class Part:
    """A checked part of an expression: its SQL, its kind (None for a bare null), and the names it mentions."""

    sql: str
    kind: Kind | None
    names: frozenset[str]
    allowed: tuple[str | int, ...] = ()
    literal: str | int | None = None


class Translator:
    """Turns one text into SQL by a table of rules; a node without a rule is refused, and so is an argument a rule doesn't know.

    place: where the text stands; every refusal begins with it.
    """

    def __init__(
        self, text: str, names: Mapping[str, Name], dialect: Dialect, literals: Literals, place: str, rules: Rules
    ) -> None:
        self.text = text
        self.names = names
        self.dialect = dialect
        self.literals = literals
        self.place = place
        self.rules = rules

    def run(self) -> Part:
        if len(self.text) > LONGEST:
            raise self.refuse(f"an expression has at most {LONGEST} characters, not {len(self.text)}")
        try:
            if any(token.comments for token in sqlglot.tokenize(self.text)):
                raise self.refuse("a comment is not allowed")
            trees = sqlglot.parse(self.text)
            if len(trees) != 1 or trees[0] is None:
                raise self.refuse("write exactly one expression")
            return self.part(trees[0])
        except SqlglotError as error:
            raise self.refuse(_plain(error)) from None
        except RecursionError:
            raise self.refuse("it is nested too deeply") from None

    def refuse(self, why: str) -> MetricError:
        shown = self.text if len(self.text) <= 200 else self.text[:200] + " ..."
        return MetricError(f"{self.place}: {why}, in {shown!r}")

    def part(self, node: object) -> Part:
        rule = self.rules.get(type(node))
        if not isinstance(node, exp.Expr) or rule is None:
            raise self.refuse(
                f"{shown(node)} ({type(node).__name__}) is not allowed; allowed are arithmetic, comparisons, and, or, not, "
                f"in, is null, between, case, and the functions {', '.join(FUNCTIONS)}"
            )
        known, write = rule
        for key, value in node.args.items():
            if key not in known and key not in _FLAGS and value:
                raise self.refuse(f"{shown(node)}: {key!r} is not allowed here")
        part = write(self, node)
        if len(part.sql) > _LONGEST_SQL:
            raise self.refuse("it is nested too deeply")
        return part

    def number(self, node: object) -> Part:
        part = self.part(node)
        if part.kind not in (*NUMBERS, None):
            raise self.refuse(f"{shown(node)} is {said(part.kind)}, and a number is needed")
        return part

    def condition(self, node: object) -> Part:
        part = self.part(node)
        if part.kind is not Kind.BOOLEAN:
            raise self.refuse(f"{shown(node)} is {said(part.kind)}, and a condition is needed")
        return part

    def common(self, parts: list[Part], node: exp.Expr) -> Kind | None:
        """The one kind that all parts have; integers become floating point next to one."""
        kinds = {p.kind for p in parts if p.kind is not None}
        if kinds == {Kind.INTEGER, Kind.FLOAT}:
            return Kind.FLOAT
        if len(kinds) > 1:
            raise self.refuse(f"{shown(node)} mixes {' with '.join(sorted(said(k) for k in kinds))}")
        return next(iter(kinds), None)

    def choices(self, parts: list[Part], node: exp.Expr) -> None:
        """Refuse to compare a column with a value that the account model doesn't allow it."""
        allowed = next((p.allowed for p in parts if p.allowed), ())
        for part in parts:
            if allowed and part.literal is not None and part.literal not in allowed:
                raise self.refuse(f"{shown(node)}: {part.literal!r} never occurs; there are {', '.join(map(str, allowed))}")


Rule = tuple[frozenset[str], Callable[[Translator, exp.Expr], Part]]
Rules = Mapping[type, Rule]


def shown(node: object) -> str:
    return repr(node.sql()) if isinstance(node, exp.Expr) else repr(node)


def said(kind: Kind | None) -> str:
    return "null" if kind is None else kind.value


def _plain(error: SqlglotError) -> str:
    found = getattr(error, "errors", None)
    return f"it can't be read ({found[0]['description'] if found else str(error).splitlines()[0]})"
