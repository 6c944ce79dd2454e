"""R1, R2: whatever kills a run, wherever: nothing half is stored, and the next run makes the store equal the vendor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.sync.vendor import Bench, Killed, account, at, contact, survey, ticket
from tests.emptying import empty

from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import run, snapshot_key

STREAMS = ("tickets", "contacts", "accounts", "surveys")
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@contextmanager
def killed_at_statement(store: Store, number: int) -> Iterator[list[str]]:
    """Kill the run right before a statement of that number, counting commits as statements."""
    seen: list[str] = []

    def count(what: str) -> None:
        seen.append(what)
        if len(seen) == number:
            raise Killed

    def statement(conn: Any, cursor: Any, text: str, *_: Any) -> None:
        count(text)

    def commit(conn: Any) -> None:
        count("commit")

    sa.event.listen(store.engine, "before_cursor_execute", statement)
    sa.event.listen(store.engine, "commit", commit)
    try:
        yield seen
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", statement)
        sa.event.remove(store.engine, "commit", commit)


def fill(bench: Bench) -> None:
    vendor = bench.vendor
    vendor.tickets.put(*(ticket(f"{n}") for n in range(7)), changed_at=at(-9))
    vendor.contacts.put(*(contact(f"{n}") for n in range(5)), changed_at=at(-9))
    vendor.accounts.put(*(account(f"{n}") for n in range(7)), changed_at=at(-9))
    vendor.surveys.put(*(survey(f"{n}") for n in range(7)), changed_at=at(-9))


def change(bench: Bench) -> None:
    """Updates, deletions, arrivals."""
    bench.clock.advance(timedelta(minutes=30))
    vendor, now = bench.vendor, bench.clock.now() - timedelta(minutes=3)
    vendor.tickets.put(ticket("0", priority=4), ticket("new"), changed_at=now)
    vendor.contacts.put(contact("1", role="x"), changed_at=now)
    vendor.contacts.delete("2")
    vendor.accounts.put(account("3", plan="gold"), changed_at=now)
    vendor.accounts.vanish("4")
    vendor.surveys.put(survey("3", comment="!"), changed_at=now)
    vendor.surveys.vanish("0")


def same_as_vendor(bench: Bench, streams: Sequence[str]) -> bool:
    return all(bench.equals_vendor(getattr(bench.vendor, stream)) for stream in streams)


def finish(bench: Bench, streams: Sequence[str] = STREAMS) -> None:
    """A new process: another run, with nothing remembered but the store."""
    bench.clock.advance(timedelta(minutes=10))
    assert bench.run(*streams).state == "ok"
    assert same_as_vendor(bench, streams)
    assert bench.rows(snapshot_key) == []


def every_point_of_a_run(bench: Bench, *, first: bool, streams: Sequence[str] = STREAMS) -> int:
    fill(bench)
    if not first:
        bench.run(*streams)
        change(bench)
    with killed_at_statement(bench.store, 0) as seen:
        bench.run(*streams)
    assert same_as_vendor(bench, streams)
    return len(seen)


def crash_and_go_on(bench: Bench, number: int, *, first: bool, streams: Sequence[str] = STREAMS) -> None:
    fill(bench)
    if not first:
        assert bench.run(*streams).state == "ok"
        change(bench)
    with killed_at_statement(bench.store, number), pytest.raises(Killed):
        bench.run(*streams)
    finish(bench, streams)


@pytest.mark.slow
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("first", [True, False], ids=["first load", "later run"])
def test_a_run_killed_before_any_statement_is_made_good_by_the_next(store: Store, first: bool, stream: str) -> None:
    """R1: each second point, in turn; on PostgreSQL each fourth. One stream at a time, as the number of points counts twice."""
    points = every_point_of_a_run(Bench(store), first=first, streams=[stream])
    assert points > 15
    for number in range(1, points + 1, 2 if store.is_sqlite else 4):
        empty(store)
        crash_and_go_on(Bench(store), number, first=first, streams=[stream])


@settings(anywhere, max_examples=6)
@given(place=st.floats(0, 1), first=st.booleans())
def test_a_run_killed_somewhere_is_made_good_by_the_next(store: Store, place: float, first: bool) -> None:
    """R1: a sample of what the slow test does completely."""
    empty(store)
    points = every_point_of_a_run(Bench(store), first=first)
    empty(store)
    crash_and_go_on(Bench(store), 1 + int(place * (points - 1)), first=first)


@settings(anywhere, max_examples=8)
@given(crashes=st.lists(st.integers(1, 8), min_size=1, max_size=4), pages=st.integers(1, 4))
def test_a_run_killed_at_any_record_any_number_of_times_is_made_good(store: Store, crashes: list[int], pages: int) -> None:
    """R1: killed while the connector runs, again and again, at whatever size of pages."""
    empty(store)
    bench = Bench(store)
    fill(bench)
    for table in (bench.vendor.tickets, bench.vendor.surveys):
        table.page_size = pages
    for number in crashes:
        for name, table in (("tickets", bench.vendor.tickets), ("surveys", bench.vendor.surveys)):
            table.crash_at_item = table.items + number
            try:
                bench.run(name)
            except Killed:
                continue
            finally:
                table.crash_at_item = None
        bench.clock.advance(timedelta(minutes=5))
        changed_at = bench.clock.now() - timedelta(minutes=3)
        bench.vendor.tickets.put(ticket("moving", subject=str(number)), changed_at=changed_at)
    finish(bench)


@pytest.mark.parametrize("statement", ["insert into mark", "update stream_state set position", "commit"])
def test_records_and_checkpoint_commit_together_or_not_at_all(bench: Bench, statement: str) -> None:
    """R2: a fault anywhere within the transaction takes back all of it."""
    bench.vendor.contacts.put(*(contact(f"{n}") for n in range(3)), changed_at=at(-9))
    with killed_at_statement(bench.store, 0) as seen:
        bench.run("tickets")
        before = len(seen)
    position_of = bench.state("contacts").position
    assert (position_of, before > 0) == (None, True)
    writing: list[bool] = []

    def fault(conn: Any, cursor: Any, text: str, *_: Any) -> None:
        lowered = " ".join(text.lower().split())
        writing.append(lowered.startswith("insert into mark"))  # which follows the new versions
        if lowered.startswith(statement):
            raise Killed

    def fault_at_commit(conn: Any) -> None:
        if statement == "commit" and any(writing):
            raise Killed

    sa.event.listen(bench.store.engine, "before_cursor_execute", fault)
    sa.event.listen(bench.store.engine, "commit", fault_at_commit)
    try:
        with pytest.raises(Killed):
            bench.run("contacts")
    finally:
        sa.event.remove(bench.store.engine, "before_cursor_execute", fault)
        sa.event.remove(bench.store.engine, "commit", fault_at_commit)
    assert bench.current("contact") == {}
    assert bench.state("contacts").position is None
    bench.run("contacts")
    assert bench.equals_vendor(bench.vendor.contacts)


def test_a_run_that_was_killed_is_not_said_to_run_for_ever(bench: Bench) -> None:
    bench.vendor.contacts.put(contact("1"), changed_at=at(-9))
    bench.vendor.contacts.crash_at_item = 1
    with pytest.raises(Killed):
        bench.run("contacts")
    other = Bench(bench.store, name="other")
    other.run("contacts")
    assert [row.state for row in bench.rows(run)] == ["running", "ok"]
    bench.run("contacts")
    killed, _, good = bench.rows(run)
    assert (killed.state, killed.finished_at, good.state) == ("failed", bench.clock.now(), "ok")
    assert "was stopped" in (killed.message or "")
