"""Reads off a connector's code where each field of its records comes from, for the table on its page.

Nothing is run. Wherever the package makes a record (`Ticket(subject=found.get("subject"), ...)`), the expression of each field
is followed through local names and the package's own functions to the vendor's keys. What can't be followed, a person tells in
`fields:` of quality.yaml.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEEPEST = 6
"""How many calls are followed, one within the other."""

Function = ast.FunctionDef
Places = frozenset[str]
NOWHERE: Places = frozenset()
WHOLE: Places = frozenset({""})
TEXT = "="
"""Marks, among what a parameter was given, a text of the code's own: a key by name."""


def made_fields(folder: Path, records: frozenset[str]) -> dict[str, dict[str, Places]]:
    """For each record class that the package makes, its fields, and the vendor's keys that each is read from.

    Keys inside others are joined by points; `{name}` is the key that a setting or argument names; "always X" is a constant.
    """
    code = _Code(folder)
    made: dict[str, dict[str, Places]] = {}
    for call, function in code.calls(records):
        name = _called(call)
        fields = made.setdefault(name, {})
        scope = _Scope(code, function, {})
        for keyword in call.keywords:
            if keyword.arg is not None:
                fields[keyword.arg] = fields.get(keyword.arg, NOWHERE) | _told(keyword.value, scope)
    return made


def _told(value: ast.expr, scope: _Scope) -> Places:
    if isinstance(value, ast.Constant):
        return frozenset({f"always {value.value!s}"}) if value.value is not None else NOWHERE
    found = {place for place in scope.places(value) if place}
    return frozenset(place for place in found if not any(other.startswith(f"{place}.") for other in found))


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


class _Code:
    """All functions of a package, by name; those of the same module are found first."""

    def __init__(self, folder: Path) -> None:
        self.trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))}
        self._functions: dict[tuple[str, str], Function] = {}
        self._module: dict[Function, str] = {}
        self.answers: dict[tuple[Function, frozenset[tuple[str, Places]]], Places] = {}
        for module, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, Function):
                    self._functions.setdefault((module, node.name), node)
                    self._module[node] = module

    def calls(self, names: frozenset[str]) -> Iterator[tuple[ast.Call, Function]]:
        """Every call of one of these names, with the innermost function around it."""
        for function in self._module:
            for node in _own_nodes(function):
                if isinstance(node, ast.Call) and _called(node) in names:
                    yield node, function

    def function(self, call: ast.Call, caller: Function) -> Function | None:
        """The package's function that a call calls, or None."""
        name, module = _called(call), self._module[caller]
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            owner = call.func.value.id
            if owner in self.trees:
                return self._functions.get((owner, name))
            if owner not in ("self", "cls"):
                return None
        elif isinstance(call.func, ast.Attribute):
            return None
        same = self._functions.get((module, name))
        return same or next((found for (_, known), found in self._functions.items() if known == name), None)


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


@dataclass
class _Scope:
    """The names of one function as it was called. given: what its parameters were given, unless it is where we began."""

    code: _Code
    function: Function
    given: Mapping[str, Places]
    depth: int = 0
    _known: dict[str, Places] = field(default_factory=dict)

    def places(self, node: ast.AST | None) -> Places:
        """The vendor's keys that an expression is read from; "" for the vendor's object itself."""
        match node:
            case None | ast.Constant():
                return NOWHERE
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(value=value, attr=attr):
                return frozenset({f"{{{attr}}}"}) if _is_settings(value) else self.places(value)
            case ast.Subscript(value=value, slice=index):
                return self._inside(value, index)
            case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[key, *rest]):
                return self._inside(value, key).union(*(self.places(each) for each in rest))
            case ast.Call():
                return self._of_call(node)
            case ast.GeneratorExp(elt=made) | ast.ListComp(elt=made) | ast.SetComp(elt=made):
                return self.places(made)  # its conditions choose, and its loops are followed by name
            case _:
                return NOWHERE.union(*(self.places(child) for child in ast.iter_child_nodes(node)))

    def _inside(self, thing: ast.expr, key: ast.expr) -> Places:
        around = self.places(thing)
        if not around:  # a table of the code's own, asked for something of the vendor's
            return self.places(key)
        if isinstance(key, ast.Constant) and not isinstance(key.value, str):
            return around  # the first of several
        keys = self._keys(key)
        return frozenset(f"{each}.{key}" if each else key for each in around for key in keys) if keys else around

    def _keys(self, key: ast.expr) -> frozenset[str]:
        """The texts that a key may be: itself, those it is taken from, or the setting or argument that names it."""
        if isinstance(key, ast.Constant):
            return frozenset({str(key.value)})
        if isinstance(key, ast.Name):
            found: set[str] = set()
            for value in self._values(key.id):
                if isinstance(value, ast.Constant | ast.Tuple | ast.List):
                    found |= {n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
            found |= {text.removeprefix(TEXT) for text in self.given.get(key.id, NOWHERE) if text.startswith(TEXT)}
            return frozenset(found or {f"{{{key.id}}}"})
        if isinstance(key, ast.Attribute):
            return frozenset({f"{{{key.attr}}}"})
        return frozenset()

    def _named(self, name: str) -> Places:
        if name not in self._known:
            self._known[name] = NOWHERE  # of one that is made from itself, until it is known
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Places:
        if values := self._values(name):
            return NOWHERE.union(*(self.places(value) for value in values))
        if name in self.given:
            return frozenset(place for place in self.given[name] if not place.startswith(TEXT))
        return WHOLE if self.depth == 0 and name in _parameters(self.function) else NOWHERE

    def _values(self, name: str) -> list[ast.expr]:
        """What is bound to a name in this function: by assignment, in a loop, or in a comprehension."""
        found: list[ast.expr] = []
        for node in _own_nodes(self.function):
            match node:
                case ast.Assign(targets=targets, value=value) if any(_binds(target, name) for target in targets):
                    found.append(value)
                case (
                    ast.AnnAssign(target=target, value=ast.expr() as value)
                    | ast.NamedExpr(target=target, value=value)
                    | ast.For(target=target, iter=value)
                    | ast.comprehension(target=target, iter=value)
                ) if _binds(target, name):
                    found.append(value)
        return found

    def _of_call(self, call: ast.Call) -> Places:
        function = self.code.function(call, self.function)
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        if function is None:
            receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
            return NOWHERE.union(*(self.places(each) for each in (*receiver, *arguments)))
        if self.depth >= DEEPEST:
            return NOWHERE
        given = self._given(call, function)
        known = (function, frozenset(given.items()))
        if known not in self.code.answers:
            self.code.answers[known] = NOWHERE  # of one that calls itself, until it is known
            inner = _Scope(self.code, function, given, self.depth + 1)
            self.code.answers[known] = NOWHERE.union(*(inner.places(each) for each in _results(function)))
        return self.code.answers[known]

    def _given(self, call: ast.Call, function: Function) -> dict[str, Places]:
        names = [name for name in _parameters(function) if name not in ("self", "cls")]
        pairs = [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords if k.arg is not None)]
        given = dict.fromkeys(names, NOWHERE)
        for name, value in pairs:
            key = isinstance(value, ast.Constant) and isinstance(value.value, str)
            given[name] = frozenset({TEXT + value.value}) if key else self.places(value)  # type: ignore[attr-defined]
        return given


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _results(function: Function) -> Iterator[ast.expr]:
    """What a function's answer depends on: what it returns and yields, and the conditions it asks."""
    for node in _own_nodes(function):
        match node:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value) | ast.YieldFrom(value=value):
                yield value
            case ast.If(test=test):
                yield test


def _binds(target: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(target))


def _is_settings(value: ast.expr) -> bool:
    return (isinstance(value, ast.Name) and value.id in ("config", "settings")) or (
        isinstance(value, ast.Attribute) and value.attr in ("config", "_config", "settings")
    )
