# ruff: noqa: E501  # one mistake and its whole message a line: a table to read, not prose
"""Drafts sent as text: every mistake at its place, and what would cost too much refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.config.model_schema import default_model_text, default_models
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.drafts import LONGEST_DRAFT, TextReader
from accountpulse.plugins.host import PluginHost

HOST = PluginHost.load()
RULES = [
    {"name": "new", "model": "new", "when": {"tenure_days": {"lt": 90}}},
    {"name": "rest", "model": "standard", "default": True},
]
CONFIGURED = Draft(tuple(parse_rules(RULES)[0]), default_models(metrics=HOST.metrics, scorers=HOST.scorers))
STANDARD = default_model_text("standard")


def read(*models: str, segments: str | None = None) -> tuple[Draft | None, list[str]]:
    reader = TextReader(HOST)
    draft = reader.read(CONFIGURED, models, segments)
    assert (draft is None) == bool(reader.problems)
    return draft, [f"{problem.place}: {problem.message}" for problem in reader.problems]


def test_a_model_takes_the_place_of_that_of_its_name() -> None:
    draft, _ = read(STANDARD.replace("weight: 45", "weight: 90"))
    assert draft is not None
    assert draft.rules == CONFIGURED.rules
    assert draft.models["standard"].version != CONFIGURED.models["standard"].version
    assert draft.models["new"] == CONFIGURED.models["new"]


def test_without_texts_it_is_the_configuration() -> None:
    assert read() == (CONFIGURED, [])


def test_json_is_as_good_as_yaml() -> None:
    content = CONFIGURED.models["standard"].content()
    for text in (json.dumps(content), json.dumps(content, indent="\t")):
        draft, problems = read(text, segments=json.dumps(RULES, indent="\t"))
        assert problems == []
        assert draft is not None
        assert draft.models["standard"].version == CONFIGURED.models["standard"].version
        assert draft.rules == CONFIGURED.rules


def test_segments_name_models_that_are_configured_or_sent() -> None:
    other = STANDARD.replace("name: standard", "name: other")
    rules = "- {name: vip, when: {custom.tier: {eq: gold}}, model: other}\n- {name: rest, model: standard, default: true}"
    draft, _ = read(other, segments=rules)
    assert draft is not None
    assert sorted(draft.used) == ["other", "standard"]


@pytest.mark.parametrize(
    ("models", "segments", "problems"),
    [
        (["goal: chrn\nname: x"], None, ["models[0], line 1: (top level): the key 'groups' is missing; write groups: and under it a list of groups, each with name, weight and metrics", "models[0], line 1: goal: found 'chrn' (did you mean 'churn'?); allowed: churn, growth, renewal"]),
        ([STANDARD, STANDARD.replace("coverage_floor: 0.4", "coverage_floor: 4")], None, ["models[1], line 11: coverage_floor: found 4; allowed: a number from 0 to 1"]),
        ([""], None, ["models[0]: the file is empty"]),
        (["name: [1"], None, ["models[0], line 1: not valid YAML: expected ',' or ']', but got '<stream end>'"]),
        (["name: a\nname: b"], None, ["models[0], line 2: name: duplicate key: it is already on line 1; keep one of them"]),
        (["a: &x 1\nb: *x"], None, ["models[0], line 2: found the alias *x; write the value out"]),
        (["- 1"], None, ["models[0], line 1: (top level): found a list; allowed: a mapping with the keys name, goal, groups, "]),
        ([STANDARD, STANDARD], None, ["models[1]: two models are called 'standard'; give each its own name"]),
        ([STANDARD.replace("name: standard", "name: mine")], None, ["segments: no segment is scored with a model called 'mine'; segments name: new, standard"]),
        ([], "[]", ["segments, line 1: (top level): found an empty list; allowed: a list of at least one segment"]),
        ([], "- {name: a, model: standrad, default: true}", ["segments, line 1: [0].model: there is no model 'standrad' (did you mean 'standard'?); models: enterprise, new, standard"]),
        ([], "- {name: a, model: new, when: {tenure: {lt: 1}}}\n- {name: b, model: new, default: true}", ["segments, line 1: [0].when.tenure: unknown attribute or metric 'tenure'"]),
        ([], "- {name: b, model: new}", ["segments, line 1: (top level): no default segment", "segments, line 1: [0]: give exactly one of"]),
        (["x" * LONGEST_DRAFT], "y", [f"models: the texts are longer than {LONGEST_DRAFT:,} characters together"]),
    ],
)  # fmt: skip
def test_every_mistake_is_told_at_its_place(models: list[str], segments: str | None, problems: list[str]) -> None:
    _, found = read(*models, segments=segments)
    assert len(found) == len(problems), found
    for one, wanted in zip(sorted(found), sorted(problems), strict=True):
        assert one.startswith(wanted)


def test_baselines_that_look_back_to_many_days_are_refused() -> None:
    """Each past day costs an evaluation of all accounts; a query that anybody may send must not cost hundreds."""
    names = [name for name, metric in HOST.metrics.items() if metric.better == "higher"][:6]
    lines = [
        {"metric": name, "normalise": {"baseline": {"days": 12 * every, "every": every, "linear": [[-1, 0], [1, 100]]}}}
        for every, name in enumerate(names, 11)
    ]
    model = {"name": "standard", "goal": "churn", "groups": [{"name": "g", "weight": 1, "metrics": lines}]}
    _, found = read(json.dumps(model))
    (problem,) = found
    assert problem.startswith("models: their baselines look back to ")
    assert problem.endswith("different days; at most 24 can be tried at once")
    model["groups"] = [{"name": "g", "weight": 1, "metrics": lines[:2]}]
    assert read(json.dumps(model))[1] == []


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    model=st.one_of(
        st.text(max_size=80),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=8)),
            lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
            max_leaves=12,
        ).map(json.dumps),
        st.integers(1, 2000).map(lambda depth: "[" * depth),
        st.integers(1, 2000).map(lambda depth: '{"a":' * depth + "1" + "}" * depth),
    ),
    segments=st.one_of(st.none(), st.text(max_size=40), st.integers(1, 900).map(lambda n: '[{"when": ' + '{"not": ' * n)),
)
def test_no_text_is_a_crash(model: str, segments: str | None) -> None:
    read(model, segments=segments)
