"""Writes the Python function that completes one position of an answer: attribute reads, checks, dictionaries.

The function does what graphql-core would do where nothing is unusual. Anything else (a missing value where none may be missing,
a value that can't be coerced, an exception or an awaitable as a value, any exception) raises, and the position is completed by
graphql-core, which finds the same again and words it. A field whose resolver needs more than its object becomes a *slot*: it is
put down for graphql-core to execute, and its value is put in later.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, Protocol

from accountpulse.graphql.encoding import Encoded, encoded_part
from accountpulse.graphql.execution.internals import (
    TYPE_CAST_ATTRIBUTE,
    FieldDetails,
    Path,
    Undefined,
    attribute_of,
    default_attributes,
    enum_names,
    function_of,
    is_awaitable,
    of_object_alone,
    type_test_of,
)
from accountpulse.graphql.execution.marks import NOT_READY, ReadColumns, column_of, columns_of, expression_of, ready_of
from accountpulse.graphql.execution.plans import Compiled
from accountpulse.graphql.scalars import instant
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)

MOST_CLASSES = 1_000
_FOLLOWED = {"skip", "include"}


class Bail(Exception):
    """Something unusual: graphql-core's turn."""


class NotCompiled(Exception):
    """A position that only graphql-core can complete."""


class Collector(Protocol):
    """What is needed of an executor: the fields selected of an object, fragments and conditions followed."""

    schema: GraphQLSchema

    def collect_subfields(self, return_type: GraphQLObjectType, field_details_list: list[FieldDetails]) -> Any: ...


def compile_position(
    executor: Collector, return_type: GraphQLOutputType, details: list[FieldDetails], *, as_json: bool = False
) -> Compiled:
    """The function for one position: called with the value, its path, and a list that collects slots. Raises NotCompiled.

    A slot is (dictionary, key, object, path, field details, the object's type). as_json: the objects of outermost lists become
    `Encoded` one by one, unless there are slots: each in the memory that the one before has just left.
    """
    return _Writer(executor, as_json=as_json).position(return_type, details)


class _Writer:
    def __init__(self, executor: Collector, *, as_json: bool) -> None:
        self._executor, self._as_json = executor, as_json
        self._encoded = False
        self._names: dict[str, Any] = {
            "Bail": Bail,
            "datetime": datetime,
            "UTC": UTC,
            "as_path": _as_path,
            "NOT_READY": NOT_READY,
            "as_list": _as_list,
            "Encoded": Encoded,
            "encoded_part": encoded_part,
        }
        self._functions: list[str] = []

    def position(self, return_type: GraphQLOutputType, details: list[FieldDetails]) -> Compiled:
        lines, _ = self._complete(GraphQLNonNull(return_type), "v", "p", details)
        self._functions.append("\n".join(["def run(v, p, later):", *_indented(lines), "    return v"]))
        source = "\n\n".join(self._functions)
        # Built from the schema's own names and from response names, which the parser holds to letters, digits and `_`.
        exec(compile(source, "<compiled selection>", "exec"), self._names)  # noqa: S102
        run: Compiled = self._names["run"]
        return run

    def _name(self, kind: str, value: Any) -> str:
        name = f"{kind}{len(self._names)}"
        self._names[name] = value
        return name

    # --- values ----------------------------------------------------------------------------------------------------------

    def _complete(self, kind: Any, v: str, path: str, details: list[FieldDetails]) -> tuple[list[str], bool]:
        """Lines that complete the value in the variable v, and whether they hold a slot."""
        if isinstance(kind, GraphQLNonNull):
            inner = kind.of_type
            lines, slots = self._present(inner, v, path, details)
            if isinstance(inner, GraphQLObjectType):
                return lines, slots  # the object's own function refuses None
            return [f"if {v} is None: raise Bail", *lines], slots
        lines, slots = self._present(kind, v, path, details)
        return [f"if {v} is not None:", *_indented(lines)], slots

    def _present(self, kind: Any, v: str, path: str, details: list[FieldDetails]) -> tuple[list[str], bool]:
        if isinstance(kind, GraphQLScalarType):
            return self._scalar(kind, v), False
        if isinstance(kind, GraphQLEnumType):
            return self._enum(kind, v), False
        if isinstance(kind, GraphQLList):
            return self._list(kind.of_type, v, path, details)
        if isinstance(kind, GraphQLObjectType):
            function, slots = self._object(kind, details)
            return [f"{v} = {function}({v}, {path}, later)" if slots else f"{v} = {function}({v})"], slots
        raise NotCompiled

    def _scalar(self, kind: GraphQLScalarType, v: str) -> list[str]:
        leaf = self._name("leaf", _leaf(kind))
        if kind is GraphQLString or kind is GraphQLID:
            return [f"if {v}.__class__ is not str: {v} = {leaf}({v})"]
        if kind is GraphQLBoolean:
            return [f"if {v} is not True and {v} is not False: {v} = {leaf}({v})"]
        if kind is GraphQLInt:
            return [f"if {v}.__class__ is not int or not -2147483648 <= {v} <= 2147483647: {v} = {leaf}({v})"]
        if self._encoded and kind.coerce_output_value is instant:  # the encoder writes one as `instant` does
            return [f"if {v}.__class__ is not datetime or {v}.tzinfo is not UTC: {v} = {leaf}({v})"]
        if kind is GraphQLFloat:  # the difference is nan for what isn't finite
            return [f"if {v}.__class__ is not float or {v} - {v} != 0.0: {v} = {leaf}({v})"]
        return [f"{v} = {leaf}({v})"]

    def _enum(self, kind: GraphQLEnumType, v: str) -> list[str]:
        leaf = self._name("leaf", _leaf(kind))
        known = enum_names(kind)
        if known is None:
            return [f"{v} = {leaf}({v})"]
        # By identity: an enum's own hash is a function in Python.
        enum, names = self._name("enum", known[0]), self._name("names", {id(each): name for each, name in known[1].items()})
        return [f"{v} = {names}[id({v})] if {v}.__class__ is {enum} else {leaf}({v})"]

    def _list(self, item: Any, v: str, path: str, details: list[FieldDetails]) -> tuple[list[str], bool]:
        # The variables of a list in a list are named after those around it.
        e, i, out, here = (f"{v}_{kind}" for kind in ("e", "i", "out", "at"))
        encodes = self._as_json and not self._encoded and isinstance(get_nullable_type(item), GraphQLObjectType)
        around, self._encoded = self._encoded, self._encoded or encodes
        try:
            lines, slots = self._complete(item, e, f"({here}, {i}, None)", details)
        finally:
            self._encoded = around
        if encodes:
            encoded = f"Encoded(encoded_part({e}))"
            lines.append(f"{e} = {e} if later else {encoded}" if slots else f"{e} = {encoded}")
        check = f"if {v}.__class__ is not list and {v}.__class__ is not tuple: {v} = as_list({v})"
        if not slots and len(lines) == 1 and lines[0].startswith(f"{e} = "):
            return [check, f"{v} = [{lines[0].removeprefix(f'{e} = ')} for {e} in {v}]"], False
        loop = f"for {i}, {e} in enumerate({v}):" if slots else f"for {e} in {v}:"
        before = [f"{here} = {path}"] if slots else []
        body = _indented([*lines, f"{out}.append({e})"])
        return [check, *before, f"{out} = []", loop, *body, f"{v} = {out}"], slots

    # --- objects -----------------------------------------------------------------------------------------------------------

    def _object(self, kind: GraphQLObjectType, details: list[FieldDetails]) -> tuple[str, bool]:
        """The name of the function that completes an object of this type, and whether it holds a slot."""
        collected = self._executor.collect_subfields(kind, details)
        if collected.new_defer_usages:
            raise NotCompiled
        lines, items, later = self._check(kind), [], []
        slots = False
        for key, fields, field in self._selected(kind, collected.grouped_field_set):
            if field is None:
                items.append(f"{key!r}: {kind.name!r}")
                continue
            v = f"v{len(items)}"
            path = f"(p, {key!r}, {kind.name!r})"
            inner, held = self._field(field, fields, v, path)
            lines += inner
            slots = slots or bool(held)
            if held == "self":
                later.append(f"if {v} is NOT_READY: later.append((d, {self._slot(key, path, fields, kind)}))")
            items.append(f"{key!r}: {v}")
        function = f"object{len(self._functions)}_{kind.name}"
        head = f"def {function}(s, p, later):" if slots else f"def {function}(s):"
        end = [f"d = {{{', '.join(items)}}}", *later, "return d"] if later else [f"return {{{', '.join(items)}}}"]
        self._functions.append("\n".join([head, *_indented([*lines, *end])]))
        return function, slots

    def _selected(
        self, kind: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]]
    ) -> Iterator[tuple[str, list[FieldDetails], GraphQLField | None]]:
        """What is selected of a type, by its key in the answer; None is `__typename`. What the type lacks is left out."""
        for key, fields in grouped.items():
            name = fields[0].node.name.value
            field = None if name == "__typename" else self._executor.schema.get_field(kind, name)
            if field is not None or name == "__typename":
                yield key, fields, field

    def _slot(self, key: str, path: str, fields: list[FieldDetails], kind: GraphQLObjectType) -> str:
        return f"{key!r}, s, as_path({path}), {self._name('fields', fields)}, {self._name('type', kind)}"

    def _field(
        self, field: GraphQLField, fields: list[FieldDetails], v: str, path: str
    ) -> tuple[list[str], bool | Literal["self"]]:
        """Lines that put a field's completed value into v; "self" where v may be NOT_READY: then the field is a slot."""
        slot = [f"{v} = NOT_READY"]
        columns = self._columns(field, fields, v)
        if columns is not None:
            return columns, "self"
        source = self._source(field, fields)
        if source is None:
            return slot, "self"
        expression, may_wait = source
        try:
            lines, held = self._complete(field.type, v, path, fields)
        except NotCompiled:
            return slot, "self"
        if may_wait:
            return [f"{v} = {expression}", f"if {v} is not NOT_READY:", *_indented(lines)], "self"
        return [f"{v} = {expression}", *lines], held

    def _columns(self, field: GraphQLField, fields: list[FieldDetails], v: str) -> list[str] | None:
        """Lines that put a list into v without an object for each member; None where not all that is selected is in columns."""
        function, item = function_of(field), _member(field.type)
        read: ReadColumns | None = None if function is None else columns_of(function)
        if read is None or item is None or not _plain_nodes(fields) or not type_test_of(item)[0]:
            return None
        collected = self._executor.collect_subfields(item, fields)
        lines, items = [], []
        names: list[str] = []
        for key, inner, below in self._selected(item, collected.grouped_field_set):
            if below is None:
                items.append(f"{key!r}: {item.name!r}")
                continue
            resolver = function_of(below)
            column = None if resolver is None else column_of(resolver)
            if column is None or not _plain_nodes(inner):
                return None
            c = f"c{len(names)}"
            if not is_leaf_type(get_named_type(below.type)):  # leaves are read as they are answered
                try:
                    completed, slots = self._complete(below.type, c, "None", inner)
                except NotCompiled:
                    return None
                if slots:
                    return None
                lines += completed
            names.append(column)
            items.append(f"{key!r}: {c}")
        if not names or collected.new_defer_usages:
            return None
        row = "".join(f"c{i}, " for i in range(len(names)))
        reading = f"{v} = {self._name('columns', read)}(s, {tuple(names)!r})"
        each, member = f"for {row}in zip(*{v})", f"{{{', '.join(items)}}}"
        if not lines:
            return [reading, f"if {v} is not NOT_READY: {v} = [{member} {each}]"]
        loop = [f"{each}:", *_indented([*lines, f"out.append({member})"])]
        return [reading, f"if {v} is not NOT_READY:", *_indented(["out = []", *loop, f"{v} = out"])]

    def _source(self, field: GraphQLField, fields: list[FieldDetails]) -> tuple[str, bool] | None:
        """The expression that reads a field of the object s, and whether it may be NOT_READY; None for a slot."""
        if field.args or is_abstract_type(get_named_type(field.type)) or not _plain_nodes(fields):
            return None
        attribute = attribute_of(field)
        if attribute is not None:
            if not default_attributes(field):
                return None
            return (f"getattr(s, {attribute!r})" if keyword.iskeyword(attribute) else f"s.{attribute}"), False
        function = function_of(field)
        if function is None:
            return None
        expression = expression_of(function)
        if expression is not None:
            return expression, False
        ready = ready_of(function)
        if ready is not None:
            return f"{self._name('ready', ready)}(s)", True
        return (f"{self._name('call', function)}(s)", False) if of_object_alone(function) else None

    def _check(self, kind: GraphQLObjectType) -> list[str]:
        without_info, test = type_test_of(kind)
        if not without_info:
            raise NotCompiled
        good, vet = _vetting(test)
        condition = f"s.__class__ not in {self._name('good', good)}"
        if test is not None:
            condition += f" or hasattr(s, {TYPE_CAST_ATTRIBUTE!r})"
        return [f"if {condition}: {self._name('vet', vet)}(s)"]


def _member(kind: GraphQLOutputType) -> GraphQLObjectType | None:
    """What a list without gaps holds, where it holds objects of one type."""
    listed: Any = get_nullable_type(kind)
    member = listed.of_type.of_type if isinstance(listed, GraphQLList) and isinstance(listed.of_type, GraphQLNonNull) else None
    return member if isinstance(member, GraphQLObjectType) else None


def _plain_nodes(fields: Sequence[FieldDetails]) -> bool:
    return all(
        each.defer_usage is None
        and each.fragment_variable_values is None
        and all(directive.name.value in _FOLLOWED for directive in each.node.directives or ())
        for each in fields
    )


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


# --- what the compiled functions call where a value is not of the class expected ----------------------------------------------


def _refuse(value: Any) -> None:
    """Bails for what graphql-core would not complete as a value: an exception, an awaitable, nothing at all."""
    if value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value):
        raise Bail


def _vetting(test: Callable[[Any, Any], bool] | None) -> tuple[set[type], Callable[[Any], None]]:
    """The classes whose objects need no more checks, and the check that finds them."""
    good: set[type] = set()

    def vet(value: Any) -> None:
        _refuse(value)
        if test is not None and not test(value, None):
            raise Bail
        kind = type(value)
        if (
            not _changes(kind)
            and not hasattr(value, TYPE_CAST_ATTRIBUTE)
            and not _generates(value)
            and len(good) < MOST_CLASSES
        ):
            good.add(kind)

    return good, vet


def _changes(kind: type) -> bool:
    """Whether each object of a class may be another thing: what was true of one says nothing of the next."""
    own = [each for each in kind.__mro__ if each is not object]
    return any("__getattr__" in vars(each) or "__getattribute__" in vars(each) for each in own)


_SIMPLE = (str, int, float, bool, datetime, date)
"""Leaves that never change. Of those written in C, such as dates, `_changes` can't tell."""


def _generates(value: Any) -> bool:
    return hasattr(value, "gi_code")


def _leaf(kind: GraphQLScalarType | GraphQLEnumType) -> Callable[[Any], Any]:
    coerce = kind.coerce_output_value
    good = set(_SIMPLE)

    def leaf(value: Any) -> Any:
        if value.__class__ not in good:
            _refuse(value)
            if not _changes(type(value)) and not _generates(value) and len(good) < MOST_CLASSES:
                good.add(type(value))
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise Bail
        return coerced

    return leaf


def _as_path(steps: Any) -> Any:
    """A path of graphql-core's: most are never needed, and a plain tuple takes a tenth of the time."""
    return steps if steps is None or steps.__class__ is Path else Path(_as_path(steps[0]), *steps[1:])


def _as_list(value: Any) -> Any:
    if isinstance(value, list | tuple) and not hasattr(value, "__aiter__"):
        return value
    raise Bail
