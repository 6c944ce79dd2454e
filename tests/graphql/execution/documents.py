"""Random queries over any schema: valid ones, of everything that selects: aliases, fragments, conditions, variables."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from graphql.pyutils import Undefined

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OverlappingFieldsCanBeMergedRule,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    parse,
    parse_value,
    validate,
    value_from_ast_untyped,
)

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
BOOLEANS = {"b0": "Boolean!", "b1": "Boolean!", "b2": "Boolean = true"}


@dataclass
class Query:
    """A document with the variables to ask it with."""

    text: str
    variables: dict[str, Any]


class Queries:
    """Makes random queries. values: what arguments of a name may be, written out; others get a value of their type.

    by_variable: the share of arguments that are given by variables.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        seed: int,
        values: dict[str, list[str]],
        *,
        most_fields: int = 25,
        by_variable: float = 0.0,
    ) -> None:
        self._by_variable = by_variable
        self._schema, self._values, self._most = schema, values, most_fields
        self._random = random.Random(seed)
        self.refused = 0

    def make(self) -> Query:
        """A query that the schema allows."""
        while validate(self._schema, parse((query := self._make()).text), [OverlappingFieldsCanBeMergedRule]):
            self.refused += 1  # two types' fields of one name, under one key
        return query

    def _make(self) -> Query:
        self._left = self._random.randint(1, self._most)
        self._aliases = 0
        self._fragments: dict[str, str] = {}
        self._open: set[str] = set()
        self._variables: dict[str, tuple[str, Any]] = {}
        root = self._schema.query_type
        assert root
        body = self._selection(root, 0)
        text = "\n".join([body, *self._fragments.values()])
        used = {name: kind for name, kind in BOOLEANS.items() if f"${name}" in text}
        variables: dict[str, Any] = {name: self._random.random() < 0.5 for name in used}
        for name, (kind, value) in self._variables.items():
            used[name], variables[name] = kind, value
        declared = f"({', '.join(f'${name}: {kind}' for name, kind in used.items())})" if used else ""
        if self._random.random() < 0.3:
            variables.pop("b2", None)
        return Query(f"query Q{declared} {text}", variables)

    def _selection(self, kind: Composite, depth: int) -> str:
        parts = [self._part(kind, depth) for _ in range(self._random.randint(1, 6))]
        # A selection must not be empty, and an unconditional field keeps the object itself from being nothing but that.
        return "{ " + " ".join([part for part in parts if part] or ["__typename"]) + " }"

    def _part(self, kind: Composite, depth: int) -> str:
        self._left -= 1
        draw = self._random.random()
        if draw < 0.06:
            return self._aliased("__typename", always=self._random.random() < 0.5) + self._condition()
        if draw < 0.16:
            on = self._narrowed(kind)
            of_type = f" on {on.name}" if on is not kind or self._random.random() < 0.5 else ""
            return f"...{of_type}{self._condition()} {self._selection(on, depth)}"
        if draw < 0.26:
            return self._spread(kind, depth)
        if isinstance(kind, GraphQLUnionType):
            return "__typename"
        return self._field(kind, depth)

    def _spread(self, kind: Composite, depth: int) -> str:
        known = [name for name in self._fragments if name.endswith(f"_{kind.name}") and name not in self._open]
        if known and self._random.random() < 0.5:
            return f"...{self._random.choice(known)}{self._condition()}"
        on = self._narrowed(kind)
        name = f"f{len(self._fragments)}_{on.name}"
        self._fragments[name] = ""
        self._open.add(name)
        self._fragments[name] = f"fragment {name} on {on.name} {self._selection(on, depth)}"
        self._open.discard(name)
        return f"...{name}{self._condition()}"

    def _narrowed(self, kind: Composite) -> Composite:
        if isinstance(kind, GraphQLObjectType):
            return self._random.choice([kind, *kind.interfaces]) if self._random.random() < 0.3 else kind
        return self._random.choice([kind, *self._schema.get_possible_types(kind)])

    def _field(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        deep = depth > 6 or self._left <= 0
        names = [name for name, field in kind.fields.items() if not deep or is_leaf_type(get_named_type(field.type))]
        if not names:
            return "__typename"
        name = self._random.choice(names)
        field = kind.fields[name]
        arguments = self._arguments(field.args)
        inner = get_named_type(field.type)
        below = f" {self._selection(inner, depth + 1)}" if is_composite_type(inner) else ""  # type: ignore[arg-type]
        # Two fields under one key must be the same: of those with arguments each has a key of its own, and so has each field
        # that another type may have, too.
        return (
            self._aliased(name, always=bool(field.args) or self._random.random() < 0.2) + arguments + self._condition() + below
        )

    def _aliased(self, name: str, *, always: bool) -> str:
        if not always:
            return name
        self._aliases += 1
        return f"a{self._aliases}: {name}"

    def _condition(self) -> str:
        if self._random.random() > 0.12:
            return ""
        value = self._random.choice([*(f"${name}" for name in BOOLEANS), "true", "false"])
        return f" @{self._random.choice(['skip', 'include'])}(if: {value})"

    def _arguments(self, arguments: dict[str, GraphQLArgument]) -> str:
        given = []
        for name, argument in arguments.items():
            required = isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
            if required or self._random.random() < 0.4:
                value = self._value(name, argument.type, 0)
                given.append(f"{name}: {self._variable(argument.type, value) if self._varies() else value}")
        return f"({', '.join(given)})" if given else ""

    def _varies(self) -> bool:
        return self._by_variable > 0 and self._random.random() < self._by_variable

    def _variable(self, kind: Any, value: str) -> str:
        """The value by way of a variable."""
        name = f"v{len(self._variables)}"
        self._variables[name] = (str(kind), value_from_ast_untyped(parse_value(value)))
        return f"${name}"

    def _value(self, name: str, kind: Any, depth: int) -> str:
        if name in self._values:
            return self._random.choice(self._values[name])
        if isinstance(kind, GraphQLNonNull):
            return self._value(name, kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return "[" + ", ".join(self._value(name, kind.of_type, depth + 1) for _ in range(self._random.randint(0, 2))) + "]"
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            fields = [(n, f) for n, f in kind.fields.items() if depth < 2 or n not in ("and", "or", "not")]
            chosen = self._random.sample(fields, k=1 if kind.is_one_of else min(len(fields), self._random.randint(0, 2)))
            chosen += [
                (n, f) for n, f in fields if isinstance(f.type, GraphQLNonNull) and n not in dict(chosen) and not kind.is_one_of
            ]
            return "{" + ", ".join(f"{n}: {self._value(n, f.type, depth + 1)}" for n, f in chosen) + "}"
        return {
            "Int": str(self._random.randint(-1, 5)),
            "Float": f"{self._random.uniform(-5, 105):.2f}",
            "Boolean": self._random.choice(["true", "false"]),
            "Date": '"2026-11-20"',
            "DateTime": '"2026-11-20T00:00:00Z"',
            "BigInt": str(self._random.randint(0, 9)),
        }.get(kind.name, '"x"')
