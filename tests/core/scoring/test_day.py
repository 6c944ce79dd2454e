"""The whole model language over a real store: a day's metrics, the past they are compared with, parents and children."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.core.scoring.test_service import METRICS, RULES, TODAY, ZONE, World, company, ids, usage

from accountpulse.core.model import Account
from accountpulse.core.scoring.day import DayScores, Scorecards, Yardstick, score_day
from accountpulse.core.scoring.parse import parse_model
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.types import Score
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store.database import Store

YARDSTICK = Yardstick(ZONE, "USD", METRICS, {"weighted": WeightedScorer, "points": PointsScorer}, {}, timedelta(days=3))
CHANGE = {"metric": "logins_30d", "normalise": {"baseline": {"days": 60, "every": 30, "linear": [[-1, 0], [1, 100]]}}}
TICKETS = {"metric": "open_tickets_30d", "normalise": {"linear": [[0, 100], [5, 0]]}, "missing": "exclude"}
RICH = {
    "name": "small",
    "goal": "churn",
    "groups": [{"name": "usage", "weight": 3, "metrics": [CHANGE]}, {"name": "support", "weight": 1, "metrics": [TICKETS]}],
    "caps": [{"when": {"quiet_days": {"gt": 20}}, "at": 15, "because": "nobody has logged in for three weeks"}],
    "worst_of": {"parts": ["support"], "margin": 10},
    "roll_up": {"from": "children", "share": 0.5},
}
POINTS = {
    **RICH,
    "scorer": "points",
    "groups": [
        {"name": "usage", "metrics": [{**CHANGE, "points": 40}]},
        {"name": "support", "metrics": [{**TICKETS, "points": [-9, 4]}]},
    ],
}


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    child = replace(company("child"), parent="busy")
    made.put("crm", company("busy"), company("fading"), company("silent"), company("fresh", months=1), child)
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)), *usage("fresh", range(10)))
    made.put("app", *usage("child", range(31, 60)), *usage("silent", []))
    return made


def scored(world: World, content: object, day=TODAY, rules: object = RULES) -> DayScores:
    model, problems = parse_model(content, metrics=METRICS, scorers={"weighted", "points"}, attributes={"plan": "text"})
    assert model is not None, problems
    parsed, _ = parse_rules(rules)
    with world.store.read() as connection:
        return score_day(connection, Scorecards(tuple(parsed), {"small": model}, {}, {}), YARDSTICK, day)


def explained(world: World, scores: DayScores) -> dict[str, Score]:
    names = {id: name for name, id in ids(world).items()}
    return {
        names[score.account_id]: score for segment in scores.segments for score in scores.explained(segment, YARDSTICK, None)
    }


def adds_up(score: Score) -> None:
    total = score.reference + sum(c.delta for c in score.components) + sum(a.points for a in score.adjustments)
    assert total == pytest.approx(score.score, abs=1e-9)
    assert score.low <= score.score <= score.high


@pytest.mark.parametrize("content", [RICH, POINTS], ids=["weighted", "points"])
@pytest.mark.parametrize("back", [0, 40, 350, 4000])
def test_every_account_adds_up_under_every_rule(world: World, content: object, back: int) -> None:
    for score in explained(world, scored(world, content, TODAY - timedelta(days=back))).values():
        adds_up(score)


def test_a_value_is_compared_with_the_accounts_own_past(world: World) -> None:
    found = explained(world, scored(world, RICH))
    # 30 in each of the last two windows of 30 days, none in the one before: usually 15, so twice as many.
    busy = found["Busy"].components[0]
    assert (busy.value, busy.component) == (30, 100)
    assert busy.reason.startswith("Logins at 30, usually at 15 in this account: ")
    fading = found["Fading"].components[0]
    assert (fading.value, fading.component) == (5, pytest.approx(100 / 6)), "5 against 30 and 0"


def test_without_a_past_a_component_is_unknown_and_says_so(world: World) -> None:
    fresh = explained(world, scored(world, RICH))["Fresh"].components[0]
    assert (fresh.state.label, fresh.delta) == ("no_data", 0)
    assert fresh.reason == (
        "Logins is unknown, as too little of the 60 days before was measured to say what is usual in this account: "
        "contributes nothing"
    )


def test_what_was_usual_knows_nothing_of_what_came_later(world: World) -> None:
    day = TODAY - timedelta(days=30)
    before = scored(world, RICH, day)
    world.put("app", *usage("fading", range(24)), *usage("child", range(20)))
    after = scored(world, RICH, day)
    for one, other in zip(before.segments, after.segments, strict=True):
        np.testing.assert_array_equal(one.evaluation.usual, other.evaluation.usual)
        np.testing.assert_array_equal(one.evaluation.score, other.evaluation.score)


def test_a_cap_reads_metrics_that_the_model_does_not_weigh(world: World) -> None:
    found = explained(world, scored(world, RICH))
    [cap] = [a for a in found["Fading"].adjustments if a.code == "cap:1"]
    assert found["Fading"].score == 15
    assert cap.label == "At most 15: nobody has logged in for three weeks (quiet_days 25 > 20)"
    assert found["Silent"].score > 15, "it is not known how long nobody has"
    assert found["Silent"].low <= 15


def test_a_parent_takes_its_children_in_across_segments(world: World) -> None:
    rules = [{"name": "child", "model": "small", "when": {"name": {"eq": "child"}}}, RULES[1]]
    found = explained(world, scored(world, RICH, rules=rules))
    alone = explained(world, scored(world, {k: v for k, v in RICH.items() if k != "roll_up"}, rules=rules))
    assert found["Child"].segment == "child"
    assert found["Busy"].score == pytest.approx((alone["Busy"].score + found["Child"].score) / 2)
    [told] = [a for a in found["Busy"].adjustments if a.code == "roll_up"]
    assert told.label.startswith("Rolled up from children: their mean score, weighted by revenue (1 account at ")
    assert {name: score for name, score in found.items() if name != "Busy"} == {
        name: replace(score, model_version=found["Child"].model_version) for name, score in alone.items() if name != "Busy"
    }


def test_a_parent_that_is_nobody_here_is_no_parent(world: World) -> None:
    world.put("crm", Account(source_id="orphan", name="Orphan", parent="nobody", created_at=company("x").created_at))
    assert "Orphan" in explained(world, scored(world, RICH))


@pytest.mark.parametrize("content", [RICH, POINTS], ids=["weighted", "points"])
@pytest.mark.parametrize("policy", ["typical", "exclude", "neutral", "worst"])
def test_a_silent_account_is_never_green(world: World, content: dict, policy: str) -> None:
    one = {**content["groups"][0], "metrics": [{**content["groups"][0]["metrics"][0], "missing": policy}]}
    two = {**content["groups"][1], "metrics": [{**content["groups"][1]["metrics"][0], "missing": policy}]}
    silent = explained(world, scored(world, {**content, "groups": [one, two], "coverage_floor": 0}))["Silent"]
    assert (silent.coverage, silent.band) == (0, "unknown")
    adds_up(silent)


def test_no_accounts_at_all(store: Store) -> None:
    empty = scored(World(store), RICH)
    assert [segment.evaluation.score.shape for segment in empty.segments] == [(0,), (0,)]
