"""Rows to records of any type."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.connectors.tabular import convert
from accountpulse.connectors.tabular.mapping import builder, constant_values, fields_of, required_fields
from accountpulse.plugins import Account, InvalidRecord, Record, Ticket, UsageDay, schemas, usage_key

BERLIN = ZoneInfo("Europe/Berlin")


def one(
    record: str, cells: dict[str, Any], constants: dict[str, Any] | None = None, zone: Any = None
) -> Record | InvalidRecord:
    fixed = constant_values(record, constants or {}, zone)
    build = builder(record, list(cells), {name: name for name in cells}, fixed, path="dir/data.csv", zone=zone)
    return build(list(cells.values()), 7)


def test_a_usage_day_names_itself() -> None:
    found = one("usage_day", {"account": "001", "user": "u", "feature": "f", "day": "2026-11-20", "count": "3", "seconds": ""})
    day = date(2026, 11, 20)
    assert found == UsageDay(
        source_id=usage_key("001", "u", "f", day),
        raw_ref="dir/data.csv:7",
        account="001",
        user="u",
        feature="f",
        day=day,
        count=3,
    )


def test_any_record_by_its_own_schema() -> None:
    cells = {
        "account": "001",
        "opened_at": "2026-11-20T10:00:00+01:00",
        "priority": "4",
        "outcome": "Solved",
        "reopened": "2.0",
    }
    found = one("ticket", cells, {"channel": "phone"})
    assert isinstance(found, Ticket)
    assert (found.source_id, found.priority, found.outcome, found.reopened, found.channel) == (
        "data:7",
        4,
        "solved",
        2,
        "phone",
    )
    assert found.opened_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_an_account_with_lists_and_custom_attributes() -> None:
    cells = {
        "source_id": "001",
        "domains": "acme.example; acme.test",
        "employees": "",
        "custom.tier": "gold",
        "custom": '{"beta": true}',
    }
    found = one("account", cells, {"custom.origin": "import"})
    assert isinstance(found, Account)
    assert found.domains == ("acme.example", "acme.test")
    assert found.employees is None
    assert found.custom == {"beta": True, "origin": "import", "tier": "gold"}


@pytest.mark.parametrize(
    ("cells", "column", "found", "allowed"),
    [
        ({"account": ""}, "account", "nothing", "account needs a value"),
        ({"priority": "9"}, "priority", "'9'", "one of 1, 2, 3, 4"),
        ({"outcome": "lost"}, "outcome", "'lost'", "one of solved, closed, merged, deleted"),
        ({"reopened": "2.5"}, "reopened", "'2.5'", "a whole number"),
        ({"reopened": "1_000"}, "reopened", "'1_000'", "a whole number"),
        ({"reopened": "1" * 40}, "reopened", "'" + "1" * 40 + "'", "a whole number"),
        ({"opened_at": "2026-11-20T10:00:00"}, "opened_at", "'2026-11-20T10:00:00'", "set `timezone` for this file"),
        ({"opened_at": "soon"}, "opened_at", "'soon'", "a time, such as"),
        ({"opened_at": "x" * 500}, "opened_at", "'" + "x" * 59 + "...", "a time, such as"),
    ],
)
def test_a_bad_cell_names_file_line_column_found_and_allowed(
    cells: dict[str, str], column: str, found: str, allowed: str
) -> None:
    bad = one("ticket", {"account": "001", "opened_at": "2026-11-20T10:00:00Z"} | cells)
    assert isinstance(bad, InvalidRecord)
    assert bad.source_id == "data:7"
    assert f"dir/data.csv, line 7, column {column!r}: found {found}; " in str(bad)
    assert allowed in str(bad)


def test_a_row_of_another_width_is_refused() -> None:
    build = builder("ticket", ["account", "opened_at"], {"account": "account", "opened_at": "opened_at"}, {}, path="a.csv")
    assert "a.csv, line 3: 1 columns found, the header has 2" in str(build(["001"], 3))


def test_times_without_an_offset_are_the_files() -> None:
    assert convert.instants(BERLIN)("2026-07-01T00:30:00") == datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert convert.instants(BERLIN)("2026-07-01") == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert convert.days(BERLIN)("2026-06-30T23:30:00Z") == date(2026, 7, 1)
    assert convert.days(None)("2026-07-01T23:30:00") == date(2026, 7, 1)
    with pytest.raises(ValueError, match="timezone"):
        convert.days(None)("2026-06-30T23:30:00Z")


def test_constants_are_checked_too() -> None:
    assert constant_values("activity", {"kind": "TRAINING"}, None) == {"kind": "training"}
    with pytest.raises(ValueError, match=r"constants\.kind: 'party' is not one of meeting, call"):
        constant_values("activity", {"kind": "party"}, None)


VALUES = {
    "text": "text", "integer": "12", "float": "7.5", "boolean": "yes", "instant": "2026-11-20T10:00:00Z", "day": "2026-11-20",
    "json": "a;b",
}  # fmt: skip


@pytest.mark.parametrize("record", sorted(schemas()))
def test_every_field_of_every_record_can_be_mapped(record: str) -> None:
    schema = schemas()[record]
    cells: dict[str, Any] = {}
    for name in fields_of(record):
        if name in ("source_id", "account"):
            cells[name] = "001"
        elif name == "custom":
            cells[name] = "{}"
        else:
            field = schema.field(name)
            cells[name] = str(field.allowed[0]) if field.allowed else VALUES[field.kind.value]
    full = one(record, cells)
    assert isinstance(full, schema.cls)
    assert all(getattr(full, f.name) is not None for f in dataclasses.fields(schema.cls))
    least = one(record, {name: value for name, value in cells.items() if name in required_fields(record)})
    assert isinstance(least, schema.cls)


@given(st.dictionaries(st.sampled_from(fields_of("ticket")), st.text(max_size=12) | st.none() | st.floats() | st.booleans()))
def test_any_cells_give_a_sound_record_or_say_what_is_wrong(cells: dict[str, Any]) -> None:
    found = one("ticket", {"account": "001", "opened_at": "2026-11-20T10:00:00Z"} | cells)
    if isinstance(found, Ticket):
        assert found.priority in (1, 2, 3, 4)
        assert found.opened_at.tzinfo is UTC
        assert found.source_id
        assert found.account
    else:
        assert isinstance(found, InvalidRecord)
        assert "line 7, column" in str(found)
