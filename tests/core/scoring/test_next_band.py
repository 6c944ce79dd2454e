"""What it would take to reach a band, on a store: from what was said last, with what stands above and around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.core.scoring.test_explain_change import changed, later, learn, publish, score, tickets
from tests.core.scoring.test_service import METRICS, MODEL, World, company, ids, usage

from accountpulse.core.errors import NotFound
from accountpulse.core.metrics.declare import count, mean, metric
from accountpulse.core.scoring.next_band import NextBand, is_whole
from accountpulse.core.store.database import Store
from accountpulse.core.store.people_tables import score_override


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("busy"), company("fading"), company("silent"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)))
    made.put("desk", *tickets("fading", "t", range(1, 5)), *tickets("busy", "old", range(70, 71)))
    return made


def asked(world: World, name: str, band: str | None = None) -> NextBand:
    return world.service.counterfactual(ids(world)[name], band)


def test_what_is_said_reaches_the_band_once_it_has_happened(world: World) -> None:
    publish(world, small=changed(steadiness={"dead_band": 3, "rise_after": 1}))
    said = score(world)[ids(world)["Fading"]]
    found = asked(world, "Fading")
    assert (found.band, found.target) == (said.band, "yellow") == ("red", "yellow")
    answer = found.answer
    assert answer is not None
    assert (answer.state, answer.target) == ("reachable", 43)
    assert answer.score == pytest.approx(said.score)
    [quiet] = [each for each in answer.alone if found.metrics[each.column].name == "quiet_days"]
    assert quiet.needed is not None
    later(world, 1)
    used = int(quiet.needed.needed)
    learn(world, "app", *usage("fading", [used - 1]))
    learn(world, "desk", *tickets("fading", "more", range(1), before=world.service.today))
    assert used == quiet.needed.needed, "days are whole"
    data = found.to_json()
    assert (data["state"], data["target_score"]) == ("reachable", 43)
    assert len(data["alone"]) == len(answer.alone)


def test_the_best_band_and_a_band_by_name(world: World) -> None:
    score(world)
    best = asked(world, "Busy")
    assert (best.band, best.target, best.answer) == ("green", None, None)
    assert best.to_json()["state"] == "already_there"
    below = asked(world, "Busy", "red").answer
    assert below is not None
    assert below.state == "already_there"
    assert asked(world, "Fading", "green").target == "green"
    with pytest.raises(NotFound, match="has no band 'gren'; it has red, yellow, green"):
        asked(world, "Fading", "gren")


def test_an_unknown_band_needs_knowledge_and_no_value(world: World) -> None:
    score(world)
    found = asked(world, "Silent")
    assert (found.band, found.target, found.answer) == ("unknown", "red", None)
    assert found.notes == (
        "the band is unknown: 0% of the weight is measured, 40% is needed; no value changes that, but knowing more does: "
        "Logins, Quiet days, Tickets",
    )


def test_when_the_band_would_follow_and_who_stands_above_it(world: World) -> None:
    publish(world, small=changed(steadiness={"points_per_day": 5, "rise_after": 4}))
    account = ids(world)["Fading"]
    with world.store.write() as connection:
        connection.execute(
            sa.insert(score_override).values(
                account_id=account,
                score=80.0,
                owner="Ann",
                reason="they renewed",
                expires_at=world.clock.now() + timedelta(days=5),
                known_from=world.clock.now(),
            )
        )
    assert score(world)[account].band == "green"
    found = asked(world, "Fading")
    assert (found.band, found.target) == ("red", "yellow"), "its own, not the override's"
    limit, follows, override = found.notes
    assert limit.startswith("the score moves 5 points a day at most: ")
    assert follows == "the band follows when the score has been there for 4 evaluations in a row, one a day"
    assert override.startswith("an override stands above the model's own score (80.0 by Ann")


def test_children_are_taken_as_they_are(world: World) -> None:
    world.put("crm", replace(company("fading"), parent="busy"))
    publish(world, small=changed(roll_up={"from": "children", "how": "worst", "share": 1}, steadiness="none"))
    said = score(world)
    found = asked(world, "Busy", "green").answer
    assert found is not None
    assert found.score == pytest.approx(said[ids(world)["Fading"]].score)
    assert (found.state, found.reaches) == ("out_of_reach", pytest.approx(found.score))


def test_a_cap_is_ended_by_its_metric_or_has_to_end(world: World) -> None:
    caps = [{"when": {"owner": {"eq": "Ann"}}, "at": 10, "because": "Ann is away"}]
    publish(world, small=changed(caps=caps))
    score(world)
    found = asked(world, "Fading").answer
    assert found is not None
    assert [(cap.because, why) for cap, why in found.must_end] == [("Ann is away", "owner is Ann")]
    assert found.together


def test_who_was_never_scored(world: World) -> None:
    with pytest.raises(NotFound, match="nothing has been scored yet"):
        asked(world, "Busy")
    score(world)
    with pytest.raises(NotFound, match="there is no account 999"):
        world.service.counterfactual(999)


def test_which_metrics_are_whole() -> None:
    assert MODEL["groups"]
    assert is_whole(METRICS["quiet_days"])
    assert is_whole(METRICS["logins_30d"])
    tickets_of = {"n": count("ticket"), "m": count("ticket")}
    share = metric("s", "n * 1.0 / m", title="S", group="support", unit="share", better=None, **tickets_of)
    assert not is_whole(share)
    hours = metric("h", "x", title="H", group="support", unit="hours", better=None, x=mean("ticket", "reopened"))
    assert not is_whole(hours)
