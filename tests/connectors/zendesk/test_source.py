"""The Zendesk streams against the simulated account: exports, cursors, ties, tombstones, ratings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.zendesk.conftest import NOW, Desk

from accountpulse.connectors.zendesk.source import LAG
from accountpulse.plugins import Cancelled, Context, CursorExpired, PermissionMissing, Transient, Window
from accountpulse.testing.vendors import start_vendors

HOUR = timedelta(hours=1)
ORGANIZATION = 57542


def put_tickets(desk: Desk, count: int, **fields: Any) -> list[str]:
    """Tickets of different seconds, the oldest first."""
    ticket = {"organization_id": ORGANIZATION, **fields}
    return [
        str(desk.vendor.put("ticket", ticket, at=desk.clock.now() - HOUR + timedelta(seconds=n))["id"]) for n in range(count)
    ]


def put_organizations(desk: Desk, count: int) -> list[str]:
    return [
        str(desk.vendor.put("organization", {"name": f"Acme {n}"}, at=desk.clock.now() - HOUR + timedelta(seconds=n))["id"])
        for n in range(count)
    ]


# --- tickets: the cursor export -----------------------------------------------------------------------------------------


def test_a_full_read_takes_every_page_with_its_metrics(desk: Desk) -> None:
    ids = put_tickets(desk, 5, metric_set={"reopens": 3, "reply_time_in_minutes": {"calendar": 5}})
    desk.vendor.page_size = 2
    found = desk.read("tickets")
    assert found.error is None
    assert found.ids == ids
    assert {each.reopened for each in found.records} == {3}  # the later pages ask for the metric sets too
    assert len(found.checkpoints) == 3
    assert all(isinstance(cursor, str) for cursor in found.checkpoints)


def test_a_checkpoint_follows_the_page_it_speaks_of(desk: Desk) -> None:
    put_tickets(desk, 3)
    desk.vendor.page_size = 2
    items = list(desk.connect().tickets(Window(since=None, until=NOW)))
    assert [type(item).__name__ for item in items] == ["Ticket", "Ticket", "Checkpoint", "Ticket", "Checkpoint"]


def test_the_next_run_reads_only_what_changed(desk: Desk) -> None:
    ids = put_tickets(desk, 4)
    first = desk.read("tickets")
    desk.clock.advance(HOUR)
    desk.vendor.touch("ticket", ids[1], status="solved")
    desk.clock.advance(HOUR)
    second = desk.read("tickets", first.cursor)
    assert [(each.source_id, each.outcome) for each in second.records] == [(ids[1], "solved")]
    third = desk.read("tickets", second.cursor)
    assert (third.records, third.checkpoints) == ([], [])  # an empty page moves no cursor


def test_a_ticket_that_zendesk_rewrote_without_updating_it_is_read(desk: Desk) -> None:
    ids = put_tickets(desk, 3)
    first = desk.read("tickets")
    desk.clock.advance(HOUR)
    desk.vendor.rewrite("ticket", ids[0], priority="urgent")
    desk.clock.advance(HOUR)
    assert [(each.source_id, each.priority) for each in desk.read("tickets", first.cursor).records] == [(ids[0], 4)]


@pytest.mark.parametrize("broken_page", [2, 3])
def test_a_tie_across_pages_survives_a_fault_between_them(desk: Desk, broken_page: int) -> None:
    put_tickets(desk, 6)
    tied = sorted(desk.vendor.same_second(6, "ticket"), key=int)
    desk.vendor.page_size = 2
    desk.vendor.fail(broken_page, status=503, path="/incremental/tickets")
    first = desk.read("tickets")
    assert isinstance(first.error, Transient)
    done = 2 * (broken_page - 1)
    assert first.ids == tied[:done]
    second = desk.read("tickets", first.cursor)
    assert (second.error, second.ids) == (None, tied[done:])


def test_a_fault_on_the_first_page_leaves_no_checkpoint(desk: Desk) -> None:
    put_tickets(desk, 2)
    desk.vendor.fail(1, status=503, path="/incremental/tickets")
    assert desk.read("tickets").checkpoints == []


def test_what_is_younger_than_a_minute_waits(desk: Desk) -> None:
    desk.vendor.put("ticket", {"organization_id": ORGANIZATION}, at=NOW - timedelta(seconds=30))
    first = desk.read("tickets")
    assert first.records == []
    desk.clock.advance(LAG)
    assert len(desk.read("tickets", first.cursor).records) == 1


def test_a_deleted_ticket_is_a_tombstone(desk: Desk) -> None:
    ids = put_tickets(desk, 2)
    first = desk.read("tickets")
    desk.clock.advance(HOUR)
    desk.vendor.delete("ticket", ids[0])
    desk.clock.advance(HOUR)
    second = desk.read("tickets", first.cursor)
    assert (second.records, second.deleted) == ([], [ids[0]])


def test_a_ticket_that_lost_its_organization_is_deleted(desk: Desk) -> None:
    ids = put_tickets(desk, 2)
    first = desk.read("tickets")
    desk.clock.advance(HOUR)
    desk.vendor.touch("ticket", ids[0], organization_id=None)
    desk.clock.advance(HOUR)
    assert desk.read("tickets", first.cursor).deleted == [ids[0]]


def test_the_loser_of_a_ticket_merge_is_closed_as_merged(desk: Desk) -> None:
    winner, loser = put_tickets(desk, 2)
    desk.vendor.merge("ticket", winner, loser)
    desk.clock.advance(HOUR)
    found = {each.source_id: each for each in desk.read("tickets").records}
    assert found[loser].outcome == "merged"
    assert found[loser].solved_at is not None


@pytest.mark.parametrize("cursor", ["bm90IGEgY3Vyc29y", "!", {"until": "x"}, 7])
def test_a_cursor_zendesk_does_not_know_means_a_complete_read(desk: Desk, cursor: Any) -> None:
    assert isinstance(desk.read("tickets", cursor).error, CursorExpired)


def test_a_cursor_that_is_gone_means_a_complete_read(desk: Desk) -> None:
    put_tickets(desk, 1)
    cursor = desk.read("tickets").cursor
    desk.vendor.fail(1, status=404, path="/incremental/tickets")
    assert isinstance(desk.read("tickets", cursor).error, CursorExpired)


def test_a_missing_export_is_not_an_expired_cursor(desk: Desk) -> None:
    desk.vendor.fail(1, status=404, path="/incremental/tickets")
    error = desk.read("tickets").error
    assert not isinstance(error, CursorExpired)
    assert "base_url" in str(error)


def test_an_export_that_goes_in_circles_is_stopped(desk: Desk) -> None:
    put_tickets(desk, 1)
    cursor = desk.read("tickets").cursor
    body = {"tickets": [], "after_cursor": cursor, "end_of_stream": False}
    desk.vendor.fail(1, status=200, path="/incremental/tickets", body=body, times=5)
    assert isinstance(desk.read("tickets", cursor).error, Transient)


def test_one_unreadable_ticket_does_not_cost_the_others(desk: Desk) -> None:
    ids = put_tickets(desk, 3)
    desk.vendor.touch("ticket", ids[1], created_at="yesterday")
    desk.clock.advance(HOUR)
    found = desk.read("tickets")
    assert (found.error, sorted(found.ids)) == (None, sorted([ids[0], ids[2]]))
    assert [each.source_id for each in found.invalid] == [ids[1]]


def test_a_run_that_was_cancelled_stops_at_the_page(desk: Desk) -> None:
    put_tickets(desk, 1)
    connector = desk.connect()
    connector.context = Context("desk", clock=desk.clock, cancelled=lambda: True)
    found = desk.read("tickets", connector=connector)
    assert isinstance(found.error, Cancelled)
    assert found.records == []


# --- users --------------------------------------------------------------------------------------------------------------


def test_end_users_are_contacts_until_they_become_agents(desk: Desk) -> None:
    user = {"organization_id": ORGANIZATION, "name": "Ada", "email": "ada@acme.example"}
    ada = str(desk.vendor.put("user", user, at=NOW - HOUR)["id"])
    first = desk.read("users")
    assert [(each.source_id, each.account, each.active) for each in first.records] == [(ada, str(ORGANIZATION), True)]
    desk.clock.advance(HOUR)
    desk.vendor.touch("user", ada, active=False)
    desk.clock.advance(HOUR)
    second = desk.read("users", first.cursor)
    assert [each.active for each in second.records] == [False]
    desk.vendor.touch("user", ada, role="agent")
    desk.clock.advance(HOUR)
    assert desk.read("users", second.cursor).deleted == [ada]


# --- organizations: the time-based export -------------------------------------------------------------------------------


def test_organizations_are_read_page_by_page(desk: Desk) -> None:
    ids = put_organizations(desk, 5)
    desk.vendor.page_size = 2
    found = desk.read("organizations")
    assert found.error is None
    assert sorted(set(found.ids)) == sorted(ids)
    assert found.cursor == NOW - HOUR + timedelta(seconds=4)


def test_a_second_with_many_organizations_is_not_split(desk: Desk) -> None:
    put_organizations(desk, 7)
    tied = desk.vendor.same_second(5, "organization")
    desk.vendor.page_size = 2
    desk.vendor.fail(2, status=503, path="/incremental/organizations")
    first = desk.read("organizations")
    assert isinstance(first.error, Transient)
    second = desk.read("organizations", first.cursor)
    assert set(tied) <= set(second.ids) | set(first.ids)
    assert set(first.ids) | set(second.ids) == set(desk.vendor.ids("organization"))


def test_a_changed_and_a_deleted_organization_come_in_the_next_run(desk: Desk) -> None:
    ids = put_organizations(desk, 3)
    first = desk.read("organizations")
    desk.clock.advance(HOUR)
    desk.vendor.touch("organization", ids[0], name="Renamed")
    desk.vendor.delete("organization", ids[1])
    desk.clock.advance(HOUR)
    second = desk.read("organizations", first.cursor)
    assert {each.source_id: each.name for each in second.records} | {ids[2]: "Acme 2"} == {ids[0]: "Renamed", ids[2]: "Acme 2"}
    assert second.deleted == [ids[1]]


def test_nothing_is_claimed_beyond_the_window(desk: Desk) -> None:
    put_organizations(desk, 3)
    until = NOW - HOUR + timedelta(seconds=1)
    cursors = [item.cursor for item in desk.connect().organizations(Window(None, until)) if hasattr(item, "cursor")]
    assert cursors == [until]


def test_a_window_that_is_empty_asks_nothing(desk: Desk) -> None:
    assert list(desk.connect().organizations(Window(since=NOW, until=NOW))) == []
    assert desk.vendor.requests == []


def test_an_export_that_stands_still_is_stopped(desk: Desk) -> None:
    body = {"organizations": [], "end_time": 0, "end_of_stream": False}
    desk.vendor.fail(1, status=200, path="/incremental/organizations", body=body, times=5)
    assert isinstance(desk.read("organizations").error, Transient)


# --- satisfaction -------------------------------------------------------------------------------------------------------


def put_rating(desk: Desk, ticket: str, score: str = "good", second: int = 0) -> str:
    rating = {"ticket_id": int(ticket), "score": score, "comment": "Thanks", "requester_id": 7}
    return str(desk.vendor.put("satisfaction_rating", rating, at=desk.clock.now() - HOUR + timedelta(seconds=second))["id"])


def test_ratings_belong_to_their_tickets_organization(desk: Desk) -> None:
    tickets = put_tickets(desk, 3)
    scores = ("good", "bad", "offered")
    ids = [put_rating(desk, tickets[n], score, second=n) for n, score in enumerate(scores)]
    desk.vendor.page_size = 2
    found = desk.read("satisfaction")
    assert found.error is None
    assert [(each.source_id, each.account, each.score) for each in found.records] == [
        (ids[0], str(ORGANIZATION), 1.0),
        (ids[1], str(ORGANIZATION), 0.0),
    ]
    assert found.checkpoints == [NOW - LAG]  # never a time in the answer
    assert len(desk.vendor.requests_to("/tickets")) == 1


def test_ratings_of_deleted_tickets_are_left_out(desk: Desk) -> None:
    [ticket, gone] = put_tickets(desk, 2)
    rating = put_rating(desk, ticket)
    put_rating(desk, gone, second=1)
    desk.vendor.delete("ticket", gone)
    assert desk.read("satisfaction").ids == [rating]


def test_ratings_of_tickets_of_nobody_are_left_out(desk: Desk) -> None:
    [ticket] = put_tickets(desk, 1, organization_id=None)
    put_rating(desk, ticket)
    found = desk.read("satisfaction")
    assert (found.records, found.error) == ([], None)


def test_the_next_run_reads_ratings_from_the_look_back_on(desk: Desk) -> None:
    [ticket] = put_tickets(desk, 1)
    put_rating(desk, ticket)
    first = desk.read("satisfaction")
    desk.clock.advance(24 * HOUR)
    new = put_rating(desk, ticket, "bad")
    desk.clock.advance(LAG)
    second = desk.read("satisfaction", first.cursor)
    assert new in second.ids
    desk.clock.advance(2 * HOUR)
    third = desk.read("satisfaction", second.cursor)
    desk.clock.advance(24 * HOUR)
    assert desk.read("satisfaction", third.cursor).ids == []


def test_a_read_that_broke_off_moves_no_cursor(desk: Desk) -> None:
    tickets = put_tickets(desk, 3)
    for second, each in enumerate(tickets):
        put_rating(desk, each, second=second)
    desk.vendor.page_size = 1
    desk.vendor.fail(2, status=503, path="/satisfaction_ratings")
    found = desk.read("satisfaction")
    assert (len(found.records), found.checkpoints) == (1, [])


def test_an_account_without_ratings_lacks_a_permission_only(desk: Desk) -> None:
    desk.vendor.fail(1, status=404, path="/satisfaction_ratings")
    assert isinstance(desk.read("satisfaction").error, PermissionMissing)


# --- everything ---------------------------------------------------------------------------------------------------------


def test_every_stream_reads_the_whole_world() -> None:
    with start_vendors(NOW) as vendors:
        desk = Desk(vendors.zendesk, vendors.clock)  # type: ignore[arg-type]  # it stands still
        connector = desk.connect()
        world = vendors.world.zendesk
        assert set(desk.read("organizations", connector=connector).ids) == {str(each["id"]) for each in world["organization"]}
        people = {str(each["id"]) for each in world["user"] if each["role"] == "end-user"}
        assert set(desk.read("users", connector=connector).ids) == people
        tickets = desk.read("tickets", connector=connector)
        assert set(tickets.ids) == {str(each["id"]) for each in world["ticket"] if each["status"] != "deleted"}
        assert set(tickets.deleted) == {str(each["id"]) for each in world["ticket"] if each["status"] == "deleted"}
        assert tickets.invalid == []
        connector.close()


def test_the_streams_declare_what_they_do(desk: Desk) -> None:
    specs = {spec.name: spec for spec in desk.connect().streams()}
    assert list(specs) == ["organizations", "users", "tickets", "satisfaction", "surveys"]
    assert {spec.lag for spec in specs.values()} == {timedelta(seconds=61)}
    assert all("Lag 61 seconds" in spec.description or "lag 61 seconds" in spec.description for spec in specs.values())


def test_requests_name_the_version(desk: Desk) -> None:
    connector = desk.connect()
    connector.check()
    desk.read("tickets", connector=connector)
    asked = [call.path for call in desk.vendor.requests if not call.path.startswith("/oauth/")]
    assert asked
    assert [path for path in asked if not path.startswith(f"/api/{connector.api_version}/")] == []
