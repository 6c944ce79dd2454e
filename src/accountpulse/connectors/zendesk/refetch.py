"""Reads afresh the one object that a webhook named, as the streams would map it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from accountpulse.connectors.zendesk import csat, mapping
from accountpulse.connectors.zendesk.client import NotThere, ZendeskClient
from accountpulse.connectors.zendesk.config import Csat
from accountpulse.plugins import (
    Account,
    Contact,
    Context,
    Deleted,
    Message,
    PushItem,
    Record,
    Refetching,
    Ticket,
    Transient,
)

GONE = frozenset({"deleted", "soft_deleted", "permanently_deleted"})  # events after which an object may be gone
ANSWERED = "csat_received"
TRIGGERED = ""  # a trigger says nothing of why
_KINDS: Mapping[str, tuple[str, type[Record], Callable[[Mapping[str, Any]], Record | None]]] = {
    "ticket": ("tickets", Ticket, mapping.ticket),
    "user": ("users", Contact, mapping.contact),
    "organization": ("organizations", Account, mapping.account),
}


class Refetch:
    """Asks Zendesk for what webhooks named. One action of an agent makes several events; they are answered by one request."""

    def __init__(self, client: ZendeskClient, context: Context, ratings: Csat) -> None:
        self._client = client
        self._csat = ratings
        self._refetching = Refetching(context)

    def read(self, message: Message) -> Iterator[PushItem]:
        """The object as it is now. Nothing when Zendesk can't be asked: the streams bring what webhooks missed."""
        told: Any = message.body
        kind, identifier, what = told["kind"], told["id"], told["what"]
        asked = (kind, identifier, "gone" if what in GONE else "answers" if what in (ANSWERED, TRIGGERED) else "")
        received_at = datetime.fromisoformat(told["received_at"])
        yield from self._refetching.once(asked, received_at, lambda: self._object(kind, identifier, what))

    def _object(self, kind: str, identifier: str, what: str) -> Iterator[PushItem]:
        collection, record, to_record = _KINDS[kind]
        params = {"include": "metric_sets"} if kind == "ticket" else {}
        try:
            found = self._client.get(f"{collection}/{identifier}.json", **params).get(kind)
        except NotThere:
            # Whoever may not see an object is told that there is none, so only a deletion makes it one.
            if what in GONE:
                yield Deleted(record, identifier)
            return
        if not isinstance(found, Mapping) or mapping.object_id(found) != identifier:
            raise Transient(f"Zendesk answered for {kind} {identifier} with something else")
        if kind == "ticket" and not isinstance(found.get("metric_set"), Mapping):
            raise Transient("the ticket came without its metrics")  # mapped, it would lose its first reply
        yield to_record(found) or Deleted(record, identifier)
        if kind == "ticket" and what in (ANSWERED, TRIGGERED):
            yield from self._answers(found)

    def _answers(self, ticket: Mapping[str, Any]) -> Iterator[PushItem]:
        """What the requester said of a ticket: after an event that says so, or a trigger, which may have fired for it."""
        organization = mapping.text(ticket.get("organization_id"))
        if organization is None:
            return
        if self._csat != "ratings":
            page = self._client.get("guide/survey_responses", **csat.of_ticket(mapping.object_id(ticket)))
            for each in page.get("survey_responses") or ():
                if (answer := csat.survey_response(each, organization)) is not None:
                    yield answer
        if self._csat == "surveys":
            return
        rating = ticket.get("satisfaction_rating")
        if isinstance(rating, Mapping) and rating.get("score") in ("good", "bad") and rating.get("id"):
            found = self._client.get(f"satisfaction_ratings/{rating['id']}.json").get("satisfaction_rating")
            if isinstance(found, Mapping) and (answer := mapping.survey_response(found, organization)) is not None:
                yield answer
