"""The simulated Typeform, driven with plain requests, as Typeform has no usable SDK."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from accountpulse.core.clock import FixedClock
from accountpulse.testing.vendors import TypeformVendor, Vendors, World
from accountpulse.testing.vendors.world.surveys import CSAT_FORM, NPS_COMMENT_REF, NPS_FORM, NPS_SCORE_REF


@pytest.fixture
def forms(vendors: Vendors) -> TypeformVendor:
    return vendors.typeform


def get(forms: TypeformVendor, path: str, **params: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {forms.credentials['token']}"}
    return requests.get(forms.base_url + path, params, headers=headers, timeout=5)


def responses(forms: TypeformVendor, form: str = NPS_FORM, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = get(forms, f"/forms/{form}/responses", **params).json()["items"]
    return items


def test_forms_name_their_fields(forms: TypeformVendor) -> None:
    listed = get(forms, "/forms", page_size=200).json()
    assert {each["id"] for each in listed["items"]} == {NPS_FORM, CSAT_FORM}
    form = get(forms, f"/forms/{NPS_FORM}").json()
    assert [field["ref"] for field in form["fields"]] == [NPS_SCORE_REF, NPS_COMMENT_REF]
    assert form["hidden"] == ["account_id", "email"]


def test_pages_back_by_token(forms: TypeformVendor, world: World) -> None:
    page = get(forms, f"/forms/{NPS_FORM}/responses", page_size=100).json()
    total, seen = page["total_items"], list(page["items"])
    while page["page_count"] > 1:  # as tap-typeform does: the counts shrink with `before`
        last = seen[-1]["token"]
        page = get(forms, f"/forms/{NPS_FORM}/responses", page_size=100, before=last).json()
        assert page["total_items"] == total - len(seen)
        seen += page["items"]
    expected = {each["token"] for each in world.responses if each["form_id"] == NPS_FORM}
    assert {each["token"] for each in seen} == expected
    assert len(seen) == len(expected)
    submitted = [each["submitted_at"] for each in seen]
    assert submitted == sorted(submitted, reverse=True)
    assert "form_id" not in seen[0]


def test_since_and_until_are_inclusive(forms: TypeformVendor) -> None:
    at = responses(forms, page_size=50)[30]["submitted_at"]
    same = responses(forms, since=at, until=at)
    assert {each["submitted_at"] for each in same} == {at}


def test_after_walks_forward(forms: TypeformVendor) -> None:
    newest = responses(forms, page_size=12)
    forward = responses(forms, after=newest[-1]["token"], page_size=5)
    assert [each["token"] for each in forward] == [each["token"] for each in newest[-2:-7:-1]]


def test_only_what_is_new_comes_back(forms: TypeformVendor, clock: FixedClock) -> None:
    since = clock.now().isoformat()
    clock.advance(timedelta(minutes=1))
    answer = {"field": {"id": "f", "type": "opinion_scale", "ref": NPS_SCORE_REF}, "type": "number", "number": 3}
    put = forms.put("response", {"form_id": NPS_FORM, "hidden": {"email": "a@b.com"}, "answers": [answer]})
    forms.hide_until("response", put["token"], call=1)
    assert responses(forms, since=since) == []
    assert [each["token"] for each in responses(forms, since=since)] == [put["token"]]
    forms.delete("response", put["token"])
    assert responses(forms, since=since) == []


def test_refusals(forms: TypeformVendor) -> None:
    url = f"{forms.base_url}/me"
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, headers={"Authorization": "Bearer no"}, timeout=5).status_code == 403
    assert get(forms, "/forms/unknown").json()["code"] == "FORM_NOT_FOUND"
    assert get(forms, f"/forms/{NPS_FORM}/responses", page_size=1001).status_code == 400
    forms.fail(status=429, headers={"Retry-After": "1.5"}, times=2)
    limited = [get(forms, "/me") for _ in range(3)]
    assert [each.status_code for each in limited] == [429, 429, 200]
    assert limited[0].headers["Retry-After"] == "1.5"
    forms.revoke()
    assert get(forms, "/me").status_code == 403
