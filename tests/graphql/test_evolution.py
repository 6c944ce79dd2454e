"""The schema may grow; what breaks clients is announced with a date first."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from accountpulse.core.errors import SettingsError
from accountpulse.graphql import evolution, sdl
from accountpulse.graphql.evolution import Announcement, announcements, changes

BEFORE = "type Query { a(x: Int): Int b: String } enum E { ONE }"


def test_nothing_breaks_that_was_not_announced() -> None:
    found = changes(evolution.DELIVERED.read_text(encoding="utf-8"), sdl.COMMITTED.read_text(encoding="utf-8"), announcements())
    breaking = [change for change in found if change.danger == "breaking"]
    assert [change.description for change in breaking if change.announced is None] == [], (
        "clients were not told: list it in graphql/breaking_changes.toml with a date, or keep what they use"
    )
    assert {each.change for each in announcements()} == {change.description for change in breaking}, (
        "breaking_changes.toml lists what is not so (any more)"
    )


@pytest.mark.parametrize(
    ("after", "danger", "kind"),
    [
        ("type Query { a(x: Int): Int } enum E { ONE }", "breaking", "FIELD_REMOVED"),
        ("type Query { a(x: Int!): Int b: String } enum E { ONE }", "breaking", "ARG_CHANGED_KIND"),
        ("type Query { a(x: Int): String b: String } enum E { ONE }", "breaking", "FIELD_CHANGED_KIND"),
        ("type Query { a(x: Int): Int b: String } enum E { TWO ONE }", "dangerous", "VALUE_ADDED_TO_ENUM"),
        ("type Query { a(x: Int): Int b: String c: Int } enum E { ONE }", "safe", "FIELD_ADDED"),
    ],
)
def test_a_change_is_called_what_it_is(after: str, danger: str, kind: str) -> None:
    (first, *_) = changes(BEFORE, after)
    assert (first.danger, first.kind) == (danger, kind)
    assert first.announced is None
    assert changes(BEFORE, BEFORE.replace("b: String", '"in other words" b: String')) == []
    if danger == "breaking":
        told = Announcement(first.description, date(2027, 1, 1), "ask otherwise")
        assert changes(BEFORE, after, [told])[0].announced == date(2027, 1, 1)


def test_what_is_no_schema_or_no_announcement_is_refused(tmp_path: Path) -> None:
    for broken in ("type Query {", "type Query { a: Nothing }"):
        with pytest.raises(SettingsError, match="can't be read"):
            changes(BEFORE, broken)
    path = tmp_path / "breaking_changes.toml"
    for entry in ('change = "x"', 'change = "x"\nsince = "soon"\ninstead = "y"'):
        path.write_text(f"[[announced]]\n{entry}\n")
        with pytest.raises(SettingsError, match="entry 1"):
            announcements(path)
    path.write_text('[[announced]]\nchange = "x"\nsince = 2027-01-01\ninstead = "y"\n')
    assert announcements(path) == [Announcement("x", date(2027, 1, 1), "y")]
    path.write_text("[[")
    with pytest.raises(SettingsError):
        announcements(path)
