"""Every touch on what Strawberry and graphql-core don't promise to keep: nothing else of ours may import it.

`known()` says whether the installed versions are those that this was written against; with others, queries are executed
plainly, slower and right. A test holds the fingerprints of what is relied on, and fails when a new version changes it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import strawberry
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import CollectedErrors, Executor
from graphql.pyutils import Path, Undefined
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.arguments import convert_arguments
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    specified_rules,
)

__all__ = [
    "TYPE_CAST_ATTRIBUTE",
    "VALIDATION_RULES",
    "CollectedErrors",
    "FieldDetails",
    "Path",
    "PlainExecutor",
    "Undefined",
    "arguments_as_resolved",
    "attribute_of",
    "declared_resolver",
    "default_attributes",
    "enum_names",
    "fingerprints",
    "function_of",
    "is_awaitable",
    "known",
    "of_object_alone",
    "type_test_of",
]

VERSIONS = {"strawberry-graphql": "0.341.2", "graphql-core": "3.3.2"}

PlainExecutor = StrawberryGraphQLCoreExecutionContext
is_awaitable: Callable[[Any], bool] = optimized_is_awaitable
VALIDATION_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
"""What Strawberry checks a document by."""


def known() -> bool:
    """Whether the installed versions are those whose inner workings are known here."""
    return all(version(name) == wanted for name, wanted in VERSIONS.items())


def attribute_of(field: GraphQLField) -> str | None:
    """The attribute that a field without a resolver reads; None where something else happens."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(declared, StrawberryField) or not declared.is_basic_field or field.resolve is None:
        return None
    # With an exception handler that fits its type, the resolver is another one.
    return declared.python_name if field.resolve.__name__ == "_get_basic_result" else None


def module_of(field: GraphQLField) -> str | None:
    """The module of the class that declares a field; None for a field that no class declares."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    origin = declared.origin if isinstance(declared, StrawberryField) else None
    return None if origin is None else origin.__module__


def declared_resolver(field: GraphQLField) -> Callable[..., Any] | None:
    """The function behind a field, as it was declared; None for a field without one."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(declared, StrawberryField) or declared.base_resolver is None:
        return None
    function = declared.base_resolver.wrapped_func
    return function if inspect.isfunction(function) else None


def arguments_as_resolved(schema: strawberry.Schema, field: GraphQLField, values: dict[str, Any]) -> dict[str, Any]:
    """A field's coerced arguments as its resolver gets them: by its names for them, inputs as objects."""
    declared: StrawberryField = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    return convert_arguments(values, declared.arguments, schema.schema_converter.scalar_registry, schema.config)


def function_of(field: GraphQLField) -> Callable[..., Any] | None:
    """The resolver of a field without arguments that is a method of its object, without permissions or other extensions."""
    function = declared_resolver(field)
    declared: StrawberryField | None = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if function is None or declared is None or declared.base_resolver is None or declared.extensions or field.args:
        return None
    ours = field.resolve is not None and field.resolve.__name__ in ("_resolver", "_async_resolver")
    return function if ours and declared.base_resolver.self_parameter is not None else None


def of_object_alone(function: Callable[..., Any]) -> bool:
    """Whether a resolver is synchronous and takes nothing but its object."""
    waits = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    return not waits and list(inspect.signature(function).parameters) == ["self"]


def default_attributes(field: GraphQLField) -> bool:
    """Whether a field without a resolver is read with `getattr`, and not in a way of the schema's own."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return isinstance(declared, StrawberryField) and getattr(declared, "default_resolver", None) is getattr


def type_test_of(object_type: GraphQLObjectType) -> tuple[bool, Callable[[Any, Any], bool] | None]:
    """(whether it may be asked without an `info`, the function that says whether an object is of the type, if any)."""
    test = object_type.is_type_of
    if test is None:
        return True, None
    own = getattr(test, "__module__", "") == GraphQLCoreConverter.__module__
    return own, test  # type: ignore[return-value]  # Strawberry's own is synchronous


def enum_names(enum: GraphQLEnumType) -> tuple[type, dict[Any, str]] | None:
    """The Python class of an enum, and the name that each of its members is answered with; None for an enum without one."""
    if not isinstance(enum, CustomGraphQLEnumType):
        return None
    names: dict[Any, str] = {}
    members: Iterable[Any] = enum.wrapped_cls
    for member in members:
        try:
            names[member] = enum.coerce_output_value(member)
        except (GraphQLError, ValueError):
            continue  # graphql-core says what is wrong with it
    return enum.wrapped_cls, names


# What is relied on: these must stay as they are, or be read again.
_RELIED_ON: tuple[Any, ...] = (
    Executor.__init__,
    Executor.execute_field,
    Executor.execute_fields,
    Executor.complete_value,
    Executor.complete_list_value,
    Executor.complete_iterable_value,
    Executor.complete_list_item_value,
    Executor.complete_leaf_value,
    Executor.complete_abstract_value,
    Executor.complete_object_value,
    Executor.collect_and_execute_subfields,
    Executor.collect_subfields,
    Executor.handle_field_error,
    Executor.settle_in_background,
    CollectedErrors,
    FieldDetails,
    Path,
    GraphQLScalarType,
    GraphQLSchema.get_field,
    PlainExecutor,
    StrawberryField.get_result,
    vars(StrawberryField)["is_basic_field"].fget,
    CustomGraphQLEnumType.coerce_output_value,
    GraphQLCoreConverter.from_object,
    GraphQLCoreConverter.from_resolver,
    optimized_is_awaitable,
    convert_arguments,
)


def fingerprints() -> dict[str, str]:
    """A short hash of the source of everything that is relied on, by its name."""
    return {each.__qualname__: hashlib.sha256(inspect.getsource(each).encode()).hexdigest()[:12] for each in _RELIED_ON}
