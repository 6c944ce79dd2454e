"""Reads afresh the one object that a webhook named, as the streams would map it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from accountpulse.connectors.intercom import mapping
from accountpulse.connectors.intercom.client import IntercomClient, Refused
from accountpulse.connectors.intercom.conversations import companies_of, support_of
from accountpulse.plugins import (
    Account,
    Contact,
    Context,
    Deleted,
    Message,
    PushItem,
    Record,
    Refetching,
    SurveyResponse,
    Ticket,
    Transient,
)

_COLLECTIONS = {"company": "companies", "contact": "contacts", "conversation": "conversations"}
_RECORDS: Mapping[str, tuple[type[Record], ...]] = {
    "company": (Account,),
    "contact": (Contact,),
    "conversation": (Ticket, SurveyResponse),
}


class Refetch:
    """Asks Intercom for what webhooks named. One action of an agent makes several notifications; one request answers them."""

    def __init__(self, client: IntercomClient, context: Context) -> None:
        self._client = client
        self._refetching = Refetching(context)

    def read(self, message: Message) -> Iterator[PushItem]:
        """The object as it is now. Nothing when Intercom can't be asked: the streams bring what webhooks missed."""
        told: Any = message.body
        kind, identifier, gone = told["kind"], told["id"], told["gone"]
        received_at = datetime.fromisoformat(told["received_at"])
        yield from self._refetching.once(
            (kind, identifier, gone), received_at, lambda: self._object(kind, identifier, gone=gone)
        )

    def _object(self, kind: str, identifier: str, *, gone: bool) -> Iterator[PushItem]:
        try:
            found = self._client.get(f"{_COLLECTIONS[kind]}/{identifier}")
        except Refused as error:
            if error.status != 404:
                raise Transient(str(error)) from error
            # A contact too new to be found is no deleted one, so only a deletion makes it one.
            if gone:
                yield from (Deleted(record, identifier) for record in _RECORDS[kind])
            return
        if mapping.object_id(found) != identifier:
            raise Transient(f"Intercom answered for {kind} {identifier} with something else")
        if kind == "company":
            yield mapping.account(found)
        elif kind == "contact":
            yield mapping.contact(found) or Deleted(Contact, identifier)
        else:
            yield from support_of(found, companies_of(self._client, [found]).get(identifier))
