"""How Spark is reached. Apart from the engine, so that a configuration can be read without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCAL = "local[*]"
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """How Spark is reached. master: as Spark names it. options: Spark's own, by name; secrets: values of theirs to keep.

    tables: record type -> the table, view or query of a lake that holds its facts; the others come from the mirror.
    """

    master: str = LOCAL
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    tables: Mapping[str, str] = field(default_factory=dict)

    def redacted(self, text: str) -> str:
        """A text of Spark's without what is to be kept."""
        for value in sorted(self.secrets, key=len, reverse=True):
            if len(value) >= _SHORTEST:
                text = text.replace(value, "***")
        return text
