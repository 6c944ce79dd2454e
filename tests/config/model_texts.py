# ruff: noqa: E501  # one mistake and its whole message a line: a table to read, not prose
"""Model files for the tests of reading them and of their schema: good ones, and every mistake with its message."""

from __future__ import annotations

import pytest
from tests.core.scoring.builders import a_metric

from accountpulse.config.model_schema import read_model
from accountpulse.config.yaml import parse_yaml
from accountpulse.core.errors import SettingsError
from accountpulse.core.scoring.model import ScoringModel

FILE = "models/enterprise.yaml"
METRICS = {
    "usage_trend_30d": a_metric("usage_trend_30d"),
    "active_users_30d": a_metric("active_users_30d"),
    "first_reply_hours_90d": a_metric("first_reply_hours_90d", better="lower"),
    "mrr": a_metric("mrr", better=None),
}
SCORERS = {"weighted", "points"}

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


POINTS = """\
name: signed
goal: churn
scorer: points
base: 60
groups:
  - name: usage
    metrics:
      - metric: usage_trend_30d
        normalise: {linear: [[-0.5, 0], [0, 60], [0.3, 100]]}
        points: [-20, 10]
      - metric: active_users_30d
        normalise: {percentile: higher}
        points: 15
"""

RICH = (
    MODEL
    + """\
caps:
  - {when: {mrr: {lt: 0}}, at: 40, because: they owe us}
  - {when: {any: [{plan: {eq: trial}}, {not: {custom.tier: {in: [1, gold]}}}]}, at: 60, because: on trial}
worst_of: {parts: [support, active_users_30d], margin: 15}
roll_up: {from: children, how: worst, share: 0.25}
"""
)
BASELINE = MODEL.replace("{percentile: higher}", "{baseline: {days: 90, every: 30, linear: [[-0.5, 0], [0, 60]]}}")

MISTAKES = [
    ("coverage_floor: 0.4", "coverage_flor: 0.4", "4: coverage_flor: unknown key (did you mean 'coverage_floor'?); allowed: name, goal, groups, scorer, coverage_floor, missing, bands, base, caps, worst_of, roll_up, steadiness"),
    ("        typical: 55", "        tipical: 55", "14: groups[0].metrics[0].tipical: unknown key (did you mean 'typical'?); allowed: metric, normalise, weight, typical, missing"),
    ("goal: churn\n", "", "1: (top level): the key 'goal' is missing; write goal: churn, goal: growth or goal: renewal"),
    ("goal: churn", "goal: chrn", "2: goal: found 'chrn' (did you mean 'churn'?); allowed: churn, growth, renewal"),
    ("name: enterprise", "name: 3", "1: name: found 3; allowed: a name of lower-case letters, digits, '-' and '_'"),
    ("name: enterprise", "name: My Model", "1: name: found 'My Model'; allowed: a name of lower-case letters, digits, '-' and '_'"),
    ("scorer: weighted", "scorer: weigted", "3: scorer: unknown scorer: found 'weigted' (did you mean 'weighted'?); allowed: points, weighted"),
    ("scorer: weighted", "scorer:", "3: scorer: unknown scorer: found nothing; allowed: points, weighted"),
    ("coverage_floor: 0.4", "coverage_floor: 1.4", "4: coverage_floor: found 1.4; allowed: a number from 0 to 1"),
    ("coverage_floor: 0.4", "coverage_floor: -0.1", "4: coverage_floor: found -0.1; allowed: a number from 0 to 1"),
    ("coverage_floor: 0.4", "coverage_floor: .nan", "4: coverage_floor: found nan; allowed: a finite number from 0 to 1"),
    ("coverage_floor: 0.4", "coverage_floor: half", "4: coverage_floor: found 'half'; allowed: a number from 0 to 1"),
    ("coverage_floor: 0.4", "coverage_floor: true", "4: coverage_floor: found true; allowed: a number from 0 to 1"),
    ("missing: typical", "missing: exclud", "5: missing: found 'exclud' (did you mean 'exclude'?); allowed: exclude, neutral, typical, worst"),
    ("missing: neutral", "missing: zero", "15: groups[0].metrics[0].missing: found 'zero'; allowed: exclude, neutral, typical, worst"),
    ("preset: red-yellow-green", "preset: red-green", "6: bands.preset: unknown preset: found 'red-green' (did you mean 'red-yellow-green'?); allowed: at-risk-watch-healthy-power, letters, red-yellow-green, ten"),
    ("{preset: red-yellow-green}", "{red: [0, 40], green: [40, 100]}", "6: bands: found a mapping; allowed: {preset: red-yellow-green} or a list of {name, from, to}"),
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
    ("    weight: 40\n", "", "8: groups[0]: the key 'weight' is missing; write weight: 30; what counts is its share of all the weights beside it"),
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
    ("[[-0.5, 0], [0, 60], [0.3, 100]]", "[[0, 60]]", "13: groups[0].metrics[0].normalise.linear: found one point, by which every value scores 60; allowed: two or more, such as [[0, 0], [30, 100]]"),
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
    *[("goal: churn", f"goal: churn\n{text}", f"3: {problem}") for text, problem in [
        ("caps: {}", "caps: found an empty mapping; allowed: a list of at least one cap such as {when: {overdue_days: {gt: 60}}, at: 40, because: ...}"),
        ("caps: [{at: 40, because: x}]", "caps[0]: the key 'when' is missing; write a condition, such as when: {overdue_days: {gt: 60}}"),
        ("caps: [{when: {mrr: {gt: 0}}, at: 40}]", "caps[0]: the key 'because' is missing; write the reason for people, such as because: an invoice is long overdue"),
        ("caps: [{when: {mrr: {gt: 0}}, at: 40, because: ' '}]", "caps[0].because: found ' '; allowed: the reason in a few words, such as \"overdue for more than 60 days\""),
        ("caps: [{when: {mrr: {gt: 0}}, at: 140, because: x}]", "caps[0].at: found 140; allowed: a number from 0 to 100"),
        ("caps: [{when: {mrr: {gt: 0}}, at: .nan, because: x}]", "caps[0].at: found nan; allowed: a finite number from 0 to 100"),
        ("caps: [{when: {mmr: {gt: 0}}, at: 40, because: x}]", "caps[0].when.mmr: unknown attribute or metric 'mmr' (did you mean 'mrr'?); custom attributes are written custom.<name>"),
        ("caps: [{when: {mrr: {above: 0}}, at: 40, because: x}]", "caps[0].when.mrr.above: unknown test 'above'; allowed for a number: eq, ne, lt, lte, gt, gte, in, missing"),
        ("caps: [{when: {plan: {eq: 3}}, at: 40, because: x}]", "caps[0].when.plan.eq: found 3; allowed: text"),
        ("caps: [{when: {}, at: 40, because: x}]", "caps[0].when: found an empty mapping; allowed: a condition such as {tenure_days: {lt: 90}}, or all:, any: or not:"),
        ("worst_of: usage", "worst_of: found 'usage'; allowed: a list of groups or metrics of this model, or {parts: [...], margin: 10}"),
        ("worst_of: []", "worst_of: found an empty list; allowed: a list of at least one group or metric of this model"),
        ("worst_of: [usag]", "worst_of[0]: no group or metric of this model is called 'usag' (did you mean 'usage'?); groups: usage, support; metrics: usage_trend_30d, active_users_30d, first_reply_hours_90d"),
        ("worst_of: [usage, usage]", "worst_of[1]: duplicate part 'usage'; name each once"),
        ("worst_of: [3]", "worst_of[0]: found 3; allowed: the name of a group or metric of this model"),
        ("worst_of: {parts: [usage], margin: -1}", "worst_of.margin: found -1; allowed: a number from 0 to 100"),
        ("worst_of: {margin: 1}", "worst_of: the key 'parts' is missing; write parts: and a list of groups or metrics of this model"),
        ("roll_up: children", "roll_up: found 'children'; allowed: a mapping with the keys from, how, share"),
        ("roll_up: {from: kids}", "roll_up.from: found 'kids'; allowed: children"),
        ("roll_up: {how: worst}", "roll_up: the key 'from' is missing; write from: children"),
        ("roll_up: {from: children, how: mean}", "roll_up.how: found 'mean'; allowed: arr_weighted_mean, worst"),
        ("roll_up: {from: children, share: 50}", "roll_up.share: found 50; allowed: a number from 0 to 1"),
        ("roll_up: {from: children, share: 0}", "roll_up.share: found 0; allowed: a share above 0, up to 1 (the children's score alone)"),
        ("steadiness: 3", "steadiness: found 3; allowed: a mapping such as {dead_band: 5, rise_after: 3}, or none to publish every raw band at once; leave the key out for the usual steadiness"),
        ("steadiness:", "steadiness: found nothing; allowed: a mapping such as {dead_band: 5, rise_after: 3}, or none to publish every raw band at once; leave the key out for the usual steadiness"),
        ("steadiness: {}", "steadiness: found an empty mapping; allowed: a mapping such as {dead_band: 5, rise_after: 3}, or none to publish every raw band at once; leave the key out for the usual steadiness"),
        ("steadiness: true", "steadiness: found true; allowed: a mapping such as {dead_band: 5, rise_after: 3}, or none to publish every raw band at once; leave the key out for the usual steadiness"),
        ("steadiness: {deadband: 5}", "steadiness.deadband: unknown key (did you mean 'dead_band'?); allowed: dead_band, rise_after, dwell, points_per_day"),
        ("steadiness: {dead_band: -1}", "steadiness.dead_band: found -1; allowed: a number from 0 to 100"),
        ("steadiness: {rise_after: 0}", "steadiness.rise_after: found 0; allowed: a number from 1 to 90"),
        ("steadiness: {rise_after: 1.5}", "steadiness.rise_after: found 1.5; allowed: a whole number of evaluations"),
        ("steadiness: {dwell: 91}", "steadiness.dwell: found 91; allowed: a number from 0 to 90"),
        ("steadiness: {points_per_day: 0}", "steadiness.points_per_day: found 0; allowed: points above 0; leave it out, or write null, for no limit"),
        ("steadiness: {points_per_day: many}", "steadiness.points_per_day: found 'many'; allowed: a number from 0 to 100"),
        ("base: 40", "base: a weighted model has no base: it is a mean; leave it out, or write `scorer: points`"),
    ]],
    *[("{percentile: higher}", f"{{baseline: {text}}}", f"17: groups[0].metrics[1].normalise.baseline{problem}") for text, problem in [
        ("{every: 30, linear: [[0, 0], [1, 9]]}", ": the key 'days' is missing; write how many days it looks back, such as days: 90"),
        ("{days: 90, every: 30}", ": found neither linear nor steps; allowed: exactly one of linear, steps: the points [change, score], such as [-0.5, 0]"),
        ("{days: 90, every: 30, linear: [[0, 0], [1, 9]], steps: [[0, 0]]}", ": found linear and steps; allowed: exactly one of linear, steps: the points [change, score], such as [-0.5, 0]"),
        ("{days: 0, every: 30, linear: [[0, 0], [1, 9]]}", ".days: found 0; allowed: a number from 1 to 730"),
        ("{days: 90, every: 1.5, linear: [[0, 0], [1, 9]]}", ".every: found 1.5; allowed: whole days"),
        ("{days: 30, every: 90, linear: [[0, 0], [1, 9]]}", ".every: found 90; allowed: at most 30, the days it looks back"),
        ("{days: 90, every: 7, steps: [[0, 0]]}", None),
        ("{days: 365, every: 7, steps: [[0, 0]]}", ".every: looks back 52 times; allowed: at most 12: write every: 31 or more, or fewer days"),
        ("{days: 90, every: 30, middle: mode, steps: [[0, 0]]}", ".middle: found 'mode'; allowed: mean, median"),
        ("{days: 90, every: 30, change: percent, steps: [[0, 0]]}", ".change: found 'percent'; allowed: absolute, relative"),
        ("{days: 90, every: 30, steps: [[0, 100], [1, 0]]}", ".steps: from value 0 to 1 the score goes from 100 to 0, but a higher value is better for this metric; allowed: scores that never fall"),
    ] if problem],
    ("        typical: 55", "        points: [-10, 10]", "14: groups[0].metrics[0].points: a weighted model has no points; leave them out, or write `scorer: points`"),
]  # fmt: skip

POINTS_MISTAKES = [
    (
        "        points: [-20, 10]\n",
        "",
        "8: groups[0].metrics[0]: the key 'points' is missing; say how far it can move the score, such as points: -20",
    ),
    (
        "[-20, 10]",
        "[10, -20]",
        "10: groups[0].metrics[0].points: found 10, then -20; allowed: the lowest and the highest points, such as [-20, 10]; 20 stands for [-20, 20], the lower first: what is better adds more",
    ),
    (
        "[-20, 10]",
        "[10, 10]",
        "10: groups[0].metrics[0].points: found 10, then 10; allowed: the lowest and the highest points, such as [-20, 10]; 20 stands for [-20, 20], the lower first: what is better adds more",
    ),
    (
        "[-20, 10]",
        "[10]",
        "10: groups[0].metrics[0].points: found a list; allowed: the lowest and the highest points, such as [-20, 10]; 20 stands for [-20, 20]",
    ),
    (
        "[-20, 10]",
        "many",
        "10: groups[0].metrics[0].points: found 'many'; allowed: the lowest and the highest points, such as [-20, 10]; 20 stands for [-20, 20]",
    ),
    ("[-20, 10]", "[-20, .inf]", "10: groups[0].metrics[0].points[1]: found inf; allowed: a finite number from -1000 to 1000"),
    (
        "points: 15",
        "points: 0",
        "13: groups[0].metrics[1].points: found 0; allowed: a number above 0: otherwise the metric can move nothing",
    ),
    ("points: 15", "points: -15", "13: groups[0].metrics[1].points: found -15; allowed: a number from 0 to 1000"),
    (
        "points: 15",
        "points: 15\n        weight: 2",
        "14: groups[0].metrics[1].weight: found 2, but a points model has no weights; leave it out: each metric's `points` say how much it can move",
    ),
    ("base: 60", "base: 160", "4: base: found 160; allowed: a number from 0 to 100"),
]
