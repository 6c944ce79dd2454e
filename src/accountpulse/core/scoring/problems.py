"""Checking data a person wrote: every mistake is collected, each with the path of its key, what was found and what is allowed.

The walk knows nothing of files. `accountpulse.config.yaml` adds file and line; a draft sent over GraphQL has paths only.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `path` leads from the top of the document to the key; `message` says what was found and what is allowed."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{path_text(self.path)}: {self.message}"


def path_text(path: Path) -> str:
    """`("groups", 0, "weight")` as `groups[0].weight`; the document itself is `(top level)`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(top level)"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` where something known is close to the word, else nothing."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def shown(value: object) -> str:
    """A value in a message: short, and in the words of YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Reader:
    """Reads plain data (mappings, lists, text, numbers, booleans) and collects what is wrong with it.

    Each method returns the value, or None after it has noted a problem.
    """

    examples: Mapping[str, str] = {}
    """What to do where a key is missing, by key, or by `the key it is under.key`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, path: Path, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, message))

    def wrong(self, path: Path, found: object, allowed: str) -> None:
        """Note a value that isn't allowed."""
        self.add(path, f"found {shown(found)}; allowed: {allowed}")

    def mapping(
        self, data: object, path: Path, *, required: Collection[str] = (), optional: Collection[str] = ()
    ) -> dict[str, object] | None:
        """A mapping with these keys and no others."""
        if not isinstance(data, Mapping):
            self.wrong(path, data, f"a mapping with the keys {', '.join([*required, *optional])}")
            return None
        known = [*required, *optional]
        for key in data:
            if key not in known:
                self.add((*path, str(key)), f"unknown key{did_you_mean(str(key), known)}; allowed: {', '.join(known)}")
        for key in required:
            if key not in data:
                parent = next((part for part in reversed(path) if isinstance(part, str)), "")
                advice = self.examples.get(f"{parent}.{key}", self.examples.get(key))
                self.add(path, f"the key {key!r} is missing" + (f"; {advice}" if advice else ""))
        return {str(key): value for key, value in data.items()}

    def items(self, data: object, path: Path, what: str) -> list[object] | None:
        """A list with at least one item."""
        if not isinstance(data, list) or not data:
            self.wrong(path, data, f"a list of at least one {what}")
            return None
        return data

    def text(self, data: object, path: Path, what: str = "text") -> str | None:
        """Text that isn't empty."""
        if not isinstance(data, str) or not data.strip():
            self.wrong(path, data, what)
            return None
        return data.strip()

    def choice(self, data: object, path: Path, known: Collection[str], what: str = "") -> str | None:
        """One of some words."""
        if isinstance(data, str) and data in known:
            return data
        hint = did_you_mean(data, known) if isinstance(data, str) else ""
        listing = ", ".join(sorted(known)) if len(known) <= 12 else f"one of {len(known)} known {what or 'words'}s"
        self.add(path, f"{f'unknown {what}: ' if what else ''}found {shown(data)}{hint}; allowed: {listing}")
        return None

    def number(self, data: object, path: Path, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A finite number from `low` to `high`."""
        limits = f" from {low:g} to {high:g}" if math.isfinite(high) else f" of at least {low:g}" if math.isfinite(low) else ""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.wrong(path, data, f"a number{limits}")
            return None
        try:
            number = float(data)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.wrong(path, data, f"a finite number{limits}")
            return None
        if not low <= number <= high:
            self.wrong(path, data, f"a number{limits}")
            return None
        return number + 0.0  # -0.0 and 0.0 are the same number, so they must be the same content
