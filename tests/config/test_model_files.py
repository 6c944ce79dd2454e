"""Reading model files: what they say, and every mistake at its line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.config.model_texts import (
    BASELINE,
    FILE,
    METRICS,
    MISTAKES,
    MODEL,
    POINTS,
    POINTS_MISTAKES,
    RICH,
    SCORERS,
    problems_of,
    read,
)

from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text, default_models, load_model, read_model
from accountpulse.config.yaml import parse_yaml
from accountpulse.core.errors import ModelError, SettingsError
from accountpulse.core.metrics import builtin
from accountpulse.core.scoring.model import NO_STEADINESS, RollUp, Steadiness, WorstOf
from accountpulse.core.scoring.normalise import Baseline, Categories, Linear, Percentile, Steps
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.weighted import WeightedScorer


def test_a_model_file_is_read_with_its_defaults():
    model = read(MODEL)
    assert (model.name, model.goal, model.scorer, model.coverage_floor) == ("enterprise", "churn", "weighted", 0.4)
    assert [band.name for band in model.bands] == ["red", "yellow", "green"]
    trend, users, reply = model.lines
    assert trend.normaliser == Linear(((-0.5, 0), (0, 60), (0.3, 100)))
    assert (trend.weight, trend.typical, trend.missing) == (2, 55, "neutral")
    assert (users.weight, users.typical, users.missing, users.normaliser) == (1, 50, "typical", Percentile("higher"))
    assert reply.normaliser == Steps(((0, 100), (8, 40)))
    assert [(c.metric, c.group, c.weight, c.group_weight) for c in model.components][2] == (
        "first_reply_hours_90d",
        "support",
        1,
        20,
    )


def test_own_bands_and_categories():
    text = MODEL.replace("{preset: red-yellow-green}", "[{name: low, from: 0, to: 50}, {name: high, from: 50, to: 100}]")
    text = text.replace("{percentile: higher}", "{categories: {scores: [[1, 0], [2, 100]], other: 30}}")
    model = read(text)
    assert [(band.name, band.start, band.end) for band in model.bands] == [("low", 0, 50), ("high", 50, 100)]
    assert model.lines[1].normaliser == Categories(((1, 0), (2, 100)), 30)


@pytest.mark.parametrize(("found", "put", "problem"), MISTAKES)
def test_every_mistake_has_its_message_with_file_line_and_key(found, put, problem):
    assert found in MODEL
    assert problems_of(MODEL.replace(found, put, 1)) == [f"{FILE}:{problem}"]


def test_a_points_model():
    model = read(POINTS)
    assert model.base == 60
    assert [line.points for line in model.lines] == [(-20, 10), (-15, 15)]
    assert read(POINTS.replace("base: 60\n", "")).base == 50
    assert model_of(model.content()) == model
    scorer = model.make_scorer({"points": PointsScorer})
    assert scorer.evaluate(np.array([[0.0, 100.0]]), np.ones((1, 2), bool)).tolist() == [55]


@pytest.mark.parametrize(("found", "put", "problem"), POINTS_MISTAKES)
def test_every_mistake_in_a_points_model(found, put, problem):
    assert problems_of(POINTS.replace(found, put, 1)) == [f"{FILE}:{problem}"]


def test_caps_worst_of_and_roll_up():
    model = read(RICH)
    assert [(cap.at, cap.because, sorted(cap.condition.fields())) for cap in model.caps] == [
        (40, "they owe us", ["mrr"]),
        (60, "on trial", ["custom.tier", "plan"]),
    ]
    assert model.worst_of == WorstOf(("support", "active_users_30d"), 15)
    assert model.roll_up == RollUp("worst", 0.25)
    assert model.cap_fields == {"mrr", "plan", "custom.tier"}
    short = read(MODEL + "worst_of: [support]\nroll_up: {from: children}\n")
    assert (short.worst_of, short.roll_up) == (WorstOf(("support",)), RollUp("arr_weighted_mean", 0.5))


def test_a_baseline():
    assert read(BASELINE).lines[1].normaliser == Baseline(Linear(((-0.5, 0), (0, 60))), 90, 30, "mean", "relative")


@pytest.mark.parametrize("text", [MODEL, POINTS, RICH, BASELINE])
def test_what_is_stored_comes_back_and_means_the_same(text):
    model = read(text)
    again = model_of(json.loads(json.dumps(model.content())))
    assert (again, again.version) == (model, model.version)


def test_a_plug_ins_scorer_may_count_in_points_or_weights():
    text = MODEL.replace("scorer: weighted", "scorer: own\nbase: 20").replace("typical: 55", "points: [-3, 4]")
    model = read_model(parse_yaml(text, FILE), metrics=METRICS, scorers={*SCORERS, "own"})
    assert (model.base, model.lines[0].points, model.lines[1].points) == (20, (-3, 4), None)


def test_all_groups_without_weight():
    assert problems_of(MODEL.replace("weight: 40", "weight: 0").replace("weight: 20", "weight: 0")) == [
        f"{FILE}:7: groups: all group weights are 0; give at least one group a weight above 0"
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = MODEL.replace("goal: churn", "goal: x").replace("weight: 40", "weight: -1").replace("typical: 55", "typical: 500")
    text = text.replace("[8, 40]", "[8, 400]")
    assert [problem.split(":")[1] for problem in problems_of(text)] == ["2", "9", "14", "22"]


@pytest.mark.parametrize("text", ["just text", "[1, 2]", "3"])
def test_a_file_that_is_no_mapping(text):
    [problem] = problems_of(text)
    assert problem.startswith(f"{FILE}:1: (top level): found ")


def test_a_metric_without_a_direction_may_have_any_shape():
    read(MODEL.replace("active_users_30d", "mrr").replace("{percentile: higher}", "{linear: [[0, 0], [5, 100], [10, 0]]}"))


# --- versions -----------------------------------------------------------------------------------------------------------


def test_a_scorer_that_is_not_installed():
    model = read(MODEL)
    assert isinstance(model.make_scorer({"weighted": WeightedScorer}), WeightedScorer)
    with pytest.raises(ModelError, match="model 'enterprise': scorer 'weighted' is not installed; installed: none"):
        model.make_scorer({})


def test_content_that_is_no_model():
    with pytest.raises(ModelError, match=r"not a scoring model: .*groups"):
        model_of({"name": "x", "goal": "churn"})


# --- the models that come with it ---------------------------------------------------------------------------------------


BUILTIN = {found.name: found for found in builtin.register_metrics()}


@pytest.mark.parametrize("name", DEFAULT_MODELS)
def test_default_models_are_models(name):
    text = default_model_text(name)
    model = read_model(parse_yaml(text, f"{name}.yaml"), metrics=BUILTIN, scorers=SCORERS)
    assert model.name == name
    assert 10 <= len(model.lines) <= 14
    assert 4 <= len(model.groups) <= 5
    assert sum(group.weight for group in model.groups) == 100
    assert text.startswith("# The model for")
    assert max(map(len, text.splitlines())) <= 128


def test_default_models_by_name():
    found = default_models(metrics=BUILTIN, scorers=SCORERS)
    assert list(found) == ["new", "enterprise", "standard"]
    assert len({model.version for model in found.values()}) == 3
    with pytest.raises(SettingsError, match=r"new\.yaml:\d+: groups\[0\]\.metrics\[0\]\.metric: unknown metric"):
        default_models(metrics=METRICS, scorers=SCORERS)


def test_a_model_is_loaded_from_a_file(tmp_path: Path):
    file = tmp_path / "own.yaml"
    file.write_text(MODEL)
    assert load_model(file, metrics=METRICS, scorers=SCORERS).version == read(MODEL).version
    file.write_text(MODEL.replace("churn", "chur"))
    with pytest.raises(SettingsError, match=r"own\.yaml:2: goal: found 'chur'"):
        load_model(file, metrics=METRICS, scorers=SCORERS)


# --- steadiness ---------------------------------------------------------------------------------------------------------


def test_steadiness_is_the_usual_one_where_a_model_says_nothing():
    usual, version = read(MODEL).steadiness, read(MODEL).version
    assert (usual.dead_band, usual.rise_after, usual.dwell, usual.points_per_day) == (5, 3, 0, None)
    for said in ("{dead_band: 5}", "{dead_band: 5.0, rise_after: 3, dwell: 0, points_per_day: null}"):
        assert read(f"{MODEL}steadiness: {said}\n").version == version, said
    assert read(f"{MODEL}steadiness: {{rise_after: 2, points_per_day: 4}}\n").steadiness == Steadiness(5, 2, 0, 4)


def test_steadiness_is_turned_off_in_three_ways():
    off = [read(f"{MODEL}steadiness: {said}\n") for said in ("none", "false", "{dead_band: 0, rise_after: 1}")]
    assert [model.steadiness for model in off] == [NO_STEADINESS] * 3
    assert len({model.version for model in off} | {read(MODEL).version}) == 2
    assert off[0].content()["steadiness"] == "none"
