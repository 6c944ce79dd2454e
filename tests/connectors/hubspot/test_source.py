"""The HubSpot streams against the simulated account: lists, spans of search, the ceiling, tombstones, merges, associations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.hubspot.conftest import COMPANY, HOUR, NOW, Portal

from accountpulse.connectors.hubspot.places import LOOK_BACK
from accountpulse.connectors.hubspot.source import LAG
from accountpulse.connectors.hubspot.values import epoch_ms
from accountpulse.plugins import Cancelled, ConnectorError, Context, CursorExpired, PermissionMissing, Transient, Window
from accountpulse.testing.vendors import hubspot_search
from accountpulse.testing.vendors.control import Answer, Call

SEARCH = "/crm/v3/objects/companies/search"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def put_companies(portal: Portal, count: int) -> list[str]:
    return [portal.put("companies", name=f"Acme {n}") for n in range(count)]


# --- the list -----------------------------------------------------------------------------------------------------------


def test_a_first_read_takes_the_list_and_no_search(portal: Portal) -> None:
    ids = put_companies(portal, 5)
    portal.vendor.page_size = 2
    found = portal.read("companies")
    assert (found.error, found.ids) == (None, ids)
    assert found.checkpoints == [
        {"list": epoch_ms(NOW - LAG), "after": ids[2]},
        {"list": epoch_ms(NOW - LAG), "after": ids[4]},
        {"until": epoch_ms(NOW - LAG)},
    ]
    assert portal.vendor.requests_to("/search") == []


def test_a_list_that_broke_off_goes_on_at_its_page_and_then_reads_what_changed_since_it_began(portal: Portal) -> None:
    ids = put_companies(portal, 5)
    portal.vendor.page_size = 2
    portal.vendor.fail(2, status=503, path="/objects/companies")
    first = portal.read("companies")
    assert isinstance(first.error, Transient)
    assert first.ids == ids[:2]
    portal.clock.advance(2 * DAY)
    portal.vendor.touch("companies", ids[0], name="Renamed")
    portal.clock.advance(HOUR)
    second = portal.read("companies", first.cursor)
    assert second.error is None
    assert second.ids == [*ids[2:], ids[0]]
    assert second.records[-1].name == "Renamed"


def test_a_window_may_begin_late(portal: Portal) -> None:
    old = portal.put("companies", at=NOW - 10 * DAY, name="Old")
    new = portal.put("companies", at=NOW - DAY, name="New")
    items = list(portal.connect().companies(Window(since=NOW - 2 * DAY, until=NOW)))
    assert [getattr(each, "source_id", None) for each in items[:-1]] == [new]
    assert old != new


# --- spans of search ----------------------------------------------------------------------------------------------------


def test_the_next_run_reads_only_what_changed(portal: Portal) -> None:
    ids = put_companies(portal, 5)
    first = portal.read("companies")
    portal.clock.advance(HOUR)
    portal.vendor.touch("companies", ids[2], name="Renamed")
    portal.clock.advance(HOUR)
    second = portal.read("companies", first.cursor)
    assert [(each.source_id, each.name) for each in second.records] == [(ids[2], "Renamed")]
    assert portal.read("companies", second.cursor).records == []


def test_contacts_go_by_a_property_of_their_own(portal: Portal) -> None:
    contact = portal.put("contacts", email="ada@acme.example")
    first = portal.read("contacts")
    portal.clock.advance(HOUR)
    portal.vendor.touch("contacts", contact, jobtitle="CTO")
    portal.clock.advance(HOUR)
    assert [each.role for each in portal.read("contacts", first.cursor).records] == ["CTO"]


@pytest.mark.parametrize("broken_page", [2, 3])
def test_a_bulk_update_in_one_millisecond_survives_a_fault_between_pages(portal: Portal, broken_page: int) -> None:
    ids = put_companies(portal, 6)
    first = portal.read("companies")
    portal.clock.advance(HOUR)
    for each in ids:
        portal.vendor.touch("companies", each)
    portal.clock.advance(HOUR)
    portal.vendor.page_size = 2
    portal.vendor.fail(broken_page, status=503, path=SEARCH)
    second = portal.read("companies", first.cursor)
    assert isinstance(second.error, Transient)
    done = 2 * (broken_page - 1)
    assert second.ids == ids[:done]
    portal.clock.advance(DAY)
    third = portal.read("companies", second.cursor)
    assert (third.error, third.ids) == (None, ids[done:])


def test_more_than_search_can_page_through(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accountpulse.testing.vendors.hubspot.CEILING", 10)
    ids = put_companies(portal, 12)
    first = portal.read("companies")
    portal.clock.advance(HOUR)
    for each in ids:
        portal.vendor.touch("companies", each)
    portal.clock.advance(HOUR)
    portal.vendor.page_size = 5
    second = portal.read("companies", first.cursor)
    assert (second.error, second.ids) == (None, ids)
    refused = portal.connect()._client
    with pytest.raises(ConnectorError):  # what the ceiling would have done to pages by number
        refused.post(SEARCH, {"limit": 200, "after": "10"})
    assert hubspot_search.CEILING == 10_000


def test_what_the_index_shows_late_is_read_within_the_look_back(portal: Portal) -> None:
    portal.vendor.index_lag = LOOK_BACK
    [company] = put_companies(portal, 1)
    cursor = portal.read("companies").cursor
    portal.clock.advance(HOUR)
    portal.vendor.touch("companies", company, name="Renamed")
    seen = []
    for _ in range(5):
        portal.clock.advance(10 * MINUTE)
        found = portal.read("companies", cursor)
        cursor = found.cursor
        seen.append([each.name for each in found.records])
    assert seen[0] == seen[1] == []
    assert ["Renamed"] in seen


def test_an_object_that_changes_while_its_span_is_read_comes_with_the_next(portal: Portal) -> None:
    ids = put_companies(portal, 4)
    cursor = portal.read("companies").cursor
    portal.clock.advance(HOUR)
    for each in ids:
        portal.vendor.touch("companies", each)
    portal.clock.advance(HOUR)
    portal.vendor.page_size = 2

    def meddle(call: Call, answer: Answer) -> Answer:
        if call.path == SEARCH:
            portal.vendor.alter = None
            portal.vendor.touch("companies", ids[3], name="Renamed")
        return answer

    portal.vendor.alter = meddle
    second = portal.read("companies", cursor)
    assert second.ids == ids[:3]
    portal.clock.advance(HOUR)
    assert [each.name for each in portal.read("companies", second.cursor).records] == ["Renamed"]


def test_a_search_in_another_order_is_refused(portal: Portal) -> None:
    put_companies(portal, 3)
    cursor = portal.read("companies").cursor
    portal.clock.advance(HOUR)
    for each in portal.vendor.ids("companies"):
        portal.vendor.touch("companies", each)
    portal.clock.advance(HOUR)

    def backwards(call: Call, answer: Answer) -> Answer:
        body: Any = answer.body
        return Answer({**body, "results": body["results"][::-1]}) if call.path == SEARCH else answer

    portal.vendor.alter = backwards
    found = portal.read("companies", cursor)
    assert isinstance(found.error, ConnectorError)
    assert (found.records, found.checkpoints) == ([], [])


@pytest.mark.parametrize(
    "cursor", ["x", 7, [], {}, {"until": "soon"}, {"until": 1, "after": 5}, {"list": 10**20, "after": "1"}]
)
def test_a_cursor_of_somebody_else_means_a_complete_read(portal: Portal, cursor: Any) -> None:
    assert isinstance(portal.read("companies", cursor).error, CursorExpired)


def test_a_run_that_was_cancelled_stops_at_the_page(portal: Portal) -> None:
    put_companies(portal, 1)
    connector = portal.connect()
    connector._reader._context = Context("crm", clock=portal.clock, cancelled=lambda: True)
    found = portal.read("companies", connector=connector)
    assert isinstance(found.error, Cancelled)
    assert found.records == []


# --- what is gone -------------------------------------------------------------------------------------------------------


def test_an_archived_object_is_a_tombstone_although_nothing_says_that_it_changed(portal: Portal) -> None:
    ids = put_companies(portal, 3)
    first = portal.read("companies")
    portal.clock.advance(HOUR)
    before = portal.vendor.get("companies", ids[1])["properties"]["hs_lastmodifieddate"]
    portal.vendor.delete("companies", ids[1])
    assert portal.vendor.get("companies", ids[1])["properties"]["hs_lastmodifieddate"] == before
    portal.clock.advance(HOUR)
    second = portal.read("companies", first.cursor)
    assert (second.records, second.deleted) == ([], [ids[1]])
    portal.clock.advance(DAY)
    assert portal.read("companies", second.cursor).deleted == []  # it was told


def test_the_loser_of_a_merge_goes_and_what_it_was_known_by_stays(portal: Portal) -> None:
    winner, loser, older = (portal.put("companies", name=name) for name in ("Acme", "Acme Inc", "Acme old"))
    portal.vendor.merge("companies", loser, older)
    first = portal.read("companies")
    assert first.deleted == [older]
    portal.clock.advance(HOUR)
    portal.vendor.merge("companies", winner, loser)
    portal.clock.advance(HOUR)
    second = portal.read("companies", first.cursor)
    assert (second.ids, sorted(second.deleted)) == ([winner], sorted([loser, older]))
    assert second.records[0].references == (loser, older)


def test_the_objects_of_a_merged_company_are_the_winners(portal: Portal) -> None:
    winner, loser = put_companies(portal, 2)
    deal = portal.put("deals", to={"companies": [loser]}, dealname="Renewal")
    assert [each.account for each in portal.read("deals").records] == [loser]
    portal.vendor.merge("companies", winner, loser)
    assert [(each.source_id, each.account) for each in portal.read("deals").records] == [(deal, winner)]


def test_a_contact_that_lost_its_company_is_deleted(portal: Portal) -> None:
    contact = portal.put("contacts", email="ada@acme.example")
    first = portal.read("contacts")
    portal.clock.advance(HOUR)
    portal.vendor.dissociate("contacts", contact, "companies", COMPANY)
    portal.vendor.touch("contacts", contact)
    portal.clock.advance(HOUR)
    assert portal.read("contacts", first.cursor).deleted == [contact]


# --- associations -------------------------------------------------------------------------------------------------------


def test_of_several_companies_the_primary_one_counts_else_the_lowest_id(portal: Portal) -> None:
    primary = portal.put("contacts", to={"companies": ["900", "30"]})
    plain = portal.put("calls", to={"companies": ["900", "30"]}, hs_timestamp="2026-11-20T10:00:00Z")
    assert [(each.source_id, each.account) for each in portal.read("contacts").records] == [(primary, "900")]
    assert [(each.source_id, each.account) for each in portal.read("calls").records] == [(plain, "30")]


def test_an_engagement_without_a_company_is_that_of_its_contact(portal: Portal) -> None:
    contact = portal.put("contacts", email="ada@acme.example")
    lead = portal.put("contacts", to={}, email="lead@other.example")
    call = portal.put("calls", to={"contacts": [contact]}, hs_timestamp="2026-11-20T10:00:00Z")
    other = portal.put("calls", to={"contacts": [lead]}, hs_timestamp="2026-11-20T10:00:00Z")
    found = portal.read("calls")
    assert [(each.source_id, each.account, each.contact) for each in found.records] == [(call, COMPANY, contact)]
    assert found.deleted == [other]


def test_associations_over_several_pages_are_all_asked_for(portal: Portal) -> None:
    portal.put("calls", to={"companies": ["900", "800", "30"]}, hs_timestamp="2026-11-20T10:00:00Z")
    portal.vendor.page_size = 1
    assert [each.account for each in portal.read("calls").records] == ["30"]


def test_an_answer_that_lacks_associations_is_not_taken_for_none(portal: Portal) -> None:
    portal.put("contacts", email="ada@acme.example")

    def partial(call: Call, answer: Answer) -> Answer:
        if "/associations/" not in call.path:
            return answer
        return Answer({"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{"category": "INTERNAL_ERROR"}]}, 207)

    portal.vendor.alter = partial
    found = portal.read("contacts")
    assert isinstance(found.error, Transient)
    assert (found.records, found.deleted) == ([], [])


# --- what belongs to them -----------------------------------------------------------------------------------------------


def test_owners_are_named_also_those_who_left(portal: Portal) -> None:
    portal.vendor.owners = [
        {"id": "1", "firstName": "Grace", "lastName": "Hopper", "email": "grace@us.example"},
        {"id": "2", "firstName": "", "lastName": "", "email": "left@us.example", "archived": True},
        {"id": "3", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@us.example"},
    ]
    portal.vendor.page_size = 1
    for owner in ("1", "2", "3", "4"):
        portal.put("companies", name=owner, hubspot_owner_id=owner)
    assert [each.owner for each in portal.read("companies").records] == [
        "Grace Hopper",
        "left@us.example",
        "Ada Lovelace",
        None,
    ]


def test_without_the_scope_of_owners_companies_come_without(portal: Portal) -> None:
    portal.vendor.missing_scopes = frozenset({"owners"})
    portal.put("companies", name="Acme", hubspot_owner_id="1")
    found = portal.read("companies")
    assert (found.error, [each.owner for each in found.records]) == (None, [None])


def test_lines_tell_what_a_deal_is_for(portal: Portal) -> None:
    line = portal.put("line_items", name="Admin training, 2 days")
    seats = portal.put("line_items", name="Seats", quantity="20")
    services = portal.put("deals", to={"companies": [COMPANY], "line_items": [line]}, dealtype="existingbusiness")
    mixed = portal.put("deals", to={"companies": [COMPANY], "line_items": [line, seats]}, dealtype="existingbusiness")
    assert {each.source_id: each.kind for each in portal.read("deals").records} == {services: "services", mixed: "upsell"}
    portal.vendor.missing_scopes = frozenset({"line_items"})
    found = portal.read("deals")
    assert (found.error, {each.kind for each in found.records}) == (None, {"upsell"})


def test_deals_are_in_the_accounts_currency_unless_they_or_the_settings_say_otherwise(portal: Portal) -> None:
    portal.vendor.details["companyCurrency"] = "JPY"
    portal.put("deals", amount="500")
    portal.put("deals", amount="12.5", deal_currency_code="eur")
    assert [(each.amount, each.currency) for each in portal.read("deals").records] == [(500, "JPY"), (1250, "EUR")]
    chosen = portal.read("deals", connector=portal.connect(currency="USD")).records
    assert [(each.amount, each.currency) for each in chosen] == [(50000, "USD"), (1250, "EUR")]


# --- what is left out ---------------------------------------------------------------------------------------------------


def test_what_is_left_out_is_neither_read_nor_claimed(portal: Portal) -> None:
    portal.put("tickets", subject="Help")
    connector = portal.connect(leave_out=["tickets", "surveys"])
    found = portal.read("tickets", connector=connector)
    assert (found.records, found.checkpoints, portal.vendor.requests_to("/tickets")) == ([], [], [])
    assert {record.__name__ for record in connector.provides(connector.config)} >= {"Account", "Opportunity"}


def test_an_account_without_such_objects_says_what_to_leave_out(portal: Portal) -> None:
    portal.vendor.fail(1, status=404, path="/feedback_submissions")
    error = portal.read("surveys").error
    assert isinstance(error, PermissionMissing)
    assert "leave_out" in str(error)
