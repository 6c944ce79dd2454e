"""Asks a vendor for what pushed messages named: once for a burst of them, and not while the vendor wants quiet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from accountpulse.core.errors import AuthError, Cancelled, PermissionMissing, RateLimited, Transient
from accountpulse.core.sync.context import Context

Found = TypeVar("Found")

PAUSE = timedelta(minutes=1)
REMEMBERED = 10_000


class Refetching:
    """For connectors whose webhooks name an object that is then read afresh, so that late, repeated and swapped deliveries do
    no harm. What can't be asked for now is left to the streams, which bring what webhooks missed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked: dict[Hashable, datetime] = {}
        self._quiet_until: datetime | None = None

    def once(self, name: Hashable, received_at: datetime, ask: Callable[[], Iterable[Found]]) -> Iterator[Found]:
        """What `ask` brings, unless the same was asked for since the message was received, or the vendor can't be asked."""
        now = self._context.clock.now()
        if self._quiet_until is not None and now < self._quiet_until:
            return
        known = self._asked.get(name)
        if known is not None and known > received_at:
            return  # it was asked for after this happened
        try:
            yield from ask()
        except (RateLimited, Transient, AuthError, PermissionMissing, Cancelled) as error:
            # Not the message's fault, so none for the quarantine.
            if isinstance(error, RateLimited):
                self._quiet_until = now + (PAUSE if error.retry_after is None else error.retry_after)
            self._context.log.info("%s is left to the next run: %s", name, error)
            return
        if len(self._asked) >= REMEMBERED:
            self._asked.clear()
        self._asked[name] = now
