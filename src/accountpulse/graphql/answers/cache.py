"""The answers given last, each under what was asked, by whom, and the revisions it rests on."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from accountpulse.core.store.tokens import Viewer
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


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and its entity tag."""

    body: bytes
    etag: str
    present: Present


def question(document: str, operation: str | None, variables: Mapping[str, Any], viewer: Viewer | None) -> Question:
    """The question that is asked; in which order variables are named makes no difference."""
    return Question(document, operation, _said(variables) if variables else b"", viewer)


def _said(variables: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # whole numbers beyond 64 bits, and half of a surrogate pair
        return json.dumps(variables, sort_keys=True).encode()


class AnswerCache:
    """Bounded by the bytes it holds; what was used longest ago goes first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Question, Answer] = OrderedDict()

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
        answer = Answer(body, f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"', present)
        self._drop(asked)
        if len(body) <= LARGEST:
            self._answers[asked] = answer
            self._bytes += _size(asked, answer)
            while self._bytes > self._most:
                self._drop(next(iter(self._answers)))
        return answer

    def __len__(self) -> int:
        return len(self._answers)

    def _drop(self, asked: Question) -> None:
        answer = self._answers.pop(asked, None)
        if answer is not None:
            self._bytes -= _size(asked, answer)


def _size(asked: Question, answer: Answer) -> int:
    return len(answer.body) + len(asked.document) + len(asked.variables) + 500
