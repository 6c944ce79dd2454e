"""Pushed messages: stored before they are answered, each applied once, and none holds up those behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.sync.pushing import Inbox
from tests.core.sync.vendor import NOON, Killed, account, at, contact, ticket

from accountpulse.core.errors import AuthError, InvalidRecord, NotFound, Transient
from accountpulse.core.model import Contact, UsageDay
from accountpulse.core.store import revisions
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import inbox as inbox_table
from accountpulse.core.sync import inbox as inbox_module
from accountpulse.core.sync.connector import Deleted, UsageEvent, usage_key

MINUTE = timedelta(minutes=1)
SECRET = "whsec_canary"


@pytest.fixture
def inbox(store: Store) -> Inbox:
    return Inbox(store)


def stored(inbox: Inbox) -> dict[str, Any]:
    with inbox.store.read() as connection:
        return {row.key: row for row in connection.execute(sa.select(inbox_table))}


# --- taking in ----------------------------------------------------------------------------------------------------------


def test_a_message_is_durable_before_it_is_applied(inbox: Inbox) -> None:
    inbox.mean("a", contact("1"))
    assert inbox.push(("k1", "a")) == 1
    assert inbox.versions("contact") == []
    assert stored(inbox)["k1"].body == "a"
    assert inbox.drain().opened == 1
    assert (stored(inbox)["k1"].body, stored(inbox)["k1"].applied_at) == (None, NOON)


def test_a_wrong_password_a_wrong_path_and_a_bad_body_store_nothing(inbox: Inbox) -> None:
    with pytest.raises(AuthError):
        inbox.push(("k", "a"), password="wrong")
    with pytest.raises(NotFound, match="takes nothing at 'elsewhere'; it takes: events, batch"):
        inbox.push(("k", "a"), path="elsewhere")
    assert stored(inbox) == {}


def test_a_message_delivered_twice_counts_once(inbox: Inbox) -> None:
    """R9: within one request, before it was applied, and after."""
    event = ("same", {"at": "2026-03-02T09:00:00+00:00"})
    assert inbox.push(event, event) == 1
    assert inbox.push(event) == 0
    inbox.drain()
    assert inbox.push(event, ("other", event[1])) == 1
    inbox.drain()
    assert inbox.days() == {"2026-03-02": 2}


def test_a_body_that_only_one_database_takes_is_stored_by_both(inbox: Inbox) -> None:
    assert inbox.push(("nul\0", "a\0b"), ("nan", [float("nan"), {"x\0": "\ud800"}])) == 2
    assert stored(inbox)["nan"].body == [None, {"x\\x00": "\\ud800"}]
    assert inbox.push(("nul\0", "again")) == 0


# --- applying -----------------------------------------------------------------------------------------------------------


BAD: list[tuple[tuple[Any, ...], str]] = [
    ((InvalidRecord("x", "no such plan"),), "no such plan"),
    ((contact("1", active=1),), "contact.active must be bool, found int"),
    ((contact("1", created_at=NOON.replace(tzinfo=None)),), "contact.created_at has no time zone"),
    ((ticket("1"),), "yielded Ticket, which it does not declare"),
    (({"junk": 1},), "yielded dict; allowed are"),
    ((None,), "yielded NoneType; allowed are"),
    ((RuntimeError(SECRET),), "RuntimeError in script (pushing.py:"),
    ((contact("half"), RuntimeError(SECRET)), "RuntimeError"),
    ((contact("half"), contact("1", active=1)), "contact.active"),
    ((Transient("the vendor is away"),), "the vendor is away"),
    ((UsageEvent(account="a", user="u", feature="f", at=NOON.replace(tzinfo=None)),), "usage_event.at must be a time with an"),
    ((UsageEvent(account="a", user="u", feature="f", at="2026-03-02"),), "usage_event.at must be a time"),
    ((UsageEvent(account="a", user=None, feature="f", at=NOON),), "usage_day.user is missing"),
    ((UsageEvent(account="", user="u", feature="f", at=NOON),), "usage_day.account must be"),
    ((UsageEvent(account=7, user="u", feature="f", at=NOON),), "usage_day.account must be"),
    ((UsageEvent(account="a", user="u", feature="f\0", at=NOON),), "needs a source_id that is a text"),
    ((UsageEvent(account="a", user="u", feature="f", at=NOON, seconds="9"),), "usage_day.seconds must be int"),
    ((UsageEvent(account="a", user="u", feature="f", at=NOON, seconds=-1),), "usage_event.seconds must be from 0"),
    ((UsageEvent(account="a", user="u", feature="f", at=NOON, seconds=2**62),), "usage_event.seconds must be from 0"),
]  # fmt: skip


@pytest.mark.parametrize(("items", "reason"), BAD, ids=[str(n) for n in range(len(BAD))])
def test_a_bad_message_is_kept_aside_and_the_others_are_applied(inbox: Inbox, items: tuple[Any, ...], reason: str) -> None:
    """R33, R41, R43: whole messages only, with a reason that shows no secret."""
    inbox.mean("bad", *items)
    inbox.mean("good", contact("good"), UsageEvent(account="acme", user="u", feature="f", at=NOON))
    inbox.push(("1", "good"), ("2", "bad"), ("3", "good"))
    result = inbox.drain()
    assert (result.read, result.quarantined) == (3, 1)
    assert [v["source_id"] for v in inbox.versions("contact")] == ["good"]
    assert inbox.days() == {"2026-03-02": 2}
    assert list(inbox.quarantine()) == ["2"]
    assert reason in inbox.quarantine()["2"]
    assert SECRET not in inbox.quarantine()["2"]
    assert (stored(inbox)["2"].body, stored(inbox)["1"].body) == ("bad", None)
    assert inbox.drain().read == 0


def test_of_several_messages_on_one_record_the_last_counts(inbox: Inbox) -> None:
    inbox.mean("create", contact("1", role="new"))
    inbox.mean("delete", Deleted(Contact, "1"))
    inbox.mean("again", contact("1", role="again"))
    inbox.push(("1", "create"), ("2", "delete"), ("3", "again"))
    inbox.drain()
    assert [v["role"] for v in inbox.versions("contact") if v["known_to"] is None] == ["again"]
    inbox.push(("4", "create"), ("5", "delete"))
    inbox.drain()
    assert [v["role"] for v in inbox.versions("contact") if v["known_to"] is None] == []


def test_what_is_pushed_is_known_from_now_on(inbox: Inbox) -> None:
    inbox.mean("a", account("1"))
    inbox.push(("1", "a"))
    inbox.clock.advance(5 * MINUTE)
    inbox.drain()
    (version,) = inbox.versions("account")
    assert (version["known_from"], version["assumed"]) == (at(5), False)


def test_a_drain_that_changes_nothing_moves_no_revision_of_facts(inbox: Inbox) -> None:
    inbox.mean("a", contact("1"))
    inbox.push(("1", "a"))
    inbox.drain()
    with inbox.store.read() as connection:
        before = revisions.current(connection)
    inbox.push(("2", "a"))
    inbox.drain()
    with inbox.store.read() as connection:
        after = revisions.current(connection)
    assert after["facts"] == before["facts"]
    assert after["operations"] > before["operations"], "that something was pushed is told"


# --- usage --------------------------------------------------------------------------------------------------------------


def test_events_are_added_in_place_while_their_day_is_open(inbox: Inbox) -> None:
    inbox.use("2026-03-02T08:00:00+00:00", "2026-03-02T09:00:00+00:00", seconds=10)
    inbox.drain()
    inbox.clock.advance(60 * MINUTE)
    inbox.use("2026-03-02T12:30:00+00:00", seconds=5)
    inbox.drain()
    (version,) = inbox.versions()
    assert (version["count"], version["seconds"], version["known_from"], version["known_to"]) == (3, 25, NOON, None)


def test_a_closed_day_gets_at_most_one_version_per_drain(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches the drain takes."""
    monkeypatch.setattr(inbox_module, "BATCH", 2)
    inbox.use("2026-03-02T08:00:00+00:00")
    inbox.drain()
    inbox.clock.advance(timedelta(days=2))
    inbox.use(*["2026-03-02T09:00:00+00:00"] * 7, seconds=1)
    inbox.drain()
    first, second = inbox.versions()
    assert (first["count"], first["known_to"]) == (1, inbox.clock.now())
    assert (second["count"], second["seconds"], second["known_to"]) == (8, 7, None)
    inbox.clock.advance(MINUTE)
    inbox.use("2026-03-02T10:00:00+00:00")
    inbox.drain()
    assert [v["count"] for v in inbox.versions()] == [1, 8, 9]


def test_users_features_and_accounts_are_counted_apart(inbox: Inbox) -> None:
    for values in ({}, {"user": "bob"}, {"feature": "import"}, {"account": "globex"}):
        inbox.use("2026-03-02T08:00:00+00:00", **values)
    inbox.drain()
    assert [v["count"] for v in inbox.versions()] == [1, 1, 1, 1]


def test_names_with_the_separator_do_not_share_a_key(inbox: Inbox) -> None:
    inbox.use("2026-03-02T08:00:00+00:00", account="a|b", user="c")
    inbox.use("2026-03-02T08:00:00+00:00", account="a", user="b|c")
    inbox.drain()
    assert [v["count"] for v in inbox.versions()] == [1, 1]
    keys = {usage_key(a, u, "f", NOON.date()) for a, u in (("a|b", "c"), ("a", "b|c"), ("a\\|b", "c"), ("a\\", "b|c"))}
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Asia/Kolkata", "2026-03-01T18:29:59.999999+00:00", "2026-03-01T18:30:00+00:00"),
        ("America/Los_Angeles", "2026-03-02T07:59:59.999999+00:00", "2026-03-02T08:00:00+00:00"),
        ("America/Los_Angeles", "2026-03-02T00:59:59-07:00", "2026-03-02T00:00:01-08:00"),
        ("UTC", "2026-03-02T05:29:59+05:30", "2026-03-02T05:30:00+05:30"),
    ],
)
def test_a_day_begins_at_midnight_in_the_stores_zone(store: Store, zone: str, before: str, after: str) -> None:
    """R39."""
    inbox = Inbox(store, zone=zone)
    inbox.use(before, after)
    inbox.drain()
    assert inbox.days() == {"2026-03-01": 1, "2026-03-02": 1}


@pytest.mark.parametrize(("zone", "hours"), [("Asia/Kolkata", 7), ("America/Los_Angeles", 20)])
def test_a_day_closes_at_midnight_in_the_stores_zone(store: Store, zone: str, hours: int) -> None:
    """R39: at noon UTC it is 17:30 in Kolkata and 4:00 in Los Angeles."""
    inbox = Inbox(store, zone=zone)
    inbox.use("2026-03-02T11:00:00+00:00")
    inbox.drain()
    inbox.clock.advance(timedelta(hours=hours - 1))
    inbox.use("2026-03-02T11:00:00+00:00")
    inbox.drain()
    assert len(inbox.versions()) == 1
    inbox.clock.advance(timedelta(hours=1))
    inbox.use("2026-03-02T11:00:00+00:00")
    inbox.drain()
    assert [v["count"] for v in inbox.versions()] == [2, 3]


def test_the_day_of_a_clock_change_is_one_day(store: Store) -> None:
    """R39: 23 and 25 hours long in Los Angeles."""
    inbox = Inbox(store, zone="America/Los_Angeles")
    inbox.use("2026-03-08T08:00:00+00:00", "2026-03-09T06:59:59+00:00", "2026-03-09T07:00:00+00:00")
    inbox.use("2025-11-02T07:00:00+00:00", "2025-11-03T07:59:59+00:00", "2025-11-03T08:00:00+00:00")
    inbox.drain()
    assert inbox.days() == {"2026-03-08": 2, "2026-03-09": 1, "2025-11-02": 2, "2025-11-03": 1}


# --- crashes and races --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 3])
def test_a_drain_killed_anywhere_loses_and_doubles_nothing(inbox: Inbox, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """R1: before each statement and commit in turn."""
    monkeypatch.setattr(inbox_module, "BATCH", batch)
    expected = 0
    for number in range(1, 120):
        inbox.use(*["2026-03-02T08:00:00+00:00"] * 4)
        expected += 4
        seen: list[str] = []

        def count(*_: Any, seen: list[str] = seen, number: int = number) -> None:
            seen.append("")
            if len(seen) == number:
                raise Killed

        sa.event.listen(inbox.store.engine, "before_cursor_execute", count)
        sa.event.listen(inbox.store.engine, "commit", count)
        try:
            inbox.drain()
        except Killed:
            pass
        finally:
            sa.event.remove(inbox.store.engine, "before_cursor_execute", count)
            sa.event.remove(inbox.store.engine, "commit", count)
        inbox.drain()
        assert inbox.days() == {"2026-03-02": expected}
        if len(seen) < number:
            return
    raise AssertionError("the drain took more statements than were tried")


def test_a_message_applied_by_another_drain_meanwhile_is_not_applied_again(inbox: Inbox) -> None:
    """Two drains at once, the second wholly within the first: each message counts once."""
    inbox.use(*["2026-03-02T08:00:00+00:00"] * 5)
    inbox.mean("hook", UsageEvent(account="acme", user="ann", feature="export", at=NOON))
    nested: list[int] = []
    plain = inbox.connector.meaning["hook"]

    def hook() -> Iterator[Any]:
        if not nested:
            nested.append(0)
            nested[0] = inbox.drain().read
        return plain()

    inbox.connector.meaning["hook"] = hook
    inbox.push(("hook", "hook"))
    assert inbox.drain().read == 0
    assert nested == [6]
    assert inbox.days() == {"2026-03-02": 6}


def test_drains_and_pushes_in_several_threads_count_each_event_once(inbox: Inbox) -> None:
    def work(thread: int) -> None:
        for n in range(5):
            inbox.push(
                (f"{thread}-{n}", {"at": "2026-03-02T08:00:00+00:00"}), (f"shared-{n}", {"at": "2026-03-02T08:00:00+00:00"})
            )
            inbox.drain()

    failures: list[BaseException] = []

    def run(thread: int) -> None:
        try:
            work(thread)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    inbox.drain()
    assert failures == []
    assert inbox.days() == {"2026-03-02": 20}


def test_usage_days_yielded_whole_are_rolled_in_place_too(inbox: Inbox) -> None:
    day = UsageDay(source_id="d", account="acme", user="u", feature="f", day=NOON.date(), count=1)
    inbox.mean("one", day)
    inbox.mean("two", UsageDay(source_id="d", account="acme", user="u", feature="f", day=NOON.date(), count=2))
    inbox.push(("1", "one"))
    inbox.drain()
    inbox.push(("2", "two"))
    inbox.drain()
    assert [v["count"] for v in inbox.versions()] == [2]
