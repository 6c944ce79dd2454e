"""YAML files a person wrote, read with the line of every key, so that each mistake can be reported at its place.

    located = load_yaml(path)                 # SettingsError if it can't be read
    located.data                              # plain dicts, lists, text, numbers, booleans, None
    located.at(("groups", 0, "weight"), "found -1; allowed: a number of at least 0")
    # "models/enterprise.yaml:12: groups[0].weight: found -1; allowed: a number of at least 0"

Dates stay text; `yes`, `no`, `on`, `off` are text (YAML 1.2). Tags, merge keys and aliases are refused: they make a file
unreadable for the people it is for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from accountpulse.core.errors import SettingsError
from accountpulse.core.scoring.problems import Path, Problem, path_text

_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Located:
    """A document with the place of everything in it. `file` is as the person named it; lines count from 1."""

    file: str
    data: object
    lines: Mapping[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """The line of a key or item; of the nearest thing around it where it isn't in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, path: Path, message: str) -> str:
        """A message with its place: `file:line: key: message`."""
        return f"{self.file}:{self.line(path)}: {path_text(path)}: {message}"

    def error(self, problems: Iterable[Problem]) -> SettingsError:
        """All problems as one error, in the order of the file."""
        ordered = sorted(problems, key=lambda problem: self.line(problem.path))
        return SettingsError([self.at(problem.path, problem.message) for problem in ordered])


def dump_yaml(data: object) -> str:
    """Plain data as a file that people read."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel leaves the attribute untyped
    text = StringIO()
    writer.dump(data, text)
    return text.getvalue()


def load_yaml(path: FilePath) -> Located:
    """Read a file. Raises SettingsError when it can't be read, isn't UTF-8 or YAML, or repeats a key."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError([f"{path}: there is no such file"]) from None
    except IsADirectoryError:
        raise SettingsError([f"{path}: this is a directory; name a YAML file in it"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from None
    except OSError as error:
        raise SettingsError([f"{path}: can't be read: {error.strerror or error}"]) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str) -> Located:
    """Like `load_yaml`, of text; `file` stands in messages."""
    try:
        node = _composed(text)
    except _Refused as refused:
        raise SettingsError([f"{file}:{refused.line}: {refused}"]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else file
        what = error.problem or error.context or "it can't be understood"
        raise SettingsError([f"{place}: not valid YAML: {what}{_advice(error)}"]) from None
    except YAMLError as error:
        raise SettingsError([f"{file}: not valid YAML: {str(error).splitlines()[0]}"]) from None
    if node is None:
        raise SettingsError([f"{file}: the file is empty; `accountpulse init` writes one to begin with"])
    walker = _Walker(file)
    data = walker.value(node, ())
    if walker.problems:
        raise SettingsError(walker.problems)
    return Located(file, data, walker.lines)


@lru_cache(maxsize=32)
def _composed(text: str) -> Node | None:
    """The nodes of a document, which nobody changes: the same few files are read again and again."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _PlainComposer
    found: Node | None = yaml.compose(text)
    return found


class _Refused(Exception):
    """Something that YAML has and these files may not."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _PlainComposer(Composer):
    """Refuses aliases, and what nests so deeply that composing, which recurses, could fail."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise _Refused(line, f"found the alias *{event.anchor}; write the value out")
        if self.depth == MAX_DEPTH and isinstance(event, CollectionStartEvent):
            raise _Refused(line, f"nested too deeply; allowed: {MAX_DEPTH} levels")
        return super().compose_node(parent, index)


def _advice(error: MarkedYAMLError) -> str:
    """What to do about text that is no YAML, where that can be said."""
    begun, problem = error.context_mark, error.problem or ""
    if "\\t" in problem:
        return "; indent with spaces"
    if "flow mapping" in (error.context or "") or "flow sequence" in (error.context or ""):
        bracket = "{" if "mapping" in (error.context or "") else "["
        return f"; the {bracket} on line {begun.line + 1} may not be closed" if begun else ""
    if "mapping values are not allowed" in problem:
        return "; put text that contains ': ' in quotes, and see that the line before is indented as it should be"
    return ""


class _Walker:
    """Turns YAML nodes into plain data and notes the line of each."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[str] = []

    def value(self, node: Node, path: Path) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str) or key == "<<":
                self._problem(key_node, path, "found a key that isn't plain text; write `key: value`")
                continue
            inner = (*path, key)
            if key in result:
                first = self.lines[inner]
                self._problem(key_node, inner, f"duplicate key: it is already on line {first}; keep one of them")
                continue
            self.lines[inner] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, inner)
        return result

    def _scalar(self, node: Node, path: Path) -> object:
        text = str(node.value)
        match str(node.tag).removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return _integer(text)
            case "float":
                return _float(text)
            case "str" | "timestamp":
                return text
            case tag:
                self._problem(node, path, f"found the tag {tag!r}; allowed: plain YAML without tags")
                return None

    def _problem(self, node: Node, path: Path, message: str) -> None:
        self.problems.append(f"{self._file}:{node.start_mark.line + 1}: {path_text(path)}: {message}")


def _integer(text: str) -> object:
    try:
        return int(text.replace("_", ""), 0 if text.lower().lstrip("+-").startswith(("0x", "0o", "0b")) else 10)
    except ValueError:  # more digits than Python converts
        return math.inf


def _float(text: str) -> object:
    plain = text.replace("_", "").lower()
    if _FLOAT.fullmatch(plain):
        return float(plain)
    if plain.lstrip("+-") == ".inf":
        return -math.inf if plain.startswith("-") else math.inf
    return math.nan if plain == ".nan" else text
