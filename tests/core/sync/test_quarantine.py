"""What can't be understood: kept aside by id and reason, without stopping the rest; too much of it fails the stream."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.sync.vendor import Bench, account, at, contact, ticket

from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import Contact
from accountpulse.core.sync.connector import Checkpoint, Deleted

MINUTE = timedelta(minutes=1)


def script(bench: Bench, *items: object) -> None:
    bench.vendor.scripts["contacts"] = lambda window: iter(items)


def test_a_bad_record_costs_only_itself_and_names_its_field(bench: Bench) -> None:
    """R33: yielded as InvalidRecord, or found at the boundary."""
    script(
        bench,
        contact("1"),
        InvalidRecord("2", "the vendor's object has no e-mail"),
        contact("3", created_at=at(0).replace(tzinfo=None)),
        contact("4", active=1),
        contact("5"),
    )
    result = bench.one("contacts")
    assert (result.state, result.quarantined, result.opened) == ("ok", 3, 2)
    assert sorted(bench.current("contact")) == ["1", "5"]
    assert bench.quarantine() == {
        "2": "the vendor's object has no e-mail",
        "3": "contact.created_at has no time zone: 2026-03-02T12:00:00",
        "4": "contact.active must be bool, found int",
    }


def test_a_bad_version_leaves_the_good_one_in_force(bench: Bench) -> None:
    script(bench, contact("1", role="good"))
    bench.run("contacts")
    script(bench, contact("1", role=7))
    bench.run("contacts")
    assert bench.current("contact")["1"].role == "good"
    assert list(bench.quarantine()) == ["1"]


@pytest.mark.parametrize("then", [contact("1"), Deleted(Contact, "1")], ids=["understood", "deleted"])
def test_a_record_later_understood_or_deleted_leaves_the_quarantine(bench: Bench, then: object) -> None:
    script(bench, contact("1", role=7), contact("2", role=7))
    bench.run("contacts")
    assert sorted(bench.quarantine()) == ["1", "2"]
    script(bench, then)
    bench.run("contacts")
    assert sorted(bench.quarantine()) == ["2"]


def test_a_record_understood_later_in_the_same_stage_is_not_in_quarantine(bench: Bench) -> None:
    script(bench, contact("1", role=7), contact("1", role="fine"), contact("2"), contact("2", role=7))
    bench.run("contacts")
    assert list(bench.quarantine()) == ["2"]


def test_two_streams_keep_their_quarantines_apart(bench: Bench) -> None:
    script(bench, contact("1", role=7))
    bench.vendor.tickets.put(ticket("1"), changed_at=at(-10))
    bench.run("contacts", "tickets")
    assert list(bench.quarantine()) == ["1"]


def test_more_than_a_twentieth_of_bad_records_fails_the_stream_loudly(bench: Bench) -> None:
    """R34."""
    script(bench, *(contact(str(n), role=7 if n < 6 else None) for n in range(100)))
    result = bench.one("contacts")
    assert result.state == "failed"
    assert "6 of 100 records could not be understood, more than 5%" in (result.message or "")
    assert "contact.role must be str, found int" in (result.message or "")
    assert bench.current("contact") == {}
    assert bench.state("contacts").last_success_at is None


def test_a_twentieth_of_bad_records_is_for_the_list(bench: Bench) -> None:
    """R34."""
    script(bench, *(contact(str(n), role=7 if n < 6 else None) for n in range(120)))
    result = bench.one("contacts")
    assert (result.state, result.quarantined) == ("ok", 6)


def test_a_handful_of_bad_records_in_a_small_stream_does_not_fail_it(bench: Bench) -> None:
    script(bench, contact("good"), *(contact(str(n), role=7) for n in range(5)))
    assert bench.one("contacts").state == "ok"


def test_a_stream_of_which_nothing_is_understood_fails(bench: Bench) -> None:
    script(bench, *(contact(str(n), role=7) for n in range(2)))
    outcome = bench.one("contacts")
    assert outcome.state == "failed"
    assert "none of the 2 records could be understood" in (outcome.message or "")


def test_bad_records_do_not_move_the_cursor_when_the_stream_fails(bench: Bench) -> None:
    """R3."""
    script(bench, *(contact(str(n), role=7) for n in range(6)), Checkpoint(at(-1)))
    bench.run("contacts")
    assert bench.state("contacts").position is None


@pytest.mark.parametrize(
    ("item", "advice"),
    [
        (ticket("1"), "stream contacts yielded Ticket, which it does not declare"),
        (Deleted(type(ticket("1")), "1"), "stream contacts yielded Ticket, which it does not declare"),
        (Deleted("contact", "1"), "stream contacts yielded 'contact', which it does not declare"),
        (Deleted([], "1"), "which it does not declare"),
        ({"source_id": "1"}, "stream contacts yielded dict; allowed are records, Deleted"),
        (None, "stream contacts yielded NoneType; allowed are"),
        (Contact, "stream contacts yielded type; allowed are"),
    ],
)
def test_what_a_stream_may_not_yield_fails_it_with_advice(bench: Bench, item: object, advice: str) -> None:
    script(bench, contact("1"), item)
    result = bench.one("contacts")
    assert result.state == "failed"
    assert advice in (result.message or "")


@pytest.mark.parametrize(
    "bad",
    [InvalidRecord(None, "no id"), InvalidRecord("a\0b", "c\0d"), InvalidRecord("\ud800", "\udfff"), Deleted(Contact, None)],
)
def test_a_refusal_that_can_not_be_stored_as_it_is_does_not_crash_the_run(bench: Bench, bad: object) -> None:
    script(bench, contact("1"), bad)
    assert bench.one("contacts").state == "ok"
    assert len(bench.quarantine()) == 1


def test_a_bad_record_in_a_snapshot_is_not_taken_for_a_vanished_one(bench: Bench) -> None:
    """R23: it exists at the source, although nobody can read it."""
    table = bench.vendor.accounts
    table.put(*(account(str(n)) for n in range(10)))
    bench.run("accounts")
    table.put(account("3", employees="many"))
    result = bench.one("accounts")
    assert (result.state, result.quarantined, result.closed) == ("ok", 1, 0)
    assert "3" in bench.current("account")


def test_a_bad_record_that_vanishes_from_a_snapshot_leaves_the_quarantine(bench: Bench) -> None:
    table = bench.vendor.accounts
    table.put(*(account(str(n)) for n in range(10)), account("bad", employees="many"), account("worse", employees="few"))
    bench.run("accounts")
    assert sorted(bench.quarantine()) == ["bad", "worse"]
    bench.clock.advance(MINUTE)
    table.vanish("bad")
    bench.run("accounts")
    assert list(bench.quarantine()) == ["worse"]
