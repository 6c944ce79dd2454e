"""What becomes of a conversation, and whose it is: what streams and webhooks share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from accountpulse.connectors.intercom import mapping
from accountpulse.connectors.intercom.client import IntercomClient
from accountpulse.plugins import Deleted, SurveyResponse, Ticket

Json = Mapping[str, Any]
AT_ONCE = 15  # values in a search: IN is short for as many conditions joined by OR, of which a group takes no more


def support_of(found: Json, company: str | None) -> Iterator[Ticket | SurveyResponse | Deleted]:
    """The ticket and the answer that a conversation is; the end of both where it is nobody's. Raises InvalidRecord."""
    identifier = mapping.object_id(found)
    ticket = mapping.ticket(found, company) if company is not None else None
    if ticket is None or company is None:
        yield Deleted(Ticket, identifier)
        yield Deleted(SurveyResponse, identifier)
        return
    yield ticket
    answer = mapping.survey_response(found, company)
    if answer is not None:
        yield answer


def companies_of(client: IntercomClient, conversations: Iterable[Json]) -> dict[str | None, str]:
    """The company of each conversation by its id; those without exactly one are left out.

    Intercom files a conversation under a company or not; for those it does not, their contacts are looked up.
    """
    found: dict[str | None, str] = {}
    asked: dict[str, list[str | None]] = {}
    for each in conversations:
        identifier, company, person = mapping.text(each.get("id")), mapping.company(each), mapping.requester(each)
        if company is not None:
            found[identifier] = company
        elif person is not None:
            asked.setdefault(person, []).append(identifier)
    people = list(asked)
    for start in range(0, len(people), AT_ONCE):
        query = {"field": "id", "operator": "IN", "value": people[start : start + AT_ONCE]}
        answer = client.search("contacts", {"query": query, "pagination": {"per_page": AT_ONCE}})
        for contact in answer.get("data") or ():
            if (company := mapping.sole_company(contact)) is not None:
                found |= dict.fromkeys(asked.get(str(contact.get("id")), ()), company)
    return found
