"""Something that is away for a while, told once when that begins and once when it ends, however often it is tried meanwhile."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from accountpulse.core.errors import describe_crash

STORE_AWAY = (sa.exc.OperationalError, sa.exc.TimeoutError)
"""What is raised where the database can't be reached, has no room or no connection left: that passes."""


class Outage:
    """One thing that may be away. gone, back: what the log says when that begins, followed by why, and when it has ended."""

    def __init__(self, log: logging.Logger, gone: str, back: str) -> None:
        self._log = log
        self._gone = gone
        self._back = back
        self._lasting = False

    def met(self, why: str) -> None:
        """It is away."""
        if not self._lasting:
            self._log.warning("%s: %s", self._gone, why)
        self._lasting = True

    def over(self) -> None:
        """It is there."""
        if self._lasting:
            self._log.warning("%s", self._back)
        self._lasting = False


class StoreOutage:
    """What is tried again and again and needs the store. failed: what the log says where it raises."""

    def __init__(self, log: logging.Logger, failed: str) -> None:
        self._log = log
        self._failed = failed
        self._outage = Outage(log, f"{failed}, and is tried again until it can", "the store answers again")

    def met(self, error: Exception) -> None:
        """It raised: in full, unless the store is away."""
        if isinstance(error, STORE_AWAY):
            self._outage.met(describe_crash(error, "AccountPulse"))
        else:
            self._log.error("%s; trying again", self._failed, exc_info=error)

    def over(self) -> None:
        """It went well."""
        self._outage.over()
