"""The answers given last, each under what was asked, by whom, and the revisions it rests on."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from starlette.types import Scope

from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.answers.again import Sender, Way, Ways
from accountpulse.graphql.answers.present import Present

MOST_BYTES = 64_000_000
LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, by whom: viewers whose name, scopes or rows differ never share an answer."""

    document: str
    operation: str | None
    variables: bytes
    viewer: Viewer | None


@dataclass(slots=True, eq=False)
class Answer:
    """A body. ways: the requests by which it is found at once. used: by one of them, not long ago."""

    asked: Question
    body: bytes
    present: Present
    ways: list[tuple[Sender, bytes]] = field(default_factory=list)
    used: bool = False
    _etag: str = field(default="", init=False)

    @property
    def etag(self) -> str:
        """The entity tag, worked out when it is asked for: most answers are to a POST, which has no use for one."""
        self._etag = self._etag or f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'
        return self._etag


def question(document: str, operation: str | None, variables: Mapping[str, Any], viewer: Viewer | None) -> Question:
    """The question that is asked; in which order variables are named makes no difference."""
    return Question(document, operation, _said(variables) if variables else b"", viewer)


def _said(variables: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # whole numbers beyond 64 bits, and half of a surrogate pair
        return json.dumps(variables, sort_keys=True).encode()


class AnswerCache:
    """Bounded by the bytes it holds; what was used longest ago goes first. ways: to the answers, by requests as they come."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Question, Answer] = OrderedDict()
        self.ways = Ways()

    def get(self, asked: Question, present: Present, at: datetime) -> Answer | None:
        """The answer, if it still holds."""
        answer = self._answers.get(asked)
        if answer is None:
            return None
        if answer.present.revisions != present.revisions or at >= answer.present.until:
            self._drop(asked)
            return None
        self._answers.move_to_end(asked)
        return answer

    def put(self, asked: Question, body: bytes, present: Present) -> Answer:
        """Keep an answer that was computed after `present` was read; a commit since then only makes it newer."""
        answer = Answer(asked, body, present)
        self._drop(asked)
        if len(body) <= LARGEST:
            self._answers[asked] = answer
            self._bytes += _size(asked, answer)
            self._make_room()
        return answer

    def lead(self, scope: Scope, body: bytes, way: Way) -> None:
        """Remember a request that has an answer which is kept, so that it is found at once when the request comes again."""
        if self._answers.get(way.answer.asked) is way.answer:
            self._bytes += self.ways.add(scope, body, way)
            self._make_room()

    def _make_room(self) -> None:
        while self._bytes > self._most:
            oldest = next(iter(self._answers))
            answer = self._answers[oldest]
            if answer.used:
                answer.used = False
                self._answers.move_to_end(oldest)
            else:
                self._drop(oldest)

    def __len__(self) -> int:
        return len(self._answers)

    def _drop(self, asked: Question) -> None:
        answer = self._answers.pop(asked, None)
        if answer is not None:
            self._bytes -= _size(asked, answer) + sum(len(body) for _, body in answer.ways)
            self.ways.drop(answer)


def _size(asked: Question, answer: Answer) -> int:
    return len(answer.body) + len(asked.document) + len(asked.variables) + 500
