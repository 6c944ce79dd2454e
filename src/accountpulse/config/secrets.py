"""References to what must not stand in a file: `${VARIABLE}` of the environment, and `file:/path` for secrets.

A setting that is a secret may be written in no other way, so that a configuration file can be shared and committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath

from pydantic import BaseModel, SecretBytes, SecretStr

from accountpulse.config.annotations import holds_secret, type_of
from accountpulse.core.scoring.problems import Path, Reader

UNRESOLVED = "unresolved"
"""Stands for a value whose reference could not be followed, so that the rest can still be checked."""

FILE = "file:"
_REFERENCE = re.compile(r"\$?\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_WORDS = re.compile(r"secret|token|password|passwd|credential|private|api_?key|access[_.]?key|write_?key", re.IGNORECASE)
_USERINFO = re.compile(r"(://)[^/@\s]*@")
_SHORTEST = 4


class References:
    """Follows the references of one file and notes the problems with a `Reader`. `folder`: what relative paths start from."""

    def __init__(self, folder: FilePath, environment: Mapping[str, str], reader: Reader) -> None:
        self.folder = folder
        self._environment = environment
        self._reader = reader
        self._revealed: set[str] = set()

    def follow(self, data: object, annotation: object, path: Path) -> object:
        """The data with every reference replaced. `annotation`: the type it is for, which says what is a secret."""
        if isinstance(data, Mapping):
            return {key: self.follow(value, type_of(annotation, key), (*path, key)) for key, value in data.items()}
        if isinstance(data, list):
            return [self.follow(value, type_of(annotation, i), (*path, i)) for i, value in enumerate(data)]
        if data is not None and holds_secret(annotation):
            return self.secret(data, path)
        return self.text(data, path) if isinstance(data, str) else data

    def secret(self, data: object, path: Path) -> str:
        """A secret, from the one reference that stands for it."""
        if isinstance(data, str):
            if data.startswith(FILE):
                return self._from_file(data.removeprefix(FILE), path)
            if (match := _REFERENCE.fullmatch(data.strip())) and not data.startswith("$$"):
                return self._from_environment(match[1], path)
        name = suggested_variable(path)
        self._reader.add(
            path, f"a secret must not stand in this file; write ${{{name}}} and set that variable, or file:/path/to/secret"
        )
        return UNRESOLVED

    def text(self, data: str, path: Path, *, quote: Callable[[str], str] | None = None) -> str:
        """Text with each `${VARIABLE}` replaced; `$${` stands for a plain `${`. `quote` is applied to what is put in."""

        def put_in(match: re.Match[str]) -> str:
            if match[0].startswith("$$"):
                return match[0][1:]
            value = self._from_environment(match[1], path)
            return quote(value) if quote else value

        return _REFERENCE.sub(put_in, data)

    def redact(self, text: str) -> str:
        """The text without any value that a reference stood for."""
        return redact(text, self._revealed)

    def _from_environment(self, name: str, path: Path) -> str:
        if not _NAME.fullmatch(name):
            self._reader.add(path, f"found ${{{name}}}; allowed: ${{NAME}}, the name of an environment variable")
            return UNRESOLVED
        value = self._environment.get(name)
        if not value:
            state = "is not set" if value is None else "is set, but empty"
            self._reader.add(path, f"the environment variable {name} {state}; set it before starting")
            return UNRESOLVED
        self._revealed.add(value)
        return value

    def _from_file(self, name: str, path: Path) -> str:
        file = self.folder / FilePath(name.removeprefix("//") if name.startswith("///") else name).expanduser()
        try:
            value = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            problem = "does not exist"
        except UnicodeDecodeError:
            problem = "is not UTF-8 text"
        except OSError as error:
            problem = f"can't be read: {error.strerror or type(error).__name__}"
        else:
            if value:
                self._revealed.add(value)
                return value
            problem = "is empty"
        self._reader.add(path, f"the secret's file {name} {problem}")
        return UNRESOLVED


def suggested_variable(path: Path) -> str:
    """A name for the environment variable of a secret: `connections.crm.config.token` suggests CRM_TOKEN."""
    words = [part for part in path if isinstance(part, str) and part not in ("connections", "config")]
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_") or "SECRET"


def redact(text: str, values: set[str]) -> str:
    """The text with `***` for each of the values."""
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, "***")
    return text


def is_secret(name: str) -> bool:
    """Whether a setting of this name looks like a secret."""
    return bool(_SECRET_WORDS.search(name))


def presentable(value: object, path: Path) -> object:
    """What a message may say of a value: nothing that looks like a secret; None where it should say nothing at all."""
    if any(isinstance(part, str) and _SECRET_WORDS.search(part) for part in path):
        return None
    return _USERINFO.sub(r"\1***@", value) if isinstance(value, str) else value


def secret_values(thing: object) -> Iterator[str]:
    """Every secret that a configuration holds."""
    if isinstance(thing, SecretStr):
        yield thing.get_secret_value()
    elif isinstance(thing, SecretBytes):
        yield thing.get_secret_value().decode(errors="replace")
    elif isinstance(thing, BaseModel):
        for name in type(thing).model_fields:
            yield from secret_values(getattr(thing, name))
    elif isinstance(thing, Mapping):
        for value in thing.values():
            yield from secret_values(value)
    elif isinstance(thing, list | tuple | set | frozenset):
        for value in thing:
            yield from secret_values(value)
