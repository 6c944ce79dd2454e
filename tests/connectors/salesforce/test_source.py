"""The Salesforce streams against the simulated organisation: pages, ties, look-back, tombstones, columns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.salesforce.conftest import NOW, Org

from accountpulse.connectors.salesforce.source import LAG, Salesforce
from accountpulse.connectors.salesforce.spans import LOOK_BACK
from accountpulse.plugins import (
    Account,
    Cancelled,
    Context,
    CursorExpired,
    PermissionMissing,
    Transient,
    Window,
)
from accountpulse.testing.vendors import start_vendors

HOUR = timedelta(hours=1)


def put_accounts(org: Org, count: int, *, ago: timedelta = HOUR) -> list[str]:
    """Accounts of different seconds, the oldest first."""
    return [
        org.vendor.put("Account", {"Name": f"Acme {n}"}, at=org.clock.now() - ago + timedelta(seconds=n))["Id"]
        for n in range(count)
    ]


def literal(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


# --- pages and checkpoints ----------------------------------------------------------------------------------------------


def test_a_full_read_takes_every_page_and_ends_with_the_span(org: Org) -> None:
    ids = put_accounts(org, 5)
    org.vendor.page_size = 2
    found = org.read("accounts")
    assert found.error is None
    assert found.ids == ids
    assert [cursor.get("after", [None, None])[1] for cursor in found.checkpoints] == [ids[1], ids[3], ids[4], None]
    assert found.cursor == {"until": literal(NOW - LAG)}


def test_a_checkpoint_follows_the_page_it_speaks_of(org: Org) -> None:
    put_accounts(org, 3)
    org.vendor.page_size = 2
    items = list(org.connect().accounts(Window(since=None, until=NOW)))
    assert [type(item).__name__ for item in items] == [
        "Account",
        "Account",
        "Checkpoint",
        "Account",
        "Checkpoint",
        "Checkpoint",
    ]


def test_an_empty_organisation_is_complete_too(org: Org) -> None:
    found = org.read("accounts")
    assert (found.records, found.cursor) == ([], {"until": literal(NOW - LAG)})


def test_the_next_run_reads_only_what_changed(org: Org) -> None:
    ids = put_accounts(org, 5)
    first = org.read("accounts")
    org.clock.advance(HOUR)
    org.vendor.touch("Account", ids[2], Name="Renamed")
    org.clock.advance(HOUR)
    second = org.read("accounts", first.cursor)
    assert [(each.source_id, each.name) for each in second.records] == [(ids[2], "Renamed")]
    assert org.read("accounts", second.cursor).records == []


def test_what_is_younger_than_the_lag_waits(org: Org) -> None:
    put_accounts(org, 1, ago=LAG - timedelta(minutes=1))
    first = org.read("accounts")
    assert first.records == []
    org.clock.advance(LAG)
    assert len(org.read("accounts", first.cursor).records) == 1


def test_a_window_may_begin_late(org: Org) -> None:
    ids = put_accounts(org, 3)
    since = NOW - HOUR + timedelta(seconds=1)
    found = [item for item in org.connect().accounts(Window(since=since, until=NOW)) if isinstance(item, Account)]
    assert [each.source_id for each in found] == ids[1:]


# --- ties and faults ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken_page", [2, 3])
def test_a_tie_across_pages_survives_a_fault_between_them(org: Org, broken_page: int) -> None:
    org.vendor.hidden_objects = frozenset({"Contract"})  # so that each query is a page
    put_accounts(org, 6)
    tied = sorted(org.vendor.same_second(6, "Account"))
    org.vendor.page_size = 2
    org.vendor.fail(broken_page, status=503, path="/query")
    # The locators' path is /query too: pages of the Account query only, for these accounts have no owners to look up.
    first = org.read("accounts")
    assert isinstance(first.error, Transient)
    done = 2 * (broken_page - 1)
    assert first.ids == tied[:done]
    second = org.read("accounts", first.cursor)
    assert second.error is None
    assert second.ids[: 6 - done] == tied[done:]  # goes on after the pair: neither from the start nor after the tie


def test_a_span_that_broke_off_is_finished_before_the_next_so_late_rows_are_not_lost(org: Org) -> None:
    org.vendor.hidden_objects = frozenset({"Contract"})  # so that each query is a page
    ids = put_accounts(org, 4, ago=LAG + timedelta(minutes=3))
    org.vendor.page_size = 2
    org.vendor.fail(2, status=503, path="/query")
    first = org.read("accounts")
    assert first.ids == ids[:2]
    # Its transaction commits only now, with a stamp before the rows we have already seen.
    late = org.vendor.put("Account", {"Name": "Late"}, at=NOW - LAG - timedelta(minutes=4))["Id"]
    org.clock.advance(24 * HOUR)
    second = org.read("accounts", first.cursor)
    assert second.error is None
    assert late in second.ids
    assert set(ids[2:]) <= set(second.ids)


def test_a_row_that_commits_within_the_look_back_is_read(org: Org) -> None:
    first = org.read("accounts")
    late = org.vendor.put("Account", {"Name": "Late"}, at=NOW - LAG - LOOK_BACK + timedelta(seconds=1))["Id"]
    org.clock.advance(HOUR)
    assert org.read("accounts", first.cursor).ids == [late]


def test_an_expired_locator_is_a_passing_fault(org: Org) -> None:
    put_accounts(org, 3)
    org.vendor.page_size = 2
    org.vendor.fail(
        2, status=400, path="/query", body=[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    )
    first = org.read("accounts")
    assert isinstance(first.error, Transient)
    assert len(org.read("accounts", first.cursor).records) >= 1


@pytest.mark.parametrize("cursor", ["x", 7, [], {}, {"until": "soon"}, {"until": "2026-01-01T00:00:00.000Z", "after": []}])
def test_a_cursor_of_somebody_else_means_a_complete_read(org: Org, cursor: Any) -> None:
    assert isinstance(org.read("accounts", cursor).error, CursorExpired)


def test_a_run_that_was_cancelled_stops_at_the_page(org: Org) -> None:
    put_accounts(org, 1)
    config = Salesforce.Config.model_validate(org.settings())
    connector = Salesforce(config, Context("crm", clock=org.clock, cancelled=lambda: True))
    found = org.read("accounts", connector=connector)
    assert isinstance(found.error, Cancelled)
    assert found.records == []


# --- deletions ----------------------------------------------------------------------------------------------------------


def test_a_deleted_account_is_a_tombstone(org: Org) -> None:
    ids = put_accounts(org, 3)
    first = org.read("accounts")
    org.clock.advance(HOUR)
    org.vendor.delete("Account", ids[1])
    org.clock.advance(HOUR)
    second = org.read("accounts", first.cursor)
    assert (second.records, second.deleted) == ([], [ids[1]])


def test_the_loser_of_a_merge_goes_and_its_contacts_move(org: Org) -> None:
    winner, loser = put_accounts(org, 2)
    contact = org.vendor.put("Contact", {"AccountId": loser, "LastName": "Lovelace"}, at=NOW - HOUR)["Id"]
    accounts, contacts = org.read("accounts"), org.read("contacts")
    assert [each.account for each in contacts.records] == [loser]
    org.clock.advance(HOUR)
    org.vendor.merge("Account", winner, loser)
    org.clock.advance(HOUR)
    after = org.read("accounts", accounts.cursor)
    assert (after.ids, after.deleted) == ([winner], [loser])
    moved = org.read("contacts", contacts.cursor).records
    assert [(each.source_id, each.account) for each in moved] == [(contact, winner)]


def test_a_contact_that_lost_its_account_is_deleted(org: Org) -> None:
    [account] = put_accounts(org, 1)
    contact = org.vendor.put("Contact", {"AccountId": account}, at=NOW - HOUR)["Id"]
    first = org.read("contacts")
    org.clock.advance(HOUR)
    org.vendor.touch("Contact", contact, AccountId=None)
    org.clock.advance(HOUR)
    assert org.read("contacts", first.cursor).deleted == [contact]


# --- columns ------------------------------------------------------------------------------------------------------------


def test_a_hidden_column_is_left_out(org: Org) -> None:
    org.vendor.put("Account", {"Name": "Acme", "Plan__c": "gold", "BillingCountry": "Norway"}, at=NOW - HOUR)
    org.vendor.hidden_fields = frozenset({"Plan__c", "Region__c"})
    [found] = org.read("accounts").records
    assert (found.name, found.plan, found.region) == ("Acme", None, "Norway")


def test_columns_are_asked_for_anew_in_every_run(org: Org) -> None:
    org.vendor.put("Account", {"Name": "Acme", "Plan__c": "gold"}, at=NOW - HOUR)
    connector = org.connect()
    org.vendor.hidden_fields = frozenset({"Plan__c"})
    assert [each.plan for each in org.read("accounts", connector=connector).records] == [None]
    org.vendor.hidden_fields = frozenset()
    assert [each.plan for each in org.read("accounts", connector=connector).records] == ["gold"]


def test_without_the_account_column_the_stream_stops_and_deletes_nothing(org: Org) -> None:
    org.vendor.put("Contact", {"AccountId": put_accounts(org, 1)[0]}, at=NOW - HOUR)
    org.vendor.hidden_fields = frozenset({"AccountId"})
    found = org.read("contacts")
    assert isinstance(found.error, PermissionMissing)
    assert "Contact.AccountId" in str(found.error)
    assert (found.deleted, found.checkpoints) == ([], [])


def test_configured_fields_are_read(org: Org) -> None:
    org.vendor.put("Account", {"Name": "Acme", "Type": "Gold", "AnnualRevenue": 12.5, "BillingCountry": "NO"}, at=NOW - HOUR)
    connector = org.connect(fields={"plan": "Type"}, custom=["AnnualRevenue"], references=["BillingCountry"])
    [found] = org.read("accounts", connector=connector).records
    assert (found.plan, found.custom, found.references) == ("Gold", {"AnnualRevenue": 12.5}, ("NO",))


def test_owners_are_named_and_each_is_asked_for_once(org: Org) -> None:
    owner = org.vendor.put("User", {"Name": "Ada Lovelace"}, at=NOW - HOUR)["Id"]
    for n in range(3):
        org.vendor.put("Account", {"Name": f"Acme {n}", "OwnerId": owner}, at=NOW - HOUR + timedelta(seconds=n))
    org.vendor.page_size = 1
    assert {each.owner for each in org.read("accounts").records} == {"Ada Lovelace"}
    assert len([each for each in org.vendor.requests if "FROM User" in each.params.get("q", "")]) == 1


def test_accounts_are_read_without_owners_where_users_are_hidden(org: Org) -> None:
    owner = org.vendor.put("User", {"Name": "Ada Lovelace"}, at=NOW - HOUR)["Id"]
    org.vendor.put("Account", {"Name": "Acme", "OwnerId": owner}, at=NOW - HOUR)
    org.vendor.hidden_objects = frozenset({"User"})
    found = org.read("accounts")
    assert (found.error, [each.owner for each in found.records]) == (None, [None])


def test_one_unreadable_row_does_not_cost_the_others(org: Org) -> None:
    ids = put_accounts(org, 3)
    org.vendor.touch("Account", ids[1], Renewal_Date__c="31/12/2026")
    org.clock.advance(HOUR)
    found = org.read("accounts")
    assert found.error is None
    assert sorted(found.ids) == sorted([ids[0], ids[2]])
    assert [each.source_id for each in found.invalid] == [ids[1]]


# --- everything ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_stream_reads_the_whole_world() -> None:
    with start_vendors(NOW) as vendors:
        org = Org(vendors.salesforce, vendors.clock)  # type: ignore[arg-type]  # it stands still
        connector = org.connect()
        settled = {
            sobject: [each for each in rows if (each.get("SystemModstamp") or each["CreatedDate"]) < literal(NOW - LAG)]
            for sobject, rows in vendors.world.salesforce.items()
        }
        read = {"accounts": "Account", "contacts": "Contact", "opportunities": "Opportunity"}
        for stream, sobject in (read | {"opportunity_history": "OpportunityFieldHistory"}).items():
            found = org.read(stream, connector=connector)
            assert found.error is None
            assert set(found.ids) == {each["Id"] for each in settled[sobject]}
            assert (found.invalid, found.deleted) == ([], [])
        tasks, events = org.read("tasks", connector=connector), org.read("events", connector=connector)
        assert {each.kind for each in (*tasks.records, *events.records)} == {
            *("call", "email", "meeting", "training", "webinar"),
            *("onboarding_step", "onboarding_completed", "survey_sent"),
        }
        assert len(events.ids) == len(settled["Event"])
        assert len(tasks.ids) == sum(each["IsClosed"] for each in settled["Task"])
        connector.close()


def test_the_streams_declare_what_they_do(org: Org) -> None:
    specs = {spec.name: spec for spec in org.connect().streams()}
    assert list(specs) == [
        *("accounts", "contacts", "opportunities", "opportunity_history"),
        *("contracts", "assets", "tasks", "events"),
    ]
    assert {(spec.lag, spec.look_back, spec.deletes) for spec in specs.values()} == {(LAG, LOOK_BACK, "tombstones")}
    assert all("Cursor (" in spec.description for spec in specs.values())
    assert {name for name, spec in specs.items() if spec.history is not None} == {"opportunity_history"}
