"""When a rule does not apply to a stream, going by its declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accountpulse.core.sync.connector import StreamSpec

if TYPE_CHECKING:
    from accountpulse.testing.kit.base import Suite


def unless_networked(suite: type[Suite], _spec: StreamSpec) -> str | None:
    """Faults of a network need one."""
    return None if getattr(suite.vendor, "networked", True) else "it reads no network"


def unless_it_has_a_cursor(_suite: type[Suite], spec: StreamSpec) -> str | None:
    """Without a cursor every run reads everything."""
    return None if spec.cursor is not None and spec.deletes != "snapshot" else "each run reads everything, as declared"


def unless_it_can_resume(_suite: type[Suite], spec: StreamSpec) -> str | None:
    """Without a cursor there is nothing to go on from."""
    return None if spec.cursor is not None else "it has no cursor to go on from: each run reads everything, as declared"


def unless_rows_are_late(suite: type[Suite], spec: StreamSpec) -> str | None:
    """Nothing is late where neither the vendor nor the stream says so."""
    late = lateness(suite, spec)
    return None if late else "it declares no lag and no look-back: rows can be seen at once"


def lateness(suite: type[Suite], spec: StreamSpec) -> float:
    """How late a row may turn up, in seconds: what the vendor is said to do, else what the stream allows for."""
    vendor = suite.vendor.get(spec.name) if isinstance(suite.vendor, dict) else suite.vendor
    late = getattr(vendor, "late", None)
    return (late or spec.lag or spec.look_back).total_seconds()


def unless_it_sees_deletions(_suite: type[Suite], spec: StreamSpec) -> str | None:
    """What the vendor doesn't tell can't be read."""
    return None if spec.deletes != "none" else "it declares that deletions can't be seen"


def unless_it_deletes_by_absence(_suite: type[Suite], spec: StreamSpec) -> str | None:
    """A stream that does not delete by absence need not be complete."""
    return None if spec.deletes == "snapshot" else "it does not delete what is absent"
