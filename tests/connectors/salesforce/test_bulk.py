"""The first reading by query jobs: waited for, broken off, failing, and mapped like the rows of the REST API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.reading import Read
from tests.connectors.salesforce.conftest import NOW, Org

from accountpulse.connectors.salesforce.table import rows_of
from accountpulse.plugins import RateLimited, Transient

HOUR = timedelta(hours=1)
FIRST = {"bulk_above": 0}


def put_accounts(org: Org, count: int) -> list[str]:
    return sorted(
        org.vendor.put("Account", {"Name": f"Acme {n}", "AnnualRevenue": n + 0.5, "NumberOfEmployees": n}, at=NOW - HOUR)["Id"]
        for n in range(count)
    )


def read_on(org: Org, stream: str, cursor: Any = None, runs: int = 10, **settings: Any) -> list[Read]:
    """Run after run, as the engine does while it is told to wait, until one ends well."""
    found: list[Read] = []
    for _ in range(runs):
        found.append(org.read(stream, cursor, connector=org.connect(**FIRST, **settings)))
        cursor = found[-1].cursor or cursor
        if found[-1].error is None:
            return found
    raise AssertionError(f"no end after {runs} runs: {found[-1].error}")


def ids(found: list[Read]) -> list[str]:
    return sorted(id for each in found for id in each.ids)


def test_a_job_is_waited_for_and_read_to_its_end(org: Org) -> None:
    every = put_accounts(org, 5)
    org.vendor.page_size = 2
    org.vendor.jobs.polls = 2
    waiting = org.read("accounts", connector=org.connect(**FIRST))
    assert isinstance(waiting.error, RateLimited)
    assert waiting.error.retry_after is not None
    assert timedelta(0) < waiting.error.retry_after <= timedelta(seconds=90)  # a wait that the engine sits out
    assert (waiting.records, waiting.cursor["bulk"]["polls"]) == ([], 1)
    found = read_on(org, "accounts", waiting.cursor)
    assert ids(found) == every
    assert len(org.vendor.requests_to("/results")) == 3
    assert [each.method for each in org.vendor.requests_to("jobs/query")].count("POST") == 1
    assert found[-1].cursor == {"until": "2026-11-21T11:55:00.000Z"}


def test_what_changes_while_the_job_runs_comes_with_the_next_span(org: Org) -> None:
    [account, other] = put_accounts(org, 2)
    waiting = org.read("accounts", connector=org.connect(**FIRST))
    org.clock.advance(HOUR)
    org.vendor.touch("Account", account, Name="Renamed")
    org.vendor.delete("Account", other)
    org.clock.advance(HOUR)
    last = read_on(org, "accounts", waiting.cursor)[-1]
    assert [each.name for each in last.records if each.source_id == account][-1] == "Renamed"
    assert last.deleted == [other]


def test_a_run_that_broke_off_between_pages_goes_on_at_its_page(org: Org) -> None:
    every = put_accounts(org, 6)
    org.vendor.page_size = 2
    org.vendor.jobs.polls = 0
    org.vendor.fail(2, status=503, path="/results")
    first = org.read("accounts", connector=org.connect(**FIRST))
    assert isinstance(first.error, Transient)
    second = org.read("accounts", first.cursor, connector=org.connect(**FIRST))
    assert second.error is None
    assert sorted(first.ids + second.ids) == every  # nothing twice, nothing lost
    assert len(org.vendor.requests_to("jobs/query")) == 1 + 1 + 4  # made, asked about once, three pages and the fault


def test_a_job_that_fails_is_made_once_more(org: Org) -> None:
    every = put_accounts(org, 3)
    org.vendor.jobs.failing = 1
    assert ids(read_on(org, "accounts")) == every
    assert [each.method for each in org.vendor.requests_to("jobs/query")].count("POST") == 2


def test_after_two_failures_the_object_is_read_row_by_row(org: Org) -> None:
    every = put_accounts(org, 3)
    org.vendor.jobs.failing = 99
    found = read_on(org, "accounts")
    assert ids(found) == every
    assert [each.method for each in org.vendor.requests_to("jobs/query")].count("POST") == 2
    assert "bulk" not in found[-1].cursor


def test_results_that_are_gone_cost_a_new_job_and_no_row(org: Org) -> None:
    every = put_accounts(org, 6)
    org.vendor.page_size = 2
    org.vendor.jobs.polls = 0
    org.vendor.fail(2, status=503, path="/results")
    first = org.read("accounts", connector=org.connect(**FIRST))
    org.vendor.jobs.forget()
    assert set(ids([first, *read_on(org, "accounts", first.cursor)])) == set(every)
    org.vendor.fail(2, status=400, path="/results", body=[{"errorCode": "INVALIDLOCATOR", "message": "no"}])
    assert set(ids(read_on(org, "accounts"))) == set(every)


@pytest.mark.parametrize("code", ["FEATURENOTENABLED", "API_ERROR", "EXCEEDEDQUOTA"])
def test_where_jobs_are_refused_the_object_is_read_row_by_row(org: Org, code: str) -> None:
    every = put_accounts(org, 3)
    org.vendor.fail(1, status=400, path="jobs/query", body=[{"errorCode": code, "message": "no"}])
    found = org.read("accounts", connector=org.connect(**FIRST))
    assert (found.error, sorted(found.ids)) == (None, every)


@pytest.mark.parametrize(("limit", "jobs"), [(2, 1), (3, 0), (None, 0)])
def test_a_job_is_made_for_an_object_above_the_limit_only(org: Org, limit: int | None, jobs: int) -> None:
    put_accounts(org, 3)
    org.read("accounts", connector=org.connect(bulk_above=limit))
    assert len([each for each in org.vendor.requests_to("jobs/query") if each.method == "POST"]) == jobs


def test_who_may_not_ask_for_counts_has_the_rows_counted(org: Org) -> None:
    put_accounts(org, 3)
    refusal = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    org.vendor.fail(1, status=403, path="recordCount", body=refusal)
    org.read("accounts", connector=org.connect(bulk_above=2))
    assert len([each for each in org.vendor.requests_to("jobs/query") if each.method == "POST"]) == 1


def test_an_expired_session_is_renewed_while_a_job_is_read(org: Org) -> None:
    every = put_accounts(org, 4)
    org.vendor.page_size = 2
    org.vendor.fail(2, status=401, path="/results")
    assert ids(read_on(org, "accounts")) == every
    assert len(org.vendor.requests_to("oauth2/token")) == 3  # the run that was told to wait, the next, and the renewal


@pytest.mark.parametrize("stream", ["accounts", "contacts", "opportunities", "contracts", "assets", "tasks", "events"])
def test_both_ways_of_reading_give_the_same_records(org: Org, stream: str) -> None:
    at = NOW - HOUR
    user = org.vendor.put("User", {"Name": 'Ada, the "first"\nof all'}, at=at)["Id"]
    product = org.vendor.put("Product2", {"Name": "Seats", "Family": "Licences"}, at=at)["Id"]
    account = org.vendor.put(
        "Account",
        {"Name": 'Åcme, "Inc"\n2', "OwnerId": user, "AnnualRevenue": 12.0, "NumberOfEmployees": 7},
        at=at,
    )["Id"]
    gone = org.vendor.put("Account", {"Name": "Gone"}, at=at)["Id"]
    own = {"AccountId": account}
    org.vendor.put("Contact", {**own, "LastName": "Lovelace", "HasOptedOutOfEmail": True}, at=at)
    deal = org.vendor.put(
        "Opportunity", {**own, "Amount": 1200.1, "IsClosed": True, "IsWon": False, "CloseDate": "2026-06-30"}, at=at
    )
    org.vendor.put("OpportunityLineItem", {"OpportunityId": deal["Id"], "Product2Id": product, "TotalPrice": 1200.1}, at=at)
    org.vendor.put(
        "Contract", {**own, "StatusCode": "Activated", "ContractTerm": 12, "StartDate": "2026-01-31", "Seats__c": 5.0}, at=at
    )
    org.vendor.put("Asset", {**own, "Quantity": 25.0, "Product2Id": product, "InstallDate": "2026-01-01"}, at=at)
    org.vendor.put(
        "Task", {**own, "Type": "Call", "IsClosed": True, "CompletedDateTime": "2026-03-01T10:00:00.000+0000"}, at=at
    )
    org.vendor.put("Event", {**own, "StartDateTime": "2026-03-01T10:00:00.123+0000"}, at=at)
    org.vendor.delete("Account", gone)
    org.clock.advance(HOUR)
    settings = {
        "custom": ["AnnualRevenue", "LastActivityDate"],
        "contract_fields": {"seats": "Seats__c"},
        "seats_from_assets": True,
    }
    slowly = org.read(stream, connector=org.connect(bulk_above=None, **settings))
    in_bulk = read_on(org, stream, **settings)
    assert slowly.error is None
    assert slowly.records == [record for each in in_bulk for record in each.records] != []
    assert slowly.deleted == [id for each in in_bulk for id in each.deleted]
    assert org.vendor.requests_to("/results")


def test_csv_means_what_json_means() -> None:
    types = {"Id": "id", "N": "int", "D": "double", "B": "boolean", "T": "datetime", "S": "string"}
    text = (
        'Id,N,D,B,T,S\n"1","7","1.5E3","true","2026-01-02T03:04:05.000Z","a\0b ""c"", d\ne"\n'
        '"2","","","","",""\n"3","x","y","z","soon","1"\n'
    )
    first, empty, odd = rows_of(text, types)
    assert first == {"Id": "1", "N": 7, "D": 1500.0, "B": True, "T": "2026-01-02T03:04:05.000+0000", "S": 'ab "c", d\ne'}
    assert empty == {"Id": "2", "N": None, "D": None, "B": None, "T": None, "S": None}
    assert odd == {"Id": "3", "N": "x", "D": "y", "B": "z", "T": "soon", "S": "1"}
