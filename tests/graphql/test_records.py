"""What is behind a score: the records themselves, page by page; features; and the history in even steps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.graphql.client import Api
from tests.graphql.test_query_counts import counted
from tests.graphql.world import NOW, TODAY, SmallHub, World

from accountpulse.core.metrics.features import configure_key_features
from accountpulse.core.model import schemas
from accountpulse.core.store.absence import score_absence
from accountpulse.core.store.facts import FACTS
from accountpulse.graphql.records.types import RECORDS

PAGE = """query($first: Int, $after: String) {
  accounts(first: 1) { nodes {
    tickets(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { sourceId subject priority } }
  } }
}"""
BEHIND = """query($first: Int!, $of: String) {
  accounts { nodes { name score { components { metric { name } records(first: $first, of: $of) {
    totalCount nodes { __typename sourceId ... on UsageDayRecord { feature day count } ... on TicketRecord { openedAt } }
  } } } } }
}"""
ALL = "{ accounts { nodes { %s } } }"


def _fact(world: World, record: str, account: int, number: int, **values: Any) -> None:
    envelope = {"connection_id": 1, "source_id": f"{record}-{account}-{number}", "source_account_id": account}
    versions = {"known_from": NOW, "known_to": None, "assumed": False, "hash": b"1"}
    world.insert(FACTS[record], {**envelope, **versions, **values})


@pytest.fixture
def shop(world: World) -> World:
    """Two accounts with tickets on five days, three of them in the last 30, an invoice, a deal without an amount, and usage."""
    for name in ("Acme", "Beta"):
        id = world.account(name, score=50.0)
        for number, ago in enumerate((0, 1, 1, 40, 50)):
            opened = datetime(2026, 11, 21, 9, tzinfo=UTC) - timedelta(days=ago)
            ticket = {"subject": f"Ticket {number}", "opened_at": opened, "reopened": 0, "priority": 2}
            _fact(world, "ticket", id, number, **ticket)
            _fact(world, "ticket", id, number + 10, **ticket, known_to=NOW)  # deleted since
        money = {"amount": 9_900, "services_amount": 0, "training_amount": 100, "currency": "USD", "attempts": 1}
        _fact(world, "invoice", id, 1, issued_at=NOW, **money)
        _fact(world, "opportunity", id, 1, kind="upsell", currency="USD", opened_at=NOW)
    uses = [("reports", 0, 5, "u1"), ("reports", 3, 2, "u2"), ("alerts", 40, 7, "u1"), ("ancient", 100, 9, "u1")]
    for number, (feature, ago, count, user) in enumerate(uses):
        day = TODAY - timedelta(days=ago)
        _fact(world, "usage_day", 1, number, user=user, feature=feature, day=day, count=count, seconds=60)
    _fact(world, "usage_day", 2, 1, user="u1", feature="reports", day=TODAY, count=1, seconds=0)
    return world


def test_records_come_page_by_page_and_only_those_behind_a_metric(shop: World, subtests: pytest.Subtests) -> None:
    api = Api(SmallHub(shop.store))
    with subtests.test("pages"):
        seen, after = [], None
        for _ in range(5):
            page = api.get(PAGE, first=2, after=after)["accounts"]["nodes"][0]["tickets"]
            assert page["totalCount"] == 5
            seen += [row["sourceId"] for row in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert seen == [f"ticket-1-{number}" for number in range(5)]
        assert api.ask(PAGE, first=2, after="x").codes == ["BAD_INPUT"]
    with subtests.test("money is in the record's currency"):
        fields = "invoices { nodes { amount { amount currency } trainingAmount { amount } } }"
        fields += " opportunities { nodes { amount { amount } } }"
        first = api.get(ALL % fields)["accounts"]["nodes"][0]
        assert first["invoices"]["nodes"] == [
            {"amount": {"amount": 9_900, "currency": "USD"}, "trainingAmount": {"amount": 100}}
        ]
        assert first["opportunities"]["nodes"] == [{"amount": None}]
    with subtests.test("behind a metric: within its window, and no others"):
        logins, tickets = api.get(BEHIND, first=50)["accounts"]["nodes"][0]["score"]["components"]
        assert (logins["metric"]["name"], logins["records"]["totalCount"]) == ("logins_30d", 2)
        assert [row["day"] for row in logins["records"]["nodes"]] == ["2026-11-21", "2026-11-18"]
        assert [row["sourceId"] for row in tickets["records"]["nodes"]] == [f"ticket-1-{n}" for n in range(3)]
        asked = api.ask(BEHIND, first=1, of="usage_day")
        assert asked.codes[0] == "BAD_INPUT"
        assert "it reads ticket" in asked.body["errors"][0]["message"]
    with subtests.test("every type can be asked for"):
        kinds = "contacts subscriptions subscriptionChanges invoices paymentIssues tickets surveyResponses usage opportunities"
        for field in f"{kinds} opportunityChanges activities".split():
            assert api.get(ALL % f"{field} {{ totalCount nodes {{ sourceId rawRef knownSince connection }} }}")
    with subtests.test("a fixed number of statements"):
        page = "query($first: Int!) { accounts(first: $first) { nodes { %s } } }"
        # accounts, details, backdrops; for each of two metrics its rates and rows, and once more for the counts
        behind = "score { components { records(first: 5) { totalCount nodes { sourceId } } } }"
        operations = [
            (behind, 11),
            ("tickets { nodes { subject } }", 2),
            ("features { feature }", 2),
            ("historyBuckets { band }", 3),
        ]
        for fields, most in operations:
            numbers = []
            for first in (1, 2):
                with counted(shop.store) as statements:
                    api.get(page % fields, first=first)
                numbers.append(len(statements))
            assert numbers[0] == numbers[1] <= most, (fields, numbers)
    _features(shop, api, subtests)


def _features(shop: World, api: Api, subtests: pytest.Subtests) -> None:
    with subtests.test("features of an account"):
        acme, beta = api.get(ALL % "features { feature users uses seconds lastUsedOn }")["accounts"]["nodes"]
        assert acme["features"] == [
            {"feature": "reports", "users": 2, "uses": 7, "seconds": 120, "lastUsedOn": "2026-11-21"},
            {"feature": "alerts", "users": 0, "uses": 0, "seconds": 0, "lastUsedOn": "2026-10-12"},
        ]
        assert [each["feature"] for each in beta["features"]] == ["reports"]
    query = """query($of: AccountFilter, $order: FeatureOrder!) { featureAdoption(filter: $of, order: $order) {
      accounts from to features { feature key accounts share accountsBefore uses lastUsedOn } } }"""
    with subtests.test("features of all"):
        found = api.get(query, order="MOST_USED")["featureAdoption"]
        assert (found["accounts"], found["from"], found["to"]) == (2, "2026-10-23", "2026-11-21")
        shares = {f["feature"]: (f["accounts"], f["share"], f["accountsBefore"], f["uses"]) for f in found["features"]}
        assert shares == {"reports": (2, 1.0, 0, 8), "alerts": (0, 0.0, 1, 0)}
        assert list(shares) == ["reports", "alerts"]
    with shop.store.write() as connection:
        configure_key_features(connection, ["alerts", "exports"])
    with subtests.test("features of some, the least used first: what nobody ever used above all"):
        found = api.get(query, order="LEAST_USED", of={"name": {"eq": "Beta"}, "segment": {"eq": "standard"}})
        features = found["featureAdoption"]["features"]
        assert [(f["feature"], f["key"], f["lastUsedOn"]) for f in features] == [
            ("alerts", True, None),
            ("exports", True, None),
            ("reports", False, "2026-11-21"),
        ]
    with subtests.test("what is too much"):
        assert api.ask("{ featureAdoption(days: 366) { accounts } }").codes == ["BAD_INPUT"]
        assert api.ask(ALL % "features(first: 0) { feature }").codes == ["BAD_INPUT"]


def test_a_history_in_weeks(local_api: Api) -> None:
    world = World.over(local_api.hub.store)
    id = world.account("Acme", score=50.0)
    for day, score in ((date(2026, 11, 4), 80.0), (date(2026, 11, 10), 40.0), (date(2026, 11, 11), 60.0)):
        world.history(id, day, score)
    world.insert(score_absence, {"account_id": id, "basis": 0, "day": date(2026, 11, 19), "until": None})
    query = "historyBuckets(%s) { start firstDay lastDay days open close low high mean band segment }"
    first, second, third = local_api.get(ALL % query % 'from: "2026-11-03"')["accounts"]["nodes"][0]["historyBuckets"]
    assert (first["start"], first["firstDay"], first["days"], first["mean"]) == ("2026-11-02", "2026-11-04", 5, 80.0)
    assert second == {
        "start": "2026-11-09",
        "firstDay": "2026-11-09",
        "lastDay": "2026-11-15",
        "days": 7,
        "open": 80.0,
        "close": 60.0,
        "low": 40.0,
        "high": 80.0,
        "mean": pytest.approx((80 + 40 + 5 * 60) / 7),
        "band": "yellow",
        "segment": "standard",
    }
    assert (third["lastDay"], third["days"]) == ("2026-11-18", 3)
    months = local_api.get(ALL % query % "every: MONTH")["accounts"]["nodes"][0]["historyBuckets"]
    assert [month["start"] for month in months] == ["2026-11-01"]
    for wrong in ('from: "2026-12-01"', 'every: DAY, from: "2020-01-01"', 'from: "2010-01-01"'):
        assert local_api.ask(ALL % query % wrong).codes == ["BAD_INPUT"]


def test_every_record_type_that_has_a_time_can_be_shown() -> None:
    timed = {name for name, schema in schemas().items() if schema.event is not None}
    assert timed - set(RECORDS) == {"outcome"}  # an account's `outcomes` are people's input, and no metric reads them
    for name, kind in RECORDS.items():
        shown = {field.python_name for field in kind.__strawberry_definition__.fields}  # type: ignore[attr-defined]
        assert shown & {field.name for field in schemas()[name].fields}
