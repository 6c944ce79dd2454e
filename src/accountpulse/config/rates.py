"""The `rates` block: what other currencies are worth in the reporting one, written in the file or in a CSV file beside it."""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path as FilePath
from typing import TextIO

from accountpulse.core.model import currency_codes, is_currency
from accountpulse.core.scoring.problems import Path, Reader, shown

COLUMNS = ("currency", "from", "rate")
LOWEST, HIGHEST = 1e-9, 1e9
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE_ALLOWED = f"a number above 0, from {LOWEST:g} to {HIGHEST:g}"
_DAY_ALLOWED = "a day such as 2026-01-31"

Dated = dict[str, dict[date, float]]


def read_rates(data: object, folder: FilePath, reporting: str, reader: Reader, elsewhere: list[str]) -> Dated:
    """The rates by currency and day. Mistakes go to `reader`, those of a CSV file to `elsewhere` with their own place."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        reader.wrong(("rates",), data, "a mapping such as {EUR: [{from: 2026-01-01, rate: 1.08}]}, or {file: rates.csv}")
        return {}
    if "file" in data:
        return _of_file(data, folder, reporting, reader, elsewhere)
    found: Dated = {}
    for currency, items in data.items():
        path: Path = ("rates", str(currency))
        if (wrong := currency_problem(str(currency), reporting)) is not None:
            reader.add(path, wrong)
            continue
        found[str(currency)] = _dated(items, path, reader)
    return found


def currency_problem(code: str, reporting: str) -> str | None:
    """What is wrong with the code of a currency to convert from, if anything."""
    if code == reporting:
        return f"{code} is the reporting currency (`currency`), whose rate is always 1; leave it out"
    if is_currency(code):
        return None
    if _CURRENCY.fullmatch(code):
        near = difflib.get_close_matches(code, currency_codes(), n=1)
        return f"ISO 4217 has no currency {code!r}{f' (did you mean {near[0]!r}?)' if near else ''}"
    return f"found the currency {code!r}; allowed: an ISO 4217 code of three capital letters, such as EUR"


def _dated(items: object, path: Path, reader: Reader) -> dict[date, float]:
    found: dict[date, float] = {}
    places: dict[date, int] = {}
    for i, item in enumerate(reader.items(items, path, "rate such as {from: 2026-01-01, rate: 1.08}") or []):
        block = reader.mapping(item, (*path, i), required=("from", "rate"))
        if block is None or not block.keys() >= {"from", "rate"}:
            continue
        day, rate = _day(block["from"]), _rate(block["rate"])
        if day is None:
            reader.wrong((*path, i, "from"), block["from"], _DAY_ALLOWED)
        if rate is None:
            reader.wrong((*path, i, "rate"), block["rate"], _RATE_ALLOWED)
        if day is None or rate is None:
            continue
        if day in found:
            reader.add((*path, i, "from"), f"{path[-1]} has a rate from {day} already, in item {places[day]}; keep one of them")
            continue
        found[day], places[day] = rate, i
    return found


def _of_file(data: Mapping[str, object], folder: FilePath, reporting: str, reader: Reader, elsewhere: list[str]) -> Dated:
    for key in data:
        if key != "file":
            reader.add(("rates", str(key)), "rates are in a file or here, not both; leave out `file` or the currencies")
    name = reader.text(data["file"], ("rates", "file"), "the path of a CSV file with the columns currency, from, rate")
    if name is None:
        return {}
    file = folder / FilePath(name).expanduser()
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _rows(stream, file, reporting, elsewhere)
    except UnicodeDecodeError:
        reader.wrong(("rates", "file"), name, "a CSV file in UTF-8")
    except OSError as error:
        reader.add(("rates", "file"), f"{name!r} can't be read: {error.strerror or error}; paths start from {folder}")
    except csv.Error as error:
        elsewhere.append(f"{file}: not valid CSV: {error}")
    return {}


def _rows(stream: TextIO, file: FilePath, reporting: str, problems: list[str]) -> Dated:
    rows = csv.reader(stream, strict=True)
    header = [name.strip().lower() for name in next(rows, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        problems.append(f"{file}:1: the column {missing[0]!r} is missing; the columns are {', '.join(COLUMNS)}")
        return {}
    found: Dated = {}
    lines: dict[tuple[str, date], int] = {}
    for cells in rows:
        place = f"{file}:{rows.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            problems.append(f"{place}: {len(cells)} columns found, the header has {len(header)}")
            continue
        currency, stated, text = (cells[header.index(name)].strip() for name in COLUMNS)
        day, rate = _day(stated), _rate_of_text(text)
        wrong = [f"{place}: currency: {problem}" for problem in [currency_problem(currency, reporting)] if problem]
        if day is None:
            wrong.append(f"{place}: from: found {shown(stated)}; allowed: {_DAY_ALLOWED}")
        if rate is None:
            wrong.append(f"{place}: rate: found {shown(text)}; allowed: {_RATE_ALLOWED}")
        if day is not None and not wrong and (currency, day) in lines:
            first = lines[currency, day]
            wrong.append(f"{place}: from: {currency} has a rate from {day} already, on line {first}; keep one of them")
        problems += wrong
        if day is not None and rate is not None and not wrong:
            lines[currency, day] = rows.line_num
            found.setdefault(currency, {})[day] = rate
    return found


def _day(data: object) -> date | None:
    if not isinstance(data, str) or not _DAY.fullmatch(data):
        return None
    try:
        return date.fromisoformat(data)
    except ValueError:
        return None


def _rate(data: object) -> float | None:
    if isinstance(data, bool) or not isinstance(data, int | float):
        return None
    return float(data) if math.isfinite(data) and LOWEST <= data <= HIGHEST else None


def _rate_of_text(text: str) -> float | None:
    try:
        return _rate(float(text))
    except ValueError:
        return None
