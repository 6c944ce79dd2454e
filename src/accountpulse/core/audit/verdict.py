"""The verdict, in words: four checks, in this order, each of which can end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accountpulse.core.audit.figures import Interval

NEEDED = 30
"""Customers that must have left. With 20, an AUC of .80 is only known to within .12."""

CHANCE = 0.5
Word = Literal["insufficient data", "not better than chance", "not proven better than the incumbent", "useful"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two series of scores over the same snapshots. difference: the audited AUC less the incumbent's."""

    incumbent: str
    snapshots: int
    churned: int
    auc: float | None
    incumbent_auc: float | None
    difference: Interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of four words, and a sentence that begins with it and says why."""

    word: Word
    sentence: str


def judge(auc: Interval, churned: int, horizon: int, comparison: Comparison | None = None) -> Verdict:
    """The verdict. churned: how many customers left. Raises nothing: too little to judge by is a verdict too."""
    within = f"within {horizon} days"
    if churned < NEEDED:
        return _verdict(
            "insufficient data",
            f"{churned} {'customer' if churned == 1 else 'customers'} left {within} of a snapshot, and {NEEDED} are needed "
            f"to tell a score from luck (so far: {spoken(auc)}).",
        )
    if auc.value is None or auc.low is None or auc.high is None:
        return _verdict(
            "insufficient data", f"{churned} customers left {within} of a snapshot, and nobody stayed to compare with."
        )
    if auc.high < CHANCE:
        return _verdict("not better than chance", f"it is worse, low scores stayed and high ones left {within}: {spoken(auc)}.")
    if auc.low <= CHANCE:
        return _verdict("not better than chance", f"for who leaves {within}, {spoken(auc)}, and the interval includes .50.")
    if comparison is not None and (comparison.difference.low is None or comparison.difference.low <= 0):
        found = comparison.difference
        gain = "can't be told" if found.value is None or found.low is None or found.high is None else _gain(found)
        return _verdict(
            "not proven better than the incumbent",
            f"{spoken(auc)} for who leaves {within}, but the gain in AUC over {comparison.incumbent} {gain}.",
        )
    better = f", better than {comparison.incumbent} by {comparison.difference.value:.3f}" if comparison is not None else ""
    return _verdict("useful", f"low scores do come before leaving {within}: {spoken(auc)}, {churned} customers left{better}.")


def _verdict(word: Word, because: str) -> Verdict:
    return Verdict(word, f"{word[0].upper()}{word[1:]}: {because}")


def _gain(found: Interval) -> str:
    return f"is {found.value:+.3f}, 95 % interval {found.low:+.3f} to {found.high:+.3f}"


def spoken(auc: Interval) -> str:
    """An AUC with its interval, in words."""
    if auc.value is None:
        return "no AUC"
    if auc.low is None or auc.high is None:
        return f"AUC {_figure(auc.value)}"
    return f"AUC {_figure(auc.value)}, 95 % interval {_figure(auc.low)} to {_figure(auc.high)}"


def _figure(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")
