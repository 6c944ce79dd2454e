"""What the engine gives a connector besides its configuration."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from accountpulse.core.clock import Clock, SystemClock
from accountpulse.core.errors import Cancelled
from accountpulse.core.sync.http import HttpSession


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """A connector's surroundings: no database, no state.

    http: a session with time-outs and our errors. clock: "now". log: secrets never reach it. zone: the store's time zone, for
    sources that count by calendar day. cancelled: true once the run should stop.
    """

    connection: str
    clock: Clock = field(default_factory=SystemClock)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    http: HttpSession = field(default_factory=HttpSession)
    cancelled: Callable[[], bool] = _never

    @property
    def log(self) -> logging.Logger:
        return logging.getLogger(f"accountpulse.connection.{self.connection}")

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled when the run should stop; call it once per page."""
        if self.cancelled():
            raise Cancelled("the run was cancelled")
