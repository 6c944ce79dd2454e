"""Trusted documents: those that an operator has listed, asked for by the SHA-256 of their text."""

from __future__ import annotations

from accountpulse.graphql.requests import Ask, Refused, bad_request
from accountpulse.graphql.settings import ApiSettings

PREFIX = "sha256:"
UNTRUSTED = "this server only takes documents that its operator has listed; send one of those, or its documentId"


def text_of(ask: Ask, settings: ApiSettings) -> str:
    """The document that is asked for. Raises Refused for none, for an unknown one, and where it has to be a trusted one."""
    if ask.document_id is None:
        if ask.text is None:
            raise bad_request('the request holds no document; send {"query": "{ viewer { name } }"}')
        if settings.refuses(ask.text):
            raise Refused(403, "UNTRUSTED_DOCUMENT", UNTRUSTED)
        return ask.text
    if ask.text is not None:
        raise bad_request("send either query or documentId, not both")
    if settings.trusted == "off":
        raise bad_request("this server has no list of trusted documents; send the document itself as query")
    found = settings.documents.get(ask.document_id.removeprefix(PREFIX)) if ask.document_id.startswith(PREFIX) else None
    if found is None:
        message = f"no trusted document has the id {ask.document_id[:80]!r}; an id is {PREFIX} and the SHA-256 of the text"
        raise Refused(400, "UNKNOWN_DOCUMENT", message)
    return found
