"""How many requests a thousand companies take: the figures of docs/connectors/hubspot.md."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.connectors.hubspot.conftest import Portal

from accountpulse.connectors.hubspot.objects import kinds

COMPANIES = 1000


@pytest.mark.slow
def test_how_many_calls_a_thousand_companies_take(portal: Portal) -> None:
    """A company each with two contacts, a deal and three calls: 188 requests to read them all, 18 when nothing is new."""
    companies = [portal.put("companies", name=f"Acme {n}") for n in range(COMPANIES)]
    for company in companies:
        links = {"companies": [company]}
        for kind, count in (("contacts", 2), ("deals", 1), ("calls", 3)):
            for _ in range(count):
                portal.put(kind, to=links)
    connector = portal.connect()
    first = {stream: portal.read(stream, connector=connector) for stream in kinds(connector.config)}
    assert sum(len(found.records) for found in first.values()) == 7 * COMPANIES
    full = len(portal.vendor.requests)
    portal.clock.advance(timedelta(days=1))
    connector = portal.connect()
    for stream, found in first.items():
        assert portal.read(stream, found.cursor, connector).records == []
    idle = len(portal.vendor.requests) - full
    assert (full, idle) == (188, 18)
