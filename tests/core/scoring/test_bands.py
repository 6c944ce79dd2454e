from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.scoring.bands import PRESETS, Band, band_index, band_name, tiling_problem


@pytest.mark.parametrize("name", PRESETS)
def test_presets_tile(name):
    assert tiling_problem(PRESETS[name]) is None


@given(st.sampled_from(sorted(PRESETS)), st.floats(0, 100))
def test_every_score_is_in_exactly_one_band(name, score):
    bands = PRESETS[name]
    rounded = round(score, 9)
    holding = [i for i, b in enumerate(bands) if b.start <= rounded < b.end or (b.end == 100 and rounded == 100)]
    assert holding == [band_index(bands, np.array([score]))[0]]


@given(st.sets(st.integers(1, 99), max_size=6), st.data())
def test_moving_one_edge_of_a_tiling_breaks_it(cuts, data):
    edges = [0, *sorted(cuts), 100]
    bands = [Band(str(i), a, b) for i, (a, b) in enumerate(pairwise(edges))]
    assert tiling_problem(bands) is None
    i = data.draw(st.integers(0, len(bands) - 1))
    old = bands[i]
    bands[i] = data.draw(st.sampled_from([Band(old.name, old.start, old.end - 0.5), Band(old.name, old.start + 0.5, old.end)]))
    assert "gap" in (tiling_problem(bands) or "")
    bands[i] = data.draw(st.sampled_from([Band(old.name, old.start, old.end + 0.5), Band(old.name, old.start - 0.5, old.end)]))
    assert tiling_problem(bands) is not None


def test_edges_belong_to_the_upper_band_and_100_to_the_last():
    bands = PRESETS["red-yellow-green"]
    found = band_index(bands, np.array([0, 39.99, 40, 69.9999, 69.99999999999999, 70, 100]))
    assert [band_name(bands, i) for i in found] == ["red", "red", "yellow", "yellow", "green", "green", "green"]
    assert band_name(bands, -1) == "unknown"


def test_the_documented_presets():
    assert [(b.name, b.start, b.end) for b in PRESETS["at-risk-watch-healthy-power"]] == [
        ("at-risk", 0, 41),
        ("watch", 41, 61),
        ("healthy", 61, 81),
        ("power", 81, 100),
    ]
    assert [b.name for b in PRESETS["letters"]] == ["F", "D", "C", "B", "A"]
    assert len(PRESETS["ten"]) == 10
