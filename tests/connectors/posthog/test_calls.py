"""How many requests a thousand accounts take: the figures of docs/connectors/posthog.md."""

from __future__ import annotations

from datetime import timedelta

from tests.connectors.posthog.conftest import Project
from tests.connectors.reading import NOW


def test_how_many_calls_a_thousand_accounts_take(project: Project) -> None:
    """Each used one feature on each of four days: what a run asks for does not grow with the accounts, but with the days."""
    for number in range(1000):
        project.vendor.put("group", {"key": f"account-{number}"})
        for days in range(4):
            project.event(NOW - timedelta(days=days), group=f"account-{number}")
    for stream, cursor, calls in (("groups", None, 3), ("usage", NOW, 9)):
        project.vendor.requests.clear()
        found = project.read(stream, cursor)
        assert found.error is None
        assert len(found.records) == (1000 if stream == "groups" else 4000)
        assert len(project.vendor.requests) == calls
