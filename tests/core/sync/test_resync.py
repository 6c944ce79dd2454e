"""Reading again from the start: history stays, what is gone is deleted, and only that; or everything is forgotten first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from tests.core.sync.vendor import NOON, Bench, Killed, ScriptedConfig, account, contact, survey, ticket

from accountpulse.core.errors import CursorExpired, InvalidInput, NotFound, RateLimited
from accountpulse.core.model import Account, Activity, Contact, Opportunity, Ticket
from accountpulse.core.store import mirror
from accountpulse.core.store.sweeps import sweep
from accountpulse.core.store.tables import held_delete, mark, snapshot_key, source_account
from accountpulse.core.sync.connector import Connector, Item, OpaqueCursor, TimeCursor, Window, stream
from accountpulse.core.sync.resync import forget
from accountpulse.core.sync.sweep import group_of

HOUR = timedelta(hours=1)


def loaded(bench: Bench, count: int = 10) -> Bench:
    vendor = bench.vendor
    vendor.tickets.put(*(ticket(f"{n:02}") for n in range(count)), changed_at=NOON - HOUR, visible_from=NOON - HOUR)
    for n in range(count):
        earlier = NOON - (count - n) * timedelta(minutes=1)
        vendor.contacts.put(contact(f"{n:02}"), changed_at=earlier, visible_from=earlier)
    vendor.accounts.put(*(account(f"{n:02}") for n in range(count)))
    vendor.surveys.put(*(survey(f"{n:02}") for n in range(count)))
    assert bench.run().state == "ok"
    bench.clock.advance(HOUR)
    return bench


def test_a_reset_keeps_history_and_deletes_what_is_gone(bench: Bench) -> None:
    """R7: also what the source tells no more, because it was erased for good."""
    vendor = loaded(bench).vendor
    before = {row.source_id: row.id for row in bench.versions("contact")}
    vendor.contacts.vanish("03")
    vendor.contacts.put(contact("04", name="renamed"))
    assert bench.one("contacts").closed == 1
    assert not bench.equals_vendor(vendor.contacts), "an incremental read can't see what was erased"
    bench.clock.advance(HOUR)
    result = bench.one("contacts", reset=True)
    assert (result.read, result.unchanged, result.closed) == (9, 9, 1)
    assert bench.equals_vendor(vendor.contacts)
    assert {id: row.id for id, row in bench.current("contact").items() if id not in ("03", "04")} == {
        id: number for id, number in before.items() if id not in ("03", "04")
    }
    assert [(row.name, row.known_to) for row in bench.versions("contact", "04")] == [(None, NOON + HOUR), ("renamed", None)]
    assert (bench.rows(sweep), bench.rows(snapshot_key)) == ([], [])


def test_what_changed_within_the_lag_is_not_taken_for_gone(bench: Bench) -> None:
    """R7, R18: the deletion waits for the run that has read through the beginning of the pass."""
    vendor = loaded(bench).vendor
    vendor.tickets.put(ticket("05", priority=4))
    vendor.tickets.vanish("01")
    assert bench.one("tickets", reset=True).closed == 0
    assert len(bench.current("ticket")) == 10
    bench.clock.advance(timedelta(minutes=10))
    assert bench.one("tickets").state == "ok"
    assert bench.equals_vendor(vendor.tickets)
    assert len(bench.versions("ticket", "05")) == 2
    assert (bench.rows(sweep), bench.rows(snapshot_key)) == ([], [])


@pytest.mark.parametrize("fault", [RateLimited(timedelta(minutes=30)), Killed()])
def test_a_reset_that_is_interrupted_goes_on_in_the_next_run(bench: Bench, fault: BaseException) -> None:
    """R7, R26: it deletes only what neither part has seen."""
    table = loaded(bench).vendor.contacts
    table.vanish("00", "09")
    table.faults[table.calls + 3] = fault
    if isinstance(fault, Killed):
        with pytest.raises(Killed):
            bench.one("contacts", reset=True)
    else:
        assert bench.one("contacts", reset=True).state == "paused"
    assert len(bench.current("contact")) == 10
    bench.clock.advance(HOUR)
    result = bench.one("contacts")
    assert result.closed == 2
    assert result.read < 8
    assert bench.equals_vendor(table)


def test_too_much_is_held_until_a_person_confirms_without_reading_again(bench: Bench) -> None:
    """R24."""
    table = loaded(bench).vendor.contacts
    table.vanish("00", "01", "02")
    held = bench.one("contacts", reset=True)
    assert (held.state, held.closed) == ("ok", 0)
    assert "sync contacts with --confirm-deletes" in (held.message or "")
    assert len(bench.rows(held_delete)) == 1
    confirmed = bench.one("contacts", delete_vanished=True)
    assert (confirmed.closed, confirmed.message) == (3, None)
    assert confirmed.read < 7
    assert bench.equals_vendor(table)
    assert bench.rows(held_delete) == bench.rows(sweep) == []


def test_after_a_gap_what_was_deleted_in_it_is_gone(bench: Bench) -> None:
    """R21: reading again because the cursor is too old is a complete read as well."""
    table = loaded(bench).vendor.contacts
    table.vanish("06")
    table.faults[table.calls + 1] = CursorExpired("too old")
    result = bench.one("contacts")
    assert "history gap" in (result.message or "")
    assert bench.equals_vendor(table)


def test_a_snapshot_in_the_middle_of_its_pass_begins_anew(bench: Bench) -> None:
    table = loaded(bench).vendor.surveys
    table.faults[table.calls + 3] = RateLimited(timedelta(minutes=30))
    assert bench.one("surveys").state == "paused"
    bench.clock.advance(HOUR)
    table.vanish("00")
    assert bench.one("surveys", reset=True).read == 9
    assert bench.equals_vendor(table)


# --- who must be read together --------------------------------------------------------------------------------------------


class Shared(Connector[ScriptedConfig]):
    id: ClassVar[str] = "shared"
    title: ClassVar[str] = "Shared"

    @stream(Activity, cursor=TimeCursor("at"), deletes="tombstones")
    def calls(self, window: Window) -> Iterator[Item]:
        """Calls."""
        yield from ()

    @stream(Activity, Contact, cursor=TimeCursor("at"), deletes="tombstones")
    def meetings(self, window: Window) -> Iterator[Item]:
        """Meetings."""
        yield from ()

    @stream(Contact, cursor=TimeCursor("at"), deletes="tombstones")
    def people(self, window: Window) -> Iterator[Item]:
        """People."""
        yield from ()

    @stream(Ticket, cursor=TimeCursor("at"), deletes="tombstones")
    def requests(self, window: Window) -> Iterator[Item]:
        """Requests."""
        yield from ()

    @stream(Ticket, cursor=OpaqueCursor(""))
    def old_requests(self, window: Window) -> Iterator[Item]:
        """They tell of no deletions."""
        yield from ()

    @stream(Opportunity, cursor=TimeCursor("at"), deletes="tombstones", forgets=True)
    def deals(self, window: Window) -> Iterator[Item]:
        """The old ones are no longer there."""
        yield from ()

    @stream(Account, deletes="snapshot")
    def companies(self, window: Window) -> Iterator[Item]:
        """All of them."""
        yield from ()


def test_streams_of_the_same_records_show_only_together_that_one_is_gone() -> None:
    specs = Shared.streams()
    groups = {spec.name: group_of(specs, spec) for spec in specs}
    together = groups["calls"]
    assert together is not None
    assert (together.streams, together.records) == ({"calls", "meetings", "people"}, ("activity", "contact"))
    assert groups["meetings"] == groups["people"] == together
    assert [groups[name] for name in ("requests", "old_requests", "deals", "companies")] == [None] * 4


# --- starting over --------------------------------------------------------------------------------------------------------


def test_a_purge_starts_over(bench: Bench) -> None:
    """R7: as if for the first time, its history too; what people linked stays."""
    vendor = loaded(bench).vendor
    vendor.contacts.put(contact("04", name="renamed"))
    bench.run("contacts")
    known = {(row.id, row.key) for row in bench.rows(source_account)}
    bench.clock.advance(HOUR)
    with bench.store.write() as connection:
        mirror.switch_on(connection)
        mirror.settle(connection, "token", 0)
    assert forget(bench.store, bench.clock, bench.source, ["contacts"]) == 11
    assert bench.versions("contact") == []
    assert {row.source_account_id for row in bench.rows(mark)} == {id for id, _ in known}
    assert {row.at for row in bench.rows(mark)} == {bench.clock.now()}, "all are scored again"
    assert len(bench.current("ticket")) == 10
    state = bench.state("contacts")
    assert (state.cursor, state.position, state.first_loaded_at, state.state) == (None, None, None, "new")
    with bench.store.read() as connection:
        assert mirror.tokens(connection) == [], "a mirror of what was forgotten no longer fits"
    assert bench.one("contacts").opened == 10
    assert {row.known_from for row in bench.versions("contact")} == {contact("x").created_at}
    assert all(row.assumed for row in bench.versions("contact"))
    assert {(row.id, row.key) for row in bench.rows(source_account)} == known


def test_what_no_stream_would_bring_back_is_not_purged(bench: Bench) -> None:
    with pytest.raises(NotFound, match="it has: tickets, contacts"):
        forget(bench.store, bench.clock, bench.source, ["nope"])
    source = type(bench.source)(bench.source.id, bench.name, Shared(ScriptedConfig(), bench.connector.context))
    with pytest.raises(InvalidInput, match="meetings brings such records as well"):
        forget(bench.store, bench.clock, source, ["calls"])
