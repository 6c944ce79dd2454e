"""What the type of a setting says about the data written for it: which places are secrets, and which keys are known."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr


def holds_secret(annotation: object) -> bool:
    """Whether a plain value in this place is a secret: a secret itself, or a collection of them."""
    for each in _alternatives(annotation):
        if isinstance(each, type) and issubclass(each, SecretStr | SecretBytes):
            return True
        if get_origin(each) not in (None, type) and any(holds_secret(part) for part in get_args(each)):
            return True
    return False


def type_of(annotation: object, part: str | int) -> object:
    """The type of one key of a mapping, or of one item of a list; None where it isn't known."""
    alternatives = _alternatives(annotation)
    if isinstance(part, int):
        return _any_of([arg for each in alternatives for arg in get_args(each) if arg is not Ellipsis])
    found = [
        field.annotation
        for model in _models(annotation)
        for name, field in model.model_fields.items()
        if part in (name, field.alias, field.validation_alias)
    ]
    values: list[Any] = [get_args(each)[1] for each in alternatives if get_origin(each) and len(get_args(each)) == 2]
    return _any_of([*found, *values])


def keys_of(annotation: object) -> list[str]:
    """The keys that may be written here; none where anything may, or where no mapping belongs."""
    return [name for model in _models(annotation) for name in model.model_fields]


def _models(annotation: object) -> list[type[BaseModel]]:
    return [each for each in _alternatives(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]


def _alternatives(annotation: object) -> list[Any]:
    """The plain types an annotation allows: `Annotated`, unions and aliases taken apart."""
    if hasattr(annotation, "__value__"):  # a `type` alias, which Python 3.11 does not have yet
        return _alternatives(annotation.__value__)
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [found for part in get_args(annotation) for found in _alternatives(part)]
    return [annotation]


def _any_of(annotations: list[Any]) -> object:
    return Union[tuple(annotations)] if annotations else None  # noqa: UP007 - made at run time
