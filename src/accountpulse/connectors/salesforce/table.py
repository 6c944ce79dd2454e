"""The Bulk API's CSV -> rows as the REST API writes them, so that both ways are mapped by the same functions. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

_NUMBERS = ("double", "currency", "percent")


def rows_of(text: str, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a page of CSV. types: of the columns, by name, as `describe` says."""
    # Salesforce lets NUL through into its CSV, which no database takes.
    lines = csv.reader(io.StringIO(text.replace("\0", ""), newline=""))
    columns = next(lines, [])
    known = [types.get(name, "string") for name in columns]
    return [
        dict(zip(columns, (_value(cell, kind) for cell, kind in zip(line, known, strict=True)), strict=True)) for line in lines
    ]


def _value(cell: str, kind: str) -> Any:
    """CSV writes nothing for null, and everything else as text; what can't be understood stays the text it is."""
    if cell == "":
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(cell.lower(), cell)
    if kind == "datetime":
        return cell.removesuffix("Z") + "+0000" if cell.endswith("Z") else cell
    try:
        return int(cell) if kind == "int" else float(cell) if kind in _NUMBERS else cell
    except ValueError:
        return cell
