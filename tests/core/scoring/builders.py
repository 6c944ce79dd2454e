"""Models, inputs and metrics for the scoring tests; the strategies draw any of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from accountpulse.core.metrics.declare import Better, Metric, count, metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import PRESETS
from accountpulse.core.scoring.model import MISSING_POLICIES, MetricGroup, MetricLine, ScoringModel
from accountpulse.core.scoring.normalise import Linear, Normaliser, Percentile, Steps
from accountpulse.core.scoring.peers import Peers, States, peers_of
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.weighted import WeightedScorer

SCORERS = {"weighted": WeightedScorer}
IDENTITY = Linear(((0.0, 0.0), (100.0, 100.0)))

weights = st.one_of(st.just(0.0), st.floats(0.001, 1000))
scores = st.floats(0, 100)
numbers = st.one_of(st.floats(-1e9, 1e9), st.sampled_from([0.0, 1.0, 2.0]))
odd_numbers = st.one_of(numbers, st.sampled_from([float("nan"), float("inf"), float("-inf")]))


def a_metric(
    name: str = "logins_30d", *, unit: str = "logins", better: Better | None = "higher", money: bool = False
) -> Metric:
    return metric(
        name, "n", title="Logins", group="usage", unit=unit, better=better, money=money, n=count("usage_day", window=30)
    )


def line(name: str, weight: float = 1, *, normaliser: Normaliser = IDENTITY, typical: float = 50, missing: str = "typical"):
    return MetricLine(name, weight, normaliser, typical, missing)  # type: ignore[arg-type]


def model_with(*groups: tuple[float, list[MetricLine]], floor: float = 0.4, bands: str = "red-yellow-green") -> ScoringModel:
    made = tuple(MetricGroup(f"group{i}", float(weight), tuple(lines)) for i, (weight, lines) in enumerate(groups))
    return ScoringModel("tested", "churn", "weighted", floor, PRESETS[bands], made)


@st.composite
def points(draw, *, direction: str | None = None):
    values = sorted(draw(st.sets(st.integers(-1000, 1000), min_size=1, max_size=6)))
    levels = draw(st.lists(scores, min_size=len(values), max_size=len(values)))
    if direction:
        levels.sort(reverse=direction == "lower")
    return tuple((float(value), level) for value, level in zip(values, levels, strict=True))


normalisers = st.one_of(
    st.builds(Linear, points()), st.builds(Steps, points()), st.builds(Percentile, st.sampled_from(["higher", "lower"]))
)


@st.composite
def models(draw):
    groups = []
    for g in range(draw(st.integers(1, 4))):
        lines = tuple(
            MetricLine(
                f"metric_{g}_{i}", draw(weights), draw(normalisers), draw(scores), draw(st.sampled_from(MISSING_POLICIES))
            )
            for i in range(draw(st.integers(1, 4)))
        )
        groups.append(MetricGroup(f"group_{g}", draw(weights), lines))
    if not any(group.weight > 0 and any(item.weight > 0 for item in group.metrics) for group in groups):
        groups.append(MetricGroup("heavy", 1.0, (MetricLine("heavy", 1.0, IDENTITY, 50.0, "typical"),)))
    bands = PRESETS[draw(st.sampled_from(sorted(PRESETS)))]
    return ScoringModel("any", "churn", "weighted", draw(st.floats(0, 1)), bands, tuple(groups))


@dataclass
class Case:
    model: ScoringModel
    values: Floats
    states: States
    peers: Peers | None


@st.composite
def cases(draw):
    """A model, and a segment of 0 to 6 accounts with any values and states; peers from them, from others, or none."""
    model = draw(models())
    n, k = draw(st.integers(0, 6)), len(model.lines)

    def matrix(rows, cells, dtype):
        drawn = draw(st.lists(cells, min_size=rows * k, max_size=rows * k))
        return np.array(drawn, dtype=dtype).reshape(rows, k)

    state_codes = st.one_of(st.just(0), st.sampled_from([int(state) for state in ComponentState]))
    values, states = matrix(n, odd_numbers, np.float64), matrix(n, state_codes, np.int8)
    source = draw(st.sampled_from(["none", "own", "others"]))
    if source == "none":
        return Case(model, values, states, None)
    if source == "own":
        return Case(model, values, states, peers_of(model, values, states))
    others = draw(st.integers(0, 5))
    peers = peers_of(model, matrix(others, odd_numbers, np.float64), matrix(others, state_codes, np.int8))
    return Case(model, values, states, peers)
