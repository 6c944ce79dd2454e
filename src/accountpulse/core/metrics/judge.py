"""Decides whether a metric has a value for an account, and if not, which state it is in and why.

In this order: a value that can't be right (failed), nobody who could tell (not connected, not linked, never synced), a source
that stopped telling (stale), a metric that makes no sense here (not applicable), a source with nothing to say (no data).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.metrics.coverage import Coverage, Mask
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import Floats
from accountpulse.core.metrics.money import Conversion
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.metrics.tables import SAID


@dataclass(slots=True)
class Sentences:
    """Reasons, each kept once; number 0 is none."""

    texts: list[str] = field(default_factory=lambda: [""])
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        if text not in self.numbers:
            self.numbers[text] = len(self.texts)
            self.texts.append(text)
        return self.numbers[text]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one metric, one entry an account.

    values: the expression's, NaN for null. found, covered: by record type, whether it had a row that counted and who answers
    for it. applies: whether the metric makes sense; None for always. problems: what is wrong with an amount that can't be
    added up, see `Conversion.problem`, or with what a function computed, see `tables.SAID`; None where nothing is.
    """

    values: Floats
    found: Mapping[str, Mask]
    covered: Mapping[str, Coverage]
    applies: Mask | None
    problems: Sequence[object] | None


class _Verdict:
    """Values, states and reasons in the making. The first reason given to an account stays."""

    def __init__(self, values: Floats, sentences: Sentences) -> None:
        self.values = values.copy()
        self.states = np.full(len(values), ComponentState.MEASURED, dtype=np.int8)
        self.reasons = np.zeros(len(values), dtype=np.int32)
        self.sentences = sentences

    def withhold(self, where: Mask, state: ComponentState, reason: str) -> None:
        """Take the value away where it has not been taken yet."""
        where = where & (self.states == ComponentState.MEASURED)
        if where.any():
            self.states[where] = state
            self.reasons[where] = self.sentences.number(reason)
            self.values[where] = np.nan


def judge(
    metric: Metric, evidence: Evidence, conversion: Conversion, sentences: Sentences
) -> tuple[Floats, NDArray[np.int8], NDArray[np.int32]]:
    """The values (NaN where there is none), the states, and the numbers of the reasons in `sentences`."""
    anything = np.logical_or.reduce(list(evidence.found.values()))
    values = np.where(anything, evidence.values, np.nan if metric.empty is None else metric.empty)
    verdict = _Verdict(values, sentences)
    for problem in sorted({str(c) for c in evidence.problems or () if c is not None}):
        here = np.array([c == problem for c in evidence.problems or ()], dtype=np.bool_)
        said = problem.removeprefix(SAID) if problem.startswith(SAID) else conversion.problem(problem)
        verdict.withhold(here, ComponentState.FAILED, said)
    for record, found in evidence.found.items():
        _withhold_unanswered(verdict, record, found, evidence.covered[record])
    for record, covered in evidence.covered.items():
        verdict.withhold(covered.stale, ComponentState.STALE, _stale(record, covered))
    if evidence.applies is not None:
        verdict.withhold(~evidence.applies, ComponentState.NOT_APPLICABLE, f"it does not apply: not ({metric.applies})")
    words = " or ".join(_plural(record) for record in evidence.found)
    verdict.withhold(~anything & np.isnan(values), ComponentState.NO_DATA, f"there are no {words} to measure")
    verdict.withhold(np.isnan(values), ComponentState.NO_DATA, f"the {words} found do not determine a value")
    return verdict.values, verdict.states, verdict.reasons


def _withhold_unanswered(verdict: _Verdict, record: str, found: Mask, covered: Coverage) -> None:
    """A row that was found needs no further witness; that there is none, only a loaded source of the account can say."""
    words = _plural(record)
    if not covered.providers:
        verdict.withhold(~found, ComponentState.NOT_CONNECTED, f"no connection provides {words}")
        return
    verdict.withhold(
        ~found & ~covered.linked, ComponentState.NO_DATA, f"the account is not linked to a source of {words} ({covered.names})"
    )
    verdict.withhold(~found & ~covered.loaded, ComponentState.NEVER_SYNCED, f"{covered.names} never finished loading {words}")


def _stale(record: str, covered: Coverage) -> str:
    newest = covered.fresh_at
    since = f"since {newest:%Y-%m-%d %H:%M} UTC" if newest else "yet"
    return f"{_plural(record)} have not been read {since} ({covered.names})"


def _plural(record: str) -> str:
    words = record.replace("_", " ")
    return f"{words[:-1]}ies" if words.endswith("ty") else "pulses" if words == "pulse" else f"{words}s"
