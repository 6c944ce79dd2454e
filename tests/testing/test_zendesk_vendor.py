"""The simulated Zendesk, driven through zenpy."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests
from zenpy import Zenpy
from zenpy.lib.exception import APIException

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import Vendors, World, ZendeskVendor
from accountpulse.testing.vendors.world.wire import unix


@pytest.fixture
def desk(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> ZendeskVendor:
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", vendors.zendesk.base_url.removeprefix("http://"))
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    return vendors.zendesk


@pytest.fixture
def zen(desk: ZendeskVendor) -> Iterator[Zenpy]:
    known = desk.credentials
    with requests.Session() as session:
        yield Zenpy(subdomain=known["subdomain"], oauth_token=known["oauth_token"], session=session, disable_cache=True)


@pytest.mark.slow
def test_exports_every_ticket_in_order(zen: Zenpy, desk: ZendeskVendor, world: World) -> None:
    tickets = [each.to_dict() for each in zen.tickets.incremental(start_time=0, include=["metric_sets"], per_page=700)]
    assert len({each["id"] for each in tickets}) == len(world.zendesk["ticket"])
    assert len(desk.requests_to("tickets/cursor")) == 1 + len(tickets) // 700
    order = [(each["generated_timestamp"], each["id"]) for each in tickets]
    assert order == sorted(order)
    assert all(each["metric_set"]["ticket_id"] == each["id"] for each in tickets)
    assert sum(unix_of(each["updated_at"]) != each["generated_timestamp"] for each in tickets) > len(tickets) / 4


def unix_of(text: str) -> int:
    return unix(datetime.fromisoformat(text))


def test_metric_sets_come_only_when_asked(zen: Zenpy) -> None:
    assert "metric_set" not in next(zen.tickets.incremental(start_time=0)).to_dict()


def test_a_cursor_returns_only_what_changed(zen: Zenpy, desk: ZendeskVendor, clock: FixedClock) -> None:
    export = zen.tickets.incremental(start_time=0)
    count = len(list(export))
    stamp, rest = base64.b64decode(export.after_cursor).decode().split("||")
    assert stamp.endswith(".0")
    assert rest.endswith("|")
    touched = desk.ids("ticket")[17]
    desk.touch("ticket", touched, priority="urgent")
    assert list(zen.tickets.incremental(cursor=export.after_cursor)) == []
    clock.advance(timedelta(seconds=61))
    fresh = list(zen.tickets.incremental(cursor=export.after_cursor))
    assert [(each.id, each.priority) for each in fresh] == [(int(touched), "urgent")]
    assert count > 4000


def test_an_empty_page_repeats_the_cursor(zen: Zenpy) -> None:
    export = zen.tickets.incremental(start_time=0)
    list(export)
    empty = zen.tickets.incremental(cursor=export.after_cursor)
    assert list(empty) == []
    assert empty.after_cursor == export.after_cursor
    assert empty.end_of_stream is True


def test_ties_survive_page_edges(zen: Zenpy, desk: ZendeskVendor) -> None:
    tied = {int(each) for each in desk.same_second(40, "ticket")}
    desk.page_size = 7
    start = desk.get("ticket", str(min(tied)))["generated_timestamp"]
    assert {each.id for each in zen.tickets.incremental(start_time=start)} == tied


def test_updated_at_need_not_move(zen: Zenpy, desk: ZendeskVendor, clock: FixedClock) -> None:
    export = zen.tickets.incremental(start_time=0)
    list(export)
    moved = desk.ids("ticket")[3]
    before = desk.get("ticket", moved)["updated_at"]
    clock.advance(timedelta(minutes=10))
    desk.rewrite("ticket", moved, tags=["bulk"])
    clock.advance(timedelta(minutes=2))
    (found,) = zen.tickets.incremental(cursor=export.after_cursor)
    assert (found.id, found.updated_at) == (int(moved), before)


def test_a_deleted_ticket_is_a_tombstone(zen: Zenpy, desk: ZendeskVendor, clock: FixedClock) -> None:
    export = zen.tickets.incremental(start_time=0)
    list(export)
    desk.delete("ticket", desk.ids("ticket")[0])
    clock.advance(timedelta(minutes=2))
    (found,) = zen.tickets.incremental(cursor=export.after_cursor)
    assert (found.status, found.subject) == ("deleted", "SCRUBBED")


def test_organizations_export_never_splits_a_second(zen: Zenpy, desk: ZendeskVendor, world: World) -> None:
    tied = desk.same_second(9, "organization")
    desk.page_size = 25
    seen = [each.id for each in zen.organizations.incremental(start_time=1)]
    assert set(seen) == {each["id"] for each in world.zendesk["organization"]}
    assert len(seen) > len(set(seen))  # the boundary second is read again
    desk.page_size = 4
    body = requests.get(
        f"{desk.base_url}/api/v2/incremental/organizations.json",
        {"start_time": unix_of(desk.get("organization", tied[0])["updated_at"])},
        headers={"Authorization": f"Bearer {desk.credentials['oauth_token']}"},
        timeout=5,
    ).json()
    assert (body["count"], body["end_of_stream"]) == (9, True)


def test_a_full_second_does_not_trap_a_reader(zen: Zenpy, desk: ZendeskVendor, clock: FixedClock) -> None:
    tied = desk.same_second(9, "organization")
    moved = desk.ids("organization")[0]
    desk.touch("organization", moved)
    clock.advance(timedelta(minutes=2))
    desk.page_size = 4
    start = unix_of(desk.get("organization", tied[0])["updated_at"])
    first = zen.organizations.incremental(start_time=start)
    assert first.end_time > start  # nine share the first second: the page goes on to the next one
    assert {each.id for each in first} == {int(each) for each in (*tied, moved)}


def test_users_and_ratings_page_by_cursor(zen: Zenpy, desk: ZendeskVendor, world: World) -> None:
    desk.page_size = 400
    users = {each.id for each in zen.users.incremental(start_time=1)}
    assert users == {each["id"] for each in world.zendesk["user"]}
    desk.page_size = None
    ratings = [each.id for each in zen.satisfaction_ratings()]
    assert len(set(ratings)) == len(ratings) == len(world.zendesk["satisfaction_rating"])
    recent = [each.updated_at for each in zen.satisfaction_ratings(start_time=world.now - timedelta(days=30))]
    assert 0 < len(recent) < len(ratings) / 4
    assert min(recent) >= (world.now - timedelta(days=30)).isoformat()[:19]


def test_show_many_leaves_out_what_is_gone(zen: Zenpy, desk: ZendeskVendor) -> None:
    kept, gone = desk.ids("ticket")[:2]
    desk.delete("ticket", gone)
    assert [each.id for each in zen.tickets(ids=[kept, gone, "5"])] == [int(kept)]


def test_a_ticket_can_appear_late(zen: Zenpy, desk: ZendeskVendor, clock: FixedClock) -> None:
    at = clock.now() - timedelta(minutes=10)
    made = desk.put("ticket", {"subject": "late"}, at=at)
    desk.hide_until("ticket", str(made["id"]), call=1)
    assert made["id"] not in {each.id for each in zen.tickets.incremental(start_time=unix(at))}
    assert made["id"] in {each.id for each in zen.tickets.incremental(start_time=unix(at))}


def test_too_recent_a_start_is_refused(zen: Zenpy, clock: FixedClock) -> None:
    with pytest.raises(APIException, match="StartTimeTooRecent"):
        zen.tickets.incremental(start_time=unix(clock.now()))


def test_rate_limits_carry_retry_after(zen: Zenpy, desk: ZendeskVendor) -> None:
    desk.fail(status=429, headers={"Retry-After": "1"})
    assert zen.users.me().role == "admin"  # zenpy waits a second by itself
    assert [each.status for each in desk.requests] == [429, 200]
    desk.fail(status=429)
    with pytest.raises(APIException, match="APIRateLimitExceeded"):
        zen.users.me()


def test_tokens_expire_and_credentials_die(desk: ZendeskVendor, clock: FixedClock) -> None:
    known = desk.credentials
    form = {"grant_type": "client_credentials", "client_id": known["client_id"], "scope": "read"}
    form["client_secret"] = known["client_secret"]
    url, me = f"{desk.base_url}/oauth/tokens", f"{desk.base_url}/api/v2/users/me.json"
    granted = requests.post(url, json=form, timeout=5).json()
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    assert requests.get(me, headers=headers, timeout=5).status_code == 200
    clock.advance(timedelta(seconds=granted["expires_in"]))
    refused = requests.get(me, headers=headers, timeout=5)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    basic = (f"{known['email']}/token", known["api_token"])
    assert requests.get(me, auth=basic, timeout=5).status_code == 200
    desk.revoke()
    assert requests.post(url, json=form, timeout=5).json()["error"] == "invalid_client"
    assert requests.get(me, auth=basic, timeout=5).json() == {"error": "Couldn't authenticate you"}
    desk.restore()
    assert requests.post(url, json=form, timeout=5).status_code == 200


def test_merged_organizations_pass_their_tickets_on(zen: Zenpy, desk: ZendeskVendor, clock: FixedClock) -> None:
    winner, loser = desk.ids("organization")[:2]
    desk.merge("organization", winner, loser)
    clock.advance(timedelta(minutes=2))
    tickets = list(zen.tickets.incremental(start_time=unix(clock.now() - timedelta(minutes=3))))
    assert tickets
    assert {each.organization_id for each in tickets} == {int(winner)}
    gone = [each for each in zen.organizations.incremental(start_time=1) if each.id == int(loser)]
    assert gone[0].deleted_at is not None
