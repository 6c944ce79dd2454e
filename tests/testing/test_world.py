"""The fictional customer base: the same for the same seed and now, shifted for another now, coherent across vendors."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import tldextract

from accountpulse.testing.vendors.world import FEATURES, World
from accountpulse.testing.vendors.world.companies import RESOLD, SHARED_DOMAIN
from accountpulse.testing.vendors.world.wire import checksum, salesforce_id

SHIFT = timedelta(days=45, hours=24)


def everything(world: World) -> dict[str, Any]:
    return {
        "salesforce": world.salesforce,
        "zendesk": world.zendesk,
        "stripe": world.stripe,
        "forms": world.forms,
        "responses": world.responses,
    }


@pytest.fixture(scope="module")
def twin(world: World) -> World:
    return World(world.now)


@pytest.fixture(scope="module")
def later(world: World) -> World:
    return World(world.now + SHIFT)


@pytest.mark.slow
def test_the_same_seed_and_now_give_the_same_world(world: World, twin: World) -> None:
    assert everything(world) == everything(twin)
    assert world.usage == twin.usage
    assert world.messages == twin.messages
    assert everything(World(world.now, seed=8))["zendesk"] != world.zendesk


def test_another_now_shifts_every_time_and_nothing_else(world: World, later: World) -> None:
    compared = same_but_shifted(everything(world), everything(later), "")
    assert compared > 50_000
    assert [(r.account_id, r.user, r.feature, r.day + SHIFT, r.count, r.seconds) for r in world.usage] == [
        (r.account_id, r.user, r.feature, r.day, r.count, r.seconds) for r in later.usage
    ]


def same_but_shifted(left: Any, right: Any, path: str) -> int:
    """Walk two worlds at once. Returns how many times were found shifted."""
    if isinstance(left, dict):
        assert left.keys() == right.keys(), path
        return sum(same_but_shifted(value, right[name], f"{path}/{name}") for name, value in left.items())
    if isinstance(left, list):
        assert len(left) == len(right), path
        return sum(same_but_shifted(one, other, path) for one, other in zip(left, right, strict=True))
    if left == right:
        return 0
    assert shifted(left) == right, path
    return 1


def shifted(value: Any) -> Any:
    if isinstance(value, int):
        return value + int(SHIFT.total_seconds())
    if len(value) == 10:
        return (date.fromisoformat(value) + SHIFT).isoformat()
    moved = datetime.fromisoformat(value) + SHIFT
    return moved.strftime("%Y-%m-%dT%H:%M:%S") + value[19:]


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        World(datetime(2026, 11, 21))


def test_a_survey_is_sent_before_it_is_answered_and_steps_precede_going_live(world: World) -> None:
    tasks = [task for task in world.salesforce["Task"] if task["Type"] in ("Onboarding step", "Go-live", "Survey sent")]
    assert len({task["Id"] for task in world.salesforce["Task"]}) == len(world.salesforce["Task"])
    sent = Counter(task["AccountId"] for task in tasks if task["Type"] == "Survey sent")
    answered = Counter(each["hidden"]["account_id"] for each in world.responses)
    crm_only = {each.account_id for each in world.companies if each.in_crm_only}
    assert [a for a, n in answered.items() if n > sent[a] and a not in crm_only] == []
    assert 0.3 < answered.total() / sent.total() < 0.8
    live = {task["AccountId"]: task["CompletedDateTime"] for task in tasks if task["Type"] == "Go-live"}
    steps = {task["AccountId"]: task["CompletedDateTime"] for task in tasks if task["Subject"] == "Kick-off"}
    assert len(live) > 150
    assert all(steps[account] < at for account, at in live.items() if account in steps)
    assert set(live) <= set(steps)


def test_the_base_has_its_parts(world: World) -> None:
    living = [each for each in world.companies if each.ended is None]
    assert (len(world.companies), len(living)) == (228, 200)
    assert Counter(each["Type"] for each in world.salesforce["Account"]) == {"Customer": 200, "Former Customer": 28}
    assert 28 <= sum(each.started < 90 for each in living) <= 32
    assert 34 <= sum(each.plan == "enterprise" for each in living) <= 46
    assert 120_000 <= len(world.usage) <= 150_000
    assert 2_000 <= len(world.messages) <= 4_000
    assert {row.feature for row in world.usage} == set(FEATURES)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_seed_gives_a_base_of_that_size(world: World, seed: int) -> None:
    other = World(world.now, seed)
    assert 120_000 <= len(other.usage) <= 150_000
    assert len(other.stripe["subscription"]) == 222


def test_no_vendor_is_told_the_archetype(world: World) -> None:
    words = {each.archetype for each in world.companies} - {"new", "silent", "steady"}
    text = json.dumps(everything(world))
    assert "archetype" not in text
    assert not [word for word in words if word in text]


def test_nothing_happens_in_the_future(world: World) -> None:
    today = world.now.date()
    for name in ("Account", "Contact", "Opportunity", "Task"):
        assert max(datetime.fromisoformat(row["SystemModstamp"]) for row in world.salesforce[name]) <= world.now
    for ticket in world.zendesk["ticket"]:
        assert ticket["created_at"] <= ticket["updated_at"]
        assert datetime.fromisoformat(ticket["updated_at"]) <= world.now
        assert ticket["generated_timestamp"] <= world.now.timestamp()
    for invoice in world.stripe["invoice"]:
        moments = [invoice["created"], *(at for at in invoice["status_transitions"].values() if at)]
        assert max(moments) <= world.now.timestamp()
    assert max(row.day for row in world.usage) == today - timedelta(days=4)
    days = {message["timestamp"].date() for message in world.messages}
    assert days == {today - timedelta(days=age) for age in (1, 2, 3)}


def test_the_same_company_in_every_system(world: World) -> None:
    accounts = {each["Id"]: each for each in world.salesforce["Account"]}
    by_name = {each["Name"]: each["Id"] for each in accounts.values()}
    linked = [each for each in world.zendesk["organization"] if each["external_id"]]
    assert len(linked) > 180
    assert all(accounts[each["external_id"]]["Name"] == each["name"] for each in linked)
    for organization in world.zendesk["organization"]:
        assert organization["domain_names"][0] in accounts[by_name[organization["name"]]]["Website"]
    for customer in world.stripe["customer"]:
        account = customer["metadata"].get("salesforce_account_id")
        assert account is None or accounts[account]["Name"] == customer["name"]
    contacts = {(each["AccountId"], each["Email"]) for each in world.salesforce["Contact"]}
    assert {(row.account_id, row.user) for row in world.usage} <= contacts
    assert {(each["hidden"]["account_id"], each["hidden"]["email"]) for each in world.responses} <= contacts
    users = {each["id"] for each in world.zendesk["user"]}
    assert {each["requester_id"] for each in world.zendesk["ticket"]} <= users


def test_the_hard_cases_of_identity_exist(world: World) -> None:
    one, two = (world.companies[index] for index in SHARED_DOMAIN)
    assert one.domain == two.domain
    reseller = next(each for each in world.stripe["customer"] if each["metadata"].get("partner"))
    sold = [each for each in world.stripe["subscription"] if each["customer"] == reseller["id"]]
    assert {each["metadata"]["salesforce_account_id"] for each in sold} == {
        world.companies[index].account_id for index in RESOLD
    }
    free = [each for each in world.stripe["customer"] if each["email"].endswith(("gmail.com", "yahoo.com"))]
    assert free
    assert any(not each["metadata"] for each in world.stripe["customer"])
    assert any(each["external_id"] is None for each in world.zendesk["organization"])
    named = {each["name"] for each in world.zendesk["organization"]}
    assert sum(each.name not in named for each in world.companies) >= 10
    assert sum(each["ParentId"] is not None for each in world.salesforce["Account"]) >= 8
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    assert all(extract(each.domain).top_domain_under_public_suffix == each.domain for each in world.companies)


def test_customers_fade_before_they_leave(world: World) -> None:
    leavers = {each.account_id: each for each in world.companies if each.archetype == "churned"}
    last = earlier = 0
    for row in world.usage:
        if row.account_id in leavers:
            age = (world.now.date() - row.day).days - (leavers[row.account_id].ended or 0)
            last += age < 60
            earlier += 120 <= age < 180
    assert last < 0.7 * earlier


def test_salesforce_ids_carry_their_checksum() -> None:
    assert checksum("001A0000006Vm9r") == "IAC"  # a pair that Salesforce documents
    made = {salesforce_id("003", number) for number in range(5000)}
    assert len({each.lower() for each in made}) == 5000
    assert {len(each) for each in made} == {18}


def test_usage_is_written_as_csv(world: World, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    assert world.write_usage_csv(path) == len(world.usage)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(world.usage)
    first = world.usage[0]
    assert rows[0] == {
        "account_id": first.account_id,
        "user": first.user,
        "feature": first.feature,
        "day": first.day.isoformat(),
        "count": str(first.count),
        "seconds": str(first.seconds),
    }
    keys = {(row["account_id"], row["user"], row["feature"], row["day"]) for row in rows}
    assert len(keys) == len(rows)


def test_zones_do_not_matter(world: World) -> None:
    elsewhere = World(world.now.astimezone(timezone(timedelta(hours=9))))
    assert elsewhere.now == world.now
    assert elsewhere.now.tzinfo is UTC
    assert elsewhere.responses == world.responses
