"""The portfolio: counted now and on past days, and what became of it in between."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.graphql.client import Api
from tests.graphql.test_query_counts import counted
from tests.graphql.world import MODEL, NOW, TODAY, SmallHub, World

from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.store import tables
from accountpulse.core.store.absence import score_absence
from accountpulse.core.store.scope import RowScope
from accountpulse.graphql.portfolio import reading

MONDAY = date(2026, 11, 16)
PORTFOLIO = """query($by: [PortfolioDimension!], $on: Date, $of: AccountFilter) {
  portfolio(groupBy: $by, asOf: $on, filter: $of) {
    day accounts arr { amount currency } arrUnknown meanScore tenths otherGroups { keys { value } accounts arr { amount } }
    groups { keys { by value } accounts share arr { amount } meanScore tenths }
  }
}"""
MOVEMENT = """query($since: Date!, $of: AccountFilter) {
  portfolio(filter: $of) { movement(since: $since) {
    from to accountsBefore accountsAfter entered left changedBand rose fell meanChange
    transitions { before after accounts arrNow { amount } }
    movers(first: 2) { account { name } change bandBefore bandAfter }
    fallen: movers(before: "green", after: "red") { account { name } }
  } }
}"""


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"on": "2026-11-22"}, "has not come yet"),
    ({"by": ["BAND", "BAND"]}, "different ones"),
    ({"by": ["BAND", "SEGMENT", "OWNER", "PLAN"]}, "up to 3"),
    ({"on": "2026-11-20", "of": {"coverage": {"gte": 0.5}, "or": [{"not": {"trend28d": {"gte": 0}}}]}}, "coverage, trend_28d"),
]


@pytest.fixture
def shop(world: World) -> World:
    """Six accounts: scored now, and last Monday but for a new one; one has left since. Monday's revenue was written down."""
    world.insert(tables.segment, {"id": 2, "name": "small"})
    letters = {**MODEL, "bands": [{"name": "F", "from": 0, "to": 50}, {"name": "A", "from": 50, "to": 100}]}
    other = {"id": 2, "version": "ba9876543210", "name": "letters", "content": letters, "created_at": NOW}
    world.insert(tables.scoring_model, other)
    rows: list[tuple[str, str | None, int | None, float | None, float | None]] = [
        ("Acme", "ann", 100, 80.0, 90.0),
        ("Beta", "ann", 200, 30.0, 75.0),
        ("Gone", "bob", None, None, 50.0),
        ("Mute", None, None, 55.0, 20.0),
        ("New", "bob", 50, 60.0, None),
        ("Small", "bob", 10, 45.0, 60.0),
    ]
    for name, owner, mrr, now, then in rows:
        small = {"segment_id": 2, "model_id": 2} if name == "Small" else {}
        of_now = {"band": {"Small": "F", "Mute": UNKNOWN_NAME}[name]} if name in ("Small", "Mute") else {}
        id = world.account(name, owner=owner, mrr=mrr, plan="pro" if name < "C" else None, score=now, **small, **of_now)
        if then is not None:
            world.history(id, date(2026, 11, 10), 1.0, **small)
            # Only those whose score moved have a row of Monday's own.
            world.history(id, MONDAY - timedelta(days=id % 2), then, **small, **({"band": 1} if small else {}))
        if name == "Gone":
            world.insert(score_absence, {"account_id": id, "basis": 0, "day": date(2026, 11, 18), "until": None})
    day = {"day": MONDAY, "basis": 0}
    places = [(1, "zoe", "green", 2, 9_000), (1, "", "yellow", 1, 700), (1, "ann", "red", 1, 0), (2, "zoe", "A", 1, 80)]
    for segment_id, owner, band, accounts, arr in places:
        row = {"segment_id": segment_id, "owner": owner, "band": band, "accounts": accounts, "arr": arr}
        world.insert(tables.portfolio_daily, {**day, **row})
    return world


def _groups(answer: dict[str, object]) -> dict[tuple[str | None, ...], tuple[int, int | None]]:
    found = answer["portfolio"]["groups"]  # type: ignore[index]
    return {tuple(k["value"] for k in g["keys"]): (g["accounts"], g["arr"] and g["arr"]["amount"]) for g in found}


def test_accounts_are_counted_now_and_on_past_days(shop: World, subtests: pytest.Subtests) -> None:
    api = Api(SmallHub(shop.store))
    with subtests.test("now"):
        now = api.get(PORTFOLIO)["portfolio"]
        assert (now["day"], now["accounts"], now["arr"]) == (TODAY.isoformat(), 5, {"amount": 12 * 360, "currency": "EUR"})
        assert now["meanScore"] == pytest.approx((80 + 30 + 60 + 45) / 4)
        assert now["tenths"] == [0, 0, 0, 1, 1, 0, 1, 0, 1, 0]
        assert [g["keys"][0]["value"] for g in now["groups"]] == ["red", "yellow", "green", "F", UNKNOWN_NAME]
        assert sum(g["share"] for g in now["groups"]) == pytest.approx(1)
        unknown = now["groups"][-1]
        assert (unknown["accounts"], unknown["meanScore"], unknown["tenths"]) == (1, None, [0] * 10)
    with subtests.test("by several"):
        found = _groups(api.get(PORTFOLIO, by=["OWNER", "SEGMENT"]))
        assert found == {
            ("ann", "standard"): (2, 3600),
            ("bob", "small"): (1, 120),
            ("bob", "standard"): (1, 600),
            (None, "standard"): (1, 0),
        }
        assert list(found)[-1] == (None, "standard")
    with subtests.test("some of them"):
        assert _groups(api.get(PORTFOLIO, by=["PLAN"], of={"score": {"lte": 79}})) == {("pro",): (1, 2400), (None,): (3, 720)}
        assert _groups(api.get(PORTFOLIO, by=[], of={"owner": {"eq": "nobody"}})) == {(): (0, 0)}
        assert _groups(api.get(PORTFOLIO, by=[])) == {(): (5, 4320)}
    with subtests.test("a past day, with the revenue of then"):
        past = api.get(PORTFOLIO, on=MONDAY.isoformat())
        assert past["portfolio"]["day"] == MONDAY.isoformat()
        assert _groups(past) == {("red",): (1, 0), ("yellow",): (1, 700), ("green",): (2, 9000), ("A",): (1, 80)}
        assert past["portfolio"]["arr"]["amount"] == 9_780
        assert past["portfolio"]["meanScore"] == pytest.approx((90 + 75 + 50 + 20 + 60) / 5)
    with subtests.test("with the owners of then"):
        found = _groups(api.get(PORTFOLIO, on=MONDAY.isoformat(), by=["OWNER"]))
        assert found == {("ann",): (1, 0), ("zoe",): (3, 9080), (None,): (1, 700)}
    with subtests.test("a past day, some of them: band and score are of then, owners of now, and revenue is not known"):
        of = {"score": {"gte": 70}, "owner": {"eq": "ann"}, "segment": {"eq": "standard"}}
        assert _groups(api.get(PORTFOLIO, on=MONDAY.isoformat(), of=of)) == {("green",): (2, None)}
        assert _groups(api.get(PORTFOLIO, on=MONDAY.isoformat(), by=["PLAN"])) == {("pro",): (2, None), (None,): (3, None)}
    with subtests.test("a past day, some bands and segments of then: their revenue was written down"):
        found = api.get(PORTFOLIO, on=MONDAY.isoformat(), of={"segment": {"eq": "standard"}, "not": {"band": {"eq": "red"}}})
        assert _groups(found) == {("yellow",): (1, 700), ("green",): (2, 9000)}
        assert (found["portfolio"]["arr"]["amount"], found["portfolio"]["arrUnknown"]) == (9_700, None)
        found = api.get(PORTFOLIO, on=MONDAY.isoformat(), of={"segment": {"eq": "small"}}, by=["OWNER"])
        assert _groups(found) == {("zoe",): (1, 80)}
    with subtests.test("and where it was not, why"):
        found = api.get(PORTFOLIO, on=MONDAY.isoformat(), by=["PLAN", "BAND"])["portfolio"]
        assert (found["arr"]["amount"], found["groups"][0]["arr"]) == (9_780, None)
        assert found["arrUnknown"].endswith("band, segment and owner, not by plan")
        found = api.get(PORTFOLIO, on=MONDAY.isoformat(), of={"owner": {"eq": "ann"}})["portfolio"]
        assert found["arr"] is None
        assert found["arrUnknown"].endswith("the filter asks for owner")
        limited = Api(SmallHub(shop.store), rows=RowScope(segments=frozenset({"standard"})))
        assert limited.get(PORTFOLIO, on=MONDAY.isoformat())["portfolio"]["arrUnknown"].endswith("you may see some")
    with subtests.test("who left is not counted after that, and what was before the first score is empty"):
        assert api.get(PORTFOLIO, on="2026-11-20")["portfolio"]["accounts"] == 5
        empty = api.get(PORTFOLIO, on="2026-11-01")["portfolio"]
        assert (empty["day"], empty["accounts"], empty["groups"]) == (None, 0, [])
    with subtests.test("what became of it"):
        moved = api.get(MOVEMENT, since=MONDAY.isoformat())["portfolio"]["movement"]
        cells = {(t["before"], t["after"]): (t["accounts"], t["arrNow"]["amount"]) for t in moved.pop("transitions")}
        assert cells == {
            ("red", UNKNOWN_NAME): (1, 0),
            ("yellow", None): (1, 0),
            ("green", "red"): (1, 2400),
            ("green", "green"): (1, 1200),
            ("A", "F"): (1, 120),
            (None, "yellow"): (1, 600),
        }
        assert moved.pop("meanChange") == pytest.approx((-10 - 45 + 35 - 15) / 4)
        assert [(m["account"]["name"], m["change"]) for m in moved.pop("movers")] == [("Beta", -45.0), ("Mute", 35.0)]
        assert moved.pop("fallen") == [{"account": {"name": "Beta"}}]
        assert moved == {
            "from": MONDAY.isoformat(),
            "to": TODAY.isoformat(),
            "accountsBefore": 5,
            "accountsAfter": 5,
            "entered": 1,
            "left": 1,
            "changedBand": 3,
            "rose": 1,
            "fell": 3,
        }
        assert api.get(MOVEMENT, since="2026-11-01")["portfolio"]["movement"] is None
        one = api.get(MOVEMENT, since=MONDAY.isoformat(), of={"band": {"eq": "red"}})["portfolio"]["movement"]
        assert (one["accountsBefore"], one["accountsAfter"]) == (1, 1)
    with subtests.test("a fixed number of statements"):
        for query, variables, most in (
            (PORTFOLIO, {}, 3),
            (PORTFOLIO, {"on": MONDAY.isoformat()}, 4),
            # The accounts of both lists of movers come together, or apart where one list is there before the other.
            (MOVEMENT, {"since": MONDAY.isoformat()}, 9),
        ):
            with counted(shop.store) as statements:
                api.get(query, **variables)
            assert len(statements) <= most, statements
    for variables, message in REFUSED:
        with subtests.test(message):
            asked = api.ask(PORTFOLIO, **variables)
            assert asked.codes == ["BAD_INPUT"]
            assert message in asked.body["errors"][0]["message"]


def test_beyond_the_largest_groups_the_others_are_told_together(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_GROUPS", 1)
    api = Api(SmallHub(shop.store))
    now = api.get(PORTFOLIO, by=["OWNER"])["portfolio"]
    assert [(g["keys"][0]["value"], g["accounts"], g["arr"]["amount"]) for g in now["groups"]] == [("ann", 2, 3600)]
    assert now["otherGroups"] == {"keys": [], "accounts": 3, "arr": {"amount": 720}}
    assert (now["accounts"], now["arr"]["amount"]) == (5, 4320)
    then = api.get(PORTFOLIO, by=["OWNER"], on=MONDAY.isoformat())["portfolio"]
    assert [(g["keys"][0]["value"], g["accounts"], g["arr"]["amount"]) for g in then["groups"]] == [("zoe", 3, 9080)]
    assert then["otherGroups"] == {"keys": [], "accounts": 2, "arr": {"amount": 700}}
    by_band = api.get(PORTFOLIO, on=MONDAY.isoformat())["portfolio"]
    assert by_band["groups"][0]["keys"][0]["value"] == "green"
    assert by_band["otherGroups"] == {"keys": [], "accounts": 3, "arr": {"amount": 780}}
    assert api.get(PORTFOLIO, by=[])["portfolio"]["otherGroups"] is None
