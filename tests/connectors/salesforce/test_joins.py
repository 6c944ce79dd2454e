"""What records take from other objects, and that a change there is followed though no stamp of their own row moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.connectors.salesforce.conftest import NOW, Org

from accountpulse.connectors.salesforce import joins
from accountpulse.plugins import PermissionMissing

HOUR = timedelta(hours=1)


def put(org: Org, kind: str, **body: Any) -> str:
    return str(org.vendor.put(kind, body, at=NOW - HOUR)["Id"])


def later(org: Org) -> None:
    org.clock.advance(HOUR)


# --- accounts -----------------------------------------------------------------------------------------------------------


def test_a_renamed_owner_renames_the_owner_of_accounts(org: Org) -> None:
    owner, other = put(org, "User", Name="Ada King"), put(org, "User", Name="Grace Hopper")
    mine, _ = put(org, "Account", OwnerId=owner), put(org, "Account", OwnerId=other)
    first = org.read("accounts")
    later(org)
    org.vendor.touch("User", owner, Name="Ada Lovelace")
    later(org)
    second = org.read("accounts", first.cursor)
    assert [(each.source_id, each.owner) for each in second.records] == [(mine, "Ada Lovelace")]
    assert org.read("accounts", second.cursor).records == []


def test_the_latest_running_contract_says_when_an_account_renews(org: Org) -> None:
    account = put(org, "Account", Name="Acme")
    agreed = {"AccountId": account, "StatusCode": "Activated"}
    put(org, "Contract", **agreed, EndDate="2026-12-31")
    last = put(org, "Contract", **agreed, StartDate="2026-08-31", ContractTerm=18)
    put(org, "Contract", AccountId=account, StatusCode="Draft", EndDate="2031-12-31")
    put(org, "Contract", AccountId=account, StatusCode="Expired", EndDate="2030-12-31")
    first = org.read("accounts")
    assert [each.renewal_at for each in first.records] == [datetime(2028, 2, 28, tzinfo=UTC)]
    later(org)
    org.vendor.touch("Contract", last, EndDate="2029-05-31")
    later(org)
    second = org.read("accounts", first.cursor)
    assert [each.renewal_at for each in second.records] == [datetime(2029, 5, 31, tzinfo=UTC)]
    later(org)
    org.vendor.delete("Contract", last)
    later(org)
    assert [each.renewal_at for each in org.read("accounts", second.cursor).records] == [datetime(2026, 12, 31, tzinfo=UTC)]


def test_a_field_of_the_account_comes_before_its_contracts_and_they_may_be_left_out(org: Org) -> None:
    account = put(org, "Account", Renewal_Date__c="2027-02-01")
    other = put(org, "Account")
    for each in (account, other):
        put(org, "Contract", AccountId=each, StatusCode="Activated", EndDate="2026-12-31")
    found = {each.source_id: each.renewal_at for each in org.read("accounts").records}
    assert found == {account: datetime(2027, 2, 1, tzinfo=UTC), other: datetime(2026, 12, 31, tzinfo=UTC)}
    settings: dict[str, Any] = {"fields": {"renewal_at": "Renewal_Date__c"}}
    asked = len(org.vendor.requests)
    found = {each.source_id: each.renewal_at for each in org.read("accounts", connector=org.connect(**settings)).records}
    assert found[other] is None
    assert not [each for each in org.vendor.requests[asked:] if "Contract" in each.path + each.query]


def test_accounts_are_read_where_contracts_are_hidden(org: Org) -> None:
    put(org, "Account", Name="Acme")
    org.vendor.hidden_objects = frozenset({"Contract"})
    found = org.read("accounts")
    assert (found.error, [each.renewal_at for each in found.records]) == (None, [None])


def test_what_many_rows_name_is_asked_for_in_queries_that_fit_a_url(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "IDS_PER_QUERY", 2)
    owners = [put(org, "User", Name=f"Owner {n}") for n in range(5)]
    for owner in owners:
        put(org, "Account", OwnerId=owner)
    assert {each.owner for each in org.read("accounts").records} == {f"Owner {n}" for n in range(5)}
    assert len([each for each in org.vendor.requests if "FROM User" in each.params.get("q", "")]) == 3


# --- deals --------------------------------------------------------------------------------------------------------------


def test_lines_say_what_a_deal_holds(org: Org) -> None:
    deal = put(org, "Opportunity", AccountId=put(org, "Account"), Amount=1000.0)
    bare = put(org, "Opportunity", AccountId=put(org, "Account"), Amount=50.0)
    seats, help_ = put(org, "Product2", Name="Seats", Family="Licences"), put(org, "Product2", Name="Consulting days")
    course, odd = put(org, "Product2", Name="Admin", Family="Courses"), put(org, "Product2", Name="Cap", Family="Merchandise")
    for product, price in ((seats, 700.0), (help_, 200.0), (help_, 50.5), (course, 49.5), (odd, 10.0)):
        put(org, "OpportunityLineItem", OpportunityId=deal, Product2Id=product, TotalPrice=price)
    first = org.read("opportunities", connector=org.connect(product_kinds={"Merchandise": "training"}))
    found = {each.source_id: each for each in first.records}
    assert (found[deal].services_amount, found[deal].training_amount) == (25_050, 5_950)
    assert (found[bare].services_amount, found[bare].training_amount) == (None, None)
    later(org)
    [line] = [
        id for id in org.vendor.ids("OpportunityLineItem") if org.vendor.get("OpportunityLineItem", id)["TotalPrice"] == 200.0
    ]
    org.vendor.delete("OpportunityLineItem", line)  # the deal itself is not touched
    later(org)
    second = org.read("opportunities", first.cursor)
    assert [(each.source_id, each.services_amount) for each in second.records] == [(deal, 5_050)]


def test_deals_are_read_where_lines_are_hidden(org: Org) -> None:
    put(org, "Opportunity", AccountId=put(org, "Account"))
    for hidden in ("OpportunityLineItem", "Product2"):
        org.vendor.hidden_objects = frozenset({hidden})
        found = org.read("opportunities")
        assert (found.error, [each.services_amount for each in found.records]) == (None, [None])


def test_history_follows_its_deal(org: Org) -> None:
    account, winner = put(org, "Account"), put(org, "Account")
    deal = put(org, "Opportunity", AccountId=account)
    change = {"OpportunityId": deal, "Field": "CloseDate", "OldValue": "2026-03-01", "NewValue": "2026-04-15"}
    slip = put(org, "OpportunityFieldHistory", **change)
    put(org, "OpportunityFieldHistory", OpportunityId=deal, Field="created")
    first = org.read("opportunity_history")
    [found] = first.records
    assert (found.source_id, found.account, found.opportunity, found.kind, found.days) == (
        slip,
        account,
        deal,
        "close_date",
        45,
    )
    later(org)
    org.vendor.merge("Account", winner, account)
    later(org)
    second = org.read("opportunity_history", first.cursor)
    assert [(each.source_id, each.account) for each in second.records] == [(slip, winner)]
    later(org)
    org.vendor.delete("Opportunity", deal)
    later(org)
    third = org.read("opportunity_history", second.cursor)
    assert slip in third.deleted
    assert third.records == []


def test_history_that_is_not_tracked_costs_its_own_stream_only(org: Org) -> None:
    org.vendor.hidden_objects = frozenset({"OpportunityFieldHistory"})
    assert isinstance(org.read("opportunity_history").error, PermissionMissing)
    assert org.read("opportunities").error is None


# --- contracts and assets -----------------------------------------------------------------------------------------------


def test_a_contract_ends_without_being_changed(org: Org) -> None:
    contract = put(org, "Contract", AccountId=put(org, "Account"), StatusCode="Activated", EndDate=f"{NOW:%Y-%m-%d}")
    first = org.read("contracts")
    assert [(each.status, each.ended_at) for each in first.records] == [("active", None)]
    org.clock.advance(timedelta(days=2))
    second = org.read("contracts", first.cursor)
    ended = datetime(2026, 11, 22, tzinfo=UTC)
    assert [(each.source_id, each.status, each.ended_at) for each in second.records] == [(contract, "canceled", ended)]
    org.clock.advance(timedelta(days=30))
    third = org.read("contracts", second.cursor)  # days are compared with some room
    assert third.records == second.records
    assert org.read("contracts", third.cursor).records == []


def test_assets_are_read_only_when_they_are_asked_for(org: Org) -> None:
    put(org, "Asset", AccountId=put(org, "Account"), Name="Seats", Quantity=25.0)
    silent, asked = org.connect(), org.connect(seats_from_assets=True)
    assert org.read("assets", connector=silent).records == []
    assert not org.vendor.requests_to("Asset")
    assert [each.seats for each in org.read("assets", connector=asked).records] == [25]
    spec = next(each for each in asked.streams() if each.name == "assets")
    assert [len(type(each).stream_records(spec, each.config)) for each in (silent, asked)] == [0, 1]
