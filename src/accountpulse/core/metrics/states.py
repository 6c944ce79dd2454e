"""The states a metric's value can be in for one account: unknown is a value, and says why."""

from __future__ import annotations

from enum import IntEnum


class ComponentState(IntEnum):
    """Whether there is a value, and if not, why not. The numbers are what arrays of states hold.

    measured: there is a value; zero is one. no_data: the source answered, but says nothing about this account.
    not_connected: no configured connection provides the record types. never_synced: one does, but never finished its first
    load. stale: its newest success is too long ago. not_applicable: the metric makes no sense for this account.
    failed: the value can't be computed, such as a sum over two currencies.
    """

    MEASURED = 0
    NO_DATA = 1
    NOT_CONNECTED = 2
    NEVER_SYNCED = 3
    STALE = 4
    NOT_APPLICABLE = 5
    FAILED = 6

    @property
    def label(self) -> str:
        """The state as model files and the API write it."""
        return self.name.lower()
