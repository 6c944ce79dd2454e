"""From scores to probabilities, and whether these come true: pure functions over arrays, one entry a snapshot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accountpulse.core.audit.figures import SEED, Floats, Interval, Mask, rate_interval

BINS = 10
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """How probabilities fitted on earlier snapshots came true on later ones.

    brier: mean squared error. skill: its improvement over saying the later half's own rate of everybody, at most 1. slope: 1 is
    right; below 1 the probabilities are too extreme. intercept: 0 is right; below 0 they are too high. ece: the expected
    calibration error over ten bins; floor, floor_p95: what a perfect model would show with as many snapshots, by luck alone.
    """

    fitted_on: int
    fitted_events: int
    judged_on: int
    judged_events: int
    brier: float
    skill: float | None
    slope: float | None
    intercept: float | None
    ece: float
    floor: float
    floor_p95: float


@dataclass(frozen=True, slots=True)
class ReliabilityRow:
    """One tenth of the snapshots by score: its scores, and how many left."""

    low: float
    high: float
    snapshots: int
    events: int
    rate: Interval


def logistic(x: Floats, y: Floats) -> tuple[float, float]:
    """Fit p = 1 / (1 + exp(-(a + b x))) by Newton's method; returns (a, b). y: targets, 0..1."""
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(2)
    for _ in range(_STEPS):
        p = _sigmoid(design @ beta)
        weight = np.maximum(p * (1 - p), 1e-9)
        # The tiny ridge keeps a constant score from making the system singular.
        hessian = design.T @ (design * weight[:, None]) + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (y - p) - 1e-6 * beta)
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[0]), float(beta[1])


def platt(health: Floats, event: Mask) -> tuple[float, float]:
    """Fit the probability of leaving on the score, after Platt: (a, b) of `churn_probability`."""
    events = int(event.sum())
    # Platt's targets: nothing is certain, so that a score which separates perfectly does not give infinite odds.
    targets = np.where(event, (events + 1) / (events + 2), 1 / (len(event) - events + 2))
    return logistic(_scaled(health), targets)


def churn_probability(health: Floats, fit: tuple[float, float]) -> Floats:
    """The probability of leaving, by a fit of `platt`."""
    return _sigmoid(fit[0] + fit[1] * _scaled(health))


def brier(probability: Floats, event: Mask) -> float:
    """The mean squared error of probabilities."""
    return float(((probability - event) ** 2).mean())


def expected_calibration_error(probability: Floats, event: Mask, bins: int = BINS) -> float:
    """The mean distance of probability and rate over equally filled bins, by probability."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(probability[part].mean()) - float(event[part].mean())) * len(part) for part in parts]
    return sum(gaps) / len(order)


def calibration_floor(probability: Floats, *, repeats: int = 200, seed: int = SEED) -> tuple[float, float]:
    """The calibration error that these probabilities would show if they were right: its mean and its 95th percentile."""
    random = np.random.default_rng(seed)
    drawn = [expected_calibration_error(probability, random.random(len(probability)) < probability) for _ in range(repeats)]
    return float(np.mean(drawn)), float(np.percentile(drawn, 95))


def calibrate(early_health: Floats, early_event: Mask, health: Floats, event: Mask) -> Calibration:
    """Fit on early snapshots, judge on later ones."""
    probability = churn_probability(health, platt(early_health, early_event))
    odds = np.log(probability / (1 - probability))
    slope = intercept = None
    if 0 < event.sum() < len(event) and np.ptp(odds) > 1e-9:
        intercept, slope = logistic(odds, event.astype(np.float64))
    error = brier(probability, event)
    constant = brier(np.full(len(event), event.mean()), event)
    floor, p95 = calibration_floor(probability)
    return Calibration(
        fitted_on=len(early_event),
        fitted_events=int(early_event.sum()),
        judged_on=len(event),
        judged_events=int(event.sum()),
        brier=error,
        skill=1 - error / constant if constant else None,
        slope=slope,
        intercept=intercept,
        ece=expected_calibration_error(probability, event),
        floor=floor,
        floor_p95=p95,
    )


def reliability(health: Floats, event: Mask, bins: int = BINS) -> tuple[ReliabilityRow, ...]:
    """What became of each tenth of the snapshots, lowest scores first."""
    order = np.argsort(health, kind="stable")
    rows = []
    for part in np.array_split(order, bins):
        if len(part):
            events = int(event[part].sum())
            low, high = float(health[part[0]]), float(health[part[-1]])
            rows.append(ReliabilityRow(low, high, len(part), events, rate_interval(events, len(part))))
    return tuple(rows)


def _scaled(health: Floats) -> Floats:
    """Points below the middle, in tens: near 1, where Newton's method is at ease."""
    scaled: Floats = (50.0 - health) / 10.0
    return scaled


def _sigmoid(x: Floats) -> Floats:
    p: Floats = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return p
