"""Numbers for people: what is printed adds up."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.cli.display import StreamBars, adding_up, number, percent, signed
from accountpulse.core.sync.results import Progress

points = st.lists(st.floats(-100, 100, allow_nan=False), min_size=1, max_size=30)


@given(points)
def test_rounded_values_add_up_to_the_rounded_sum(values: list[float]) -> None:
    rounded = adding_up(values)
    assert math.fsum(rounded) == pytest.approx(round(math.fsum(values) * 10) / 10, abs=1e-6)


@given(points)
def test_no_value_is_rounded_by_more_than_one_step(values: list[float]) -> None:
    for value, rounded in zip(values, adding_up(values), strict=True):
        assert abs(value - rounded) < 0.1 + 1e-6


@given(points)
def test_what_is_zero_stays_zero(values: list[float]) -> None:
    padded = [0.0, *values, 0.0]
    rounded = adding_up(padded)
    assert rounded[0] == rounded[-1] == 0


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (math.nan, "-"), (-0.01, "0.0"), (1234.56, "1,234.6"), (-3.25, "-3.2"), (0, "0.0")]
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(2.04, "+2.0"), (-2.04, "-2.0"), (0.001, "0.0"), (-0.001, "0.0"), (None, "-")])
def test_signed_numbers(value: float | None, text: str) -> None:
    assert signed(value) == text


def test_percent() -> None:
    assert (percent(0.825), percent(1.0), percent(None)) == ("82%", "100%", "-")


def test_bars_count_what_was_read_and_nothing_else(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with StreamBars() as bars:
        bars(Progress("crm", "accounts", 1500))
        bars(Progress("crm", "accounts", 1501, done=True))
        bars(Progress("usage", "inbox", 0, done=True))
    shown = capsys.readouterr().err
    assert re.search(r"crm\.accounts .* 1,501 read.*ok", shown)
    assert re.search(r"usage\.inbox .* 0 read.*ok", shown)
    assert not re.search(r"usage\.inbox .* 1 read", shown)
