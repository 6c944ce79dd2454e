"""A connection's `config` block: checked by the connector's own class, with every mistake at its line and no secret quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from accountpulse.config.annotations import holds_secret, keys_of, type_of
from accountpulse.config.secrets import References, presentable, suggested_variable
from accountpulse.core.scoring.problems import Path, Reader, did_you_mean, shown
from accountpulse.core.sync.connector import Connector, ConnectorConfig


def read_connector_config(
    connector: type[Connector[Any]], data: object, path: Path, *, references: References, reader: Reader
) -> ConnectorConfig | None:
    """The typed settings of one connection, or None after the problems have been noted. `path`: of the `config` block.

    Validators find the folder of the file, from which relative paths start, as `info.context["folder"]`.
    """
    keys = ", ".join(connector.Config.model_fields)
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        reader.wrong(path, data, f"a mapping with the settings of connector {connector.id!r}: {keys}")
        return None
    before = len(reader.problems)
    resolved = references.follow(data, connector.Config, path)
    unresolved = {problem.path for problem in reader.problems[before:]}
    try:
        config: ConnectorConfig = connector.Config.model_validate(resolved, context={"folder": references.folder})
    except ValidationError as error:
        everything = error.errors(include_url=False, include_input=False)
        for details in everything:
            if _follows_from_another(details, everything):
                continue
            where, message = _translated(details, data, connector, path)
            place = (*path, *where)
            # What could not be resolved was checked with a stand-in: what is wrong with that says nothing.
            if not any(place[: len(problem)] == problem for problem in unresolved):
                reader.add(place, references.redact(message))
        return None
    except Exception as error:
        what = type(error).__name__
        reader.add(path, f"the settings of connector {connector.id!r} could not be checked ({what}): a bug of the connector")
        return None
    return None if unresolved else config


def _translated(
    details: ErrorDetails, data: Mapping[str, Any], connector: type[Connector[Any]], path: Path
) -> tuple[Path, str]:
    """Where in the block, and what is wrong there, in our words."""
    kind, key = details["type"], str(details["loc"][-1]) if details["loc"] else ""
    where, found = _place(details["loc"], data)
    if kind == "missing":
        secret = holds_secret(type_of(_type_at(connector, where), key))
        hint = f"; write {key}: ${{{suggested_variable((*path, key))}}} and set that variable" if secret else ""
        return where, f"the key {key!r} is missing{hint}"
    if kind == "extra_forbidden":
        known = keys_of(_type_at(connector, where[:-1]))
        return where, f"unknown key{did_you_mean(key, known)}; allowed: {', '.join(known)}"
    message = details["msg"]
    for prefix in ("Value error, ", "Assertion failed, "):
        if message.startswith(prefix):
            return where, _with_found(message.removeprefix(prefix), found, where)
    for prefix in ("Input should be ", "Value should be "):
        if message.startswith(prefix):
            return where, _with_found(f"allowed: {message.removeprefix(prefix)}", found, where)
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    return where, _with_found(message, found, where)


def _follows_from_another(details: ErrorDetails, everything: Sequence[ErrorDetails]) -> bool:
    """Whether a list is called too short only because its items are wrong."""
    place = details["loc"]
    return details["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in everything
    )


def _with_found(message: str, found: object, where: Path) -> str:
    known = presentable(found, where)
    if not where or known is None or isinstance(known, Mapping):
        return message
    return f"found {shown(known)}; {message}"


def _place(location: tuple[int | str, ...], data: object) -> tuple[Path, object]:
    """The part of an error's location that is in the file, and the value there.

    pydantic puts names of its own between the keys, such as the member of a union it tried.
    """
    path: Path = ()
    for part in location:
        known = part in data if isinstance(data, Mapping) else isinstance(data, list) and part in range(len(data))
        if known:
            data, path = cast(Any, data)[part], (*path, part)
    return path, data


def _type_at(connector: type[Connector[Any]], where: Path) -> object:
    annotation: object = connector.Config
    for part in where:
        annotation = type_of(annotation, part)
    return annotation
