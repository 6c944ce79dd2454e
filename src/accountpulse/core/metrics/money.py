"""Amounts in one currency: every amount is worth what the rate in force at T makes of it.

Converting at T, and not at each amount's own date, keeps an exchange rate's moves from looking like a customer's: the revenue
of today and of 90 days ago are compared at one rate. Columns marked MONEY are converted where rows are read (`rows.py`), so no
author ever writes it.

Engines must agree to the minor unit, so nothing is added up in floating point: a sum is one of whole minor units and one of
millionths, both integers (`exact_sum`), and what comes of them is rounded once, at the very end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.metrics.asof import Moment
from accountpulse.core.metrics.dialects import Dialect, quoted
from accountpulse.core.model import minor_digits
from accountpulse.core.store.rates import rates_in_force

REPORTING = "reporting_currency"
NO_CURRENCY = ""
TOO_LARGE = ">"
_LARGEST = 2**52
"""Above it, floating point has no halves left to round."""
_FINE = "1000000"


@dataclass(frozen=True, slots=True)
class Conversion:
    """What amounts are worth at one moment. day: rates of later days don't count. factors: currency -> what an amount in its
    minor units is multiplied by; the reporting currency is not in it."""

    reporting: str
    day: date
    factors: Mapping[str, float]

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that can be converted, in a fixed order."""
        return tuple(sorted(self.factors))

    def parameters(self) -> dict[str, object]:
        """What a query that mentions money binds."""
        values: dict[str, object] = {REPORTING: self.reporting}
        for i, currency in enumerate(self.currencies):
            values |= {f"currency_{i}": currency, f"factor_{i}": self.factors[currency]}
        return values

    def problem(self, found: str) -> str:
        """Why an amount can't be added up, as part of a sentence; `found` is what `without_rate` gave for it."""
        if found == NO_CURRENCY:
            return "an amount has no currency"
        if found == TOO_LARGE:
            return "an amount is too large to be added up exactly"
        return f"an amount is in {found}, and there is no rate from {found} to {self.reporting} on or before {self.day}"


def conversion(connection: sa.Connection, moment: Moment, reporting: str) -> Conversion:
    """The rates in force at a moment. A rate is known from its day on, so `as_known` knows none of a later day than its own."""
    day = moment.day
    if moment.mode.at is not None:
        day = min(day, day_of(moment.mode.at, moment.zone))
    rates = rates_in_force(connection, day)
    return Conversion(reporting, day, {c: factor(rate, c, reporting) for c, rate in rates.items() if c != reporting})


def factor(rate: float, currency: str, reporting: str) -> float:
    """What an amount in minor units of `currency` is multiplied by; a rate is between major units.

    1 JPY = 0.0067 USD makes 100 (yen) 67 (cents): the factor is 0.67.
    """
    return float(Fraction(Decimal(repr(rate))) * Fraction(10) ** (minor_digits(reporting) - minor_digits(currency)))


# --- as SQL ---------------------------------------------------------------------------------------------------------------


def converted(value: str, currency: str, currencies: tuple[str, ...], dialect: Dialect) -> str:
    """An amount in the reporting currency; null where there is no rate."""
    branches = [f"when {_bound(REPORTING)} then {dialect.number('1')}"]
    branches += [f"when {_bound(f'currency_{i}')} then {dialect.number(f':factor_{i}')}" for i, _ in enumerate(currencies)]
    return f"({value} * (case {currency} {' '.join(branches)} end))"


def without_rate(value: str, currency: str, currencies: tuple[str, ...]) -> str:
    """The currency of an amount that has no rate, else null."""
    known = ", ".join([_bound(REPORTING), *(_bound(f"currency_{i}") for i, _ in enumerate(currencies))])
    return (
        f"(case when {value} is not null and ({currency} is null or {currency} not in ({known}))"
        f" then coalesce({currency}, '{NO_CURRENCY}') end)"
    )


def unconverted(column: str) -> str:
    """The name of the column that holds `without_rate` beside a money column."""
    return quoted(f"{column} without rate")


def too_large(value: str) -> str:
    """A mark where a value can't be added up exactly, else null."""
    return f"(case when abs({value}) >= {_LARGEST} then '{TOO_LARGE}' end)"


def exact_sum(value: str, condition: str, dialect: Dialect) -> str:
    """The sum of a floating-point value over the rows of a condition, the same whatever the order of the rows."""
    number = dialect.number(value)
    whole = dialect.round(number)
    rest = dialect.round(f"(({number} - {whole}) * {dialect.number(_FINE)})")
    where = f"abs({value}) < {_LARGEST}" + (f" and {condition}" if condition else "")
    sums = [f"sum(case when {where} then cast({part} as bigint) end)" for part in (whole, rest)]
    return f"({dialect.number(sums[0])} + {dialect.number(sums[1])} / {dialect.number(_FINE)})"


def _bound(name: str) -> str:
    return f"cast(:{name} as text)"
