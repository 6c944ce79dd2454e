"""What has been read and not committed yet: the records up to a checkpoint, and those behind it.

A page of a hundred records as a transaction of its own would take as long to commit as to read. So a checkpoint waits until
there is enough to go with it, and goes with everything up to it: never ahead of its records.
"""

from __future__ import annotations

import time

from accountpulse.core.sync.connector import Checkpoint
from accountpulse.core.sync.stage import Stage

ENOUGH = 2_000
"""Records that are worth a transaction, where nothing else is said."""
STAGE_LIMIT = 5_000
"""The most that is held, with a checkpoint or without."""
PATIENCE = 2.0
"""Seconds of reading that may have to be done again: a checkpoint of a slow source does not wait any longer."""


class Batch:
    """Collects what a stream yields until it is due to be committed."""

    def __init__(self, empty: Stage, enough: int) -> None:
        """empty: a stage that knows the rules of the stream. enough: with so many records a checkpoint is committed at once."""
        self._enough = enough
        self._upto = empty
        self._checkpoint: Checkpoint | None = None
        self._stage = empty.fresh()
        self._since = time.monotonic()

    def add(self, item: object) -> bool:
        """Take what a stream yielded; returns whether it is time to commit. Raises ConnectorError for what it may not yield."""
        if not isinstance(item, Checkpoint):
            self._stage.add(item)
            return len(self._upto) + len(self._stage) >= STAGE_LIMIT
        self._join()
        self._checkpoint = item
        return len(self._upto) >= self._enough or time.monotonic() - self._since > PATIENCE

    def take(self) -> tuple[Stage, Checkpoint | None]:
        """Everything so far and the last checkpoint, which the records may be ahead of; begins anew."""
        self._join()
        return self.take_reached()

    def take_reached(self) -> tuple[Stage, Checkpoint | None]:
        """The records up to the last checkpoint, and it; begins anew."""
        taken = self._upto, self._checkpoint
        self._upto, self._stage, self._checkpoint = self._upto.fresh(), self._upto.fresh(), None
        self._since = time.monotonic()
        return taken

    def _join(self) -> None:
        if self._upto:
            self._upto.merge(self._stage)
        else:
            self._upto = self._stage
        self._stage = self._stage.fresh()
