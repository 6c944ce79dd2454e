"""What people change is done once, noted with who asked for it, and refused where it rests on an old view."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.people.firm import NOON, Firm

from accountpulse.core.errors import Conflict, InvalidInput, NotFound
from accountpulse.core.people import Note
from accountpulse.core.store import trail as store_trail
from accountpulse.core.store.people_tables import account_note, score_override
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.trail import trail
from accountpulse.core.trail import Asker, operator

APP = Asker(name="the app", scope=EVERYTHING, token="12345678", idempotency_key="one")
UNTIL = NOON + timedelta(days=30)


def revision(firm: Firm, account: str = "a1") -> int:
    id = firm.account("crm", account)
    assert id is not None
    with firm.store.read() as connection:
        return store_trail.revisions(connection, [id], scope=EVERYTHING).get(id, 0)


def test_every_change_is_noted_with_who_asked_and_what_for(firm: Firm) -> None:
    acme = firm.account("crm", "a1")
    made = firm.people.override("Acme", 80, reason="signed", until=UNTIL, asker=operator("Ann"))
    firm.people.end_override("Acme", by="Bob", asker=Asker(name="the app", scope=EVERYTHING, token="12345678"))
    note = firm.people.add_note("Acme", "hm", asker=operator("Cyd"))
    firm.people.remove_note(note.id, asker=operator("Cyd"))
    firm.people.set_target("Acme", 75, due=UNTIL.date(), asker=operator("Ann"))
    firm.people.end_target("Acme", asker=operator("Ann"))
    pulse = firm.people.enter_pulse("Acme", 35, reason="cold", asker=operator("Ann"))
    firm.people.remove_entry("pulse", pulse.id, asker=operator("Dan"))
    firm.people.enter_outcome("Acme", "renewed", currency="EUR", asker=operator("Dan"))
    rows = firm.rows(trail)
    assert [(row.actor, row.token, row.action) for row in rows] == [
        ("Ann", None, "override.set"),
        ("the app", "12345678", "override.end"),
        ("Cyd", None, "note.add"),
        ("Cyd", None, "note.remove"),
        ("Ann", None, "target.set"),
        ("Ann", None, "target.end"),
        ("Ann", None, "pulse.enter"),
        ("Dan", None, "pulse.remove"),
        ("Dan", None, "outcome.enter"),
    ]
    assert {row.account_id for row in rows} == {acme}
    assert rows[0].input == {"score": 80, "owner": "Ann", "reason": "signed", "until": UNTIL.isoformat()}
    assert (rows[0].at, rows[0].result) == (firm.clock.now(), str(made.id))


def test_a_request_that_is_repeated_is_not_done_again_and_answers_the_same(firm: Firm) -> None:
    first = firm.people.add_note("Acme", "hm", author="Ann", asker=APP)
    assert firm.people.add_note("Acme", "hm", author="Ann", asker=APP) == first
    other = firm.people.add_note("Acme", "hm", author="Ann", asker=replace(APP, token="87654321"))
    assert other.id != first.id
    again = firm.people.add_note("Acme", "hm", author="Ann", asker=replace(APP, idempotency_key="two"))
    assert again.id not in (first.id, other.id)
    assert len(firm.rows(account_note)) == len(firm.rows(trail)) == 3


def test_a_repeated_override_is_found_again_once_it_has_ended(firm: Firm) -> None:
    first = firm.people.override("Acme", 80, owner="Ann", reason="signed", until=UNTIL, asker=APP)
    firm.people.end_override("Acme", asker=operator("Bob"))
    again = firm.people.override("Acme", 80, owner="Ann", reason="signed", until=UNTIL, asker=APP)
    assert (again.id, again.ended_by) == (first.id, "Bob")
    assert len(firm.rows(score_override)) == 1


def test_what_was_made_and_removed_since_is_told(firm: Firm) -> None:
    note = firm.people.add_note("Acme", "hm", author="Ann", asker=APP)
    firm.people.remove_note(note.id, asker=operator("Ann"))
    with pytest.raises(NotFound, match="was made when this was asked for before, and has been removed since"):
        firm.people.add_note("Acme", "hm", author="Ann", asker=APP)


def test_a_key_belongs_to_one_request(firm: Firm) -> None:
    firm.people.add_note("Acme", "hm", author="Ann", asker=APP)
    for account, text in (("Acme", "oh"), ("Beta", "hm")):
        with pytest.raises(Conflict, match="idempotencyKey: 'one' was used for another request"):
            firm.people.add_note(account, text, author="Ann", asker=APP)
    with pytest.raises(Conflict, match="idempotencyKey"):
        firm.people.end_override("Acme", by="Ann", asker=APP)
    assert len(firm.rows(account_note)) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\0b"])
def test_a_key_that_no_store_can_keep_is_refused(firm: Firm, key: str) -> None:
    with pytest.raises(InvalidInput, match="idempotencyKey"):
        firm.people.add_note("Acme", "hm", author="Ann", asker=replace(APP, idempotency_key=key))


def test_a_refused_change_leaves_nothing_and_its_key_can_be_used_again(firm: Firm) -> None:
    with pytest.raises(InvalidInput):
        firm.people.override("Acme", 180, owner="Ann", reason="signed", until=UNTIL, asker=APP)
    assert firm.rows(trail) == []
    assert firm.people.override("Acme", 80, owner="Ann", reason="signed", until=UNTIL, asker=APP).score == 80


def test_a_change_that_rests_on_an_old_view_is_refused(firm: Firm) -> None:
    assert revision(firm) == 0
    seen = replace(APP, expected_revision=0)
    firm.people.add_note("Beta", "another account's", asker=operator("Bob"))
    firm.people.add_note("Acme", "mine", author="Ann", asker=seen)
    late = replace(APP, idempotency_key="two", expected_revision=0)
    with pytest.raises(Conflict, match=f"found 0, but somebody has changed this account since: it is at {revision(firm)}"):
        firm.people.override("Acme", 80, owner="Bob", reason="signed", until=UNTIL, asker=late)
    assert firm.rows(score_override) == []
    firm.people.override(
        "Acme", 80, owner="Bob", reason="signed", until=UNTIL, asker=replace(late, expected_revision=revision(firm))
    )
    # The answer that got lost on its way is given again, though the account has moved on.
    assert firm.people.add_note("Acme", "mine", author="Ann", asker=seen).text == "mine"


def test_of_many_who_repeat_a_request_at_once_one_does_it(firm: Firm) -> None:
    def ask(_: int) -> Note:
        return firm.people.add_note("Acme", "hm", author="Ann", asker=APP)

    with ThreadPoolExecutor(6) as pool:
        notes = list(pool.map(ask, range(12)))
    assert len({note.id for note in notes}) == 1
    assert len(firm.rows(account_note)) == len(firm.rows(trail)) == 1


def test_of_many_who_saw_the_same_one_changes_it(firm: Firm) -> None:
    def decide(number: int) -> bool:
        asker = Asker(name="x", scope=EVERYTHING, token=f"token{number:03}", expected_revision=0)
        try:
            firm.people.override("Acme", number, owner="Ann", reason="signed", until=UNTIL, asker=asker)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(decide, range(8))) == 1
    assert len(firm.rows(score_override)) == 1
