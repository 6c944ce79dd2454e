from __future__ import annotations

from math import nan

import pytest
from tests.core.scoring.builders import a_metric

from accountpulse.core.metrics.declare import median, metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.words import Wording, format_money, format_value, points, unknown

LOGINS = Wording(a_metric(), "enterprise")
REPLY = Wording(
    metric(
        "first_reply_hours_90d",
        "h",
        title="First reply",
        group="support",
        unit="hours",
        better="lower",
        h=median("ticket", "1", window=90),
    ),
    "enterprise",
)


def measured(
    wording: Wording,
    value: float,
    delta: float,
    typical_value: float | None = None,
    previous: float = nan,
    days: int = 30,
    usual: float = nan,
) -> str:
    return wording.speaker(typical_value, days)(value, delta, previous, usual)


def test_a_change_is_told_as_one():
    told = measured(LOGINS, 9, -11.26, typical_value=40, previous=42)
    assert told == "Logins fell from 42 to 9 in 30 days: -11.3 points against a typical enterprise account"
    assert measured(LOGINS, 50, 2, typical_value=40, previous=42, days=7).startswith("Logins rose from 42 to 50 in 7 days")


def test_a_move_too_small_to_be_the_reason_is_not_told_as_one():
    assert measured(LOGINS, 9, -11.26, typical_value=40, previous=10) == (
        "Logins at 9 (30 days ago: 10), still behind a typical enterprise account: -11.3 points"
    )
    assert measured(LOGINS, 9, -11.26, typical_value=14, previous=10).startswith("Logins fell from 10 to 9 in 30 days")
    assert measured(LOGINS, 900, -3, previous=950) == (
        "Logins at 900 (30 days ago: 950), still behind what the model calls typical: -3.0 points"
    )


def test_without_a_previous_value_it_is_compared_with_its_peers():
    assert measured(REPLY, 9.4, -4.2, typical_value=3.1) == (
        "First reply at 9.4 hours; typical enterprise accounts at 3.1 hours: -4.2 points"
    )
    assert measured(REPLY, 3.12, 0.01, typical_value=3.1, previous=3.09) == (
        "First reply at 3.1 hours, as typical enterprise accounts: no points"
    )
    assert measured(REPLY, 1, 3) == "First reply at 1 hour; no enterprise account to compare with: +3.0 points"
    assert "against what the model calls typical" in measured(LOGINS, 9, -3, previous=42)


@pytest.mark.parametrize(
    ("state", "policy", "told"),
    [
        ("NOT_CONNECTED", "typical", "No product usage is connected: contributes nothing"),
        ("NO_DATA", "exclude", "Logins has no data for this account: its weight goes to the other metrics"),
        ("NEVER_SYNCED", "neutral", "Product usage has not finished its first load: counted as 50 of 100"),
        ("STALE", "worst", "Product usage data is out of date: counted as 0 of 100"),
        ("FAILED", "typical", "Logins could not be computed: contributes nothing"),
        ("NOT_APPLICABLE", "worst", "Logins does not apply to this account: left out"),
    ],
)
def test_unknown_says_why_and_what_follows(state, policy, told):
    stand_in = {"neutral": "50 of 100", "worst": "0 of 100"}.get(policy, "")
    assert unknown(a_metric(), ComponentState[state], policy, stand_in=stand_in) == told


def test_a_known_cause_is_told():
    told = unknown(a_metric(), ComponentState.STALE, "typical", "usage days have not been read since 2026-03-01 (app)")
    assert told == "Logins is unknown, as usage days have not been read since 2026-03-01 (app): contributes nothing"
    told = unknown(a_metric(), ComponentState.NOT_CONNECTED, "typical", "no connection provides pulses")
    assert told == "No connection provides pulses: contributes nothing", "a CRM may well be connected"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.125, "share", "12.5%"),
        (1, "share", "100%"),
        (0.3, "change", "+30%"),
        (-0.5, "change", "-50%"),
        (-0.0001, "change", "0%"),
        (3.14, "hours", "3.1 hours"),
        (1, "days", "1 day"),
        (123456.7, "events", "123,457"),
        (42, "logins", "42"),
        (-0.01, "logins", "0"),
    ],
)
def test_numbers_are_written_by_their_unit(value, unit, text):
    assert format_value(value, unit) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (120_000, "EUR", "EUR 1,200"),
        (1250, "EUR", "EUR 12.50"),
        (900, "JPY", "JPY 900"),
        (1500, "KWD", "KWD 1.500"),
        (-1250, "USD", "USD -12.50"),
        (0, "USD", "USD 0"),
        (-0.2, "USD", "USD 0.00"),
    ],
)
def test_money_is_written_in_its_currency(minor, currency, text):
    assert format_money(minor, currency) == text
    assert format_value(minor, "minor units", currency=currency, money=True) == text


def test_a_baseline_is_told_as_what_is_usual():
    told = measured(LOGINS, 9, -11.26, typical_value=40, previous=12, usual=42)
    assert told == "Logins at 9, usually at 42 in this account: -11.3 points against a typical enterprise account"
    assert measured(LOGINS, 9, 0, usual=42).endswith("no points against what the model calls typical")


def test_points():
    assert [points(x) for x in (-11.26, 4, 0.04, -0.04)] == ["-11.3 points", "+4.0 points", "no points", "no points"]
