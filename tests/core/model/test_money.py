"""Minor units come from ISO 4217's own table."""

from __future__ import annotations

import pytest

from accountpulse.core.model import currency_codes, is_currency, minor_digits


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("ISK", 0), ("UGX", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("XAU", 2), ("MRO", 2)],
)
def test_how_many_decimals_an_amount_has(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


def test_which_codes_there_are() -> None:
    assert is_currency("EUR")
    assert not is_currency("EURO")
    assert not is_currency("ZZZ")
    assert list(currency_codes()) == sorted(currency_codes())
