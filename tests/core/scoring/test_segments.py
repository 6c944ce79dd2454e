# ruff: noqa: E501  # one mistake and its whole message a line: a table to read, not prose
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.scoring.conditions import AnyOf, Comparison, Not
from accountpulse.core.scoring.segments import assign, fields_read, parse_condition, parse_rules

FIELDS = {"tenure_days": "number", "plan": "text", "industry": "text", "strategic": "flag", "domains": "any"}
NAN = float("nan")


def objects(*values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


COLUMNS = {
    "tenure_days": np.array([41.0, 400.0, NAN, 90.0]),
    "plan": objects("Enterprise", "free", None, "enterprise"),
    "strategic": objects(True, False, None, False),
    "domains": objects(["acme.com", "acme.de"], [], None, ["b.com"]),
}


def parsed(data):
    condition, problems = parse_condition(data, fields=FIELDS)
    assert not problems
    return condition


def matches(data):
    return parsed(data).outcome(COLUMNS, 4)[0].tolist()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"tenure_days": {"lt": 90}}, [1, 0, 0, 0]),
        ({"tenure_days": {"lte": 90}}, [1, 0, 0, 1]),
        ({"tenure_days": {"gt": 90}}, [0, 1, 0, 0]),
        ({"tenure_days": {"gte": 90}}, [0, 1, 0, 1]),
        ({"tenure_days": {"eq": 90}}, [0, 0, 0, 1]),
        ({"tenure_days": {"ne": 90}}, [1, 1, 0, 0]),
        ({"tenure_days": {"in": [41, 400]}}, [1, 1, 0, 0]),
        ({"tenure_days": {"gte": 41, "lt": 100}}, [1, 0, 0, 1]),
        ({"tenure_days": {"missing": True}}, [0, 0, 1, 0]),
        ({"tenure_days": {"missing": False}}, [1, 1, 0, 1]),
        ({"plan": {"eq": "enterprise"}}, [1, 0, 0, 1]),
        ({"plan": {"ne": "enterprise"}}, [0, 1, 0, 0]),
        ({"plan": {"in": ["ENTERPRISE", "scale"]}}, [1, 0, 0, 1]),
        ({"plan": {"contains": "ENTER"}}, [1, 0, 0, 1]),
        ({"strategic": {"eq": True}}, [1, 0, 0, 0]),
        ({"strategic": {"ne": True}}, [0, 1, 0, 1]),
        ({"domains": {"contains": "acme.de"}}, [1, 0, 0, 0]),
        ({"domains": {"in": ["b.com", "x"]}}, [0, 0, 0, 1]),
        ({"industry": {"eq": "retail"}}, [0, 0, 0, 0]),
        ({"industry": {"missing": True}}, [1, 1, 1, 1]),
        ({"custom.tier": {"gte": 2}}, [0, 0, 0, 0]),
        ({"not": {"plan": {"eq": "free"}}}, [1, 0, 0, 1]),
        ({"not": {"industry": {"eq": "retail"}}}, [0, 0, 0, 0]),
        ({"any": [{"plan": {"eq": "free"}}, {"tenure_days": {"lt": 50}}]}, [1, 1, 0, 0]),
        ({"all": [{"plan": {"eq": "enterprise"}}, {"tenure_days": {"lt": 50}}]}, [1, 0, 0, 0]),
        ({"plan": {"eq": "enterprise"}, "tenure_days": {"lt": 50}}, [1, 0, 0, 0]),
        ({"not": {"any": [{"plan": {"eq": "free"}}, {"tenure_days": {"lt": 50}}]}}, [0, 0, 0, 1]),
    ],
)
def test_conditions(data, expected):
    assert matches(data) == [bool(x) for x in expected]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"tenure_days": {"lt": 90}}, "tenure_days 41 < 90"),
        ({"tenure_days": {"ne": 90}}, "tenure_days 41 is not 90"),
        ({"plan": {"in": ["enterprise", "scale"]}}, "plan Enterprise is one of enterprise, scale"),
        ({"plan": {"eq": "enterprise"}}, "plan is Enterprise"),
        ({"plan": {"contains": "enter"}}, "plan Enterprise contains enter"),
        ({"strategic": {"eq": True}}, "strategic is yes"),
        ({"industry": {"missing": True}}, "industry is unknown"),
        ({"plan": {"missing": False}}, "plan is known"),
        ({"not": {"plan": {"eq": "free"}}}, "plan Enterprise is not free"),
        ({"not": {"plan": {"in": ["free", "pro"]}}}, "plan Enterprise is not one of free, pro"),
        ({"not": {"tenure_days": {"gte": 90}}}, "tenure_days 41 not >= 90"),
        ({"any": [{"plan": {"eq": "free"}}, {"tenure_days": {"lt": 50}}]}, "tenure_days 41 < 50"),
        ({"plan": {"eq": "enterprise"}, "tenure_days": {"lt": 50}}, "plan is Enterprise and tenure_days 41 < 50"),
        ({"not": {"any": [{"plan": {"eq": "x"}}, {"tenure_days": {"gt": 50}}]}}, "plan Enterprise is not x and tenure_days 41 not > 50"),
        ({"not": {"all": [{"plan": {"eq": "x"}}, {"industry": {"eq": "x"}}]}}, "plan Enterprise is not x"),
    ],
)  # fmt: skip
def test_why(data, why):
    condition = parsed(data)
    assert condition.outcome(COLUMNS, 4)[0][0]
    assert condition.why(COLUMNS, 0) == why


RULES = [
    {"name": "new", "model": "new", "when": {"tenure_days": {"lt": 90}}},
    {"name": "enterprise", "model": "big", "when": {"plan": {"in": ["enterprise"]}}},
    {"name": "standard", "model": "std", "default": True},
]


def test_the_first_match_wins_and_all_are_told():
    rules, problems = parse_rules(RULES, fields=FIELDS)
    assert not problems
    found = assign(rules, COLUMNS, 4)
    assert [rules[i].name for i in found.index] == ["new", "standard", "standard", "enterprise"]
    assert [(m.segment, m.why) for m in found.reasons([0])[0]] == [
        ("new", "tenure_days 41 < 90"),
        ("enterprise", "plan Enterprise is one of enterprise"),
        ("standard", "the default segment"),
    ]
    assert [m.segment for m in found.reasons([2])[0]] == ["standard"]
    assert fields_read(rules) == {"tenure_days", "plan"}
    assert assign(rules, {"tenure_days": np.empty(0), "plan": objects()}, 0).index.shape == (0,)


def test_rules_are_kept_as_plain_data():
    rules, _ = parse_rules(RULES)
    assert parse_rules([rule.content() for rule in rules])[0] == rules


atoms = st.one_of(
    st.builds(Comparison, st.just("tenure_days"), st.sampled_from(["lt", "gte", "eq", "ne"]), st.sampled_from([41.0, 90.0])),
    st.builds(Comparison, st.just("plan"), st.sampled_from(["eq", "ne", "contains"]), st.sampled_from(["free", "Enterprise"])),
    st.builds(Comparison, st.sampled_from(["plan", "industry"]), st.just("missing"), st.booleans()),
)
conditions = st.recursive(
    atoms, lambda inner: st.one_of(st.builds(Not, inner), st.builds(AnyOf, st.tuples(inner, inner))), max_leaves=8
)


@settings(max_examples=150, deadline=None)
@given(conditions)
def test_true_false_and_unknown_exclude_each_other_and_why_is_told_exactly_for_matches(condition):
    true, false = condition.outcome(COLUMNS, 4)
    assert not (true & false).any()
    for i in range(4):
        assert bool(condition.why(COLUMNS, i)) == true[i]
        assert bool(condition.why(COLUMNS, i, holds=False)) == false[i]
    assert parse_condition(condition.content())[0].outcome(COLUMNS, 4)[0].tolist() == true.tolist()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"tenure_day": {"lt": 90}}, "tenure_day: unknown attribute or metric 'tenure_day' (did you mean 'tenure_days'?); custom attributes are written custom.<name>"),
        ({"tenure_days": {"less": 90}}, "tenure_days.less: unknown test 'less'; allowed for a number: eq, ne, lt, lte, gt, gte, in, missing"),
        ({"plan": {"lt": 90}}, "plan.lt: unknown test 'lt'; allowed for a text: eq, ne, in, contains, missing"),
        ({"strategic": {"contain": 1}}, "strategic.contain: unknown test 'contain'; allowed for a yes/no attribute: eq, ne, missing"),
        ({"tenure_days": {"lt": "90"}}, "tenure_days.lt: found '90'; allowed: a number"),
        ({"tenure_days": {"lt": NAN}}, "tenure_days.lt: found nan; allowed: a finite number"),
        ({"plan": {"eq": 4}}, "plan.eq: found 4; allowed: text"),
        ({"plan": {"eq": True}}, "plan.eq: found true; allowed: text"),
        ({"strategic": {"eq": "yes"}}, "strategic.eq: found 'yes'; allowed: true or false"),
        ({"plan": {"in": "enterprise"}}, "plan.in: found 'enterprise'; allowed: a list of at least one value"),
        ({"plan": {"in": ["a", 4]}}, "plan.in[1]: found 4; allowed: text"),
        ({"plan": {"missing": "yes"}}, "plan.missing: found 'yes'; allowed: true or false"),
        ({"plan": "enterprise"}, "plan: found 'enterprise'; allowed: a test such as {eq: ...}, with one of eq, ne, in, contains, missing"),
        ({"any": []}, "any: found an empty list; allowed: a list of at least one condition"),
        ({"all": {"plan": {"eq": "a"}}}, "all: found a mapping; allowed: a list of at least one condition"),
        ({"not": 3}, "not: found 3; allowed: a condition such as {tenure_days: {lt: 90}}, or all:, any: or not:"),
        ({}, "(top level): found an empty mapping; allowed: a condition such as {tenure_days: {lt: 90}}, or all:, any: or not:"),
    ],
)  # fmt: skip
def test_mistakes_in_a_condition(data, message):
    condition, problems = parse_condition(data, fields=FIELDS)
    assert condition is None
    assert [str(problem) for problem in problems] == [message]


DEFAULT = RULES[2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([RULES[0]], "segments: no default segment; add one at the end, such as {name: standard, model: ..., default: true}"),
        ([DEFAULT, RULES[0]], "segments[0]: the default segment 'standard' comes before others, which nothing would reach; put it last"),
        ([RULES[0], RULES[0], DEFAULT], "segments[1].name: duplicate segment 'new'; each needs a name of its own"),
        ([{"name": "a", "model": "b"}, DEFAULT], "segments[0]: give exactly one of 'when' (a condition) and 'default: true'"),
        ([{"name": "a", "model": "b", "default": 1}], "segments[0].default: found 1; allowed: true"),
        ([{"nam": "a", "name": "a", "model": "b", "default": True}], "segments[0].nam: unknown key (did you mean 'name'?); allowed: name, model, when, default"),
        ([{"name": "a", "default": True}], "segments[0]: the key 'model' is missing"),
        ([{"name": "", "model": "x", "default": True}], "segments[0].name: found ''; allowed: a segment's name"),
    ],
)  # fmt: skip
def test_mistakes_in_rules(data, message):
    _, problems = parse_rules(data, fields=FIELDS, path=("segments",))
    assert [str(problem) for problem in problems] == [message]


def test_rules_must_be_a_list():
    _, problems = parse_rules({"a": 1}, path=("segments",))
    assert [str(problem) for problem in problems] == ["segments: found a mapping; allowed: a list of at least one segment"]
