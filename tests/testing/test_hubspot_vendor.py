"""The simulated HubSpot speaks to HubSpot's own client: what that understands, the connector's own requests are held to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import hubspot
import pytest
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest, PublicFetchAssociationsBatchRequest
from hubspot.crm.companies import Filter, FilterGroup, PublicObjectSearchRequest
from hubspot.crm.companies.exceptions import ApiException

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import HubSpotVendor, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def vendor() -> Iterator[HubSpotVendor]:
    vendor = HubSpotVendor(None, FixedClock(NOW))
    with serving(vendor):
        yield vendor


@pytest.fixture
def client(vendor: HubSpotVendor) -> Any:
    return hubspot.Client.create(access_token=vendor.credentials["access_token"], host=vendor.base_url)


def put(vendor: HubSpotVendor, count: int, kind: str = "companies", **more: Any) -> list[str]:
    found = []
    for n in range(count):
        at = NOW - timedelta(hours=1) + timedelta(seconds=n)
        found.append(vendor.put(kind, {"properties": {"name": f"Acme {n}", "plan": "gold"}, **more}, at=at)["id"])
    return found


def test_the_client_pages_through_the_list_and_the_archived(vendor: HubSpotVendor, client: Any) -> None:
    ids = put(vendor, 5)
    vendor.delete("companies", ids[4])
    first = client.crm.companies.basic_api.get_page(limit=3, properties=["name"])
    rest = client.crm.companies.basic_api.get_page(limit=3, properties=["name"], after=first.paging.next.after)
    assert [each.id for each in (*first.results, *rest.results)] == ids[:4]
    assert first.results[0].properties["name"] == "Acme 0"
    assert "plan" not in first.results[0].properties  # it was not asked for
    assert rest.paging is None
    [archived] = client.crm.companies.basic_api.get_page(archived=True).results
    assert (archived.id, archived.archived, archived.archived_at) == (ids[4], True, NOW)


def test_the_client_searches(vendor: HubSpotVendor, client: Any) -> None:
    ids = put(vendor, 5)
    since = str(int((NOW - timedelta(hours=1) + timedelta(seconds=2)).timestamp() * 1000))
    filters = [
        Filter(property_name="hs_lastmodifieddate", operator="GTE", value=since),
        Filter(property_name="hs_object_id", operator="GT", value=ids[2]),
    ]
    asked = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=filters)],
        sorts=[{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        properties=["name"],
        limit=1,
    )
    found = client.crm.companies.search_api.do_search(asked)
    assert (found.total, [each.id for each in found.results], found.paging.next.after) == (2, [ids[4]], "1")
    vendor.index_lag = timedelta(hours=2)
    assert client.crm.companies.search_api.do_search(asked).total == 0


def test_the_client_meets_the_ceiling_of_search(client: Any) -> None:
    with pytest.raises(ApiException) as refused:
        client.crm.companies.search_api.do_search(PublicObjectSearchRequest(limit=100, after="9950"))
    assert refused.value.status == 400
    assert "10,000" in refused.value.body


def test_the_client_reads_associations_in_batches(vendor: HubSpotVendor, client: Any) -> None:
    first, second = put(vendor, 2)
    [contact] = put(vendor, 1, "contacts", associations={"companies": [first, second]})
    [lonely] = put(vendor, 1, "contacts")
    inputs = [PublicFetchAssociationsBatchRequest(id=each) for each in (contact, lonely)]
    body = BatchInputPublicFetchAssociationsBatchRequest(inputs=inputs)
    found = client.crm.associations.v4.batch_api.get_page("contacts", "companies", body)
    [result] = found.results
    assert [(each.to_object_id, each.association_types[0].label) for each in result.to] == [
        (first, "Primary"),
        (second, None),
    ]
    [error] = found.errors
    assert error.sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_the_client_reads_owners_pipelines_and_single_objects(vendor: HubSpotVendor, client: Any) -> None:
    vendor.owners = [{"id": "1", "type": "PERSON", "email": "grace@us.example", "firstName": "Grace", "lastName": "Hopper"}]
    for owner in vendor.owners:
        owner |= {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "archived": False}
    [owner] = client.crm.owners.owners_api.get_page().results
    assert owner.first_name == "Grace"
    winner, loser = put(vendor, 2)
    vendor.merge("companies", winner, loser)
    found = client.crm.companies.basic_api.get_by_id(loser, properties=["hs_merged_object_ids"])
    assert (found.id, found.properties["hs_merged_object_ids"]) == (winner, loser)
    with pytest.raises(ApiException) as refused:
        client.crm.companies.basic_api.get_by_id("1")
    assert refused.value.status == 404


def test_the_client_refreshes_an_oauth_token(vendor: HubSpotVendor, client: Any) -> None:
    known = vendor.credentials
    grant = {name: known[name] for name in ("client_id", "client_secret", "refresh_token")}
    tokens = client.oauth.tokens_api.create(grant_type="refresh_token", **grant)
    assert tokens.expires_in == 1800
    again = hubspot.Client.create(access_token=tokens.access_token, host=vendor.base_url)
    assert again.crm.companies.basic_api.get_page().results == []


def test_the_client_is_refused_in_hubspots_words(vendor: HubSpotVendor) -> None:
    stranger = hubspot.Client.create(access_token="wrong", host=vendor.base_url)
    with pytest.raises(ApiException) as refused:
        stranger.crm.companies.basic_api.get_page()
    assert refused.value.status == 401
    assert "INVALID_AUTHENTICATION" in refused.value.body
