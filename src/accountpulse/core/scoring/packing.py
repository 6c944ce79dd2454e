"""One byte for each component, for the history table: 247 steps of 100/247 points, then the unknown states.

| byte | means |
| --- | --- |
| 0..247 | a component of byte x 100/247, at most 0.21 points (100/494) from the true one |
| 249..254 | unknown: 248 + the `ComponentState` code |
| 248, 255 | never written |
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accountpulse.core.errors import StoreError
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.peers import States
from accountpulse.core.scoring.scorer import Floats

STEPS = 247
MAX_ERROR = 0.21
_FIRST_STATE = 248


def pack(components: Floats, states: States) -> NDArray[np.uint8]:
    """Bytes (n, k) for components (n, k) in 0..100 and their states; `pack(...)[i].tobytes()` is what a row holds."""
    measured = states == ComponentState.MEASURED
    steps = np.rint(np.clip(np.where(measured, components, 0.0), 0, 100) * (STEPS / 100))
    return np.where(measured, steps, _FIRST_STATE + states.astype(np.int16)).astype(np.uint8)


def unpack(rows: Sequence[bytes]) -> tuple[Floats, States]:
    """Components (n, k), NaN where unknown, and states (n, k), from rows of equal length.

    Raises StoreError for rows that were not written by `pack`.
    """
    if len({len(row) for row in rows}) > 1:
        raise StoreError("packed components of different lengths: rows of different models must be unpacked separately")
    k = len(rows[0]) if rows else 0
    packed = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), k)
    measured = packed <= STEPS
    states = np.where(measured, ComponentState.MEASURED, packed.astype(np.int16) - _FIRST_STATE).astype(np.int8)
    if (~measured & ((packed == _FIRST_STATE) | (states > max(ComponentState)))).any():
        raise StoreError("packed components hold a byte that no version of AccountPulse writes: the row is damaged")
    return np.where(measured, packed * (100 / STEPS), np.nan), states
