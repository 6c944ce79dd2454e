"""Stripe's amounts in the minor units of ISO 4217, which the account model uses. Pure.

Stripe counts in minor units too, with three exceptions, named on its page on currencies: it writes ISK and UGX, which have no
decimals, with two of them (5 ISK is 500), and MGA, which ISO gives two, with none. Its further notes on HUF and TWD concern
payouts, which we don't read.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import floor

from accountpulse.plugins import minor_digits

_STRIPE_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}


@cache
def scale(currency: str) -> Fraction:
    """What to multiply an amount of Stripe's with, to have it in ISO's minor units. currency: in any case."""
    code = currency.upper()
    digits = minor_digits(code)
    return Fraction(10) ** (digits - _STRIPE_DIGITS.get(code, digits))


def rounded(amount: Fraction) -> int:
    """To the nearest minor unit, halves up."""
    return floor(amount + Fraction(1, 2))


def minor(amount: int, currency: str) -> int:
    """An amount of Stripe's in ISO's minor units."""
    factor = scale(currency)
    return amount if factor == 1 else rounded(amount * factor)
