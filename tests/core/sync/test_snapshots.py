"""Deletion by absence: only after a complete read, never of what only its first part saw, and never of too much at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from tests.core.sync.vendor import Bench, Killed, ScriptedConfig, account, contact, survey

from accountpulse.core.errors import CursorExpired, PluginError, RateLimited, Transient
from accountpulse.core.model import Account, SurveyResponse, Ticket
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.tables import held_delete, snapshot_key
from accountpulse.core.store.writes import AccountKeys, write_records
from accountpulse.core.sync.connector import Connector, Deletes, Item, OpaqueCursor, TimeCursor, Window, stream
from accountpulse.core.sync.rows import to_row

MINUTE = timedelta(minutes=1)


def loaded(bench: Bench, count: int = 10) -> Bench:
    bench.vendor.accounts.put(*(account(f"{n:02}") for n in range(count)))
    bench.vendor.surveys.put(*(survey(f"{n:02}") for n in range(count)))
    assert bench.run("accounts", "surveys").state == "ok"
    bench.clock.advance(MINUTE)
    return bench


def test_a_complete_read_removes_what_is_missing(bench: Bench) -> None:
    """R22."""
    loaded(bench).vendor.accounts.vanish("03", "07")
    assert bench.one("accounts").closed == 2
    assert bench.equals_vendor(bench.vendor.accounts)
    assert bench.versions("account", "03")[0].known_to == bench.clock.now()


def test_a_snapshot_with_a_cursor_begins_anew_when_the_last_pass_ended(bench: Bench) -> None:
    """R22: the cursor is a place within one pass, not in time."""
    loaded(bench).vendor.surveys.vanish("03")
    bench.vendor.surveys.put(survey("00", comment="changed"))
    result = bench.one("surveys")
    assert (result.read, result.closed) == (9, 2)
    assert bench.equals_vendor(bench.vendor.surveys)


@pytest.mark.parametrize("fault", [RuntimeError("a bug"), RateLimited(timedelta(hours=9))])
def test_a_failed_pass_removes_nothing(bench: Bench, fault: Exception) -> None:
    """R23."""
    table = loaded(bench).vendor.accounts
    table.vanish("00", "09")
    table.faults[table.calls + 3] = fault
    assert bench.one("accounts").state in ("failed", "paused")
    assert len(bench.current("account")) == 10


def test_a_retried_pass_removes_only_what_is_missing(bench: Bench) -> None:
    """R23."""
    table = loaded(bench).vendor.accounts
    table.vanish("05")
    table.faults[table.calls + 3] = Transient("hiccup")
    assert bench.one("accounts").retries == 1
    assert bench.equals_vendor(table)


def test_what_vanishes_before_the_retry_is_gone_as_well(bench: Bench) -> None:
    table = loaded(bench).vendor.accounts
    table.faults[table.calls + 3] = Transient("hiccup")
    slept = bench.policy.sleep

    def vanish_meanwhile(seconds: float) -> None:
        slept(seconds)
        table.vanish("00")

    bench.policy = replace(bench.policy, sleep=vanish_meanwhile)
    bench.run("accounts")
    assert bench.equals_vendor(table)


@pytest.mark.parametrize("missing", [3, 10])
def test_more_than_a_fifth_vanishing_is_held(bench: Bench, missing: int) -> None:
    """R24: an empty answer above all."""
    table = loaded(bench).vendor.accounts
    table.vanish(*sorted(table.rows)[:missing])
    result = bench.one("accounts")
    assert (result.state, result.closed) == ("ok", 0)
    assert f"{missing} of 10 account records were not in the answer" in (result.message or "")
    assert len(bench.current("account")) == 10
    with bench.store.read() as connection:
        (held,) = store_connections.held(connection, bench.source.id)
    assert (held.stream, held.vanished, held.known) == ("accounts", missing, 10)


def test_a_fifth_is_not_too_much(bench: Bench) -> None:
    """R24."""
    table = loaded(bench).vendor.accounts
    table.vanish("00", "01")
    bench.run("accounts")
    assert bench.equals_vendor(table)


def test_a_held_snapshot_is_released_by_a_good_one(bench: Bench) -> None:
    table = loaded(bench).vendor.accounts
    gone = {id: table.rows[id] for id in ("00", "01", "02")}
    table.vanish(*gone)
    bench.run("accounts")
    table.rows.update(gone)
    assert bench.one("accounts").message is None
    assert bench.rows(held_delete) == []


def test_a_held_snapshot_is_applied_by_a_person(bench: Bench) -> None:
    table = loaded(bench).vendor.accounts
    table.vanish(*list(table.rows)[:9])
    bench.run("accounts")
    bench.one("accounts", delete_vanished=True)
    assert bench.equals_vendor(table)
    assert bench.rows(held_delete) == []


def test_a_pass_interrupted_in_one_run_is_gone_on_with_in_the_next(bench: Bench) -> None:
    """R26: it must not delete what only its first half saw, nor read that again."""
    table = loaded(bench).vendor.surveys
    table.vanish("05")
    table.faults[table.calls + 3] = RateLimited(timedelta(hours=1))
    assert bench.one("surveys").state == "paused"
    bench.clock.advance(timedelta(hours=2))
    result = bench.one("surveys")
    assert (result.state, result.read, result.closed) == ("ok", 3, 1)
    assert bench.equals_vendor(table)
    assert bench.rows(snapshot_key) == []


def test_a_pass_that_was_killed_is_gone_on_with(bench: Bench) -> None:
    """R26, R1."""
    table = loaded(bench).vendor.surveys
    table.vanish("01")
    table.crash_at_item = table.items + 7
    with pytest.raises(Killed):
        bench.run("surveys")
    result = bench.one("surveys")
    assert (result.state, result.read, result.closed) == ("ok", 3, 1)
    assert bench.equals_vendor(table)


def test_an_expired_page_cursor_begins_the_pass_anew(bench: Bench) -> None:
    """R21, R26."""
    table = loaded(bench).vendor.surveys
    table.vanish("05")
    table.faults[table.calls + 3] = CursorExpired("the page is gone")
    result = bench.one("surveys")
    assert (result.state, result.closed) == ("ok", 1)
    assert bench.equals_vendor(table)


def test_what_was_pushed_while_a_pass_ran_is_not_taken_for_vanished(bench: Bench) -> None:
    loaded(bench)
    other = bench.vendor.accounts
    pages = [[account(f"{n:02}") for n in range(5)], [account(f"{n:02}") for n in range(5, 10)]]

    def script(window: Window) -> Iterator[Item]:
        yield from pages[0]
        bench.clock.advance(MINUTE)
        with bench.store.write() as connection:  # a webhook, drained while the read goes on; its page was read already
            row = to_row(account("pushed"))
            keys = AccountKeys(bench.source.id)
            write_records(connection, "account", [row], keys=keys, now=bench.clock.now(), assumed=False)
        yield from pages[1]

    bench.vendor.scripts["accounts"] = script
    bench.run("accounts")
    assert "pushed" in bench.current("account")
    del bench.vendor.scripts["accounts"]
    bench.clock.advance(MINUTE)
    other.put(account("x"))
    bench.run("accounts")
    assert "pushed" not in bench.current("account")


def test_a_snapshot_leaves_other_connections_and_other_streams_alone(bench: Bench) -> None:
    """R11."""
    bench.vendor.contacts.put(contact("1"))
    bench.run("contacts")
    other = loaded(Bench(bench.store, name="other"))
    loaded(bench).vendor.accounts.vanish("00")
    bench.run("accounts")
    assert len(other.current("account")) == 10
    assert len(bench.current("contact")) == 1


def test_a_snapshot_with_a_time_cursor_can_not_be_declared() -> None:
    with pytest.raises(PluginError, match="TimeCursor contradicts"):
        stream(Account, cursor=TimeCursor("updated_at"), deletes="snapshot")


@pytest.mark.parametrize("second", ["none", "tombstones", "snapshot"])
def test_two_streams_can_not_share_a_record_type_that_one_deletes_by_snapshot(second: Deletes) -> None:
    with pytest.raises(PluginError, match="deletes by snapshot, but stream"):

        class Clashing(Connector[ScriptedConfig]):
            id: ClassVar[str] = "clashing"
            title: ClassVar[str] = "Clashing"

            @stream(Account, Ticket, deletes="snapshot")
            def one(self, window: Window) -> Iterator[Item]:
                """One."""
                yield from ()

            @stream(SurveyResponse, Account, cursor=OpaqueCursor(), deletes=second)
            def two(self, window: Window) -> Iterator[Item]:
                """Two."""
                yield from ()
