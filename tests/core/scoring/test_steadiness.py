"""The laws of steadiness: one evaluation as plain Python would do it, and series of many days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.scoring.bands import PRESETS, UNKNOWN, Band, band_index
from accountpulse.core.scoring.model import DEFAULT_STEADINESS, NO_STEADINESS, Steadiness
from accountpulse.core.scoring.steadiness import Before, Steady, edges, steady

RYG = PRESETS["red-yellow-green"]
RED, YELLOW, GREEN = range(3)
LONG = 1000


@st.composite
def tilings(draw):
    """Bands of any widths, down to a hundredth of a point."""
    inner = sorted(draw(st.sets(st.integers(1, 9999), min_size=0, max_size=6)))
    cuts = [0.0, *(cut / 100 for cut in inner), 100.0]
    return tuple(Band(f"band{i}", a, b) for i, (a, b) in enumerate(zip(cuts, cuts[1:], strict=False)))


any_bands = st.one_of(st.sampled_from([*PRESETS.values()]), tilings())
rules = st.builds(
    Steadiness,
    st.sampled_from([0.0, 1.0, 5.0, 12.5, 100.0]),
    st.integers(1, 4),
    st.integers(0, 4),
    st.sampled_from([None, 0.5, 3.0, 20.0]),
)
prompt_rules = rules.map(lambda rule: replace(rule, dwell=0, points_per_day=None))
# Many scores on edges and a dead band off them: that is where comparisons go wrong.
scores = st.one_of(st.floats(0, 100), st.sampled_from([0.0, 35.0, 40.0, 45.0, 64.999, 65.0, 70.0, 75.0, 100.0]))
raw_series = st.lists(st.tuples(scores, st.booleans()), min_size=1, max_size=25)


def plain(rule: Steadiness, bands: tuple[Band, ...], raw: float, raw_band: int, before: tuple[float, int, int, int, int]):
    """One account, in words: score, band and evaluations that speak for a rise, after those before."""
    score_before, band, rising, held, days = before
    first = score_before != score_before
    score = raw
    if rule.points_per_day is not None and not first:
        room = rule.points_per_day * days
        score = min(max(raw, score_before - room), score_before + room)
    lies_in = max(i for i, b in enumerate(bands) if round(score, 9) >= b.start)
    if raw_band == UNKNOWN:
        return score, UNKNOWN, 0
    if first or band == UNKNOWN:
        return score, lies_in, 0
    reach = [min(rule.dead_band, (b.end - b.start) / 2) for b in bands]
    better = [i for i in range(band + 1, len(bands)) if round(score, 9) >= round(bands[i].start + reach[i], 9)]
    rising = rising + 1 if better else 0
    if better and rising >= rule.rise_after and held >= rule.dwell:
        return score, better[-1], 0
    if band and round(score, 9) < round(bands[band].start - reach[band - 1], 9) and held >= rule.dwell:
        return score, lies_in, 0
    return score, band, rising


@st.composite
def evaluations(draw):
    rule, bands = draw(rules), draw(any_bands)
    account = st.tuples(
        st.one_of(st.just(float("nan")), scores),
        st.integers(-1, len(bands) - 1),
        st.integers(0, 5),
        st.integers(1, 6),
        st.integers(1, 9),
    )
    accounts = draw(st.lists(st.tuples(scores, st.booleans(), account), min_size=0, max_size=8))
    return rule, bands, accounts


@given(evaluations())
def test_arrays_say_what_plain_python_says(case):
    rule, bands, accounts = case
    raw = np.array([raw for raw, _, _ in accounts], dtype=np.float64)
    raw_band = np.where([known for _, known, _ in accounts], band_index(bands, raw), UNKNOWN).astype(np.int64)
    columns = [np.array([state[i] for *_, state in accounts], dtype=np.int64 if i else np.float64) for i in range(5)]
    found = steady(rule, bands, raw, raw_band, Before(*columns))
    wanted = [plain(rule, bands, raw[i], raw_band[i], state) for i, (*_, state) in enumerate(accounts)]
    assert [*zip(found.score, found.band, found.rising, strict=True)] == wanted
