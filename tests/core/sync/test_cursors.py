"""Where a run starts and how far it may claim to have come: ties, late rows, lag, look-back and clocks that step."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.core.sync.vendor import NOON, Bench, at, contact, ticket

from accountpulse.core.errors import Transient
from accountpulse.core.sync.connector import Checkpoint

MINUTE = timedelta(minutes=1)
LAG, LOOK_BACK = 2 * MINUTE, 5 * MINUTE  # of the tickets stream


def test_the_window_ends_a_lag_before_now_and_begins_a_look_back_before_the_last_success(bench: Bench) -> None:
    """R18, R19."""
    bench.run("tickets")
    bench.clock.advance(30 * MINUTE)
    bench.run("tickets")
    first, second = bench.vendor.tickets.windows
    assert (first.since, first.until) == (None, NOON - LAG)
    assert (second.since, second.until) == (NOON - LAG - LOOK_BACK, at(30) - LAG)


def test_an_update_within_the_second_of_the_cursor_is_applied(bench: Bench) -> None:
    """R12, R14: bounds are inclusive."""
    table = bench.vendor.contacts
    table.put(contact("1"), changed_at=NOON)
    bench.run("contacts")
    assert bench.state("contacts").position == NOON
    table.put(contact("1", role="changed"), contact("2"), changed_at=NOON)
    bench.run("contacts")
    assert {id: row.role for id, row in bench.current("contact").items()} == {"1": "changed", "2": None}


@pytest.mark.parametrize("fault_at_call", [2, 3, 4])
def test_ties_across_pages_survive_a_fault_between_them(bench: Bench, fault_at_call: int) -> None:
    """R13: ten rows with one timestamp, pages of three."""
    table = bench.vendor.contacts
    table.put(*(contact(f"{n:02}") for n in range(10)), changed_at=at(-1))
    table.faults[fault_at_call] = Transient("the vendor hiccups")
    result = bench.one("contacts")
    assert (result.state, result.retries) == ("ok", 1)
    assert bench.equals_vendor(table)


def test_ties_across_pages_survive_a_failed_run(bench: Bench) -> None:
    """R13, R3: bounds come from what was committed."""
    table = bench.vendor.contacts
    table.put(*(contact(f"{n:02}") for n in range(10)), changed_at=at(-1))
    table.faults[3] = RuntimeError("a bug")
    assert bench.one("contacts").state == "failed"
    assert len(bench.current("contact")) == 6
    assert bench.state("contacts").position == at(-1)
    assert bench.state("contacts").last_success_at is None
    assert bench.one("contacts").state == "ok"
    assert bench.equals_vendor(table)


def test_a_row_that_turns_up_late_is_not_lost(bench: Bench) -> None:
    """R18: later than its own time by lag and look-back."""
    table = bench.vendor.tickets
    table.put(ticket("1"), changed_at=at(-3))
    table.put(ticket("late"), changed_at=at(-6), visible_from=at(1))
    bench.run("tickets")
    assert list(bench.current("ticket")) == ["1"]
    bench.clock.advance(3 * MINUTE)
    bench.run("tickets")
    assert bench.equals_vendor(table)


def test_no_checkpoint_moves_the_cursor_beyond_now_minus_lag(bench: Bench) -> None:
    """R19: whatever the connector claims."""
    bench.vendor.scripts["tickets"] = lambda window: iter([ticket("1"), Checkpoint(at(600))])
    bench.run("tickets")
    assert bench.state("tickets").position == NOON - LAG


def test_a_checkpoint_in_a_run_that_fails_is_capped_as_well(bench: Bench) -> None:
    """R19."""

    def script(window):
        yield ticket("1")
        yield Checkpoint(at(600))
        raise RuntimeError

    bench.vendor.scripts["tickets"] = script
    assert bench.one("tickets").state == "failed"
    assert bench.state("tickets").position == NOON - LAG


def test_re_reading_the_look_back_does_not_move_the_cursor_back(bench: Bench) -> None:
    bench.run("tickets")
    before = bench.state("tickets").position

    def script(window):
        yield ticket("1")
        yield Checkpoint(window.since)
        raise RuntimeError

    bench.vendor.scripts["tickets"] = script
    bench.clock.advance(MINUTE)
    bench.run("tickets")
    assert bench.state("tickets").position == before


def test_a_clock_that_steps_back_gives_a_window_that_runs_forwards(bench: Bench) -> None:
    """R19: `since` never lies after `until`, and no checkpoint passes the window's end."""

    def script(window):
        yield contact("1")
        yield Checkpoint(at(600))
        raise RuntimeError

    bench.run("contacts")
    bench.clock.advance(-30 * MINUTE)
    bench.vendor.scripts["contacts"] = script
    bench.run("contacts")
    window = bench.vendor.contacts.windows[-1]
    assert window.since is not None
    assert window.since <= window.until
    assert bench.state("contacts").position <= bench.clock.now()


def test_rows_written_after_the_clock_stepped_back_are_read(bench: Bench) -> None:
    """R19: the vendor's clock goes on as before."""
    bench.run("contacts")
    bench.clock.advance(-30 * MINUTE)
    bench.run("contacts")
    bench.clock.advance(MINUTE)
    bench.vendor.contacts.put(contact("1"))
    bench.clock.advance(MINUTE)
    bench.run("contacts")
    assert list(bench.current("contact")) == ["1"]


def test_a_failed_run_does_not_move_the_cursor_past_uncommitted_data(bench: Bench) -> None:
    """R3."""

    def script(window):
        yield contact("1")
        raise RuntimeError("before any checkpoint")

    bench.run("contacts")
    position = bench.state("contacts").position
    bench.vendor.scripts["contacts"] = script
    bench.clock.advance(MINUTE)
    bench.run("contacts")
    assert bench.state("contacts").position == position
    assert bench.state("contacts").last_success_at == NOON


@pytest.mark.parametrize("cursor", ["2026-03-02", 7, NOON.replace(tzinfo=None)])
def test_a_time_cursor_that_is_no_aware_time_fails_with_advice(bench: Bench, cursor: object) -> None:
    """R41."""
    bench.vendor.scripts["tickets"] = lambda window: iter([ticket("1"), Checkpoint(cursor)])
    result = bench.one("tickets")
    assert result.state == "failed"
    assert "aware datetimes" in (result.message or "")
    assert bench.current("ticket") == {}


@pytest.mark.parametrize("cursor", [{"after": "abc", "n": [1, 2.5, None, True]}, "text", 7, ["a"], "é\u2028"])
def test_an_opaque_cursor_comes_back_exactly_as_yielded(bench: Bench, cursor: object) -> None:
    bench.vendor.scripts["usage"] = lambda window: iter([Checkpoint(cursor)])
    bench.run("usage")
    bench.run("usage")
    assert bench.vendor.usage.windows[1].cursor == cursor


@pytest.mark.parametrize("cursor", [float("nan"), NOON, {1: "a"}, ("a",), {"a": {1}}, "nul\x00"])
def test_an_opaque_cursor_that_would_not_come_back_as_yielded_fails_with_advice(bench: Bench, cursor: object) -> None:
    bench.vendor.scripts["usage"] = lambda window: iter([Checkpoint(cursor)])
    result = bench.one("usage")
    assert result.state == "failed"
    assert "JSON" in (result.message or "")


def test_a_page_delivered_twice_changes_nothing(bench: Bench) -> None:
    """R9."""
    table = bench.vendor.contacts
    table.put(*(contact(str(n)) for n in range(7)), changed_at=at(-1))
    table.twice = True
    result = bench.one("contacts")
    assert (result.read, result.opened) == (14, 7)
    assert bench.equals_vendor(table)


def test_times_with_different_offsets_compare_as_instants(bench: Bench) -> None:
    """R16: +05:30 and UTC are one instant, so nothing changed."""
    bench.vendor.contacts.put(contact("1", created_at=at(-60)))
    bench.run("contacts")
    bench.vendor.contacts.put(contact("1", created_at=datetime.fromisoformat("2026-03-02T16:30:00+05:30")))
    assert bench.one("contacts").unchanged == 1
