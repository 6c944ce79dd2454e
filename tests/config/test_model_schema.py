# ruff: noqa: E501  # one mistake and its whole message a line: a table to read, not prose
from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import a_metric, models

from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text, default_models, load_model, read_model
from accountpulse.config.yaml import parse_yaml
from accountpulse.core.errors import ModelError, SettingsError
from accountpulse.core.metrics import builtin
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.normalise import Categories, Linear, Percentile, Steps
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.weighted import WeightedScorer

METRICS = {
    "usage_trend_30d": a_metric("usage_trend_30d"),
    "active_users_30d": a_metric("active_users_30d"),
    "first_reply_hours_90d": a_metric("first_reply_hours_90d", better="lower"),
    "mrr": a_metric("mrr", better=None),
}
SCORERS = {"weighted"}

MODEL = """\
name: enterprise
goal: churn
scorer: weighted
coverage_floor: 0.4
missing: typical
bands: {preset: red-yellow-green}
groups:
  - name: usage
    weight: 40
    metrics:
      - metric: usage_trend_30d
        weight: 2
        normalise: {linear: [[-0.5, 0], [0, 60], [0.3, 100]]}
        typical: 55
        missing: neutral
      - metric: active_users_30d
        normalise: {percentile: higher}
  - name: support
    weight: 20
    metrics:
      - metric: first_reply_hours_90d
        normalise: {steps: [[0, 100], [8, 40]]}
"""


def read(text: str) -> ScoringModel:
    return read_model(parse_yaml(text, "models/enterprise.yaml"), metrics=METRICS, scorers=SCORERS)


def problems_of(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return caught.value.problems


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


FILE = "models/enterprise.yaml"


@pytest.mark.parametrize(
    ("found", "put", "problem"),
    [
        ("coverage_floor: 0.4", "coverage_flor: 0.4", "4: coverage_flor: unknown key (did you mean 'coverage_floor'?); allowed: name, goal, groups, scorer, coverage_floor, missing, bands, base, caps, worst_of, roll_up"),
        ("        typical: 55", "        tipical: 55", "14: groups[0].metrics[0].tipical: unknown key (did you mean 'typical'?); allowed: metric, normalise, weight, typical, missing"),
        ("goal: churn\n", "", "1: (top level): the key 'goal' is missing"),
        ("goal: churn", "goal: chrn", "2: goal: found 'chrn' (did you mean 'churn'?); allowed: churn, growth, renewal"),
        ("name: enterprise", "name: 3", "1: name: found 3; allowed: a name of lower-case letters, digits, '-' and '_'"),
        ("name: enterprise", "name: My Model", "1: name: found 'My Model'; allowed: a name of lower-case letters, digits, '-' and '_'"),
        ("scorer: weighted", "scorer: weigted", "3: scorer: unknown scorer: found 'weigted' (did you mean 'weighted'?); allowed: weighted"),
        ("scorer: weighted", "scorer:", "3: scorer: unknown scorer: found nothing; allowed: weighted"),
        ("coverage_floor: 0.4", "coverage_floor: 1.4", "4: coverage_floor: found 1.4; allowed: a number from 0 to 1"),
        ("coverage_floor: 0.4", "coverage_floor: -0.1", "4: coverage_floor: found -0.1; allowed: a number from 0 to 1"),
        ("coverage_floor: 0.4", "coverage_floor: .nan", "4: coverage_floor: found nan; allowed: a finite number from 0 to 1"),
        ("coverage_floor: 0.4", "coverage_floor: half", "4: coverage_floor: found 'half'; allowed: a number from 0 to 1"),
        ("coverage_floor: 0.4", "coverage_floor: true", "4: coverage_floor: found true; allowed: a number from 0 to 1"),
        ("missing: typical", "missing: exclud", "5: missing: found 'exclud' (did you mean 'exclude'?); allowed: exclude, neutral, typical, worst"),
        ("missing: neutral", "missing: zero", "15: groups[0].metrics[0].missing: found 'zero'; allowed: exclude, neutral, typical, worst"),
        ("preset: red-yellow-green", "preset: red-green", "6: bands.preset: unknown preset: found 'red-green' (did you mean 'red-yellow-green'?); allowed: at-risk-watch-healthy-power, letters, red-yellow-green, ten"),
        ("{preset: red-yellow-green}", "letters", "6: bands: found 'letters'; allowed: {preset: red-yellow-green} or a list of {name, from, to}"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: 40}, {name: b, from: 50, to: 100}]", "6: bands: gap: no band covers 40 to 50 (between 'a' and 'b'); allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: 60}, {name: b, from: 50, to: 100}]", "6: bands: overlap: 'a' and 'b' both cover 50 to 60; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 5, to: 100}]", "6: bands: gap: no band covers 0 to 5; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: 95}]", "6: bands: gap: no band covers 95 to 100; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: -5, to: 100}]", "6: bands: bands start at -5; they must start at 0; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: 101}]", "6: bands: bands end at 101; they must end at 100; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: 0}]", "6: bands: band 'a' runs from 0 to 0; it must end above its start; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 50, to: 100}, {name: b, from: 0, to: 50}]", "6: bands: band 'b' starts at 0, below 'a'; write bands from the lowest up; allowed: bands that cover 0 to 100 with no gap or overlap"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: 50}, {name: a, from: 50, to: 100}]", "6: bands[1].name: duplicate band 'a'; each band needs a name of its own"),
        ("{preset: red-yellow-green}", "[{name: unknown, from: 0, to: 100}]", "6: bands[0].name: found 'unknown'; allowed: any other name; 'unknown' is for scores that rest on too little"),
        ("{preset: red-yellow-green}", "[{name: a, from: 0, to: x}]", "6: bands[0].to: found 'x'; allowed: a number"),
        ("{preset: red-yellow-green}", "[]", "6: bands: found an empty list; allowed: {preset: red-yellow-green} or a list of {name, from, to}"),
        ("    weight: 40", "    weight: -40", "9: groups[0].weight: found -40; allowed: a number of at least 0"),
        ("    weight: 40\n", "", "8: groups[0]: the key 'weight' is missing"),
        ("        weight: 2", "        weight: -2", "12: groups[0].metrics[0].weight: found -2; allowed: a number of at least 0"),
        ("        weight: 2", "        weight: .inf", "12: groups[0].metrics[0].weight: found inf; allowed: a finite number of at least 0"),
        ("        normalise: {steps", "        weight: 0\n        normalise: {steps", "20: groups[1].metrics: all weights in group 'support' are 0; give at least one metric a weight above 0"),
        ("- metric: usage_trend_30d", "- metric: usage_trend_30", "11: groups[0].metrics[0].metric: unknown metric 'usage_trend_30' (did you mean 'usage_trend_30d'?); `accountpulse metrics` lists all 4"),
        ("- metric: usage_trend_30d", "- metric: 5", "11: groups[0].metrics[0].metric: found 5; allowed: a metric's name, such as logins_30d"),
        ("- metric: active_users_30d", "- metric: usage_trend_30d", "16: groups[0].metrics[1].metric: duplicate metric 'usage_trend_30d': it is already in group 'usage'; name each metric once"),
        ("  - name: support", "  - name: usage", "18: groups[1].name: duplicate group 'usage'; put its metrics into one group"),
        ("[0, 60]", "[-0.6, 60]", "13: groups[0].metrics[0].normalise.linear[1]: found -0.6; allowed: a value above -0.5: points go from the lowest value to the highest"),
        ("[0, 60]", "[-0.5, 60]", "13: groups[0].metrics[0].normalise.linear[1]: found -0.5; allowed: a value above -0.5: points go from the lowest value to the highest"),
        ("[0, 60]", "[0, 160]", "13: groups[0].metrics[0].normalise.linear[1][1]: found 160; allowed: a number from 0 to 100"),
        ("[0, 60]", "[.nan, 60]", "13: groups[0].metrics[0].normalise.linear[1][0]: found nan; allowed: a finite number"),
        ("[0, 60]", "[0, .inf]", "13: groups[0].metrics[0].normalise.linear[1][1]: found inf; allowed: a finite number from 0 to 100"),
        ("[0, 60]", "[0]", "13: groups[0].metrics[0].normalise.linear[1]: found a list; allowed: a point [value, score], such as [30, 80]"),
        ("[[-0.5, 0], [0, 60], [0.3, 100]]", "[]", "13: groups[0].metrics[0].normalise.linear: found an empty list; allowed: a list of at least one [value, score] point"),
        ("[0.3, 100]", "[0.3, 50]", "13: groups[0].metrics[0].normalise.linear: from value 0 to 0.3 the score goes from 60 to 50, but a higher value is better for this metric; allowed: scores that never fall"),
        ("[8, 40]", "[8, 100], [9, 100.0], [10, 40], [11, 41]", "22: groups[1].metrics[0].normalise.steps: from value 10 to 11 the score goes from 40 to 41, but a lower value is better for this metric; allowed: scores that never rise"),
        ("percentile: higher", "percentile: lower", "17: groups[0].metrics[1].normalise.percentile: found 'lower'; allowed: higher, because a higher value of this metric is better"),
        ("percentile: higher", "percentile: up", "17: groups[0].metrics[1].normalise.percentile: found 'up'; allowed: higher, lower"),
        ("{percentile: higher}", "{percentiles: higher, percentile: higher}", "17: groups[0].metrics[1].normalise.percentiles: unknown key (did you mean 'percentile'?); allowed: linear, steps, categories, percentile, baseline"),
        ("{percentile: higher}", "{percentile: higher, steps: [[0, 0]]}", "17: groups[0].metrics[1].normalise: found percentile and steps; allowed: exactly one of linear, steps, categories, percentile, baseline"),
        ("{percentile: higher}", "{}", "17: groups[0].metrics[1].normalise: found none; allowed: exactly one of linear, steps, categories, percentile, baseline"),
        ("{percentile: higher}", "{categories: {scores: [[1, 5]], other: 200}}", "17: groups[0].metrics[1].normalise.categories.other: found 200; allowed: a number from 0 to 100"),
        ("typical: 55", "typical: 155", "14: groups[0].metrics[0].typical: found 155; allowed: a number from 0 to 100"),
        ("        typical: 55", "        typical: 1" + "0" * 400, "14: groups[0].metrics[0].typical: found 1" + "0" * 56 + "...; allowed: a finite number from 0 to 100"),
    ],
)  # fmt: skip
def test_every_mistake_has_its_message_with_file_line_and_key(found, put, problem):
    assert found in MODEL
    assert problems_of(MODEL.replace(found, put, 1)) == [f"{FILE}:{problem}"]


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


def shuffled(data, rng):
    """The same content with the keys of every mapping in another order, and whole numbers written as integers."""
    if isinstance(data, dict):
        items = list(data.items())
        rng.shuffle(items)
        return {key: shuffled(value, rng) for key, value in items}
    if isinstance(data, list):
        return [shuffled(item, rng) for item in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


@settings(max_examples=60, deadline=None)
@given(models(), st.integers())
def test_content_comes_back_with_the_same_version_however_it_is_laid_out(model, seed):
    assume(all(group.weight == 0 or any(line.weight for line in group.metrics) for group in model.groups))
    text = json.dumps(shuffled(model.content(), random.Random(seed)), indent=3)
    again = model_of(json.loads(text))
    assert again == model
    assert again.version == model.version
    assert len(model.version) == 12


def test_comments_defaults_and_style_do_not_change_the_version():
    version = read(MODEL).version
    for found, put in [
        ("goal: churn", "goal: 'churn'   # a comment"),
        ("weight: 40", "weight: 4.0e1"),
        ("scorer: weighted\n", ""),
        ("coverage_floor: 0.4\n", ""),
        ("bands: {preset: red-yellow-green}\n", ""),
        ("missing: typical\n", ""),
        (
            "metric: active_users_30d",
            "metric: active_users_30d\n        missing: typical\n        typical: 50\n        weight: 1",
        ),
        (
            "{preset: red-yellow-green}",
            "[{name: red, from: 0, to: 40}, {name: yellow, from: 40, to: 70}, {to: 100, from: 70, name: green}]",
        ),
    ]:
        assert found in MODEL
        assert read(MODEL.replace(found, put, 1)).version == version, put


def leaves(data, path=()):
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path


def test_any_change_of_meaning_changes_the_version():
    content = read(MODEL).content()
    seen = {read(MODEL).version}
    changes = 0
    for path in leaves(content):
        changed = copy.deepcopy(content)
        place = changed
        for key in path[:-1]:
            place = place[key]
        old = place[path[-1]]
        place[path[-1]] = (
            old * 0.99 + 0.001 if isinstance(old, float) else {"typical": "worst", "higher": "lower"}.get(old, "growth")
        )
        try:
            seen.add(model_of(changed).version)
        except ModelError:  # an edge moved alone leaves a gap
            continue
        changes += 1
    assert changes > 20
    assert len(seen) == changes + 1


def test_the_version_never_changes_by_accident():
    # Stores hold versions: should this fail, every published model would become another one at the next upgrade.
    assert read(MODEL).version == "7ddc38e6c6e6"


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
