"""Scalar expressions and conditions, as metric authors write them: parsed by SQLGlot, checked, and written for one engine.

What is allowed is a list of node classes (`grammar.RULES`) and of names: whatever is not on it is refused by name, so a
function that SQLGlot learns tomorrow is refused too. Kinds are checked, because SQLite compares text with a number without
complaint and PostgreSQL does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.dialects import Dialect
from accountpulse.core.metrics.grammar import RULES
from accountpulse.core.metrics.translator import Literals, Name, Part, Translator
from accountpulse.core.model import Kind

__all__ = ["Literals", "Name", "Part", "translate", "translate_condition"]


def translate(text: str, names: Mapping[str, Name], dialect: Dialect, literals: Literals, place: str) -> Part:
    """Check `text` and write it for `dialect`. Raises MetricError, beginning with `place`, naming what is not allowed."""
    return Translator(text, names, dialect, literals, place, RULES).run()


def translate_condition(text: str, names: Mapping[str, Name], dialect: Dialect, literals: Literals, place: str) -> Part:
    """As `translate`, for a text that must be true or false."""
    part = translate(text, names, dialect, literals, place)
    if part.kind is not Kind.BOOLEAN:
        raise MetricError(f"{place}: {text!r} is not a condition; compare something, as in {text} > 0")
    return part
