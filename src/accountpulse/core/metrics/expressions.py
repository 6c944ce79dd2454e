"""Scalar expressions and conditions, as metric authors write them: parsed by SQLGlot, checked, and written for one engine.

What is allowed is a list of node classes (`_RULES`) and of names: whatever is not on it is refused by name, so a function that
SQLGlot learns tomorrow is refused too. Kinds are checked, because SQLite compares text with a number without complaint and
PostgreSQL does not.
"""

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
FUNCTIONS = ("abs", "coalesce", "days", "greatest", "hours", "least", "nullif", "round")
_NUMBERS = (Kind.INTEGER, Kind.FLOAT)
_TIMES = (Kind.INSTANT, Kind.DAY)


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


def translate(text: str, names: Mapping[str, Name], dialect: Dialect, literals: Literals, place: str) -> Part:
    """Check `text` and write it for `dialect`. Raises MetricError, beginning with `place`, naming what is not allowed."""
    return _Translator(text, names, dialect, literals, place).run()


def translate_condition(text: str, names: Mapping[str, Name], dialect: Dialect, literals: Literals, place: str) -> Part:
    """As `translate`, for a text that must be true or false."""
    part = translate(text, names, dialect, literals, place)
    if part.kind is not Kind.BOOLEAN:
        raise MetricError(f"{place}: {text!r} is not a condition; compare something, as in {text} > 0")
    return part


class _Translator:
    def __init__(self, text: str, names: Mapping[str, Name], dialect: Dialect, literals: Literals, place: str) -> None:
        self.text = text
        self.names = names
        self.dialect = dialect
        self.literals = literals
        self.place = place

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
        rule = _RULES.get(type(node))
        if not isinstance(node, exp.Expr) or rule is None:
            raise self.refuse(
                f"{_shown(node)} ({type(node).__name__}) is not allowed; allowed are arithmetic, comparisons, and, or, not, "
                f"in, is null, between, case, and the functions {', '.join(FUNCTIONS)}"
            )
        known, write = rule
        for key, value in node.args.items():
            if key not in known and key not in _FLAGS and value:
                raise self.refuse(f"{_shown(node)}: {key!r} is not allowed here")
        part = write(self, node)
        if len(part.sql) > _LONGEST_SQL:
            raise self.refuse("it is nested too deeply")
        return part

    def number(self, node: object) -> Part:
        part = self.part(node)
        if part.kind not in (*_NUMBERS, None):
            raise self.refuse(f"{_shown(node)} is {_said(part.kind)}, and a number is needed")
        return part

    def condition(self, node: object) -> Part:
        part = self.part(node)
        if part.kind is not Kind.BOOLEAN:
            raise self.refuse(f"{_shown(node)} is {_said(part.kind)}, and a condition is needed")
        return part

    def common(self, parts: list[Part], node: exp.Expr) -> Kind | None:
        """The one kind that all parts have; integers become floating point next to one."""
        kinds = {p.kind for p in parts if p.kind is not None}
        if kinds == {Kind.INTEGER, Kind.FLOAT}:
            return Kind.FLOAT
        if len(kinds) > 1:
            raise self.refuse(f"{_shown(node)} mixes {' with '.join(sorted(_said(k) for k in kinds))}")
        return next(iter(kinds), None)

    def choices(self, parts: list[Part], node: exp.Expr) -> None:
        """Refuse to compare a column with a value that the account model doesn't allow it."""
        allowed = next((p.allowed for p in parts if p.allowed), ())
        for part in parts:
            if allowed and part.literal is not None and part.literal not in allowed:
                raise self.refuse(f"{_shown(node)}: {part.literal!r} never occurs; there are {', '.join(map(str, allowed))}")


def _column(t: _Translator, node: exp.Expr) -> Part:
    if node.name not in t.names:
        raise t.refuse(f"there is no column or aggregate {node.name!r}; there are {', '.join(t.names)}")
    name = t.names[node.name]
    return Part(name.sql, name.kind, frozenset({node.name}), allowed=name.allowed)


def _literal(t: _Translator, node: exp.Expr) -> Part:
    text = str(node.this)
    if node.args.get("is_string"):
        return Part(t.literals.bind(text), Kind.TEXT, frozenset(), literal=text)
    if text.isdecimal() and len(text) <= 18:
        return Part(text, Kind.INTEGER, frozenset(), literal=int(text))
    try:
        float(text)
    except ValueError:
        raise t.refuse(f"{text!r} is not a number") from None
    return Part(t.dialect.number(text), Kind.FLOAT, frozenset())


def _boolean(_: _Translator, node: exp.Expr) -> Part:
    return Part("true" if node.this else "false", Kind.BOOLEAN, frozenset())


def _null(*_: object) -> Part:
    return Part("null", None, frozenset())


def _paren(t: _Translator, node: exp.Expr) -> Part:
    return t.part(node.this)


def _negative(t: _Translator, node: exp.Expr) -> Part:
    part = t.number(node.this)
    return Part(f"(- {part.sql})", part.kind, part.names)


def _not(t: _Translator, node: exp.Expr) -> Part:
    part = t.condition(node.this)
    return Part(f"(not {part.sql})", Kind.BOOLEAN, part.names)


def _arithmetic(sign: str) -> Callable[[_Translator, exp.Expr], Part]:
    def write(t: _Translator, node: exp.Expr) -> Part:
        a, b = t.number(node.this), t.number(node.expression)
        return Part(f"({a.sql} {sign} {b.sql})", t.common([a, b], node), a.names | b.names)

    return write


def _divide(t: _Translator, node: exp.Expr) -> Part:
    a, b = t.number(node.this), t.number(node.expression)
    return Part(f"({t.dialect.number(a.sql)} / nullif({t.dialect.number(b.sql)}, 0))", Kind.FLOAT, a.names | b.names)


def _comparison(sign: str) -> Callable[[_Translator, exp.Expr], Part]:
    def write(t: _Translator, node: exp.Expr) -> Part:
        parts = [t.part(node.this), t.part(node.expression)]
        kind = t.common(parts, node)
        if sign in ("=", "<>"):
            t.choices(parts, node)
        elif kind in (Kind.TEXT, Kind.BOOLEAN):
            raise t.refuse(f"{_shown(node)}: {_said(kind)} has no order that every database agrees on; use = or in")
        return Part(f"({parts[0].sql} {sign} {parts[1].sql})", Kind.BOOLEAN, _names(parts))

    return write


def _logic(word: str) -> Callable[[_Translator, exp.Expr], Part]:
    def write(t: _Translator, node: exp.Expr) -> Part:
        a, b = t.condition(node.this), t.condition(node.expression)
        return Part(f"({a.sql} {word} {b.sql})", Kind.BOOLEAN, a.names | b.names)

    return write


def _in(t: _Translator, node: exp.Expr) -> Part:
    first, *items = parts = [t.part(node.this), *(t.part(e) for e in node.expressions)]
    if not items or any(item.names for item in items):
        raise t.refuse(f"{_shown(node)}: write the values of 'in' as a list of literals")
    t.common(parts, node)
    t.choices(parts, node)
    return Part(f"({first.sql} in ({', '.join(i.sql for i in items)}))", Kind.BOOLEAN, first.names)


def _is(t: _Translator, node: exp.Expr) -> Part:
    part, what = t.part(node.this), t.part(node.expression)
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise t.refuse(f"{_shown(node)}: 'is' takes null, true or false")
    if isinstance(node.expression, exp.Boolean):
        t.condition(node.this)
    return Part(f"({part.sql} is {what.sql})", Kind.BOOLEAN, part.names)


def _between(t: _Translator, node: exp.Expr) -> Part:
    parts = [t.part(node.args[key]) for key in ("this", "low", "high")]
    if t.common(parts, node) in (Kind.TEXT, Kind.BOOLEAN):
        raise t.refuse(f"{_shown(node)}: 'between' takes numbers or times")
    return Part(f"({parts[0].sql} between {parts[1].sql} and {parts[2].sql})", Kind.BOOLEAN, _names(parts))


def _case(t: _Translator, node: exp.Expr) -> Part:
    tests = [t.condition(branch.this) for branch in node.args["ifs"]]
    results = [t.part(branch.args["true"]) for branch in node.args["ifs"]]
    otherwise = t.part(node.args["default"]) if node.args.get("default") is not None else None
    everything = results + ([otherwise] if otherwise else [])
    kind = t.common(everything, node)
    branches = " ".join(f"when {a.sql} then {b.sql}" for a, b in zip(tests, results, strict=True))
    tail = f" else {otherwise.sql}" if otherwise else ""
    return Part(f"(case {branches}{tail} end)", kind, _names(tests + everything))


def _function(name: str) -> Callable[[_Translator, exp.Expr], Part]:
    """A function whose arguments and result are of one kind: coalesce, nullif."""

    def write(t: _Translator, node: exp.Expr) -> Part:
        parts = _arguments(t, node)
        if len(parts) < 2:
            raise t.refuse(f"{_shown(node)} takes at least two arguments")
        return Part(f"{name}({', '.join(p.sql for p in parts)})", t.common(parts, node), _names(parts))

    return write


def _extreme(sign: str) -> Callable[[_Translator, exp.Expr], Part]:
    """greatest and least: null when any argument is, unlike PostgreSQL's own, because unknown stays unknown."""

    def write(t: _Translator, node: exp.Expr) -> Part:
        parts = _arguments(t, node)
        if (kind := t.common(parts, node)) in (Kind.TEXT, Kind.BOOLEAN):
            raise t.refuse(f"{_shown(node)} takes numbers or times")
        best, *others = (p.sql for p in parts)
        for other in others:
            best = f"(case when {best} {sign} {other} then {best} when {best} is not null then {other} end)"
        return Part(best, kind, _names(parts))

    return write


def _abs(t: _Translator, node: exp.Expr) -> Part:
    part = t.number(node.this)
    return Part(f"abs({part.sql})", part.kind, part.names)


def _round(t: _Translator, node: exp.Expr) -> Part:
    part = t.number(node.this)
    digits = t.part(node.args["decimals"]).literal if node.args.get("decimals") is not None else 0
    if not isinstance(digits, int) or not 0 <= digits <= 9:
        raise t.refuse(f"{_shown(node)}: the number of decimals is a literal from 0 to 9")
    scale = t.dialect.number(str(10**digits))
    return Part(f"({t.dialect.round(f'({t.dialect.number(part.sql)} * {scale})')} / {scale})", Kind.FLOAT, part.names)


def _named(t: _Translator, node: exp.Expr) -> Part:
    name = str(node.this)
    if name.lower() not in ("hours", "days"):
        raise t.refuse(f"the function {name!r} is not allowed; there are {', '.join(FUNCTIONS)}")
    parts = [t.part(e) for e in node.expressions]
    kind = t.common(parts, node)
    if len(parts) != 2 or kind not in _TIMES or (kind is Kind.DAY and name.lower() == "hours"):
        raise t.refuse(f"{_shown(node)}: hours takes two instants, and days takes two instants or two days")
    begin, end = (p.sql for p in parts)
    if kind is Kind.DAY:
        return Part(t.dialect.days(begin, end), Kind.INTEGER, _names(parts))
    hours = t.dialect.hours(begin, end)
    return Part(hours if name.lower() == "hours" else f"({hours} / 24)", Kind.FLOAT, _names(parts))


def _arguments(t: _Translator, node: exp.Expr) -> list[Part]:
    second = [node.expression] if isinstance(node, exp.Nullif) else node.expressions
    return [t.part(n) for n in (node.this, *second)]


def _names(parts: list[Part]) -> frozenset[str]:
    return frozenset().union(*(p.names for p in parts))


def _shown(node: object) -> str:
    return repr(node.sql()) if isinstance(node, exp.Expr) else repr(node)


def _said(kind: Kind | None) -> str:
    return "null" if kind is None else kind.value


def _plain(error: SqlglotError) -> str:
    found = getattr(error, "errors", None)
    return f"it can't be read ({found[0]['description'] if found else str(error).splitlines()[0]})"


# Set by the parser on its own account; none of them changes what we write.
_FLAGS = frozenset({"typed", "safe", "ignore_nulls", "is_string", "coalesce"})
_TWO = frozenset({"this", "expression"})
_LIST = frozenset({"this", "expressions"})
_ONE = frozenset({"this"})

_RULES: dict[type, tuple[frozenset[str], Callable[[_Translator, exp.Expr], Part]]] = {
    exp.Column: (_ONE, _column),
    exp.Literal: (_ONE, _literal),
    exp.Boolean: (_ONE, _boolean),
    exp.Null: (frozenset(), _null),
    exp.Paren: (_ONE, _paren),
    exp.Neg: (_ONE, _negative),
    exp.Not: (_ONE, _not),
    exp.Add: (_TWO, _arithmetic("+")),
    exp.Sub: (_TWO, _arithmetic("-")),
    exp.Mul: (_TWO, _arithmetic("*")),
    exp.Div: (_TWO, _divide),
    exp.EQ: (_TWO, _comparison("=")),
    exp.NEQ: (_TWO, _comparison("<>")),
    exp.GT: (_TWO, _comparison(">")),
    exp.GTE: (_TWO, _comparison(">=")),
    exp.LT: (_TWO, _comparison("<")),
    exp.LTE: (_TWO, _comparison("<=")),
    exp.And: (_TWO, _logic("and")),
    exp.Or: (_TWO, _logic("or")),
    exp.In: (_LIST, _in),
    exp.Is: (_TWO, _is),
    exp.Between: (frozenset({"this", "low", "high"}), _between),
    exp.Case: (frozenset({"ifs", "default"}), _case),
    exp.Coalesce: (_LIST, _function("coalesce")),
    exp.Nullif: (_TWO, _function("nullif")),
    exp.Greatest: (_LIST, _extreme(">=")),
    exp.Least: (_LIST, _extreme("<=")),
    exp.Abs: (_ONE, _abs),
    exp.Round: (frozenset({"this", "decimals"}), _round),
    exp.Anonymous: (_LIST, _named),
}
