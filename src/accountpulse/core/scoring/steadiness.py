"""Steadiness: `g` of the design, for one segment and one evaluation, as a pure function over arrays.

    published = g(raw scores day by day, overrides)

First the score, where the model limits its points per day; then the band that this score is published in:

* `unknown` counts at once, in both directions;
* a band is left for a worse one at once, when the score is below its start by more than the dead band: for the band that the
  score lies in;
* it is left for a better one when the score has been above its end by at least the dead band for `rise_after` evaluations in a
  row: for the best band whose start the score is above by as much;
* no known band is left before it has been held for `dwell` evaluations.

A dead band never takes more than half of the band that it reaches into, so every band can be entered from both sides and left
to both, however narrow it is. With nothing to go on from (a first evaluation, bands of other names or edges before) the raw
score and band count as they are; after `unknown`, the band that the score lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.scoring.bands import UNKNOWN, Band, band_index
from accountpulse.core.scoring.model import ScoringModel, Steadiness
from accountpulse.core.scoring.scorer import Floats, Mask

Integers = NDArray[np.int64]

EDGE_DIGITS = 9
"""As `band_index`: what is within 1e-9 of an edge counts as on it."""


@dataclass(frozen=True, slots=True)
class Before:
    """Where n accounts stood before an evaluation, (n,) each.

    score: the steady score, NaN with nothing to go on from. band: the steady band, an index into the same bands as now.
    rising: for how many evaluations in a row, up to the last one, the score has spoken for a better band. held: for how many
    evaluations the band has been held; more than any `dwell` where it was longer than anybody asks. days: since the last one.
    """

    score: Floats
    band: Integers
    rising: Integers
    held: Integers
    days: Integers

    @property
    def goes_on(self) -> Mask:
        return ~np.isnan(self.score)


@dataclass(frozen=True, slots=True)
class Steady:
    """Where they stand after it, (n,) each: score 0..100, band, and `rising` with this evaluation among the counted."""

    score: Floats
    band: Integers
    rising: Integers


@dataclass(frozen=True, slots=True)
class Edges:
    """For each band, (k,): at which score it is risen into from below, and below which it is fallen out of."""

    rise_at: Floats
    fall_below: Floats


@lru_cache(maxsize=64)
def edges(bands: tuple[Band, ...], dead_band: float) -> Edges:
    """The edges of bands with a dead band around each; the lowest is always risen into and never fallen out of."""
    starts = np.array([band.start for band in bands])
    reach = np.minimum(dead_band, [(band.end - band.start) / 2 for band in bands])
    rise_at, fall_below = starts + reach, starts - np.roll(reach, 1)
    rise_at[0] = fall_below[0] = -np.inf
    return Edges(np.round(rise_at, EDGE_DIGITS), np.round(fall_below, EDGE_DIGITS))


def limited(rule: Steadiness, scores: Floats, before: Before) -> Floats:
    """Scores (n,) as far as they may have moved since the last evaluation."""
    if rule.points_per_day is None:
        return scores
    room = rule.points_per_day * before.days
    near: Floats = np.clip(scores, before.score - room, before.score + room)
    return np.where(before.goes_on, near, scores)


def steady(rule: Steadiness, bands: tuple[Band, ...], raw_score: Floats, raw_band: Integers, before: Before) -> Steady:
    """One evaluation of n accounts: raw scores (n,) in 0..100, and raw bands (n,), -1 where unknown."""
    around = edges(bands, rule.dead_band)
    score = limited(rule, raw_score, before)
    compared = np.round(score, EDGE_DIGITS)
    known = raw_band != UNKNOWN
    holds = before.goes_on & known & (before.band != UNKNOWN)
    band = np.where(holds, before.band, 0)
    above = np.append(around.rise_at, np.inf)[band + 1]
    speaks = holds & (compared >= above)
    rising = np.where(speaks, before.rising + 1, 0)
    free = before.held >= rule.dwell
    rises = speaks & free & (rising >= rule.rise_after)
    falls = holds & free & (compared < around.fall_below[band])
    lies_in = band_index(bands, score)
    reached = np.searchsorted(around.rise_at, compared, side="right") - 1
    moved = np.select([~known, ~holds | falls, rises], [np.full_like(band, UNKNOWN), lies_in, reached], band)
    return Steady(score, moved, np.where(rises, 0, rising))


@dataclass(frozen=True, slots=True)
class Course:
    """How n accounts of one model came to what is published: where they stood, and where they stand without overrides.

    rising_since: (n,) the first of the days in a row that speak for a better band, as days since 1970, or -1. overridden: (n,)
    where a person's word is what is published.
    """

    before: Before
    after: Steady
    rising_since: Integers
    overridden: Mask

    def lies_in(self, model: ScoringModel, raw_band: Integers) -> Integers:
        """The band (n,) that each score lies in, whatever band it is held in."""
        found: Integers = np.where(raw_band == UNKNOWN, UNKNOWN, band_index(model.bands, self.after.score))
        return found

    def differs(self, raw_score: Floats, lies_in: Integers) -> Mask:
        """Where what is published is not what is raw: of whom `words` has something to say."""
        moved = np.round(self.after.score - raw_score, EDGE_DIGITS) != 0
        differs: Mask = self.overridden | moved | (self.after.band != lies_in)
        return differs

    def words(self, model: ScoringModel, raw_score: float, lies_in: int, i: int) -> str | None:
        """Why what is published of an account is not what is raw; None where it is. lies_in: the account's own."""
        if self.overridden[i]:
            return "an override is in force"
        score, band = float(self.after.score[i]), int(self.after.band[i])
        said = []
        if round(score - raw_score, EDGE_DIGITS):
            said.append(f"the score moves by at most {model.steadiness.points_per_day:g} points a day")
        if band != lies_in:
            said.append(self._held(model, band, lies_in, i))
        return "; ".join(said) or None

    def _held(self, model: ScoringModel, band: int, lies_in: int, i: int) -> str:
        rule, around = model.steadiness, edges(model.bands, model.steadiness.dead_band)
        rising = int(self.after.rising[i])
        if rising >= rule.rise_after or (lies_in < band and self.after.score[i] < around.fall_below[band]):
            number = ordinal(int(self.before.held[i]) + 1)
            return f"{model.bands[band].name} is held for at least {rule.dwell} evaluations, this is the {number}"
        if lies_in < band:
            return f"a fall counts below {around.fall_below[band]:g}"
        if rule.rise_after == 1:
            return f"a rise counts from {around.rise_at[band + 1]:g} on"
        needed = f"a rise counts after {rule.rise_after} evaluations in a row at {around.rise_at[band + 1]:g} or above"
        return f"{needed}, this is the {ordinal(rising)}" if rising else needed


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
