"""What a person may enter, and what is said of what can't be taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.errors import InvalidInput
from accountpulse.core.model.money import currency_codes, minor_digits
from accountpulse.core.people import checks

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: checks.words("reason", " \n"), "reason: it is empty; write a few words"),
        (lambda: checks.words("reason", "x" * 4_001), "reason: it has 4,001 characters; allowed are 4,000"),
        (lambda: checks.words("text", "a\0b"), "text: it holds a NUL character"),
        (lambda: checks.words("text", "\ud800"), "text: it holds a NUL character or half a surrogate pair"),
        (lambda: checks.person("owner", "x" * 201), "owner: it has 201 characters; allowed are 200"),
        (lambda: checks.points("score", 100.1), "score: found 100.1; allowed are 0 to 100"),
        (lambda: checks.points("score", -0.5), "score: found -0.5; allowed are 0 to 100"),
        (lambda: checks.points("score", float("nan")), "score: found nan; allowed are 0 to 100"),
        (lambda: checks.points("score", float("inf")), "score: found inf; allowed are 0 to 100"),
        (lambda: checks.expiry("until", NOW, NOW), "until: 2026-03-02 12:00 UTC is not in the future"),
        (lambda: checks.expiry("until", NOW + timedelta(days=366, seconds=1), NOW), "is more than 366 days away"),
        (lambda: checks.expiry("until", datetime(2026, 4, 1), NOW), "until: 2026-04-01T00:00:00 has no time zone"),
        (lambda: checks.expiry("until", datetime.max.replace(tzinfo=UTC), NOW), "until: 9999-12-31 23:59 UTC is more than 366"),
        (
            lambda: checks.due("by", TODAY - timedelta(days=1), TODAY),
            "by: 2026-03-01 is past; a target is for today, 2026-03-02",
        ),
        (lambda: checks.happened("at", NOW + timedelta(seconds=1), NOW), "at: 2026-03-02 12:00 UTC has not come yet"),
        (lambda: checks.happened("at", datetime(2026, 1, 1), NOW), "at: 2026-01-01T00:00:00 has no time zone"),
        (lambda: checks.one_of("kind", "lost", ("renewed", "churned")), "kind: found 'lost'; allowed are renewed, churned"),
        (lambda: checks.minor_units("amount", Decimal("1.001"), "USD"), "amount: found 1.001; USD has 2 decimals"),
        (lambda: checks.minor_units("amount", Decimal("1.5"), "JPY"), "amount: found 1.5; JPY has 0 decimals"),
        (
            lambda: checks.minor_units("amount", Decimal("-1"), "USD"),
            "amount: found -1; allowed is a number that is not negative",
        ),
        (lambda: checks.minor_units("amount", Decimal("NaN"), "USD"), "amount: found NaN"),
        (lambda: checks.minor_units("amount", Decimal("Infinity"), "USD"), "amount: found Infinity"),
        (lambda: checks.minor_units("amount", Decimal("1e400000"), "USD"), "allowed is less than 10,000,000,000,000"),
        (lambda: checks.minor_units("amount", Decimal("1e-400000"), "USD"), "USD has 2 decimals"),
        (lambda: checks.minor_units("amount", Decimal(1), "EURO"), "currency: found 'EURO'; allowed is an ISO 4217 code"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(check: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        check()
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{raised.value.field}: ")


def test_what_is_right_is_kept() -> None:
    assert checks.words("reason", "  signed \n") == "signed"
    assert [checks.points("score", value) for value in (0, 100, 42.5)] == [0.0, 100.0, 42.5]
    assert str(checks.points("score", -0.0)) == "0.0"
    east = datetime(2026, 3, 2, 13, 0, 1, tzinfo=UTC)
    assert checks.expiry("until", east, NOW) == east
    assert checks.expiry("until", NOW + timedelta(days=366), NOW) == NOW + timedelta(days=366)
    assert checks.due("by", TODAY, TODAY) == date(2026, 3, 2)
    assert checks.happened("at", NOW, NOW) == NOW
    assert checks.minor_units("amount", Decimal("1200.00"), "EUR") == 120_000
    assert checks.minor_units("amount", Decimal("1.234"), "KWD") == 1_234
    assert checks.minor_units("amount", Decimal(0), "USD") == 0


@given(st.sampled_from(currency_codes()), st.integers(0, checks.LARGEST_AMOUNT - 1))
def test_an_amount_of_minor_units_comes_back_from_major_ones(currency: str, minor: int) -> None:
    assert checks.minor_units("amount", Decimal(minor).scaleb(-minor_digits(currency)), currency) == minor
