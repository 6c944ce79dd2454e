"""Notes: written, listed, taken away; their rows stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.people.firm import Firm

from accountpulse.core.errors import InvalidInput, NotFound
from accountpulse.core.people.notes import notes
from accountpulse.core.store.people_tables import account_note
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.trail import operator


def test_notes_are_listed_with_their_author_the_latest_first(firm: Firm) -> None:
    firm.people.add_note("Acme", "  their champion leaves\nin May ", asker=operator("Ann"))
    firm.clock.advance(timedelta(hours=1))
    second = firm.people.add_note("acme.com", "replaced by a fan", asker=operator("Bob"))
    firm.people.add_note("Beta", "quiet", asker=operator("Ann"))
    found = firm.people.notes("Acme")
    assert [(each.text, each.author) for each in found] == [
        ("replaced by a fan", "Bob"),
        ("their champion leaves\nin May", "Ann"),
    ]
    assert found[0] == second
    assert second.written_at == firm.clock.now()
    assert [each.account for each in firm.people.notes()] == ["Beta", "Acme", "Acme"]


def test_a_removed_note_keeps_its_row_and_who_removed_it(firm: Firm) -> None:
    note = firm.people.add_note("Acme", "wrong customer", asker=operator("Ann"))
    firm.people.remove_note(note.id, asker=operator("Bob"))
    assert firm.people.notes() == []
    (row,) = firm.rows(account_note)
    assert (row.text, row.known_to, row.ended_by) == ("wrong customer", firm.clock.now(), "Bob")
    with pytest.raises(NotFound, match=f"there is no note {note.id}; `accountpulse note list"):
        firm.people.remove_note(note.id, asker=operator("Bob"))


def test_at_most_so_many_of_each_account(firm: Firm) -> None:
    written = [firm.people.add_note(name, f"{name} {i}", asker=operator("Ann")) for i in range(3) for name in ("Acme", "Beta")]
    accounts = sorted({note.account_id for note in written})
    with firm.store.read() as connection:
        found = notes(connection, accounts, first=2, scope=EVERYTHING)
    assert [note.text for note in found] == ["Beta 2", "Acme 2", "Beta 1", "Acme 1"]


def test_an_empty_note_is_refused(firm: Firm) -> None:
    with pytest.raises(InvalidInput, match="text: it is empty"):
        firm.people.add_note("Acme", "  ", asker=operator("Ann"))
    with pytest.raises(InvalidInput, match="author: it is empty"):
        firm.people.add_note("Acme", "text", asker=operator(""))
    assert firm.rows(account_note) == []
