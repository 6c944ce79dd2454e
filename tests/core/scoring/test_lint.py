from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.core.scoring.builders import SCORERS, line, model_with

from accountpulse.core.scoring.evaluate import evaluate
from accountpulse.core.scoring.lint import Finding, lint_population, lint_segments, lint_steadiness, lint_weights, ordered
from accountpulse.core.scoring.model import Steadiness
from accountpulse.core.scoring.segments import assign, parse_rules

NAN = float("nan")


def seen(*rows, floor=0.4):
    model = model_with((1, [line("a"), line("b")]), floor=floor)
    values = np.array(rows, dtype=float).reshape(-1, 2)
    states = np.where(np.isnan(values), 2, 0).astype(np.int8)
    found = lint_population("new", evaluate(model, model.make_scorer(SCORERS), values, states))
    return [(finding.code, finding.place) for finding in found]


def test_weights():
    model = model_with((1, [line("a", 0.5), line("b", 99), line("c", 0.5)]))
    found = lint_weights(model, model.make_scorer(SCORERS).weights())
    assert [(finding.code, finding.place) for finding in found] == [
        ("negligible_weight", "a"),
        ("dominating_weight", "b"),
        ("negligible_weight", "c"),
    ]
    assert "its weight is 0.5% of the score" in found[0].message
    alone = model_with((1, [line("a")]))
    assert lint_weights(alone, alone.make_scorer(SCORERS).weights()) == [], "there are no others to dominate"


def test_weights_at_the_edge_are_no_fault():
    model = model_with((1, [line("a", 1), line("b", 49), line("c", 50)]))
    assert lint_weights(model, model.make_scorer(SCORERS).weights()) == []


SPREAD = [[0, 10], [30, 20], [50, 90], [80, 70], [99, 99]]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (SPREAD, []),
        ([], [("no_account", "new")]),
        ([[a, NAN] for a, _ in SPREAD], [("no_data", "b")]),
        ([[a, 30] for a, _ in SPREAD], [("no_variance", "b")]),
        ([[a, 30] for a, _ in SPREAD[:4]], []),
        ([[a, 30 + i / 5] for i, (a, _) in enumerate(SPREAD)], [("no_variance", "b")]),
        ([[a, 30 + i / 4] for i, (a, _) in enumerate(SPREAD)], []),
        ([[80 + i, 90 + i] for i in range(5)], [("one_band", "new")]),
        ([[80, 90]], []),
        ([[80 + i, 90 + i] for i in range(5)] + [[NAN, NAN]], [("one_band", "new")]),
        ([[80 + i, 90 + i] for i in range(4)] + [[NAN, NAN]], []),
        ([[NAN, NAN]] * 5, [("no_data", "a"), ("no_data", "b"), ("nothing_known", "new")]),
    ],
)
def test_population(rows, found):
    assert seen(*rows) == found


def test_a_finding_says_what_to_do():
    model = model_with((1, [line("a"), line("b")]))
    result = evaluate(model, model.make_scorer(SCORERS), np.full((6, 2), 90.0), np.zeros((6, 2), np.int8))
    messages = [finding.message for finding in lint_population("new", result)]
    assert messages == [
        "all 6 measured accounts of new get 90 of 100, so it tells none from another",
        "all 6 measured accounts of new get 90 of 100, so it tells none from another",
        "all 6 accounts are green; move the bands or the points, or nobody will look at them",
    ]


def test_who_has_no_band_is_not_counted_among_those_in_one():
    model = model_with((1, [line("a"), line("b")]))
    values = np.array([[80.0 + i, 90 - i] for i in range(6)] + [[NAN, NAN]] * 2)
    states = np.where(np.isnan(values), 2, 0).astype(np.int8)
    (finding,) = lint_population("new", evaluate(model, model.make_scorer(SCORERS), values, states))
    assert finding.message.startswith("all 6 accounts that have a band are green;")


def assigned(tenure, *, default_only=False):
    rules = [{"name": "rest", "model": "m", "default": True}]
    if not default_only:
        rules.insert(0, {"name": "new", "model": "m", "when": {"tenure": {"lt": 90}}})
    return assign(parse_rules(rules)[0], {"tenure": np.array(tenure, dtype=float)}, len(tenure))


def test_what_only_the_default_catches():
    assert lint_segments(assigned([1, 2])) == []
    assert lint_segments(assigned([1, 200], default_only=True)) == []
    assert lint_segments(assigned([1, 200, NAN])) == [
        Finding("default_only", "rest", "2 of 3 accounts are caught by no other segment", note=True)
    ]
    assert not lint_segments(assigned([200]))[0].note, "no rule catches anybody"


def test_faults_come_before_notes_and_each_once():
    note, fault = Finding("no_account", "a", "x", note=True), Finding("no_data", "b", "y")
    assert ordered([note, fault, note]) == [fault, note]


def test_a_band_that_the_dead_band_would_swallow():
    model = model_with((1, [line("a")]), bands="letters")
    assert lint_steadiness(model) == [], "half of a band is no more than half"
    found = lint_steadiness(replace(model, steadiness=Steadiness(dead_band=12)))
    assert [(finding.code, finding.place, finding.note) for finding in found] == [("narrow_band", c, True) for c in "FDCBA"]
    assert "the dead band of 12 points is more than half of the band, which has 20: there it is 10" in found[0].message
    assert lint_steadiness(replace(model, steadiness=Steadiness(dead_band=10))) == []
