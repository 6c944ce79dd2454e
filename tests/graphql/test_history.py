"""The history of a score: any past day answers with the row in force then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.graphql.client import Api
from tests.graphql.test_query_counts import counted
from tests.graphql.world import MODEL, NOW, TODAY, SmallHub, World

from accountpulse.core.store import tables

QUERY = """
query($from: Date!, $to: Date, $basis: HistoryBasis! = BEST, $first: Int! = 500) {
  account(by: {name: "Acme"}) {
    history(from: $from, to: $to, basis: $basis, first: $first) {
      hasMore
      points {
        day since score band rawScore rawBand coverage segment basis inputsAsOf model { name version }
        components { metric { name } component state }
      }
    }
  }
}
"""


def day(number: int) -> date:
    return date(2026, 11, number)


def points(api: Api, start: date, end: date | None = None, **more: Any) -> list[tuple[str, float]]:
    found = api.get(QUERY, **{"from": start.isoformat(), "to": end and end.isoformat(), **more})
    return [(point["day"][-2:], point["score"]) for point in found["account"]["history"]["points"]]


def test_any_day_answers_with_the_row_in_force(world: World, api: Api) -> None:
    acme = world.account("Acme")
    world.history(acme, day(3), 80.0)
    world.history(acme, day(10), 55.25)
    world.history(acme, day(12), 30.0)
    other = world.account("Other")
    world.history(other, day(5), 1.0)
    assert points(api, day(1), day(2)) == []
    assert points(api, day(1), day(3)) == [("03", 80.0)]
    assert points(api, day(9), day(9)) == [("09", 80.0)]
    assert points(api, day(10), day(10)) == [("10", 55.25)]
    assert points(api, day(5), day(11)) == [("05", 80.0), ("10", 55.25)]
    assert points(api, day(20)) == [("20", 30.0)]


def test_a_point_says_what_the_score_was_made_of(world: World, api: Api) -> None:
    acme = world.account("Acme")
    world.history(acme, day(3), 80.0)
    point = api.get(QUERY, **{"from": day(5).isoformat()})["account"]["history"]["points"][0]
    components = point.pop("components")
    assert point == {
        "day": "2026-11-05",
        "since": "2026-11-03",
        "score": 80.0,
        "band": "green",
        "rawScore": 80.0,
        "rawBand": "green",
        "coverage": 0.5,
        "segment": "standard",
        "basis": "LIVE",
        "inputsAsOf": "2026-11-21T12:00:00+00:00",
        "model": {"name": "standard", "version": "0123456789ab"},
    }
    logins, ticket_part = components
    assert logins["metric"] == {"name": "logins_30d"}
    assert logins["state"] == "MEASURED"
    assert abs(logins["component"] - 80) < 0.21
    assert (ticket_part["state"], ticket_part["component"]) == ("STALE", None)


def test_a_point_says_what_is_raw_where_something_else_is_published(world: World, api: Api) -> None:
    acme = world.account("Acme")
    world.history(acme, day(3), 75.0, band=2, raw_centi=3150, raw_band=-1, steady_centi=3150, steady_band=-1)
    world.history(acme, day(5), 68.0, band=2, raw_band=1)
    held, raw = api.get(QUERY, **{"from": "2026-11-03"})["account"]["history"]["points"]
    assert [held[name] for name in ("score", "band", "rawScore", "rawBand")] == [75.0, "green", 31.5, "unknown"]
    assert [raw[name] for name in ("score", "band", "rawScore", "rawBand")] == [68.0, "green", 68.0, "yellow"]


def test_a_band_below_the_coverage_floor_is_unknown(world: World, api: Api) -> None:
    acme = world.account("Acme")
    world.history(acme, day(3), 80.0, band=-1)
    assert api.get(QUERY, **{"from": "2026-11-03"})["account"]["history"]["points"][0]["band"] == "unknown"


def test_best_is_live_from_the_first_live_day_on_and_restated_before_it(world: World, api: Api) -> None:
    acme = world.account("Acme")
    for number, score in ((1, 10.0), (4, 40.0), (8, 80.0)):
        world.history(acme, day(number), score, live=False)
    world.history(acme, day(6), 60.0)
    start, end = day(2), day(9)
    assert points(api, start, end) == [("02", 10.0), ("04", 40.0), ("06", 60.0)]
    assert points(api, start, end, basis="LIVE") == [("06", 60.0)]
    assert points(api, start, end, basis="RESTATED") == [("02", 10.0), ("04", 40.0), ("08", 80.0)]
    assert points(api, day(7), day(7)) == [("07", 60.0)]
    never_live = world.account("Beta")
    world.history(never_live, day(1), 5.0, live=False)
    query = QUERY.replace("Acme", "Beta")
    found = api.get(query, **{"from": "2026-11-02"})["account"]["history"]["points"]
    assert [(p["score"], p["basis"]) for p in found] == [(5.0, "RESTATED")]


def test_what_an_earlier_model_said_stays_until_it_is_said_again(world: World, api: Api) -> None:
    model = {"version": "ba9876543210", "name": "draft", "content": MODEL, "created_at": NOW}
    world.insert(tables.scoring_model, {"id": 2, **model})
    acme = world.account("Acme")
    world.history(acme, day(1), 99.0, live=False, model_id=2)
    world.history(acme, day(3), 60.0, live=False)
    assert points(api, day(1), day(5)) == [("01", 99.0), ("03", 60.0)]


def test_a_long_history_comes_in_parts(world: World, api: Api) -> None:
    acme = world.account("Acme")
    for number in range(1, 8):
        world.history(acme, day(number), number * 10.0)
    history = api.get(QUERY, **{"from": "2026-11-02", "first": 3})["account"]["history"]
    assert history["hasMore"] is True
    assert [p["day"][-2:] for p in history["points"]] == ["02", "03", "04"]
    rest = api.get(QUERY, **{"from": "2026-11-05", "first": 3})["account"]["history"]
    assert rest["hasMore"] is False
    assert [p["day"][-2:] for p in rest["points"]] == ["05", "06", "07"]


def test_today_is_the_stores_day_and_days_in_the_wrong_order_are_refused(world: World, api: Api) -> None:
    acme = world.account("Acme")
    world.history(acme, TODAY, 50.0)
    assert points(api, TODAY) == [("21", 50.0)]
    for variables in ({"from": "2026-11-22"}, {"from": "2026-11-01", "first": 501}, {"from": "2026-11-01", "first": 0}):
        assert api.ask(QUERY, **variables).codes == ["BAD_INPUT"]


def test_only_what_is_selected_of_a_history_is_read(world: World) -> None:
    api = Api(SmallHub(world.store))
    id = world.account("Acme", score=50.0)
    for back in range(60):
        world.history(id, TODAY - timedelta(days=back), 50.0 + back % 5)
    world.insert(tables.segment, {"id": 2, "name": "other"})
    with world.store.write() as connection:
        # Nobody who reads a row's bytes gets past this one's.
        day = TODAY - timedelta(days=30)
        connection.execute(tables.score_history.update().where(tables.score_history.c.day == day).values(packed=b""))
    query = '{{ account(by: {{name: "Acme"}}) {{ history(from: "2025-11-22") {{ points {{ {} }} }} }} }}'
    unread = {
        "score": ("packed", "scoring_model", "segment", "scored_day"),
        "day since basis": ("packed", "scoring_model", "score_centi", "segment", "scored_day"),
        "day score band": ("packed", "segment", "scored_day"),
        "day segment": ("packed", "scoring_model", "score_centi", "scored_day"),
        "inputsAsOf": ("packed", "scoring_model", "segment"),
    }
    for selected, columns in unread.items():
        with counted(world.store) as statements:
            points = api.get(query.format(selected))["account"]["history"]["points"]
        assert len(points) == 60
        of_history = [statement for statement in statements if "account_profile" not in statement]
        assert not [name for name in columns for statement in of_history if name in statement.replace("segment_id", "")]
    for selected in ("coverage", "rawScore", "components { component }"):
        assert api.ask(query.format(selected)).codes
