"""The simulated Salesforce, driven through simple-salesforce."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
)

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import SalesforceVendor, Vendors, World


class ToLoopback(HTTPAdapter):
    """Sends what the SDK addresses to https://*.salesforce.com, or to https://127.0.0.1:port, to the simulator."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = self.base_url + request.path_url
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session(vendors: Vendors) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("https://", ToLoopback(vendors.salesforce.base_url))
        yield session


@pytest.fixture
def org(vendors: Vendors) -> SalesforceVendor:
    return vendors.salesforce


@pytest.fixture
def sf(org: SalesforceVendor, session: requests.Session) -> Salesforce:
    known = org.credentials
    return Salesforce(
        consumer_key=known["consumer_key"],
        consumer_secret=known["consumer_secret"],
        domain=known["domain"],
        version="65.0",
        session=session,
    )


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["Id"] for row in rows]


def test_pages_through_every_account(sf: Salesforce, org: SalesforceVendor) -> None:
    org.page_size = 50
    rows = list(sf.query_all_iter("SELECT Id, Name, Plan__c FROM Account ORDER BY SystemModstamp, Id"))
    assert len(set(ids(rows))) == 228
    assert len(org.requests_to("/query/")) == 5
    assert rows[0].keys() == {"attributes", "Id", "Name", "Plan__c"}


def test_where_is_applied(sf: Salesforce) -> None:
    soql = "SELECT Id FROM Account WHERE Plan__c = 'enterprise' AND (Churned_On__c = null OR Industry IN ('Retail'))"
    everything = sf.query_all("SELECT Id, Plan__c, Churned_On__c, Industry FROM Account")["records"]
    expected = {
        row["Id"]
        for row in everything
        if row["Plan__c"] == "enterprise" and (row["Churned_On__c"] is None or row["Industry"] == "Retail")
    }
    assert set(ids(sf.query_all(soql)["records"])) == expected
    assert 0 < len(expected) < 228


def test_keyset_resumes_inside_a_tie(sf: Salesforce, org: SalesforceVendor) -> None:
    tied = sorted(org.same_second(30, "Contact"))
    stamp = org.get("Contact", tied[0])["SystemModstamp"]
    after = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{tied[9]}'))"
    rows = sf.query_all(f"SELECT Id FROM Contact WHERE {after} ORDER BY SystemModstamp, Id")["records"]
    assert ids(rows) == tied[10:]


def test_an_offset_in_a_literal_is_the_same_instant(sf: Salesforce) -> None:
    zulu = "SELECT Id FROM Task WHERE SystemModstamp >= 2026-08-01T10:00:00Z"
    offset = "SELECT Id FROM Task WHERE SystemModstamp >= 2026-08-01T12:00:00.000+02:00"
    assert ids(sf.query_all(zulu)["records"]) == ids(sf.query_all(offset)["records"]) != []


def test_only_what_changed_comes_back(sf: Salesforce, org: SalesforceVendor, clock: FixedClock) -> None:
    since = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    clock.advance(timedelta(minutes=3))
    touched = org.ids("Account")[5]
    org.touch("Account", touched, Plan__c="starter")
    rows = sf.query_all(f"SELECT Id, Plan__c FROM Account WHERE SystemModstamp > {since}")["records"]
    assert [(row["Id"], row["Plan__c"]) for row in rows] == [(touched, "starter")]


def test_deleted_rows_are_in_query_all_and_in_deleted(sf: Salesforce, org: SalesforceVendor, clock: FixedClock) -> None:
    gone = org.ids("Opportunity")[0]
    org.delete("Opportunity", gone)
    soql = f"SELECT Id, IsDeleted FROM Opportunity WHERE Id = '{gone}'"
    assert sf.query_all(soql)["records"] == []
    assert sf.query_all(soql, include_deleted=True)["records"][0]["IsDeleted"] is True
    clock.advance(timedelta(minutes=5))
    answer = sf.Opportunity.deleted(clock.now() - timedelta(days=1), clock.now())
    assert ids_of_deleted(answer) == [gone]
    org.purge("Opportunity", gone)
    assert sf.query_all(soql, include_deleted=True)["records"] == []


def ids_of_deleted(answer: dict[str, Any]) -> list[str]:
    return [each["id"] for each in answer["deletedRecords"]]


def test_a_merge_leaves_a_loser_that_names_its_winner(sf: Salesforce, org: SalesforceVendor) -> None:
    winner, loser = org.ids("Account")[:2]
    org.merge("Account", winner, loser)
    soql = f"SELECT MasterRecordId, IsDeleted FROM Account WHERE Id = '{loser}'"
    row = sf.query_all(soql, include_deleted=True)["records"][0]
    assert (row["MasterRecordId"], row["IsDeleted"]) == (winner, True)
    assert sf.query(f"SELECT COUNT() FROM Contact WHERE AccountId = '{loser}'")["totalSize"] == 0


def test_a_row_can_commit_late_with_an_old_stamp(sf: Salesforce, org: SalesforceVendor, clock: FixedClock) -> None:
    row = org.put("Account", {"Name": "Late Ltd"}, at=clock.now() - timedelta(minutes=4))
    org.hide_until("Account", row["Id"], call=2)
    soql = "SELECT Id FROM Account WHERE Name = 'Late Ltd'"
    assert [len(sf.query(soql)["records"]) for _ in range(3)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id, Nope__c FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Owner.Name = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 'yesterday'", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account GROUP BY Name", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'it''s'", "MALFORMED_QUERY"),
    ],
)
def test_what_salesforce_refuses_is_refused(sf: Salesforce, soql: str, code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.query(soql)
    assert caught.value.content[0]["errorCode"] == code


def test_field_level_security_hides_a_column(sf: Salesforce, org: SalesforceVendor) -> None:
    org.hidden_fields = frozenset({"AnnualRevenue"})
    assert "AnnualRevenue" not in {field["name"] for field in sf.Account.describe()["fields"]}
    with pytest.raises(SalesforceMalformedRequest):
        sf.query("SELECT AnnualRevenue FROM Account")


def test_an_expired_session_is_renewed_and_revoked_credentials_are_not(sf: Salesforce, org: SalesforceVendor) -> None:
    org.expire_sessions()
    assert sf.query("SELECT Id FROM User")["totalSize"] == 8
    org.revoke()
    with pytest.raises(SalesforceAuthenticationFailed):
        sf.query("SELECT Id FROM User")


def test_a_direct_session_sees_invalid_session_id(org: SalesforceVendor, session: requests.Session) -> None:
    direct = Salesforce(session_id="dead", instance_url=org.base_url, session=session, version="65.0")
    with pytest.raises(SalesforceExpiredSession) as caught:
        direct.query("SELECT Id FROM User")
    assert caught.value.content[0]["errorCode"] == "INVALID_SESSION_ID"


def test_the_daily_limit_is_a_403(sf: Salesforce, org: SalesforceVendor) -> None:
    sf.query("SELECT Id FROM User")
    assert sf.api_usage["api-usage"].total == 100_000
    org.daily_limit = 1
    with pytest.raises(SalesforceRefusedRequest) as caught:
        sf.query("SELECT Id FROM User")
    assert caught.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"


def test_password_and_jwt_log_ins_work(org: SalesforceVendor, session: requests.Session) -> None:
    known = org.credentials
    keys = ("username", "password", "consumer_key", "consumer_secret", "domain")
    by_password = Salesforce(**{key: known[key] for key in keys}, session=session)
    assert by_password.query("SELECT Id FROM Organization")["totalSize"] == 1


def test_an_assertion_is_really_checked(org: SalesforceVendor, clock: FixedClock) -> None:
    url, now = f"{org.base_url}/services/oauth2/token", int(clock.now().timestamp())
    right = {
        "iss": org.credentials["consumer_key"],
        "sub": org.credentials["username"],
        "aud": "https://login.salesforce.com",
        "exp": now + 180,
    }

    def ask(claims: dict[str, Any], key: str, algorithm: str = "RS256") -> requests.Response:
        assertion = jwt.encode(claims, key, algorithm=algorithm)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return requests.post(url, form, timeout=5)

    assert ask(right, org.private_key).json()["instance_url"] == org.base_url
    strange = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    refused = [
        ask(right, strange.decode()),
        ask(right, "a shared secret of thirty-two bytes", "HS256"),
        *(ask({**right, **wrong}, org.private_key) for wrong in (
            {"exp": now - 1}, {"exp": now + 3600}, {"aud": "https://elsewhere.example"}, {"sub": "x"}, {"iss": "x"},
        )),
    ]  # fmt: skip
    assert {(each.status_code, each.json()["error"]) for each in refused} == {(400, "invalid_grant")}


def test_every_field_of_the_world_is_described(world: World, sf: Salesforce) -> None:
    for name, records in world.salesforce.items():
        described = {field["name"] for field in getattr(sf, name).describe()["fields"]}
        assert {field for record in records for field in record} == described
