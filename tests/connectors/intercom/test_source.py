"""The Intercom connector against the simulated workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.connectors.intercom.conftest import Workspace
from tests.connectors.reading import NOW

from accountpulse.connectors.intercom.client import VERSION
from accountpulse.connectors.intercom.config import REGIONS
from accountpulse.plugins import (
    AuthError,
    ConfigError,
    PermissionMissing,
    RateLimited,
    SurveyResponse,
    Ticket,
    Transient,
)

MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


# --- who it is ----------------------------------------------------------------------------------------------------------


def test_the_workspace_is_who_we_are_connected_to(workspace: Workspace) -> None:
    found = workspace.connect().check()
    assert (found.id, found.name, dict(found.details)) == ("abc12345", "Fernwood", {"region": "US"})


def test_the_version_of_the_api_is_pinned(workspace: Workspace) -> None:
    workspace.connect().check()
    (asked,) = workspace.vendor.requests
    assert asked.headers["intercom-version"] == VERSION


def test_an_address_that_is_no_intercom_is_a_mistake_in_the_settings(workspace: Workspace) -> None:
    workspace.vendor.fail(1, status=404)
    with pytest.raises(ConfigError, match="base_url"):
        workspace.connect().check()


def test_a_token_of_nobody_is_refused(workspace: Workspace) -> None:
    workspace.vendor.fail(1, status=200, body={"type": "admin", "app": None})
    with pytest.raises(AuthError, match="installed"):
        workspace.connect().check()


def test_another_region_is_named_with_its_address(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.vendor.region = "EU"
    monkeypatch.setitem(REGIONS, "US", workspace.vendor.base_url)  # the simulated workspace stands where the US ones are
    with pytest.raises(ConfigError, match=r"the region EU: put https://api\.eu\.intercom\.io"):
        workspace.connect().check()


@pytest.mark.parametrize("url", ["api.intercom.io", "https://api.intercom.io/conversations", "https://a:b@api.intercom.io"])
def test_an_address_that_cannot_be_one_is_refused_with_those_that_can(workspace: Workspace, url: str) -> None:
    with pytest.raises(ValueError, match=r"https://api\.au\.intercom\.io"):
        workspace.connect(base_url=url)


# --- refusals -----------------------------------------------------------------------------------------------------------


def test_a_refused_permission_names_what_to_allow(workspace: Workspace) -> None:
    workspace.vendor.fail(1, status=403)
    error = workspace.read("conversations").error
    assert isinstance(error, PermissionMissing)
    assert "Read conversations" in str(error)


def test_a_429_lasts_until_the_window_ends(workspace: Workspace) -> None:
    workspace.clock.advance(timedelta(seconds=3))
    workspace.vendor.fail(1, status=429)
    error = workspace.read("conversations").error
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=7)


def test_a_limit_that_is_used_up_is_met_and_passes(workspace: Workspace) -> None:
    workspace.vendor.limit = 1
    assert workspace.read("conversations").error is None
    assert isinstance(workspace.read("conversations").error, RateLimited)
    workspace.clock.advance(timedelta(seconds=10))
    assert workspace.read("conversations").error is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset": "0"}, timedelta(seconds=1)),  # our clock is ahead
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 86_400)}, timedelta(minutes=1)),  # our clock is behind
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"Retry-After": "2.5", "X-RateLimit-Reset": "0"}, timedelta(seconds=2.5)),
    ],
)
def test_how_long_a_429_lasts(workspace: Workspace, headers: dict[str, str], wait: timedelta | None) -> None:
    workspace.vendor.fail(1, status=429, headers=headers)
    error = workspace.read("conversations").error
    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


# --- companies ----------------------------------------------------------------------------------------------------------


def test_all_companies_come_by_scroll(workspace: Workspace) -> None:
    workspace.vendor.page_size = 2
    ids = [workspace.company(name=f"Company {n}") for n in range(5)]
    found = workspace.read("companies")
    assert (found.ids, found.error) == (ids, None)
    assert len(workspace.vendor.requests_to("/companies/scroll")) == 4  # three pages, and the empty one that ends it


def test_while_another_scroll_is_open_we_wait_until_it_has_ended(workspace: Workspace) -> None:
    workspace.vendor.page_size = 1
    workspace.company()
    workspace.company()
    workspace.vendor.fail(2, status=503, path="/scroll")
    assert isinstance(workspace.read("companies").error, Transient)
    error = workspace.read("companies").error
    assert isinstance(error, RateLimited)
    assert error.retry_after is not None
    workspace.clock.advance(error.retry_after)
    assert len(workspace.read("companies").ids) == 2


def test_a_scroll_that_ended_early_begins_again_and_is_not_taken_for_all(workspace: Workspace) -> None:
    workspace.vendor.page_size = 1
    workspace.company()
    workspace.company()
    workspace.vendor.fail(2, status=404, path="/scroll")
    found = workspace.read("companies")
    assert isinstance(found.error, Transient)
    assert "begins again" in str(found.error)


def test_an_answer_of_another_shape_is_not_taken_for_no_companies(workspace: Workspace) -> None:
    workspace.vendor.fail(1, status=200, body={"type": "list"}, path="/scroll")
    assert isinstance(workspace.read("companies").error, Transient)


# --- contacts -----------------------------------------------------------------------------------------------------------


def test_a_search_by_days_loses_nothing_on_either_side_of_midnight(workspace: Workspace) -> None:
    company = workspace.company()
    times = [MIDNIGHT + timedelta(seconds=s) for s in (-86_400, -3601, -1, 0, 1, 3600)]
    ids = [workspace.contact(company, at=each) for each in times]
    assert workspace.read("contacts").ids == ids
    # The look-back of an hour reaches into the day before.
    assert workspace.read("contacts", MIDNIGHT + timedelta(minutes=30)).ids == ids[2:]
    assert workspace.read("contacts", MIDNIGHT + timedelta(hours=1)).ids == ids[3:]


def test_only_what_the_look_back_covers_is_read_again(workspace: Workspace) -> None:
    company = workspace.company()
    workspace.contact(company, at=NOW - timedelta(hours=3))
    late = workspace.contact(company, at=NOW - timedelta(minutes=50))
    assert workspace.read("contacts", NOW).ids == [late]


def test_who_left_or_joined_a_second_company_is_no_contact_any_more(workspace: Workspace) -> None:
    first, second = workspace.company(), workspace.company()
    people = [workspace.contact(first) for _ in range(3)]
    assert workspace.read("contacts").ids == people
    left, joined, stays = people
    both = [{"id": first}, {"id": second}]
    workspace.vendor.touch("contact", left, companies={"data": [], "total_count": 0})
    workspace.vendor.touch("contact", joined, companies={"data": both, "total_count": 2})
    found = workspace.read("contacts")
    assert (found.ids, set(found.deleted)) == ([stays], {left, joined})


# --- conversations ------------------------------------------------------------------------------------------------------


def test_a_conversation_is_its_companys_or_that_of_its_only_contact(workspace: Workspace) -> None:
    acme, globex = workspace.company(), workspace.company()
    ann, both, lead = workspace.contact(acme), workspace.contact(acme, globex), workspace.contact()
    filed = workspace.conversation(both, company_id=globex)
    found_by_contact = workspace.conversation(ann)
    nobodys = [workspace.conversation(both), workspace.conversation(lead), workspace.conversation()]
    found = workspace.read("conversations")
    assert {each.source_id: each.account for each in found.records} == {filed: globex, found_by_contact: acme}
    assert set(found.deleted) == set(nobodys)


def test_contacts_are_looked_up_in_groups_that_a_search_takes(workspace: Workspace) -> None:
    acme = workspace.company()
    people = [workspace.contact(acme) for _ in range(31)]
    for each in people:
        workspace.conversation(each)
    found = workspace.read("conversations")
    assert (len(found.records), found.error) == (31, None)
    assert len(workspace.vendor.requests_to("/contacts/search")) == 3


def test_a_conversation_brings_its_rating(workspace: Workspace) -> None:
    company = workspace.company()
    rating = {"rating": 4, "remark": "Fine", "created_at": 1_760_000_000, "updated_at": 1_760_000_100}
    workspace.conversation(company_id=company, conversation_rating=rating)
    found = workspace.read("conversations")
    assert [type(each) for each in found.records] == [Ticket, SurveyResponse]


def test_a_rating_that_cannot_be_understood_costs_only_itself(workspace: Workspace) -> None:
    workspace.conversation(company_id=workspace.company(), conversation_rating={"rating": 11, "updated_at": 1})
    found = workspace.read("conversations")
    assert [type(each) for each in found.records] == [Ticket]
    assert len(found.invalid) == 1


def test_both_bounds_are_within(workspace: Workspace) -> None:
    company = workspace.company()
    edges = [workspace.conversation(company_id=company, at=NOW - timedelta(hours=h)) for h in (3, 2, 1, 0)]
    workspace.conversation(company_id=company, at=NOW + timedelta(seconds=1))
    found = workspace.read("conversations", NOW - timedelta(hours=1))  # and an hour of look-back
    assert set(edges[1:]) <= set(found.ids)
    assert edges[0] not in found.ids


def test_a_page_moves_the_cursor_to_its_last_row_and_the_end_to_the_end(workspace: Workspace) -> None:
    workspace.vendor.page_size = 2
    company = workspace.company()
    for hours in (4, 3, 2):
        workspace.conversation(company_id=company, at=NOW - timedelta(hours=hours))
    assert workspace.read("conversations").checkpoints == [NOW - timedelta(hours=3), NOW]


def test_a_search_out_of_order_moves_the_cursor_only_at_its_end(workspace: Workspace) -> None:
    workspace.vendor.page_size = 1
    company = workspace.company()
    for hours in (4, 3, 2):
        workspace.conversation(company_id=company, at=NOW - timedelta(hours=hours))
    pages: list[Any] = []

    def shuffle(call: Any, answer: Any) -> Any:  # the second page says that it is older than the first
        if "/conversations/search" in call.path:
            pages.append(answer.body["conversations"])
            if len(pages) == 2:
                answer.body["conversations"] = [{**pages[1][0], "updated_at": 1}]
        return answer

    workspace.vendor.alter = shuffle
    found = workspace.read("conversations")
    assert len(found.ids) == 3
    assert found.checkpoints == [NOW - timedelta(hours=4), NOW]


def test_many_in_one_second_are_all_read(workspace: Workspace) -> None:
    company = workspace.company()
    workspace.vendor.same_second(400)
    for _ in range(400):
        workspace.conversation(company_id=company)
    assert len(workspace.read("conversations").ids) == 400
    assert len(workspace.vendor.requests_to("/conversations/search")) == 3
