"""What a sync writes: nothing for what is unchanged, a version for what changed, an end for what is gone."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from tests.core.sync.vendor import NOON, Bench, account, at, contact, ticket

from accountpulse.core.store import revisions
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import mark, source_account
from accountpulse.core.sync.connector import Deleted

MINUTE = timedelta(minutes=1)


def facts_revision(bench: Bench) -> int:
    with bench.store.read() as connection:
        return revisions.current(connection).get("facts", 0)


def test_an_unchanged_record_writes_nothing(bench: Bench) -> None:
    """R9: no version, no touched account, no revision."""
    bench.vendor.tickets.put(ticket("1"), ticket("2", priority=3), changed_at=at(-4))
    bench.run("tickets")
    before = (bench.versions("ticket"), bench.rows(source_account), bench.rows(mark), facts_revision(bench))
    bench.clock.advance(MINUTE)
    result = bench.one("tickets")
    assert (result.read, result.unchanged, result.opened, result.closed) == (2, 2, 0, 0)
    assert (bench.versions("ticket"), bench.rows(source_account), bench.rows(mark), facts_revision(bench)) == before


def test_a_changed_record_closes_a_version_and_opens_the_next(bench: Bench) -> None:
    bench.vendor.tickets.put(ticket("1"), changed_at=at(-10))
    bench.run("tickets")
    touched = bench.rows(mark)[0].at
    revision = facts_revision(bench)
    bench.clock.advance(10 * MINUTE)
    bench.vendor.tickets.put(ticket("1", priority=4), changed_at=at(5))
    result = bench.one("tickets")
    assert (result.opened, result.closed) == (1, 1)
    first, second = bench.versions("ticket")
    assert (first.priority, first.known_to) == (2, at(10))
    assert (second.priority, second.known_from, second.known_to, second.assumed) == (4, at(10), None, False)
    assert touched == NOON
    assert bench.rows(mark)[0].at == at(10)
    assert facts_revision(bench) > revision


def test_a_deleted_record_is_closed_and_a_recreated_one_comes_back(bench: Bench) -> None:
    """R25: a tombstone for an unknown id is fine, too."""
    table = bench.vendor.contacts
    table.put(contact("1"), contact("gone"), changed_at=at(-10))
    table.delete("gone")
    bench.run("contacts")
    bench.clock.advance(MINUTE)
    table.delete("1")
    assert bench.one("contacts").closed == 1
    assert bench.current("contact") == {}
    assert [v.known_to for v in bench.versions("contact", "1")] == [at(1)]
    bench.clock.advance(MINUTE)
    table.put(contact("1"))
    assert bench.one("contacts").opened == 1
    first, second = bench.versions("contact", "1")
    assert (first.known_to, second.known_from, second.known_to) == (at(1), at(2), None)


def test_of_two_updates_in_one_stage_the_later_counts(bench: Bench) -> None:
    bench.vendor.scripts["contacts"] = lambda window: iter([contact("1", role="first"), contact("1", role="second")])
    bench.run("contacts")
    (version,) = bench.versions("contact")
    assert version.role == "second"


def test_a_record_deleted_and_recreated_in_one_stage_is_there(bench: Bench) -> None:
    """R9: also when the page with the deletion is delivered twice."""
    gone = Deleted(type(contact("1")), "1")
    bench.vendor.scripts["contacts"] = lambda window: iter([gone, gone, contact("1")])
    bench.run("contacts")
    assert list(bench.current("contact")) == ["1"]


def test_a_record_created_and_deleted_in_one_stage_is_gone(bench: Bench) -> None:
    bench.vendor.contacts.put(contact("1"))
    bench.run("contacts")
    gone = Deleted(type(contact("1")), "1")
    bench.vendor.scripts["contacts"] = lambda window: iter([contact("1", role="new"), gone])
    bench.run("contacts")
    assert bench.current("contact") == {}


def test_a_record_that_moves_to_another_account_touches_both(bench: Bench) -> None:
    bench.vendor.tickets.put(ticket("1"), changed_at=at(-10))
    bench.run("tickets")
    bench.clock.advance(10 * MINUTE)
    bench.vendor.tickets.put(ticket("1", account="globex"), changed_at=at(5))
    bench.run("tickets")
    keys = {row.id: row.key for row in bench.rows(source_account)}
    assert {keys[row.source_account_id]: row.at for row in bench.rows(mark)} == {"acme": at(10), "globex": at(10)}


def test_the_same_id_of_two_connections_stays_two_rows(store: Store) -> None:
    """R11."""
    left, right = Bench(store, name="left"), Bench(store, name="right")
    left.vendor.tickets.put(ticket("1", subject="left"), changed_at=at(-10))
    right.vendor.tickets.put(ticket("1", subject="right"), changed_at=at(-10))
    left.run("tickets")
    right.run("tickets")
    right.clock.advance(MINUTE)
    right.vendor.tickets.delete("1")
    right.clock.advance(5 * MINUTE)
    right.run("tickets")
    assert [row.subject for row in left.current("ticket").values()] == ["left"]
    assert right.current("ticket") == {}


def test_a_first_load_is_assumed_known_since_the_records_own_time(bench: Bench) -> None:
    bench.vendor.tickets.put(ticket("1", opened_at=at(-500)), ticket("2", opened_at=at(99)), changed_at=at(-10))
    bench.run("tickets")
    assert {id: (row.known_from, row.assumed) for id, row in bench.current("ticket").items()} == {
        "1": (at(-500), True),
        "2": (NOON, True),  # its own time lies ahead: nobody can have known it before now
    }
    bench.clock.advance(10 * MINUTE)
    bench.vendor.tickets.put(ticket("1", opened_at=at(-500), priority=1), ticket("3"), changed_at=at(5))
    bench.run("tickets")
    assert {id: (row.known_from, row.assumed) for id, row in bench.current("ticket").items()} == {
        "1": (at(10), False),
        "2": (NOON, True),
        "3": (at(10), False),
    }


def test_an_account_is_assumed_known_since_the_earlier_of_its_times(bench: Bench) -> None:
    bench.vendor.accounts.put(
        account("a", created_at=at(-50), customer_since=at(-90)), account("b", created_at=None), changed_at=at(-10)
    )
    bench.run("accounts")
    current = bench.current("account")
    assert (current["a"].known_from, current["b"].known_from) == (at(-90), NOON)


def test_versions_of_one_record_never_overlap_when_a_first_load_sees_it_come_back(bench: Bench) -> None:
    """A record deleted and re-created while the first load goes on must not be known twice at once."""
    killer = ConnectionError("the line went dead")
    table = bench.vendor.contacts
    table.put(contact("1"), changed_at=at(-10))
    table.faults[2] = killer
    assert bench.one("contacts").state == "failed"
    bench.clock.advance(MINUTE)
    table.delete("1")
    table.faults[table.calls + 2] = killer
    assert bench.one("contacts").state == "failed"
    bench.clock.advance(MINUTE)
    table.put(contact("1", role="back"))
    assert bench.one("contacts").state == "ok"
    first, second = bench.versions("contact", "1")
    assert first.known_to == at(1)
    assert second.known_from >= first.known_to


def test_versions_never_overlap_when_the_clock_steps_back(bench: Bench) -> None:
    """R19."""
    table = bench.vendor.contacts
    table.put(contact("1"), contact("2"))
    bench.run("contacts")
    bench.clock.advance(10 * MINUTE)
    table.put(contact("1", role="x"))
    table.delete("2")
    bench.run("contacts")
    bench.clock.advance(-30 * MINUTE)
    table.put(contact("1", role="y"), contact("2", role="z"), changed_at=bench.clock.now())
    bench.run("contacts")
    for id in ("1", "2"):
        versions = bench.versions("contact", id)
        for earlier, later in pairwise(versions):
            assert earlier.known_from <= earlier.known_to <= later.known_from
    assert {id: row.role for id, row in bench.current("contact").items()} == {"1": "y", "2": "z"}
