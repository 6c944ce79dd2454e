"""What becomes of PostHog's rows, and of what nobody expects in them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.connectors.posthog import mapping
from accountpulse.core.sync.rows import to_row
from accountpulse.plugins import InvalidRecord, UsageDay, usage_key

DAY = date(2026, 11, 20)


def of(*rows: list[Any], **features: str) -> list[Any]:
    return list(mapping.usage_days(rows, DAY, features))


def test_a_row_is_a_usage_day_under_the_key_that_pushed_events_have() -> None:
    (found,) = of(["acme", "ann", "opened", 3, 61.5])
    assert found == UsageDay(
        source_id=usage_key("acme", "ann", "opened", DAY),
        account="acme",
        user="ann",
        feature="opened",
        day=DAY,
        count=3,
        seconds=62,
    )


def test_events_that_are_one_feature_are_added_up_for_each_user() -> None:
    found = of(
        ["acme", "ann", "exported", 2, 10.0],
        ["acme", "ann", "opened", 1, 0],
        ["acme", "ann", "printed", 5, 0.4],
        ["acme", "bob", "printed", 7, 0],
        exported="output",
        printed="output",
    )
    assert [(each.user, each.feature, each.count, each.seconds) for each in found] == [
        ("ann", "output", 7, 10),
        ("ann", "opened", 1, 0),
        ("bob", "output", 7, 0),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ([None, "ann", "opened", 1, 0], "the group must be a text"),
        (["acme", "", "opened", 1, 0], "the distinct_id must be a text"),
        (["acme", "ann", 7, 1, 0], "the event must be a text"),
        (["acme", "ann", "opened", "1", 0], "a whole number"),
        (["acme", "ann", "opened", True, 0], "a whole number"),
        (["acme", "ann", "opened", 1, -1], "the seconds must be a number"),
        (["acme", "ann", "opened", 1, float("nan")], "the seconds must be a number"),
    ],
)
def test_a_row_that_cannot_be_understood_costs_only_itself(row: list[Any], problem: str) -> None:
    first, second = of(row, ["acme", "zoe", "opened", 1, 0])
    assert isinstance(first, InvalidRecord)
    assert problem in first.reason
    assert second.user == "zoe"


def test_a_group_is_an_account_by_its_properties() -> None:
    traits = {
        "name": "Acme",
        "website": "acme.example",
        "domain": "acme.test",
        "plan": "pro",
        "industry": "Steel",
        "region": "EU",
        "employees": 85,
        "tier": "gold",
        "email": "boss@acme.example",
        "$virt": 1,
        "nested": {"no": 1},
    }
    found = mapping.account(["001A", json.dumps(traits), 1_700_000_000])
    assert (found.source_id, found.references, found.domains) == ("001A", ("001A",), ("acme.example", "acme.test"))
    assert (found.name, found.plan, found.industry, found.region, found.employees) == ("Acme", "pro", "Steel", "EU", 85)
    assert found.created_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert found.custom == {"tier": "gold"}


@pytest.mark.parametrize("properties", ["", "[]", "{", None, 7, "null"])
def test_a_group_without_readable_properties_is_still_an_account(properties: Any) -> None:
    found = mapping.account(["001A", properties, None])
    assert (found.source_id, found.name, found.created_at) == ("001A", None, None)


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just({"a": [1]}), st.just([1]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(JUNK, JUNK, JUNK, JUNK, JUNK).map(list), max_size=3), st.tuples(JUNK, JUNK, JUNK).map(list))
def test_whatever_a_row_holds_it_is_a_record_or_invalid(rows: list[list[Any]], group: list[Any]) -> None:
    for found in of(*rows):
        if not isinstance(found, InvalidRecord):
            with suppress(InvalidRecord):
                to_row(found)
    with suppress(InvalidRecord):
        to_row(mapping.account(group))
