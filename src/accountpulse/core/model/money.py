"""Minor units of currencies: the one place that knows how many digits they have."""

from __future__ import annotations

from functools import cache

USUAL_DIGITS = 2


def minor_digits(currency: str) -> int:
    """How many decimals an amount of this currency has: USD 2, JPY 0, KWD 3.

    2 for what ISO 4217 does not list, or gives no minor unit: withdrawn currencies, metals.
    """
    return _digits().get(currency, USUAL_DIGITS)


def is_currency(code: str) -> bool:
    """Whether ISO 4217 lists the code today."""
    return code in _digits()


def currency_codes() -> tuple[str, ...]:
    """The codes of ISO 4217, sorted."""
    return tuple(sorted(_digits()))


@cache
def _digits() -> dict[str, int]:
    from iso4217 import Currency  # reads its table when imported, which most commands never need

    return {each.code: USUAL_DIGITS if each.exponent is None else each.exponent for each in Currency}
