"""The published schema of model files, and their version: both know what a model means."""

from __future__ import annotations

import copy
import json
import random

import fastjsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.config.model_texts import (
    BASELINE,
    FILE,
    MISTAKES,
    MODEL,
    POINTS,
    POINTS_MISTAKES,
    RICH,
    read,
)
from tests.core.scoring.builders import models

from accountpulse.config.model_json_schema import model_json_schema, published_schema, schema_text
from accountpulse.config.model_schema import DEFAULT_MODELS, default_model_text
from accountpulse.config.yaml import parse_yaml
from accountpulse.core.errors import ModelError
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.segments import COMBINATIONS, OPERATORS

BEYOND_A_SCHEMA = (
    "duplicate", "gap:", "overlap:", "a finite number", "bands start", "bands end", "it must end", "write bands", "all weights",
    "points go from", "value is better", "value of this metric is better", "unknown metric", "unknown scorer", "is called",
    "unknown attribute", "unknown test", "plan.eq: found 3", "looks back", "at most 30", "the lower first", "any other name",
    "has no base", "has no weights",
)  # fmt: skip


def refused(data) -> bool:
    try:
        VALIDATE(data)
    except fastjsonschema.JsonSchemaValueException:
        return True
    return False


VALIDATE = fastjsonschema.compile(json.loads(published_schema()))


def test_the_published_schema_is_up_to_date():
    # Write it with `python -m accountpulse model schema --plain --output src/accountpulse/config/model.schema.json`.
    assert published_schema() == schema_text()


@pytest.mark.parametrize("text", [MODEL, POINTS, RICH, BASELINE, *map(default_model_text, DEFAULT_MODELS)])
def test_good_models_pass_the_schema(text):
    assert not refused(parse_yaml(text, FILE).data)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["weighted", "points"]).flatmap(models))
def test_the_content_of_any_model_passes_the_schema(model):
    assert not refused(json.loads(json.dumps(model.content())))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *[(MODEL.replace(found, put, 1), problem) for found, put, problem in MISTAKES],
        *[(POINTS.replace(found, put, 1), problem) for found, put, problem in POINTS_MISTAKES],
    ],
)
def test_the_schema_refuses_every_mistake_of_form(text, problem):
    beyond = any(words in problem for words in BEYOND_A_SCHEMA)
    assert refused(parse_yaml(text, FILE).data) or beyond


def test_every_key_of_the_language_is_described():
    def keys(schema):
        for key, value in schema.items():
            if key == "properties":
                yield from (name for name, inner in value.items() if "description" not in inner)
            if isinstance(value, dict):
                yield from keys(value)
            if isinstance(value, list):
                yield from (name for item in value if isinstance(item, dict) for name in keys(item))

    operators = {*OPERATORS["any"], *COMBINATIONS}
    assert {*keys(model_json_schema())} - operators - {"groups", "scorer", "parts"} == set()


def test_names_are_offered_and_others_allowed():
    schema = model_json_schema(["logins_30d"], ["own"])
    assert {"logins_30d"} == set(schema["definitions"]["metric"]["properties"]["metric"]["anyOf"][0]["enum"])
    validate = fastjsonschema.compile(schema)
    validate(parse_yaml(MODEL, FILE).data)
    validate(parse_yaml(MODEL.replace("scorer: weighted", "scorer: own\nbase: 3"), FILE).data)


# --- the version ----------------------------------------------------------------------------------------------------------


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
@given(st.sampled_from(["weighted", "points"]).flatmap(models), st.integers())
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
