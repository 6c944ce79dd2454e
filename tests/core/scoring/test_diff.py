from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import SCORERS, line, model_with, models

from accountpulse.core.scoring.conditions import Comparison
from accountpulse.core.scoring.diff import (
    Change,
    ModelChange,
    WeightChange,
    changes,
    model_changes,
    rule_changes,
    weight_changes,
)
from accountpulse.core.scoring.model import NO_STEADINESS, RollUp, Steadiness, WorstOf
from accountpulse.core.scoring.segments import Rule

BEFORE = model_with((3, [line("a"), line("b", 2)]), (1, [line("c")]))


def told(after, before=BEFORE):
    return [(change.place, change.before, change.after) for change in changes(before, after)]


def test_every_kind_of_change_is_told_at_its_place():
    assert told(BEFORE) == []
    assert told(model_with((3, [line("a", typical=20), line("b", 2)]), (2, [line("c", missing="worst")]))) == [
        ("group1.weight", "1", "2"),
        ("a.typical", "50", "20"),
        ("c.missing", "typical", "worst"),
    ]
    assert told(replace(BEFORE, coverage_floor=0.5, roll_up=RollUp("worst", 0.5), worst_of=WorstOf(("a",)))) == [
        ("coverage_floor", "0.4", "0.5"),
        ("worst_of", "-", "{parts: [a], margin: 0}"),
        ("roll_up", "-", "{from: children, how: worst, share: 0.5}"),
    ]


def test_steadiness_is_compared_with_the_usual_one():
    assert told(replace(BEFORE, steadiness=Steadiness(2.5, points_per_day=4))) == [
        ("steadiness.dead_band", "5", "2.5"),
        ("steadiness.points_per_day", "-", "4"),
    ]
    assert told(replace(BEFORE, steadiness=NO_STEADINESS)) == [
        ("steadiness", "{dead_band: 5, rise_after: 3, dwell: 0}", "none")
    ]


def test_what_differs_by_a_hair_looks_different():
    assert told(model_with((3, [line("a", typical=50.00000000000001), line("b", 2)]), (1, [line("c")]))) == [
        ("a.typical", "50", "50.00000000000001")
    ]


def test_what_comes_goes_and_moves():
    after = model_with((3, [line("b", 2), line("c")]), (1, [line("d")]))
    assert told(after) == [
        (
            "metric a",
            "{group: group0, weight: 1, normalise: {linear: [[0, 0], [100, 100]]}, typical: 50, missing: typical}",
            "-",
        ),
        (
            "metric d",
            "-",
            "{group: group1, weight: 1, normalise: {linear: [[0, 0], [100, 100]]}, typical: 50, missing: typical}",
        ),
        ("c.group", "group1", "group0"),
    ]
    assert told(model_with((3, [line("b", 2), line("a")]), (1, [line("c")]))) == [("order of metrics", "a, b, c", "b, a, c")]
    assert told(model_with((3, [line("a"), line("b", 2)])))[0] == ("group group1", "1 metrics, weight 1", "-")


def test_weights_before_and_after():
    after = model_with((1, [line("b"), line("d")]))
    found = weight_changes(BEFORE, np.array([0.25, 0.5, 0.25]), after, np.array([0.5, 0.5]))
    assert [(each.metric, each.before, each.after) for each in found] == [
        ("a", 0.25, None),
        ("b", 0.5, 0.5),
        ("c", 0.25, None),
        ("d", None, 0.5),
    ]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["weighted", "points"]).flatmap(models), st.sampled_from(["weighted", "points"]).flatmap(models))
def test_nothing_differs_exactly_if_the_versions_are_equal(a, b):
    assert changes(a, a) == []
    found = changes(a, b)
    assert (found == []) == (a.version == b.version)
    assert all(isinstance(change, Change) and change.before != change.after for change in found)


# --- models and rules together --------------------------------------------------------------------------------------------

NEW, VIP, REST = (
    Rule("new", "small", Comparison("tenure_days", "lt", 90)),
    Rule("vip", "small", Comparison("plan", "in", ("gold", "silver"))),
    Rule("rest", "small", None),
)


def test_every_kind_of_change_of_rules_is_told():
    def told(before, after):
        return [(change.place, change.before, change.after) for change in rule_changes(before, after)]

    assert told([NEW, REST], [NEW, REST]) == []
    assert told([NEW, REST], [NEW, VIP, REST]) == [("segment vip", "-", "{model: small, when: {plan: {in: [gold, silver]}}}")]
    assert told([NEW, REST], [REST]) == [("segment new", "{model: small, when: {tenure_days: {lt: 90}}}", "-")]
    assert told([NEW, VIP, REST], [VIP, NEW, REST]) == [("order of segments", "new, vip, rest", "vip, new, rest")]
    assert told([NEW, REST], [replace(NEW, model="big"), REST]) == [("segment new.model", "small", "big")]
    assert told([NEW, REST], [replace(NEW, condition=None), REST]) == [
        ("segment new.when", "{tenure_days: {lt: 90}}", "-"),
        ("segment new.default", "-", "true"),
    ]


RULES = st.permutations([NEW, VIP, replace(VIP, model="big"), replace(NEW, condition=VIP.condition)]).flatmap(
    lambda rules: st.integers(0, 4).map(
        lambda n: [*{rule.name: rule for rule in rules[:n]}.values(), REST]  # each name once
    )
)


@given(RULES, RULES)
def test_rules_differ_exactly_where_something_is_told(before, after):
    assert (rule_changes(before, after) == []) == (before == after)


def test_models_are_compared_by_name():
    heavier = model_with((6, [line("a"), line("b", 2)]), (1, [line("c")]))
    found = model_changes(
        {"x": BEFORE, "gone": BEFORE, "same": BEFORE}, {"x": heavier, "come": BEFORE, "same": BEFORE}, SCORERS
    )
    assert [(each.model, each.before, each.after) for each in found] == [
        ("x", BEFORE.version, heavier.version),
        ("gone", BEFORE.version, None),
        ("come", None, BEFORE.version),
    ]
    assert found[0].changes == (Change("group0.weight", "3", "6"),)
    assert found[0].weights[0] == WeightChange("a", 0.25, 2 / 7)
    assert found[1] == ModelChange("gone", BEFORE.version, None)
    assert model_changes({"x": BEFORE}, {"x": heavier}, {})[0].weights == (), "a scorer that is gone weighs nothing"
