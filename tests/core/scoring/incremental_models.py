"""Models and segments of the company that everything happens to: every policy, roll-up, cap and kind of metric is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.declare import rows, table_metric
from accountpulse.core.metrics.engine import Floats
from accountpulse.core.metrics.tables import Table, Tables
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules


def pause(uses: Table) -> float:
    days = np.unique(uses["day"])
    if len(days) % 5 == 3:
        raise ValueError("a bug")
    return float(np.diff(days).astype(float).max(initial=0))


@table_metric(
    "longest_pause",
    title="Longest pause",
    group="usage",
    unit="days",
    better="lower",
    uses=rows("usage_day", "day", where="count > 0", window=45),
)
def LONGEST_PAUSE(tables: Tables) -> Floats:
    return tables["uses"].apply(pause)


METRICS = {m.name: m for m in (*BUILTIN, LONGEST_PAUSE)}


def line(metric: str, normalise: dict[str, Any], missing: str = "typical") -> dict[str, Any]:
    return {"metric": metric, "weight": 1, "normalise": normalise, "typical": 50, "missing": missing}


def linear(*points: tuple[float, float]) -> dict[str, Any]:
    return {"linear": [list(p) for p in points]}


BANDS = [
    {"name": "red", "from": 0, "to": 40},
    {"name": "yellow", "from": 40, "to": 70},
    {"name": "green", "from": 70, "to": 100},
]
USAGE = [
    line("logins_30d", {"percentile": "higher"}),
    line("usage_trend_30d", linear((-1, 0), (1, 100)), "exclude"),
    line("days_since_last_activity", linear((0, 100), (60, 0)), "worst"),
    line("adoption_90d", linear((0, 0), (1, 100)), "neutral"),
    line("longest_pause", linear((0, 100), (30, 0)), "exclude"),
    line(
        "active_days_30d",
        {"baseline": {"days": 60, "every": 20, "middle": "mean", "change": "relative", **linear((-1, 0), (1, 100))}},
    ),
]
SUPPORT = [
    line("open_urgent_tickets", linear((0, 100), (3, 0))),
    line("resolution_hours_90d", linear((0, 100), (200, 0))),
    line("oldest_open_ticket_days", linear((0, 100), (90, 0)), "exclude"),
    line("csat_90d", linear((0, 0), (1, 100))),
]
MONEY = [
    line("mrr_change_90d", {"percentile": "higher"}),
    line("overdue_days", linear((0, 100), (60, 0)), "exclude"),
    line("overdue_amount", linear((0, 100), (100_000, 0))),
    line("pulse_latest", linear((0, 0), (100, 100)), "exclude"),
]


def model(name: str, groups: dict[str, list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "goal": "churn",
        "scorer": "weighted",
        "coverage_floor": 0.2,
        "bands": BANDS,
        "groups": [{"name": n, "weight": i + 1, "metrics": lines} for i, (n, lines) in enumerate(groups.items())],
        **more,
    }


CAPS = [
    {"when": {"open_urgent_tickets": {"gte": 2}}, "at": 45, "because": "urgent tickets"},
    {"when": {"custom.tier": {"eq": "b"}}, "at": 80, "because": "tier b"},
]
MODELS = {
    "whole": model(
        "whole",
        {"usage": USAGE, "support": SUPPORT, "money": MONEY},
        caps=CAPS,
        roll_up={"from": "children", "how": "arr_weighted_mean", "share": 0.4},
    ),
    "young": model("young", {"usage": USAGE[:3], "support": SUPPORT[:2]}, worst_of={"parts": ["support"], "margin": 10}),
    "other": model(
        "other",
        {
            "usage": [line("logins_30d", linear((0, 0), (20, 100))), line("top_user_share_30d", linear((0, 100), (1, 0)))],
            "support": [line("tickets_30d", linear((0, 100), (5, 0))), *SUPPORT[:1]],
        },
        roll_up={"from": "children", "how": "worst", "share": 1.0},
    ),
}
RULES = [
    {"name": "young", "model": "young", "when": {"tenure_days": {"lt": 90}}},
    {"name": "large", "model": "whole", "when": {"any": [{"mrr": {"gte": 9000}}, {"plan": {"eq": "enterprise"}}]}},
    {"name": "rest", "model": "whole", "default": True},
]


def draft(rest: str = "whole", large: int = 9000) -> Draft:
    when = {"any": [{"mrr": {"gte": large}}, {"plan": {"eq": "enterprise"}}]}
    rules, problems = parse_rules([RULES[0], {**RULES[1], "when": when}, {**RULES[2], "model": rest}])
    assert not problems
    return Draft(tuple(rules), {name: model_of(content) for name, content in MODELS.items()})
