"""The grammar of expressions: one rule for each SQLGlot node class that is allowed, and none for any other.

A rule checks the kinds of its parts and writes them. What it writes is the same for every engine, but for what `Dialect` says.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from accountpulse.core.metrics.translator import FUNCTIONS, KEY_FEATURES, TIMES, Part, Rules, Translator, said, shown
from accountpulse.core.model import Kind


def _column(t: Translator, node: exp.Expr) -> Part:
    if node.name not in t.names:
        raise t.refuse(f"there is no column or aggregate {node.name!r}; there are {', '.join(t.names)}")
    name = t.names[node.name]
    return Part(name.sql, name.kind, frozenset({node.name}), allowed=name.allowed)


def _literal(t: Translator, node: exp.Expr) -> Part:
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


def _boolean(_: Translator, node: exp.Expr) -> Part:
    return Part("true" if node.this else "false", Kind.BOOLEAN, frozenset())


def _null(*_: object) -> Part:
    return Part("null", None, frozenset())


def _paren(t: Translator, node: exp.Expr) -> Part:
    return t.part(node.this)


def _negative(t: Translator, node: exp.Expr) -> Part:
    part = t.number(node.this)
    return Part(f"(- {part.sql})", part.kind, part.names)


def _not(t: Translator, node: exp.Expr) -> Part:
    part = t.condition(node.this)
    return Part(f"(not {part.sql})", Kind.BOOLEAN, part.names)


def _arithmetic(sign: str) -> Callable[[Translator, exp.Expr], Part]:
    def write(t: Translator, node: exp.Expr) -> Part:
        a, b = t.number(node.this), t.number(node.expression)
        return Part(f"({a.sql} {sign} {b.sql})", t.common([a, b], node), a.names | b.names)

    return write


def _divide(t: Translator, node: exp.Expr) -> Part:
    a, b = t.number(node.this), t.number(node.expression)
    return Part(f"({t.dialect.number(a.sql)} / nullif({t.dialect.number(b.sql)}, 0))", Kind.FLOAT, a.names | b.names)


def _comparison(sign: str) -> Callable[[Translator, exp.Expr], Part]:
    def write(t: Translator, node: exp.Expr) -> Part:
        parts = [t.part(node.this), t.part(node.expression)]
        kind = t.common(parts, node)
        if sign in ("=", "<>"):
            t.choices(parts, node)
        elif kind in (Kind.TEXT, Kind.BOOLEAN):
            raise t.refuse(f"{shown(node)}: {said(kind)} has no order that every database agrees on; use = or in")
        return Part(f"({parts[0].sql} {sign} {parts[1].sql})", Kind.BOOLEAN, _names(parts))

    return write


def _logic(word: str) -> Callable[[Translator, exp.Expr], Part]:
    def write(t: Translator, node: exp.Expr) -> Part:
        a, b = t.condition(node.this), t.condition(node.expression)
        return Part(f"({a.sql} {word} {b.sql})", Kind.BOOLEAN, a.names | b.names)

    return write


def _in(t: Translator, node: exp.Expr) -> Part:
    first, *items = parts = [t.part(node.this), *(t.part(e) for e in node.expressions)]
    if not items or any(item.names for item in items):
        raise t.refuse(f"{shown(node)}: write the values of 'in' as a list of literals")
    t.common(parts, node)
    t.choices(parts, node)
    return Part(f"({first.sql} in ({', '.join(i.sql for i in items)}))", Kind.BOOLEAN, first.names)


def _is(t: Translator, node: exp.Expr) -> Part:
    part, what = t.part(node.this), t.part(node.expression)
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise t.refuse(f"{shown(node)}: 'is' takes null, true or false")
    if isinstance(node.expression, exp.Boolean):
        t.condition(node.this)
    return Part(f"({part.sql} is {what.sql})", Kind.BOOLEAN, part.names)


def _between(t: Translator, node: exp.Expr) -> Part:
    parts = [t.part(node.args[key]) for key in ("this", "low", "high")]
    if t.common(parts, node) in (Kind.TEXT, Kind.BOOLEAN):
        raise t.refuse(f"{shown(node)}: 'between' takes numbers or times")
    return Part(f"({parts[0].sql} between {parts[1].sql} and {parts[2].sql})", Kind.BOOLEAN, _names(parts))


def _case(t: Translator, node: exp.Expr) -> Part:
    tests = [t.condition(branch.this) for branch in node.args["ifs"]]
    results = [t.part(branch.args["true"]) for branch in node.args["ifs"]]
    otherwise = t.part(node.args["default"]) if node.args.get("default") is not None else None
    everything = results + ([otherwise] if otherwise else [])
    kind = t.common(everything, node)
    branches = " ".join(f"when {a.sql} then {b.sql}" for a, b in zip(tests, results, strict=True))
    tail = f" else {otherwise.sql}" if otherwise else ""
    return Part(f"(case {branches}{tail} end)", kind, _names(tests + everything))


def _function(name: str) -> Callable[[Translator, exp.Expr], Part]:
    """A function whose arguments and result are of one kind: coalesce, nullif."""

    def write(t: Translator, node: exp.Expr) -> Part:
        parts = _arguments(t, node)
        if len(parts) < 2:
            raise t.refuse(f"{shown(node)} takes at least two arguments")
        return Part(f"{name}({', '.join(p.sql for p in parts)})", t.common(parts, node), _names(parts))

    return write


def _extreme(sign: str) -> Callable[[Translator, exp.Expr], Part]:
    """greatest and least: null when any argument is, unlike PostgreSQL's own, because unknown stays unknown."""

    def write(t: Translator, node: exp.Expr) -> Part:
        parts = _arguments(t, node)
        if (kind := t.common(parts, node)) in (Kind.TEXT, Kind.BOOLEAN):
            raise t.refuse(f"{shown(node)} takes numbers or times")
        best, *others = (p.sql for p in parts)
        for other in others:
            best = f"(case when {best} {sign} {other} then {best} when {best} is not null then {other} end)"
        return Part(best, kind, _names(parts))

    return write


def _abs(t: Translator, node: exp.Expr) -> Part:
    part = t.number(node.this)
    return Part(f"abs({part.sql})", part.kind, part.names)


def _round(t: Translator, node: exp.Expr) -> Part:
    part = t.number(node.this)
    digits = t.part(node.args["decimals"]).literal if node.args.get("decimals") is not None else 0
    if not isinstance(digits, int) or not 0 <= digits <= 9:
        raise t.refuse(f"{shown(node)}: the number of decimals is a literal from 0 to 9")
    scale = t.dialect.number(str(10**digits))
    return Part(f"({t.dialect.round(f'({t.dialect.number(part.sql)} * {scale})')} / {scale})", Kind.FLOAT, part.names)


def _named(t: Translator, node: exp.Expr) -> Part:
    name = str(node.this)
    if name.lower() == "is_key":
        return _is_key(t, node)
    if name.lower() not in ("hours", "days"):
        raise t.refuse(f"the function {name!r} is not allowed; there are {', '.join(FUNCTIONS)}")
    parts = [t.part(e) for e in node.expressions]
    kind = t.common(parts, node)
    if len(parts) != 2 or kind not in TIMES or (kind is Kind.DAY and name.lower() == "hours"):
        raise t.refuse(f"{shown(node)}: hours takes two instants, and days takes two instants or two days")
    begin, end = (p.sql for p in parts)
    if kind is Kind.DAY:
        return Part(t.dialect.days(begin, end), Kind.INTEGER, _names(parts))
    hours = t.dialect.hours(begin, end)
    return Part(hours if name.lower() == "hours" else f"({hours} / 24)", Kind.FLOAT, _names(parts))


def _is_key(t: Translator, node: exp.Expr) -> Part:
    """Whether a feature is one of the key features."""
    parts = [t.part(e) for e in node.expressions]
    if len(parts) != 1 or parts[0].kind is not Kind.TEXT:
        raise t.refuse(f"{shown(node)}: is_key takes a feature, as in is_key(feature)")
    return Part(t.dialect.among_texts(parts[0].sql, KEY_FEATURES), Kind.BOOLEAN, parts[0].names)


def _arguments(t: Translator, node: exp.Expr) -> list[Part]:
    second = [node.expression] if isinstance(node, exp.Nullif) else node.expressions
    return [t.part(n) for n in (node.this, *second)]


def _names(parts: list[Part]) -> frozenset[str]:
    return frozenset().union(*(p.names for p in parts))


_TWO = frozenset({"this", "expression"})
_LIST = frozenset({"this", "expressions"})
_ONE = frozenset({"this"})

RULES: Rules = {
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
