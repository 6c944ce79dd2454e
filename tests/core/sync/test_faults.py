"""What each error makes the engine do, and what a person gets to read about it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.sync.vendor import NOON, Bench, at, contact, ticket

from accountpulse.core.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    CursorExpired,
    NotFound,
    PermissionMissing,
    RateLimited,
    Transient,
)
from accountpulse.core.store.database import Store
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.tables import run
from accountpulse.core.sync.connector import Checkpoint
from accountpulse.core.sync.engine import SyncEngine
from accountpulse.core.sync.results import Progress

MINUTE = timedelta(minutes=1)
SECRET = "sk_live_canary_51H"


def filled(bench: Bench) -> Bench:
    bench.vendor.contacts.put(*(contact(f"{n:02}") for n in range(9)), changed_at=at(-1))
    bench.vendor.tickets.put(ticket("1"), changed_at=at(-10))
    return bench


# --- one stream's fault -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (RuntimeError(), "failed"),
        (SystemExit(1), "failed"),
        (ConnectorError("no"), "failed"),
        (PermissionMissing("contacts:read"), "skipped"),
    ],
)
def test_one_failing_stream_leaves_the_others(bench: Bench, fault: Exception, state: str) -> None:
    """R4."""
    filled(bench).vendor.contacts.faults[2] = fault
    result = bench.run("contacts", "tickets")
    assert result.state == "partial"
    assert {s.stream: s.state for s in result.streams} == {"contacts": state, "tickets": "ok"}
    assert len(bench.current("contact")) == 3
    assert len(bench.current("ticket")) == 1
    assert (bench.connection().state, bench.state("contacts").state, bench.state("tickets").state) == ("partial", state, "ok")
    (stored,) = bench.rows(run)
    assert (stored.state, stored.finished_at) == ("partial", NOON)


def test_a_run_without_a_good_stream_has_failed(bench: Bench) -> None:
    filled(bench).vendor.contacts.faults[1] = RuntimeError()
    assert bench.run("contacts").state == "failed"


def test_a_missing_permission_is_named(bench: Bench) -> None:
    filled(bench).vendor.contacts.faults[1] = PermissionMissing("contacts:read", "ask your administrator")
    assert bench.one("contacts").message == "missing permission 'contacts:read': ask your administrator"


def test_a_wrong_setting_stops_the_connection(bench: Bench) -> None:
    filled(bench).vendor.tickets.faults[1] = ConfigError("subdomain", "write the part before .zendesk.com")
    result = bench.run("tickets", "contacts")
    assert (result.state, len(result.streams)) == ("misconfigured", 1)
    assert "subdomain: write the part" in (bench.connection().message or "")
    assert bench.slept == []


def test_an_unknown_stream_is_named_with_those_that_exist(bench: Bench) -> None:
    with pytest.raises(NotFound, match="no stream 'contact'; it has: tickets, contacts, accounts"):
        bench.run("contact")


# --- rates --------------------------------------------------------------------------------------------------------------


def test_a_short_retry_after_is_waited_for(bench: Bench) -> None:
    """R28."""
    filled(bench).vendor.contacts.faults[2] = RateLimited(timedelta(seconds=7))
    result = bench.one("contacts")
    assert (result.state, result.retries, bench.slept) == ("ok", 1, [7.0])
    assert bench.equals_vendor(bench.vendor.contacts)


def test_an_absent_retry_after_backs_off(bench: Bench) -> None:
    """R28."""
    filled(bench).vendor.contacts.faults.update({2: RateLimited(), 3: RateLimited()})
    assert bench.one("contacts").state == "ok"
    assert len(bench.slept) == 2
    assert all(0 <= seconds <= 2 for seconds in bench.slept)


def test_a_long_retry_after_pauses_the_connection(bench: Bench) -> None:
    """R29: what was read is kept; nothing is asked before the time has come; then it goes on from where it was."""
    filled(bench).vendor.contacts.faults[3] = RateLimited(timedelta(hours=3))
    result = bench.run("contacts", "tickets")
    assert (result.state, result.paused_until, bench.slept) == ("paused", at(180), [])
    assert [s.stream for s in result.streams] == ["tickets", "contacts"]
    assert "goes on after 2026-03-02 15:00 UTC" in (result.message or "")
    assert (bench.connection().state, bench.connection().paused_until) == ("paused", at(180))
    assert len(bench.current("contact")) == 6

    calls = bench.vendor.contacts.calls
    bench.clock.advance(179 * MINUTE)
    early = bench.run("contacts")
    assert (early.state, early.paused_until, early.streams) == ("paused", at(180), [])
    assert "goes on after" in (early.message or "")
    assert bench.vendor.contacts.calls == calls
    assert len(bench.rows(run)) == 1

    bench.clock.advance(MINUTE)
    assert bench.run("contacts").state == "ok"
    assert bench.equals_vendor(bench.vendor.contacts)
    assert (bench.connection().state, bench.connection().paused_until) == ("ok", None)


def test_a_paused_connection_leaves_the_others_alone(store: Store) -> None:
    """R29."""
    left, right = filled(Bench(store, name="left")), filled(Bench(store, name="right"))
    left.vendor.contacts.faults[1] = RateLimited(timedelta(hours=3))
    assert left.run("contacts").state == "paused"
    assert right.run("contacts").state == "ok"


def test_endless_rate_limits_pause_in_the_end(bench: Bench) -> None:
    """R28: attempts are counted when the vendor never lets us through."""
    filled(bench).vendor.contacts.faults.update({n: RateLimited(timedelta(seconds=1)) for n in range(1, 99)})
    result = bench.run("contacts")
    assert (result.state, result.streams[0].retries, bench.slept) == ("paused", 4, [1.0] * 4)
    assert result.paused_until == NOON + timedelta(seconds=1)


@pytest.mark.parametrize("wait", [timedelta(days=400), timedelta.max])
def test_no_header_switches_a_connection_off_for_good(bench: Bench, wait: timedelta) -> None:
    filled(bench).vendor.contacts.faults[1] = RateLimited(wait)
    assert bench.run("contacts").paused_until == NOON + timedelta(days=1)


def test_a_wait_that_lies_in_the_past_is_none(bench: Bench) -> None:
    filled(bench).vendor.contacts.faults[1] = RateLimited(timedelta(seconds=-5))
    assert bench.one("contacts").state == "ok"
    assert bench.slept == [0.0]


# --- transient faults ---------------------------------------------------------------------------------------------------


def test_a_passing_fault_is_retried_from_the_last_commit(bench: Bench) -> None:
    """R30."""
    filled(bench).vendor.contacts.faults.update({2: Transient("503"), 4: Transient("reset")})
    result = bench.one("contacts")
    assert (result.state, result.retries) == ("ok", 2)
    assert bench.equals_vendor(bench.vendor.contacts)


def test_a_fault_that_stays_fails_the_stream_after_its_attempts(bench: Bench) -> None:
    """R30."""
    filled(bench).vendor.contacts.faults.update({n: Transient("the vendor failed (503)") for n in range(2, 99)})
    result = bench.one("contacts")
    assert (result.state, result.retries, result.message) == ("failed", 4, "the vendor failed (503)")
    assert len(bench.slept) == 4
    assert len(bench.current("contact")) == 3


def test_progress_starts_attempts_and_back_off_anew(bench: Bench) -> None:
    def script(window: Any) -> Iterator[Any]:
        step = int((window.cursor or {}).get("step", 0))
        if step < 20:
            yield Checkpoint({"step": step + 1})
            raise Transient("after each step")

    bench.vendor.scripts["usage"] = script
    result = bench.one("usage")
    assert (result.state, result.retries) == ("ok", 20)
    assert all(seconds <= 1 for seconds in bench.slept)


def test_storing_the_same_rows_again_is_no_progress(bench: Bench) -> None:
    """A stream without checkpoints that always breaks at its 5,001st row must not go on for ever."""

    def script(window: Any) -> Iterator[Any]:
        for n in range(5_001):
            yield contact(str(n), role=str(len(bench.slept)))  # changes at each reading, as if it were progress
        raise Transient("always here")

    bench.vendor.scripts["contacts"] = script
    result = bench.one("contacts")
    assert (result.state, result.retries) == ("failed", 4)


def test_yielding_the_same_checkpoint_again_is_no_progress(bench: Bench) -> None:
    def script(window: Any) -> Iterator[Any]:
        yield Checkpoint({"page": 1})
        raise Transient("always here")

    bench.vendor.scripts["usage"] = script
    assert bench.one("usage").retries == 4


@pytest.mark.parametrize("fault", [Transient("x"), RateLimited(timedelta(hours=1)), AuthError("x")])
def test_what_was_read_before_a_fault_is_kept_ahead_of_its_checkpoint(bench: Bench, fault: Exception) -> None:
    def script(window: Any) -> Iterator[Any]:
        yield contact("1")
        raise fault

    bench.vendor.scripts["contacts"] = script
    bench.run("contacts")
    assert list(bench.current("contact")) == ["1"]
    assert bench.state("contacts").position is None


# --- credentials --------------------------------------------------------------------------------------------------------


def test_refused_credentials_keep_data_and_cursor_and_are_one_notice(bench: Bench) -> None:
    """R31."""
    filled(bench).vendor.contacts.faults.update({2: AuthError("renew the token"), 3: AuthError("renew the token")})
    result = bench.run("contacts", "tickets")
    assert (result.state, result.message) == ("needs_reauth", "contacts: renew the token")
    assert (bench.connection().state, bench.connection().state_since) == ("needs_reauth", NOON)
    assert len(bench.current("contact")) == 3
    position = bench.state("contacts").position
    assert position == at(-1)
    bench.clock.advance(30 * MINUTE)
    assert bench.run("contacts").state == "needs_reauth"
    assert bench.connection().state_since == NOON
    assert bench.state("contacts").position == position
    bench.clock.advance(MINUTE)
    assert bench.run("contacts").state == "ok"
    assert bench.connection().state_since == at(31)
    assert bench.equals_vendor(bench.vendor.contacts)


def test_refused_credentials_stop_the_other_streams(bench: Bench) -> None:
    """R31."""
    filled(bench).vendor.tickets.faults[1] = AuthError("renew the token")
    result = bench.run("tickets", "contacts")
    assert [s.stream for s in result.streams] == ["tickets"]
    assert bench.vendor.contacts.calls == 0
    assert bench.slept == []


# --- an expired cursor --------------------------------------------------------------------------------------------------


def test_an_expired_cursor_is_a_complete_read_and_a_recorded_gap(bench: Bench) -> None:
    """R21."""
    filled(bench).run("contacts")
    bench.clock.advance(60 * MINUTE)
    table = bench.vendor.contacts
    table.put(contact("hidden"), changed_at=at(-300))  # the cursor would not have shown it
    table.faults[table.calls + 1] = CursorExpired("older than 30 days")
    result = bench.one("contacts")
    assert (result.state, table.windows[-1].since) == ("ok", None)
    assert result.message == "history gap: read again from the start (older than 30 days)"
    assert bench.state("contacts").gap_from == NOON
    assert bench.state("contacts").message == result.message
    assert bench.equals_vendor(table)


def test_an_expired_opaque_cursor_is_forgotten(bench: Bench) -> None:
    """R21."""
    seen: list[Any] = []

    def script(window: Any) -> Iterator[Any]:
        seen.append(window.cursor)
        if window.cursor == {"old": 1}:
            raise CursorExpired("unknown cursor")
        yield Checkpoint({"old": 1} if len(seen) == 1 else {"new": 1})

    bench.vendor.scripts["usage"] = script
    bench.run("usage")
    bench.run("usage")
    assert seen == [None, {"old": 1}, None]
    assert bench.state("usage").cursor == {"new": 1}


def test_a_cursor_that_expires_again_at_once_fails_the_stream(bench: Bench) -> None:
    table = filled(bench).vendor.contacts
    table.faults.update({1: CursorExpired("x"), 2: CursorExpired("y")})
    assert bench.one("contacts").state == "failed"
    assert bench.one("contacts").state == "ok"
    assert bench.equals_vendor(table)


# --- foreign exceptions -------------------------------------------------------------------------------------------------


def test_the_text_of_a_foreign_exception_is_nowhere(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """R43: a secret canary, looked for in results, logs and every cell of the store."""

    def script(window: Any) -> Iterator[Any]:
        token = SECRET
        yield contact("1")
        raise ValueError(f"bad credentials {token}") from KeyError(token)

    bench.vendor.scripts["contacts"] = script
    with caplog.at_level(logging.DEBUG):
        result = bench.run("contacts")
    assert "ValueError in script (test_faults.py:" in (result.message or "")
    assert "report it to its author" in (result.message or "")
    assert SECRET not in repr(result)
    assert SECRET not in caplog.text
    for table in metadata.sorted_tables:
        assert SECRET not in repr(bench.rows(table))


def test_a_stream_that_is_no_generator_fails_as_a_bug(bench: Bench) -> None:
    bench.vendor.scripts["contacts"] = lambda window: None  # type: ignore[assignment,return-value]
    assert "TypeError" in (bench.one("contacts").message or "")


def test_a_fault_of_the_store_is_not_called_a_bug_of_the_connector(bench: Bench) -> None:
    filled(bench)

    def full(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lower().startswith("insert into mark"):
            raise sa.exc.OperationalError("update", {"email": SECRET}, OSError("disk full"))

    sa.event.listen(bench.store.engine, "before_cursor_execute", full)
    try:
        result = bench.one("contacts")
    finally:
        sa.event.remove(bench.store.engine, "before_cursor_execute", full)
    assert result.state == "failed"
    assert "the store could not be read or written (OSError)" in (result.message or "")
    assert SECRET not in (result.message or "")
    assert bench.current("contact") == {}
    assert bench.one("contacts").state == "ok"
    assert bench.equals_vendor(bench.vendor.contacts)


# --- cancellation, memory, progress -------------------------------------------------------------------------------------


def test_cancelling_keeps_progress_and_goes_on_next_time(bench: Bench) -> None:
    """R44: within an item, not at the end of the stream; the generator is closed."""
    closed: list[bool] = []

    def script(window: Any) -> Iterator[Any]:
        try:
            for n in range(100):
                bench.stop = n == 7
                yield contact(f"{n:02}")
                if n % 3 == 2:
                    yield Checkpoint(at(-100 + n))
        finally:
            closed.append(True)

    bench.vendor.scripts["contacts"] = script
    result = bench.run("contacts", "tickets")
    assert result.state == "cancelled"
    assert [s.stream for s in result.streams] == ["tickets", "contacts"]
    assert sorted(bench.current("contact")) == [f"{n:02}" for n in range(7)]
    assert bench.state("contacts").position == at(-95)
    assert closed == [True]


def test_a_cancelled_run_asks_nothing_more(bench: Bench) -> None:
    """R44."""
    filled(bench).stop = True
    assert bench.run("contacts", "tickets").state == "cancelled"
    assert (bench.vendor.tickets.calls, bench.vendor.contacts.calls) == (0, 0)


def test_the_engine_never_holds_more_than_a_stage(bench: Bench) -> None:
    """R36, R37: 12,000 records without a checkpoint are committed in stages, while the stream goes on."""
    committed: list[int] = []

    def script(window: Any) -> Iterator[Any]:
        for n in range(12_001):
            if n in (5_000, 10_000, 12_000):
                with bench.store.read() as connection:
                    committed.append(connection.execute(sa.text("select count(*) from fact_contact")).scalar_one())
            yield contact(str(n))

    bench.vendor.scripts["contacts"] = script
    result = bench.one("contacts")
    assert (result.read, result.opened) == (12_001, 12_001)
    assert committed == [5_000, 10_000, 10_000]


def test_progress_is_told_while_a_stream_runs(bench: Bench) -> None:
    bench.vendor.scripts["contacts"] = lambda window: (contact(str(n)) for n in range(1_200))
    told: list[Progress] = []
    SyncEngine(bench.store, bench.clock, on_progress=told.append, enough=1).sync(bench.source, ["contacts"])
    assert [p.read for p in told] == [500, 1_000, 1_200, 1_200]
    assert [p.done for p in told] == [False, False, False, True]
