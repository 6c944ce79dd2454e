"""Reasons in words: what a component did to the score, in one sentence a customer-success manager can say aloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from accountpulse.core.metrics.declare import Better, Metric
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.model import minor_digits
from accountpulse.core.scoring.model import MissingPolicy

_AREAS = {
    "usage": "product usage",
    "support": "support desk",
    "billing": "billing",
    "feedback": "survey tool",
    "relationship": "CRM",
}
_POLICIES: dict[MissingPolicy, str] = {
    "typical": "contributes nothing",
    "exclude": "{stand_in}",
    "neutral": "counted as {stand_in}",
    "worst": "counted as {stand_in}",
}
_STAND_INS: dict[MissingPolicy, str] = {
    "typical": "",
    "exclude": "its weight goes to the other metrics",
    "neutral": "50 of 100",
    "worst": "0 of 100",
}
SIGNED = frozenset({"change", "trend", "relative"})
SHARES = frozenset({"share", "ratio", "percent"})
TIMES = frozenset({"hours", "days", "minutes", "seconds", "months", "years"})
NO_POINTS = "no points"
_NOTHING = frozenset({"+0.0 points", "-0.0 points"})
TELLING = 0.1
"""A move is told as the reason from this share of the distance between value and typical, which the points are for."""
MOST_AMOUNTS = 5_000
"""How many values of one metric are kept as they are said: most are small counts, said again and again."""


class Named(Protocol):
    """What must be known of a metric to speak about its values: a declaration, or what a stored score keeps of one."""

    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def money(self) -> bool: ...
    @property
    def better(self) -> Better | None: ...


Speaker = Callable[[float, float, float, float], str]
"""Makes a reason of a value, its delta, the value some days ago, and the account's own baseline; these are NaN for none."""


class Wording:
    """How to speak about one metric in one segment. `currency`: the store's reporting currency, for money.

    One of a list of accounts says thousands of sentences: whatever is the same in all of them is worked out once.
    """

    __slots__ = ("_against", "_alone", "_amounts", "_better", "_typical", "_unit", "currency", "metric", "segment")

    def __init__(self, metric: Named, segment: str, currency: str = "") -> None:
        self.metric, self.segment, self.currency = metric, segment, currency
        self._better = metric.better
        self._against = f" against a typical {segment} account", " against what the model calls typical"
        self._typical = f"typical {segment} accounts"
        # Time is said with its unit once, or not at all where the title has it.
        timed = metric.unit in TIMES and not metric.money
        self._unit = metric.unit if timed else None
        self._alone = timed and bool({metric.unit, metric.unit[:-1]} & set(metric.title.lower().replace(",", " ").split()))
        self._amounts: dict[float, str] = {}

    def amount(self, value: float) -> str:
        """A value with its unit: 12.5%, 3.1 hours, EUR 1,200, 42."""
        said = self._amounts.get(value)
        if said is None:
            if len(self._amounts) >= MOST_AMOUNTS:
                self._amounts.clear()
            said = self._amounts[value] = format_value(value, self.metric.unit, currency=self.currency, money=self.metric.money)
        return said

    def span(self, before: float, after: float) -> str:
        """From one value to another: `from 3 to 9 hours`, `from 42% to 9%`; without the unit where the title has it."""
        one, two = self.amount(before), self.amount(after)
        if self._unit is None:
            return f"from {one} to {two}"
        plain = one.rsplit(" ", 1)[0]
        return f"from {plain} to {two.rsplit(' ', 1)[0] if self._alone else two}"

    def speaker(self, typical_value: float | None, days: int) -> Speaker:
        """What makes the reasons of measured components, `typical_value` being the same for all; None means no peers.

        days: how long ago the previous values were measured.
        """
        title, amount, amounts = self.metric.title, self.amount, self._amounts
        at, against, better = f"{title} at ", self._against[typical_value is None], self._better
        kinds = ("ahead of", "behind") if better is not None else ("apart from", "apart from")
        ahead, behind = (f", still {how}{against.removeprefix(' against')}: " for how in kinds)
        ago, meanwhile, timed = f" ({days} days ago: ", f" in {days} days: ", self._unit is not None
        typical = None if typical_value is None else amount(typical_value)
        alike, beside = f", as {self._typical}: ", f"; {self._typical} at {typical}: "
        if typical is None:
            beside = f"; no {self.segment} account to compare with: "
        higher = better == "higher"

        def speak(value: float, delta: float, previous: float, usual: float) -> str:
            now = amounts.get(value) or amount(value)
            moves = "%+.1f points" % delta  # noqa: UP031  # as `points` says it, in half the time
            if -0.06 < delta < 0.06 and moves in _NOTHING:
                moves = NO_POINTS
            if usual - usual == 0.0:
                return f"{at}{now}, usually at {amount(usual)} in this account: {moves}{against}"
            if previous - previous == 0.0 and (before := amounts.get(previous) or amount(previous)) != now:
                rose = value > previous
                tells = better is None or (rose == higher) == (delta > 0)
                distance = max(abs(value), abs(previous)) if typical_value is None else abs(value - typical_value)
                if moves is NO_POINTS or (tells and abs(value - previous) >= TELLING * distance):
                    moved = self.span(previous, value) if timed else f"from {before} to {now}"
                    return f"{title} {'rose' if rose else 'fell'} {moved}{meanwhile}{moves}{against}"
                # What it does to the score is because of where it was already, or in spite of where it went.
                return f"{at}{now}{ago}{before}){ahead if delta > 0 else behind}{moves}"
            return f"{at}{now}{alike if typical == now else beside}{moves}"

        return speak


def unknown(
    metric: Metric, state: ComponentState, policy: MissingPolicy, cause: str | None = None, stand_in: str | None = None
) -> str:
    """The reason of a component that isn't measured: why, and what the model does about it.

    `cause`, part of a sentence, is more exact than the state, such as "the account is not linked to a source of tickets".
    stand_in: what the scorer makes of it under this policy, in its own words.
    """
    title, area = metric.title, _AREAS[metric.group]
    consequence = _POLICIES[policy].format(stand_in=stand_in or _STAND_INS[policy])
    if state == ComponentState.NOT_APPLICABLE:
        return f"{title} does not apply to this account: left out"
    if cause and state != ComponentState.NOT_CONNECTED:
        return f"{title} is unknown, as {cause}: {consequence}"
    told = {
        ComponentState.NO_DATA: f"{title} has no data for this account",
        ComponentState.NOT_CONNECTED: f"{cause[0].upper()}{cause[1:]}" if cause else f"No {area} is connected",
        ComponentState.NEVER_SYNCED: f"{area[0].upper()}{area[1:]} has not finished its first load",
        ComponentState.STALE: f"{area[0].upper()}{area[1:]} data is out of date",
        ComponentState.FAILED: f"{title} could not be computed",
    }[state]
    return f"{told}: {consequence}"


def points(delta: float) -> str:
    """Signed points with one decimal: `-11.3 points`; `NO_POINTS` where that rounds to nothing."""
    said = f"{delta:+.1f} points"
    return NO_POINTS if said in _NOTHING else said


def format_value(value: float, unit: str, *, currency: str = "", money: bool = False) -> str:
    """A number as people write it in this unit. Money is in minor units of `currency`, an ISO code."""
    if money:
        return format_money(value, currency)
    if unit in SHARES:
        return f"{_number(value * 100)}%"
    if unit in SIGNED:
        return f"{_sign(value * 100)}{_number(value * 100)}%"
    if unit in TIMES:
        text = _number(value)
        return f"{text} {unit[:-1] if text == '1' else unit}"
    return _number(value)


def format_money(minor: float, currency: str) -> str:
    """Minor units as an amount: `EUR 1,200`, `EUR 12.50`, `JPY 900`."""
    decimals = minor_digits(currency)
    amount = minor / 10**decimals
    whole = abs(amount) >= 1000 or float(amount).is_integer()
    text = f"{amount:,.0f}" if whole else f"{amount:,.{decimals}f}"
    text = text.removeprefix("-") if text.strip("-0.,") == "" else text
    return f"{currency} {text}".strip()


def _number(value: float) -> str:
    """One decimal below 100, none above; thousands separated; never -0."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}".removesuffix(".0")
    return "0" if text in ("-0", "0") else text


def _sign(value: float) -> str:
    return "+" if round(value, 1) > 0 else ""
