"""Reads what moves a score after its components: `caps`, `worst_of`, `roll_up` and `steadiness` of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from accountpulse.core.scoring.model import (
    DEFAULT_STEADINESS,
    NO_STEADINESS,
    ROLL_UPS,
    Cap,
    MetricGroup,
    RollUp,
    RollUpHow,
    Steadiness,
    WorstOf,
)
from accountpulse.core.scoring.problems import Path, Reader, did_you_mean
from accountpulse.core.scoring.segments import FieldKind, parse_condition

CAP_KEYS = {"required": ("when", "at", "because")}
WORST_OF_KEYS = {"required": ("parts",), "optional": ("margin",)}
ROLL_UP_KEYS = {"required": ("from",), "optional": ("how", "share")}
ROLL_UP_SOURCES = ("children",)
STEADINESS_KEYS = {"optional": ("dead_band", "rise_after", "dwell", "points_per_day")}
DEFAULT_SHARE = 0.5
MOST_EVALUATIONS = 90
"""As far back as every move of the history is sure to be kept: see `retention.py`."""


def read_caps(reader: Reader, data: object, fields: Mapping[str, FieldKind] | None) -> tuple[Cap, ...]:
    """The caps that are right; problems with the others are noted. fields: what conditions may read, None for anything."""
    items = reader.items(data, ("caps",), "cap such as {when: {overdue_days: {gt: 60}}, at: 40, because: ...}")
    read = [_cap(reader, item, ("caps", i), fields) for i, item in enumerate(items or [])]
    return tuple(cap for cap in read if cap is not None)


def _cap(reader: Reader, data: object, path: Path, allowed: Mapping[str, FieldKind] | None) -> Cap | None:
    fields = reader.mapping(data, path, **CAP_KEYS)
    if fields is None:
        return None
    condition = None
    if "when" in fields:
        condition, problems = parse_condition(fields["when"], fields=allowed, path=(*path, "when"))
        reader.problems.extend(problems)
    at = reader.number(fields["at"], (*path, "at"), 0, 100) if "at" in fields else None
    reason = 'the reason in a few words, such as "overdue for more than 60 days"'
    because = reader.text(fields["because"], (*path, "because"), reason) if "because" in fields else None
    return None if condition is None or at is None or because is None else Cap(condition, at, because)


def read_worst_of(reader: Reader, data: object, groups: Sequence[MetricGroup]) -> WorstOf | None:
    """The rule, from a list of parts or a mapping of `parts` and `margin`. groups: those of the model, empty if not known."""
    path: Path = ("worst_of",)
    margin: float | None = 0.0
    if isinstance(data, Mapping):
        fields = reader.mapping(data, path, **WORST_OF_KEYS)
        if fields is None or "parts" not in fields:
            return None
        margin = reader.number(fields.get("margin", 0), (*path, "margin"), 0, 100)
        data, path = fields["parts"], (*path, "parts")
    elif not isinstance(data, list):
        reader.wrong(path, data, "a list of groups or metrics of this model, or {parts: [...], margin: 10}")
        return None
    items = reader.items(data, path, "group or metric of this model")
    names = [_part(reader, item, (*path, i), groups) for i, item in enumerate(items or [])]
    parts = tuple(name for name in names if name is not None)
    for i, name in enumerate(names):
        if name is not None and name in names[:i]:
            reader.add((*path, i), f"duplicate part {name!r}; name each once")
    return WorstOf(parts, margin) if parts and len(parts) == len(names) and margin is not None else None


def _part(reader: Reader, data: object, path: Path, groups: Sequence[MetricGroup]) -> str | None:
    name = reader.text(data, path, "the name of a group or metric of this model")
    if name is None or not groups:
        return name
    group_names = [group.name for group in groups]
    metrics = [line.metric for group in groups for line in group.metrics]
    if name in group_names and name in metrics:
        reader.add(path, f"{name!r} is a group and a metric of this model; give the group another name")
        return None
    if name not in group_names and name not in metrics:
        known = [*group_names, *metrics]
        reader.add(
            path,
            f"no group or metric of this model is called {name!r}{did_you_mean(name, known)}; groups: "
            f"{', '.join(group_names)}; metrics: {', '.join(metrics)}",
        )
        return None
    return name


def read_roll_up(reader: Reader, data: object) -> RollUp | None:
    """The rule."""
    path: Path = ("roll_up",)
    fields = reader.mapping(data, path, **ROLL_UP_KEYS)
    if fields is None:
        return None
    source = reader.choice(fields["from"], (*path, "from"), ROLL_UP_SOURCES) if "from" in fields else None
    how = reader.choice(fields.get("how", ROLL_UPS[0]), (*path, "how"), ROLL_UPS)
    share = reader.number(fields.get("share", DEFAULT_SHARE), (*path, "share"), 0, 1)
    if share == 0:
        reader.wrong((*path, "share"), fields["share"], "a share above 0, up to 1 (the children's score alone)")
    return None if source is None or how is None or not share else RollUp(cast(RollUpHow, how), share)


def read_steadiness(reader: Reader, data: object) -> Steadiness | None:
    """The rule, with the usual values for keys that are left out."""
    path: Path = ("steadiness",)
    if data is False or data == "none":
        return NO_STEADINESS
    if not isinstance(data, Mapping) or not data:
        allowed = "a mapping such as {dead_band: 5, rise_after: 3}, or none to publish every raw band at once"
        reader.wrong(path, data, f"{allowed}; leave the key out for the usual steadiness")
        return None
    fields = reader.mapping(data, path, **STEADINESS_KEYS)
    if fields is None:
        return None
    usual = DEFAULT_STEADINESS
    dead_band = reader.number(fields.get("dead_band", usual.dead_band), (*path, "dead_band"), 0, 100)
    rise_after = _evaluations(reader, fields.get("rise_after", usual.rise_after), (*path, "rise_after"), 1)
    dwell = _evaluations(reader, fields.get("dwell", usual.dwell), (*path, "dwell"), 0)
    limit = fields.get("points_per_day")
    points = None if limit is None else reader.number(limit, (*path, "points_per_day"), 0, 100)
    if points == 0:
        reader.wrong((*path, "points_per_day"), limit, "points above 0; leave it out, or write null, for no limit")
        return None
    if dead_band is None or rise_after is None or dwell is None or (limit is not None and points is None):
        return None
    return Steadiness(dead_band, rise_after, dwell, points)


def _evaluations(reader: Reader, data: object, path: Path, least: int) -> int | None:
    number = reader.number(data, path, least, MOST_EVALUATIONS)
    if number is not None and not number.is_integer():
        reader.wrong(path, data, "a whole number of evaluations")
        return None
    return None if number is None else int(number)
