"""The control surface every simulated vendor has, on the vendor of no brand and on all four at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import Answer, RestServer, RestVendor, Vendors, serving


@pytest.fixture
def rest(clock: FixedClock) -> Iterator[RestServer]:
    vendor = RestServer(
        clock,
        {
            "customers": RestVendor("/customers", since="since", until="until", pages="link"),
            "notes": RestVendor("/notes", deleted=None),
        },
    )
    with serving(vendor):
        yield vendor


def get(vendor: RestServer, path: str, **params: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {vendor.credentials['token']}"}
    return requests.get(vendor.base_url + path, params, headers=headers, timeout=10)


def listed(vendor: RestServer, kind: str = "customers", **params: Any) -> list[str]:
    """The ids of a whole listing, following `next`."""
    answer = get(vendor, f"/{kind}", **params).json()
    found = [each["id"] for each in answer["items"]]
    while answer["next"] is not None:
        answer = get(vendor, answer["next"].removeprefix(vendor.base_url)).json()
        found += [each["id"] for each in answer["items"]]
    return found


def test_pages_and_bounds(rest: RestServer, clock: FixedClock) -> None:
    for number in range(7):
        rest.put("customers", {"id": f"c{number}"})
        clock.advance(timedelta(seconds=1))
    rest.page_size = 3
    assert listed(rest) == [f"c{number}" for number in range(7)]
    edge = rest.get("customers", "c4")["updated_at"]
    assert listed(rest, since=edge) == ["c4", "c5", "c6"]
    assert listed(rest, until=edge, limit=2) == ["c0", "c1", "c2", "c3", "c4"]
    assert get(rest, "/customers", limit=0).status_code == 422
    assert get(rest, "/unknown").status_code == 404


def test_a_token_page_stands_still_while_rows_move_a_numbered_one_does_not(clock: FixedClock) -> None:
    """The second row moves to the end after the first page was read."""
    read = {}
    for pages in ("token", "number"):
        server = RestServer(clock, {"customers": RestVendor("/customers", pages=pages)})  # type: ignore[arg-type]
        server.page_size = 2
        with serving(server):
            for number in range(5):
                server.put("customers", {"id": f"c{number}"})
                clock.advance(timedelta(seconds=1))
            answer = get(server, "/customers").json()
            server.touch("customers", "c1")
            found = [each["id"] for each in answer["items"]]
            while answer["next"] is not None:
                answer = get(server, "/customers", page=answer["next"]).json()
                found += [each["id"] for each in answer["items"]]
        read[pages] = found
    assert read == {"token": ["c0", "c1", "c2", "c3", "c4", "c1"], "number": ["c0", "c1", "c3", "c4", "c1"]}


def test_a_token_may_travel_anywhere(rest: RestServer) -> None:
    token = rest.credentials["token"]
    ways: list[dict[str, Any]] = [
        {"headers": {"X-Api-Key": token}},
        {"params": {"api_key": token}},
        {"auth": (token, "")},
        {"auth": ("me", token)},
    ]
    assert [requests.get(rest.base_url + "/me", timeout=10, **way).status_code for way in ways] == [200] * 4
    assert requests.get(rest.base_url + "/me", headers={"X-Api-Key": token[1:]}, timeout=10).status_code == 401


def test_a_flood_is_made_up_while_it_is_served(rest: RestServer) -> None:
    rest.flood = 1_234
    found = listed(rest, limit=500)
    assert (len(found), len(set(found)), found[0], found[-1]) == (1_234, 1_234, "row-000000", "row-001233")
    assert [each.params["limit"] for each in rest.requests] == ["500"] * 3


def test_what_is_answered_may_be_altered(rest: RestServer) -> None:
    rest.alter = lambda call, answer: Answer({"path": call.path, "was": answer.body})
    assert get(rest, "/me").json() == {"path": "/me", "was": {"id": "workspace-1", "name": "Simulated workspace"}}


def test_faults_come_when_planned(rest: RestServer) -> None:
    rest.fail(2, status=429, headers={"Retry-After": "7"}, times=2)
    rest.fail(1, status=500, body={"oops": True}, path="/notes")
    answers = [get(rest, "/customers") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert get(rest, "/notes").json() == {"oops": True}
    assert get(rest, "/notes").status_code == 200
    rest.fail(status=503)
    rest.clear_faults()
    assert get(rest, "/me").status_code == 200


def test_a_hang_holds_one_answer_back(rest: RestServer) -> None:
    rest.hang(0.3)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(rest.base_url + "/me", timeout=0.05)
    assert get(rest, "/me").status_code == 200


def test_the_next_objects_can_share_a_second(rest: RestServer, clock: FixedClock) -> None:
    rest.same_second(3)
    for number in range(4):
        rest.put("notes", {"id": f"n{number}"})
        clock.advance(timedelta(seconds=10))
    stamps = [rest.get("notes", f"n{number}")["updated_at"] for number in range(4)]
    assert len(set(stamps[:3])) == 1
    assert stamps[3] > stamps[0]


def test_tombstones_only_where_declared(rest: RestServer) -> None:
    for kind in ("customers", "notes"):
        rest.put(kind, {"id": "x"})
        rest.delete(kind, "x")
    assert get(rest, "/customers/x").json()["deleted"] is True
    assert get(rest, "/notes/x").status_code == 404
    with pytest.raises(KeyError, match="rest has no notes 'x'"):
        rest.touch("notes", "x")
    with pytest.raises(KeyError, match="has no 'tickets'"):
        rest.put("tickets", {})


def test_requests_are_recorded_without_credentials(rest: RestServer) -> None:
    get(rest, "/customers", since="2026-01-01", limit=5)
    (seen,) = rest.requests
    assert (seen.method, seen.path, seen.status) == ("GET", "/customers", 200)
    assert seen.params == {"since": "2026-01-01", "limit": "5"}
    assert rest.credentials["token"] not in repr(seen)


def test_every_vendor_refuses_a_stranger_and_shares_no_objects(vendors: Vendors) -> None:
    paths = (
        *("/services/data/v65.0/limits", "/api/v2/users/me.json", "/v1/account", "/me", "/account-info/v3/details"),
        *("/me", "/api/projects/4711/"),
    )
    for vendor, path in zip(vendors.all, paths, strict=True):
        assert requests.get(vendor.base_url + path, timeout=5).status_code == 401
        missing = requests.get(f"{vendor.base_url}/nothing/here", timeout=5)
        assert missing.status_code == 404
        assert missing.headers["content-type"] == "application/json"
        assert [each.status for each in vendor.requests] == [401, 404]


def test_changes_do_not_reach_the_world(vendors: Vendors) -> None:
    name = vendors.salesforce.ids("Account")[0]
    before = next(each for each in vendors.world.salesforce["Account"] if each["Id"] == name)
    kept = dict(before)
    vendors.salesforce.same_second(20, "Account")
    vendors.salesforce.touch("Account", name, Name="Changed")
    vendors.salesforce.merge("Account", vendors.salesforce.ids("Account")[3], name)
    assert before == kept


def test_empty_vendors_hold_nothing(empty_vendors: Vendors) -> None:
    assert not any(vendor.ids(kind) for vendor in empty_vendors.all for kind in vendor.kinds)
