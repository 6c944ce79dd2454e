"""Models, inputs and metrics for the scoring tests; the strategies draw any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from accountpulse.core.metrics.declare import Better, Metric, count, metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.backdrop import Backdrop, Line, Numbers
from accountpulse.core.scoring.bands import PRESETS
from accountpulse.core.scoring.conditions import Columns, Comparison
from accountpulse.core.scoring.evaluate import Evaluation, evaluate
from accountpulse.core.scoring.model import (
    DEFAULT_STEADINESS,
    MISSING_POLICIES,
    Cap,
    MetricGroup,
    MetricLine,
    RollUp,
    ScoringModel,
    Steadiness,
    WorstOf,
)
from accountpulse.core.scoring.normalise import Baseline, Linear, Normaliser, Percentile, Steps
from accountpulse.core.scoring.peers import Peers, States, peers_of
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.scorer import Floats
from accountpulse.core.scoring.types import Component
from accountpulse.core.scoring.weighted import WeightedScorer

SCORERS = {"weighted": WeightedScorer, "points": PointsScorer}
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


def line(
    name: str,
    weight: float = 1,
    *,
    normaliser: Normaliser = IDENTITY,
    typical: float = 50,
    missing: str = "typical",
    points: tuple[float, float] | None = None,
):
    return MetricLine(name, weight, normaliser, typical, missing, points)  # type: ignore[arg-type]


def model_with(
    *groups: tuple[float, list[MetricLine]], floor: float = 0.4, bands: str = "red-yellow-green", **more
) -> ScoringModel:
    made = tuple(MetricGroup(f"group{i}", float(weight), tuple(lines)) for i, (weight, lines) in enumerate(groups))
    scorer = "points" if any(item.points for group in made for item in group.metrics) else "weighted"
    return ScoringModel("tested", "churn", scorer, floor, PRESETS[bands], made, **more)


@st.composite
def points(draw, *, direction: str | None = None, least: int = 1):
    values = sorted(draw(st.sets(st.integers(-1000, 1000), min_size=least, max_size=6)))
    levels = draw(st.lists(scores, min_size=len(values), max_size=len(values)))
    if direction:
        levels.sort(reverse=direction == "lower")
    return tuple((float(value), level) for value, level in zip(values, levels, strict=True))


normalisers = st.one_of(
    st.builds(Linear, points(least=2)),
    st.builds(Steps, points()),
    st.builds(Percentile, st.sampled_from(["higher", "lower"])),
    st.builds(
        Baseline,
        st.one_of(st.builds(Linear, points(least=2)), st.builds(Steps, points())),
        st.just(90),
        st.sampled_from([30, 90]),
        st.sampled_from(["mean", "median"]),
        st.sampled_from(["relative", "absolute"]),
    ),
)
numbers_of_points = (
    st.floats(-100, 99)
    .flatmap(lambda low: st.tuples(st.just(low), st.floats(low + 0.5, 100)))
    .map(
        lambda pair: (pair[0] + 0.0, pair[1] + 0.0)  # as every model that was read: -0.0 and 0.0 are the same number
    )
)
caps = st.builds(
    Cap,
    st.builds(Comparison, st.just("overdue_days"), st.sampled_from(["gt", "lte"]), st.sampled_from([0.0, 30.0])),
    scores,
    st.just("for a reason"),
)
steadinesses = st.builds(
    Steadiness,
    st.sampled_from([0.0, 1.0, 5.0, 12.5, 100.0]),
    st.integers(1, 4),
    st.integers(0, 4),
    st.sampled_from([None, 0.5, 3.0, 20.0]),
)
roll_ups = st.builds(RollUp, st.sampled_from(["arr_weighted_mean", "worst"]), st.floats(0.01, 1))


@st.composite
def models(draw, scorer: str = "weighted"):
    groups = []
    for g in range(draw(st.integers(1, 4))):
        lines = tuple(
            MetricLine(
                f"metric_{g}_{i}",
                1.0 if scorer == "points" else draw(weights),
                draw(normalisers),
                draw(scores),
                draw(st.sampled_from(MISSING_POLICIES)),
                draw(numbers_of_points) if scorer == "points" else None,
            )
            for i in range(draw(st.integers(1, 4)))
        )
        groups.append(MetricGroup(f"group_{g}", 1.0 if scorer == "points" else draw(weights), lines))
    if scorer == "weighted" and not any(
        group.weight > 0 and any(item.weight > 0 for item in group.metrics) for group in groups
    ):
        groups.append(MetricGroup("heavy_group", 1.0, (MetricLine("heavy", 1.0, IDENTITY, 50.0, "typical"),)))
    bands = PRESETS[draw(st.sampled_from(sorted(PRESETS)))]
    parts = [group.name for group in groups] + [item.metric for group in groups for item in group.metrics]
    return ScoringModel(
        "any",
        "churn",
        scorer,
        draw(st.floats(0, 1)),
        bands,
        tuple(groups),
        base=draw(scores) if scorer == "points" else None,
        caps=tuple(draw(st.lists(caps, max_size=2))),
        worst_of=draw(
            st.none()
            | st.builds(
                WorstOf, st.lists(st.sampled_from(parts), min_size=1, unique=True).map(tuple), st.sampled_from([0.0, 7.0])
            )
        ),
        roll_up=draw(st.none() | roll_ups),
        steadiness=draw(st.just(DEFAULT_STEADINESS) | steadinesses),
    )


@dataclass
class Case:
    model: ScoringModel
    values: Floats
    states: States
    peers: Peers | None
    columns: Columns
    usual: Floats

    def evaluate(self) -> Evaluation:
        scorer = self.model.make_scorer(SCORERS)
        return evaluate(self.model, scorer, self.values, self.states, self.peers, columns=self.columns, usual=self.usual)

    def only(self, i: int) -> Case:
        """The case of one account alone."""
        columns = {name: column[i : i + 1] for name, column in self.columns.items()}
        at = slice(i, i + 1)
        return Case(self.model, self.values[at], self.states[at], self.peers, columns, self.usual[at])


@st.composite
def cases(draw, scorer: str | None = None, *, model: ScoringModel | None = None, accounts: int | None = None):
    """A model, and a segment of 0 to 6 accounts with any values and states; peers from them, from others, or none."""
    model = model or draw(models(scorer or draw(st.sampled_from(["weighted", "points"]))))
    n, k = draw(st.integers(0, 6)) if accounts is None else accounts, len(model.lines)

    def matrix(rows, cells, dtype):
        drawn = draw(st.lists(cells, min_size=rows * k, max_size=rows * k))
        return np.array(drawn, dtype=dtype).reshape(rows, k)

    state_codes = st.one_of(st.just(0), st.sampled_from([int(state) for state in ComponentState]))
    values, states = matrix(n, odd_numbers, np.float64), matrix(n, state_codes, np.int8)
    overdue = draw(st.lists(st.sampled_from([0.0, 20.0, 40.0, float("nan")]), min_size=n, max_size=n))
    usual = matrix(n, st.one_of(numbers, st.just(float("nan"))), np.float64)
    source = draw(st.sampled_from(["none", "own", "others"]))
    peers = None
    if source == "own":
        peers = peers_of(model, values, states, usual)
    elif source == "others":
        others = draw(st.integers(0, 5))
        peers = peers_of(model, matrix(others, odd_numbers, np.float64), matrix(others, state_codes, np.int8))
    return Case(model, values, states, peers, {"overdue_days": np.array(overdue, dtype=np.float64)}, usual)


def kept(parts: Sequence[Component]) -> tuple[Backdrop, bytes, dict[str, str]]:
    """Components as the store keeps them, with all their reasons in words."""
    lines = tuple(
        Line(p.metric, p.title, p.group, p.unit, False, None, p.sources, p.weight, p.typical_component, p.typical_value)
        for p in parts
    )
    given = [
        [[np.nan if v is None else v for v in row]]
        for row in zip(*((p.value, p.component, p.delta) for p in parts), strict=True)
    ]
    value, component, delta = np.array(given, dtype=np.float64)
    nothing = np.full(value.shape, np.nan)
    numbers = Numbers(value, component, delta, nothing, nothing, np.array([[p.state for p in parts]], dtype=np.int8))
    return Backdrop("s", "", 30, lines), numbers.pack()[0], {str(i): part.reason for i, part in enumerate(parts)}
