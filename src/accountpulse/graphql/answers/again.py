"""Requests that come again byte for byte: the shortest way to a kept answer.

What reading a request finds out (who asks, that they may, the document) rests on its bytes and on what holds. Until something
is committed, or a moment comes that changes something, the same bytes have the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import Scope

from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.answers.present import Present

if TYPE_CHECKING:
    from accountpulse.graphql.answers.cache import Answer

MOST_WAYS = 8
"""To one answer: most clients write a request in one way."""
LONGEST = 10_000
"""Bytes of a body that is remembered."""

Sender = tuple[bytes, bytes, bytes]
"""What a request says about itself: authorization, accept, content type."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """What was found out about a request. headers: of its response, apart from those that differ each time."""

    answer: Answer
    present: Present
    viewer: Viewer | None
    headers: Sequence[tuple[bytes, bytes]]


def sender_of(scope: Scope) -> Sender:
    """Who a POST comes from. Of a header that is sent twice the first counts, as when it is read."""
    authorization = accept = content_type = b""
    for name, value in reversed(scope["headers"]):
        if name == b"authorization":
            authorization = value
        elif name == b"accept":
            accept = value
        elif name == b"content-type":
            content_type = value
    return authorization, accept, content_type


class Ways:
    """The ways to answers that are kept, by sender and body. Bodies are read of those only who have been answered before."""

    def __init__(self) -> None:
        self._of: dict[Sender, dict[bytes, Way]] = {}

    def of(self, scope: Scope) -> dict[bytes, Way] | None:
        """The ways of who sends a POST; None of who is not known."""
        return self._of.get(sender_of(scope)) if self._of else None

    def add(self, scope: Scope, body: bytes, way: Way) -> int:
        """Remember a request. The bytes that it takes."""
        ways = way.answer.ways
        sender = sender_of(scope)
        if len(body) > LONGEST or (len(ways) >= MOST_WAYS and (sender, body) not in ways):
            return 0
        self._of.setdefault(sender, {})[body] = way
        if (sender, body) in ways:
            return 0
        ways.append((sender, body))
        return len(body)

    def drop(self, answer: Answer) -> None:
        """Forget the ways to an answer that is kept no longer."""
        for sender, body in answer.ways:
            bodies = self._of[sender]
            del bodies[body]
            if not bodies:
                del self._of[sender]
