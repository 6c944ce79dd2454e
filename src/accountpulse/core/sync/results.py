"""What a sync reports: while it runs, and when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

StreamEnd = Literal["ok", "failed", "skipped", "paused", "needs_reauth", "misconfigured", "cancelled", "stalled"]
RecordedEnd = Literal["ok", "partial", "failed", "paused", "needs_reauth", "misconfigured", "cancelled", "stalled"]
RunEnd = Literal[RecordedEnd, "busy", "replaced"]


@dataclass(slots=True)
class StreamResult:
    """What a run did in one stream: records read, versions opened and closed, records unchanged and in quarantine."""

    stream: str
    read: int = 0
    opened: int = 0
    closed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    retries: int = 0
    state: StreamEnd = "ok"
    message: str | None = None


@dataclass(slots=True)
class RunResult:
    """How one run of one connection ended. paused_until: when it may go on, with state `paused`.

    `busy`: nothing was read, because another runner is at it. `replaced`: another runner took over and goes on.
    """

    connection: str
    state: RunEnd = "ok"
    message: str | None = None
    paused_until: datetime | None = None
    streams: list[StreamResult] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Versions opened or closed."""
        return sum(s.opened + s.closed for s in self.streams)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a running stream; `done` marks its end."""

    connection: str
    stream: str
    read: int
    done: bool = False
    state: StreamEnd = "ok"


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Ignore progress."""
