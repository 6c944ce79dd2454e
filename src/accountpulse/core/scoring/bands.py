"""Bands: named half-open intervals that tile 0..100. The last one includes 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.names import UNKNOWN_NAME
from accountpulse.core.scoring.normalise import steps_reached
from accountpulse.core.scoring.scorer import Floats

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Band:
    """`name` for scores from `start` to just below `end` (100 included in the last band)."""

    name: str
    start: float
    end: float


def _bands(names: Sequence[str], edges: Sequence[float]) -> tuple[Band, ...]:
    return tuple(Band(name, float(a), float(b)) for name, (a, b) in zip(names, pairwise(edges), strict=True))


PRESETS: dict[str, tuple[Band, ...]] = {
    "red-yellow-green": _bands(("red", "yellow", "green"), (0, 40, 70, 100)),
    "at-risk-watch-healthy-power": _bands(("at-risk", "watch", "healthy", "power"), (0, 41, 61, 81, 100)),
    "letters": _bands("FDCBA", (0, 20, 40, 60, 80, 100)),
    "ten": _bands([str(n) for n in range(1, 11)], range(0, 101, 10)),
}


def tiling_problem(bands: Sequence[Band]) -> str | None:
    """Why these bands, in this order, do not tile 0..100; None when they do."""
    if not bands:
        return "there are no bands; they must cover 0 to 100"
    for band in bands:
        if not band.start < band.end:
            return f"band {band.name!r} runs from {band.start:g} to {band.end:g}; it must end above its start"
    for before, after in pairwise(bands):
        if after.start < before.start:
            return f"band {after.name!r} starts at {after.start:g}, below {before.name!r}; write bands from the lowest up"
        if before.end < after.start:
            return f"gap: no band covers {before.end:g} to {after.start:g} (between {before.name!r} and {after.name!r})"
        if before.end > after.start:
            return f"overlap: {before.name!r} and {after.name!r} both cover {after.start:g} to {min(before.end, after.end):g}"
    if bands[0].start != 0:
        found = bands[0].start
        return f"gap: no band covers 0 to {found:g}" if found > 0 else f"bands start at {found:g}; they must start at 0"
    if bands[-1].end != 100:
        found = bands[-1].end
        return f"gap: no band covers {found:g} to 100" if found < 100 else f"bands end at {found:g}; they must end at 100"
    return None


def band_index(bands: Sequence[Band], scores: Floats) -> NDArray[np.int64]:
    """Which band each score is in. A score within 1e-9 of an edge counts as on it, so rounding can't cost a band."""
    return steps_reached(np.round(scores, 9), [band.start for band in bands[1:]])


def band_name(bands: Sequence[Band], index: int) -> str:
    """The name of a band by its index; `unknown` for -1."""
    return UNKNOWN_NAME if index == UNKNOWN else bands[index].name
