"""The JSON Schema of model files, made from the parser's own tables, for editors that complete and check while one types.

It says what a file may look like. What only the whole file or the installation can tell (bands that leave a gap, a metric named
twice, points out of order, a direction that contradicts the metric) is `accountpulse model validate`'s to say.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import Any

from accountpulse.core.scoring import parse, parse_adjust, parse_normaliser
from accountpulse.core.scoring.bands import PRESETS
from accountpulse.core.scoring.model import GOALS, MISSING_POLICIES, POINTS_SCORER, ROLL_UPS
from accountpulse.core.scoring.segments import COMBINATIONS, OPERATORS

Schema = dict[str, Any]
Keys = Mapping[str, tuple[str, ...]]

FILE_NAME = "model.schema.json"
EDITOR_COMMENT = f"# yaml-language-server: $schema={FILE_NAME}\n"
"""The first line of a model file that has the schema beside it: editors with a YAML language server read it."""

DESCRIPTIONS = {
    "name": "The model's name: lower-case letters, digits, - and _.",
    "goal": "What the score is to tell.",
    "scorer": "`weighted`: a weighted mean of groups. `points`: signed points from a base. Or a plug-in's.",
    "coverage_floor": "Below this share of measured weight, 0 to 1, the band is `unknown`.",
    "missing": "What an unknown metric counts as: typical (it changes nothing), exclude (the others take over its weight), "
    "neutral (neither good nor bad) or worst.",
    "bands": "A preset, or a list that covers 0 to 100 without gap or overlap.",
    "preset": "Bands that come with AccountPulse.",
    "from": "Where the band begins.",
    "to": "Where the band ends: not part of it, but 100 belongs to the last band.",
    "base": "With `scorer: points`: the score before any metric adds to it or takes from it.",
    "groups": "The metrics, in groups.",
    "weight": "How much it counts against the others beside it; only proportions matter.",
    "metrics": "The metrics of the group.",
    "metric": "A metric's name; `accountpulse metrics` lists them.",
    "normalise": "How a value becomes a component from 0 (bad) to 100 (good).",
    "typical": "The component, 0 to 100, taken as usual while no account of the segment has been measured.",
    "points": "With `scorer: points`: what a component of 0 and one of 100 are worth, lower first; 20 is [-20, 20].",
    "linear": "Straight lines between points [value, score], lowest value first.",
    "steps": "The score of the last point [value, score] reached, lowest value first.",
    "categories": "A score for each code.",
    "scores": "Pairs [code, score].",
    "other": "The score of any other code; without it, others are unknown.",
    "percentile": "The rank among the accounts of the segment; which end is good.",
    "baseline": "The change against the account's own usual value; points are [change, score].",
    "days": "How many days it looks back.",
    "every": "At which distance, in days, the metric is looked up: days 90, every 30 means 30, 60 and 90 days before.",
    "middle": "What is usual: the mean or the median of what was measured then.",
    "change": "relative: -0.5 is half of the usual value. absolute: the difference.",
    "caps": "While a condition is known to hold, the score is at most so high. The lowest that holds counts.",
    "when": "A condition on attributes and metrics, as in segment rules.",
    "at": "The highest score while it holds, 0 to 100.",
    "because": "The reason, in a few words, for people.",
    "worst_of": "The score is no better than the worst of these groups or metrics, or at most `margin` points better.",
    "parts": "Names of groups and metrics of this model.",
    "margin": "How many points above its worst part a score may be.",
    "roll_up": "A parent account's score takes its children's in.",
    "how": "The children's mean, weighted by revenue, or their worst score.",
    "share": "How much of the score is the children's: 0.5 is half, 1 is all.",
    "steadiness": "How reluctantly the published band follows the raw one; `none` publishes every raw band at once.",
    "dead_band": "How many points beyond the edge of a band a score must be for the band to change.",
    "rise_after": "How many evaluations (one a scored day) in a row must speak for a better band. A worse one counts at once.",
    "dwell": "For how many evaluations a band stays at least, 1 and 0 being the same.",
    "points_per_day": "How far the published score may move in a day; null for any distance.",
}


def model_json_schema(metrics: Collection[str] = (), scorers: Collection[str] = ()) -> Schema:
    """The schema (draft 7). metrics, scorers: names to offer; a plug-in's that are not among them are allowed too."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "AccountPulse scoring model",
        **_block(
            parse.MODEL_KEYS,
            name={"type": "string", "pattern": f"^{parse.NAME.pattern}$"},
            goal={"enum": [*GOALS]},
            scorer=_offered({"type": "string", "minLength": 1}, sorted({"weighted", POINTS_SCORER, *scorers})),
            coverage_floor=_number(0, 1),
            missing={"enum": [*MISSING_POLICIES]},
            bands={"oneOf": [_block({"required": ("preset",)}, preset={"enum": [*PRESETS]}), _list(_ref("band"))]},
            base=_number(0, 100),
            groups={"type": "array", "minItems": 1},
            caps=_list(_ref("cap")),
            worst_of=_worst_of(),
            roll_up=_roll_up(),
            steadiness=_steadiness(),
        ),
        "if": {"properties": {"scorer": {"const": POINTS_SCORER}}, "required": ["scorer"]},
        "then": {"properties": {"groups": {"items": _ref("points_group")}}},
        "else": {
            "if": {"properties": {"scorer": {"const": "weighted"}}},  # or none, which is this one
            "then": {"properties": {"groups": {"items": _ref("group")}}},
            "else": {"properties": {"groups": {"items": _ref("plugin_group")}}},
        },
        "definitions": {
            "band": _block(parse.BAND_KEYS, name=_text(), **{"from": _number(0, 100), "to": _number(0, 100)}),
            "group": _group(parse.GROUP_KEYS, "metric"),
            "points_group": _group(parse.POINTS_GROUP_KEYS, "points_metric"),
            "plugin_group": _group(parse.GROUP_KEYS, "plugin_metric"),
            "metric": _metric(parse.METRIC_KEYS, metrics),
            "plugin_metric": _metric(parse.PLUGIN_METRIC_KEYS, metrics),
            "points_metric": _metric(parse.POINTS_METRIC_KEYS, metrics),
            "normaliser": _normaliser(),
            "points": _list({"type": "array", "items": [{"type": "number"}, _number(0, 100)], "minItems": 2, "maxItems": 2}),
            "cap": _block(parse_adjust.CAP_KEYS, when=_ref("condition"), at=_number(0, 100), because=_text()),
            "condition": _condition(),
        },
    }


def schema_text(metrics: Collection[str] = (), scorers: Collection[str] = ()) -> str:
    """The schema as the text of a file."""
    return json.dumps(model_json_schema(metrics, scorers), indent=2) + "\n"


def published_schema() -> str:
    """The text of the schema that comes with AccountPulse."""
    return (files("accountpulse.config") / FILE_NAME).read_text(encoding="utf-8")


def _group(keys: Keys, metric: str) -> Schema:
    name = {"type": "string", "pattern": f"^{parse.NAME.pattern}$"}
    return _block(keys, name=name, weight=_number(0), metrics=_list(_ref(metric)))


def _metric(keys: Keys, metrics: Collection[str]) -> Schema:
    most = parse.MOST_POINTS
    pair = {"type": "array", "items": _number(-most, most), "minItems": 2, "maxItems": 2}
    return _block(
        keys,
        metric=_offered(_text(), sorted(metrics)),
        normalise=_ref("normaliser"),
        weight=_number(0),
        typical=_number(0, 100),
        missing={"enum": [*MISSING_POLICIES]},
        points={"oneOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": most}, pair]},
    )


def _normaliser() -> Schema:
    points, days = _ref("points"), {"type": "integer", "minimum": 1, "maximum": parse_normaliser.MAX_DAYS}
    baseline = _block(
        parse_normaliser.BASELINE_KEYS,
        days=days,
        every=days,
        middle={"enum": [*parse_normaliser.MIDDLES]},
        change={"enum": [*parse_normaliser.CHANGES]},
        linear={"allOf": [points], "minItems": 2},
        steps=points,
    )
    baseline["oneOf"] = [{"required": [shape]} for shape in parse_normaliser.SHAPES]
    made = _block(
        {"optional": parse_normaliser.NORMALISERS},
        linear={"allOf": [points], "minItems": 2},
        steps=points,
        categories=_block(
            parse_normaliser.CATEGORY_KEYS, scores=points, other={"type": ["number", "null"], "minimum": 0, "maximum": 100}
        ),
        percentile={"enum": ["higher", "lower"]},
        baseline=baseline,
    )
    return {**made, "minProperties": 1, "maxProperties": 1}


def _worst_of() -> Schema:
    parts = {**_list(_text()), "uniqueItems": True}
    return {"oneOf": [parts, _block(parse_adjust.WORST_OF_KEYS, parts=parts, margin=_number(0, 100))]}


def _roll_up() -> Schema:
    share = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
    source = {"enum": [*parse_adjust.ROLL_UP_SOURCES], "description": "Which accounts: those whose parent it is."}
    return _block(parse_adjust.ROLL_UP_KEYS, how={"enum": [*ROLL_UPS]}, share=share, **{"from": source})


def _steadiness() -> Schema:
    most = parse_adjust.MOST_EVALUATIONS
    limit = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 100}
    rule = _block(
        parse_adjust.STEADINESS_KEYS,
        dead_band=_number(0, 100),
        rise_after={"type": "integer", "minimum": 1, "maximum": most},
        dwell={"type": "integer", "minimum": 0, "maximum": most},
        points_per_day=limit,
    )
    return {"oneOf": [{**rule, "minProperties": 1}, {"enum": ["none", False]}]}


def _condition() -> Schema:
    scalar = {"type": ["string", "number", "boolean"]}
    tests: dict[str, Schema] = {
        **dict.fromkeys(("eq", "ne"), scalar),
        **{key: {"type": "number"} for key in ("lt", "lte", "gt", "gte")},
        "in": _list(scalar),
        "contains": {"type": "string"},
        "missing": {"type": "boolean"},
    }
    test = {**_block({"optional": OPERATORS["any"]}, **tests), "minProperties": 1}
    several = {name: _list(_ref("condition")) for name in COMBINATIONS if name != "not"}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {**several, "not": _ref("condition")},
        "additionalProperties": test,
    }


def _block(keys: Keys, **properties: Schema) -> Schema:
    """A mapping with these keys and no others. `properties` may know more keys than this table allows."""
    required, optional = keys.get("required", ()), keys.get("optional", ())
    described = {key: _described(key, properties[key]) for key in (*required, *optional)}
    made: Schema = {"type": "object", "properties": described, "additionalProperties": False}
    return {**made, "required": [*required]} if required else made


def _described(key: str, schema: Schema) -> Schema:
    if key not in DESCRIPTIONS or "description" in schema:
        return schema
    # Whatever stands beside a $ref is ignored in draft 7.
    inner = {"allOf": [schema]} if "$ref" in schema else schema
    return {"description": DESCRIPTIONS[key], **inner}


def _offered(schema: Schema, names: Collection[str]) -> Schema:
    """What the schema allows, with some names that an editor can offer."""
    return {"anyOf": [{"enum": [*names]}, schema]} if names else schema


def _number(low: float, high: float | None = None) -> Schema:
    made: Schema = {"type": "number", "minimum": low}
    return made if high is None else {**made, "maximum": high}


def _text() -> Schema:
    return {"type": "string", "pattern": r"\S"}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
