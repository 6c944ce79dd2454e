"""How many requests a thousand companies take: the figures of docs/connectors/intercom.md."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from tests.connectors.intercom.conftest import Workspace
from tests.connectors.reading import NOW

STREAMS = ("companies", "contacts", "conversations")


def read_all(workspace: Workspace, cursor: object = None) -> Counter[str]:
    workspace.vendor.requests.clear()
    for stream in STREAMS:
        assert workspace.read(stream, cursor if stream != "companies" else None).error is None
    return Counter(each.path for each in workspace.vendor.requests)


def test_how_many_calls_a_thousand_companies_take(workspace: Workspace) -> None:
    """A company each with two contacts and a conversation, of which every second is filed under its company."""
    for number in range(1000):
        at = NOW - timedelta(days=20) + timedelta(minutes=number)
        company = workspace.company(name=f"Company {number}")
        contact, _ = (workspace.contact(company, at=at) for _ in range(2))
        workspace.conversation(contact, at=at, company_id=company if number % 2 else None)
    first, next_day = read_all(workspace), read_all(workspace, NOW)
    # Contacts of conversations that are not filed are looked up 15 at a time, those of each page on their own.
    assert first == {"/companies/scroll": 11, "/contacts/search": 14 + 34, "/conversations/search": 7}
    assert next_day == {"/companies/scroll": 11, "/contacts/search": 1, "/conversations/search": 1}
    assert (first.total(), next_day.total()) == (66, 13)
