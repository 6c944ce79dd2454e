"""What survey tools send -> survey responses. Pure: no I/O, no clock. Whatever does not fit is said with its place."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from accountpulse.connectors.surveys.config import FieldName, SurveysConfig
from accountpulse.connectors.surveys.paths import follow
from accountpulse.plugins import Account, InvalidRecord, Message, SurveyResponse

Json = dict[str, Any]
SCALES: Mapping[str, tuple[float, float]] = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}
KINDS = (*SCALES, "custom")
LONGEST = 200  # of an id or a key; texts may be longer
_SHOWN = 60
_MILLISECONDS = 1e11  # as seconds, this would be the year 5138
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def responses_of(body: object, config: SurveysConfig) -> Sequence[Json]:
    """The responses in a body, each checked and with our names: JSON that can wait in the inbox.

    A body is one response, a list of them, or {"responses": [...]}; or what `config.responses` leads to.
    Raises InvalidRecord naming the place, what was found and what is allowed: one bad response refuses the request.
    """
    if config.responses is not None:
        place, found = config.responses, follow(body, config.responses)
    elif isinstance(body, Mapping) and "responses" in body:
        place, found = "responses", body["responses"]
    else:
        place, found = "body", body
    if isinstance(found, list):
        return [_Response(each, f"{place}[{number}]", config).read() for number, each in enumerate(found)]
    return [_Response(found, place, config).read()]


def message_of(response: Json) -> Message:
    """A response to be stored. One sent twice has one key; one that was changed since has another, and replaces it."""
    content = json.dumps(response, sort_keys=True, separators=(",", ":")).encode()
    return Message(f"{response['id']}:{hashlib.sha256(content).hexdigest()}", response)


def account(response: Json) -> Account:
    """The account that a response names: an id that another system gave it, or one person's address."""
    if response["account"] is not None:
        return Account(source_id=response["account"], references=(response["account"],))
    return Account(source_id=_by_address(response["email"]), emails=(response["email"],))


def survey_response(response: Json) -> SurveyResponse:
    """The record of a response."""
    return SurveyResponse(
        source_id=response["id"],
        account=response["account"] or _by_address(response["email"]),
        kind=response["kind"],
        score=response["score"],
        scale_min=response["scale_min"],
        scale_max=response["scale_max"],
        comment=response["comment"],
        respondent=response["email"],
        responded_at=datetime.fromisoformat(response["responded_at"]),
    )


def _by_address(email: str) -> str:
    return f"mailto:{email}"  # an id of another system may look like an address


class _Response:
    """One response as it was sent, with the place it stands at."""

    def __init__(self, sent: object, place: str, config: SurveysConfig) -> None:
        if not isinstance(sent, Mapping):
            raise InvalidRecord(place, f"{place} is {_shown(sent)}; it must be a JSON object, a response")
        self._sent = sent
        self._place = place
        self._config = config

    def read(self) -> Json:
        name = self._text("id", longest=LONGEST)
        kind, low, high = self._kind()
        score = self._score(low, high)
        key, email = self._text("account", needed=False, longest=LONGEST), self._email()
        if key is None and email is None:
            raise self._invalid(
                "account", None, "the account's id in another system, or else `email`, must say whose response it is"
            )
        return {
            "id": name,
            "kind": kind,
            "score": score,
            "scale_min": low,
            "scale_max": high,
            "comment": self._text("comment", needed=False),
            "account": key,
            "email": email,
            "responded_at": self._time("responded_at").isoformat(),
        }

    def _kind(self) -> tuple[str, float, float]:
        found = self._found("kind")
        kind = self._config.kind if found is None else str(found).strip().lower()
        if kind not in KINDS:
            raise self._invalid("kind", found, f"one of {', '.join(KINDS)}; or put `kind` in the configuration")
        low, high = self._number("scale_min", self._config.scale_min), self._number("scale_max", self._config.scale_max)
        if (low is None) is not (high is None):
            raise self._invalid("scale_min" if low is None else "scale_max", None, "a number: the scale has two ends")
        if low is None or high is None:
            if kind not in SCALES:
                raise self._invalid("scale_min", None, "a number: a custom question has a scale of its own")
            low, high = SCALES[kind]
        if low >= high:
            raise self._invalid("scale_max", high, f"a number above scale_min, {low:g}")
        if kind == "nps" and (low, high) != SCALES["nps"]:
            raise self._invalid(
                "scale_max", high, "10, and scale_min 0: NPS is asked from 0 to 10; use `custom` for another scale"
            )
        return kind, low, high

    def _score(self, low: float, high: float) -> float:
        found = self._found("score")
        score = self._config.scores.get(found.strip()) if isinstance(found, str) else None
        score = _number(found) if score is None else score
        if score is None or not low <= score <= high:
            words = f", or one of the words in `scores`: {', '.join(self._config.scores)}" if self._config.scores else ""
            raise self._invalid("score", found, f"a number from {low:g} to {high:g}{words}")
        return score

    def _number(self, name: FieldName, otherwise: float | None) -> float | None:
        found = self._found(name)
        number = otherwise if found is None else _number(found)
        if found is not None and number is None:
            raise self._invalid(name, found, "a number")
        return number

    def _text(self, name: FieldName, *, needed: bool = True, longest: int | None = None) -> str | None:
        found = self._found(name)
        if found is None and not needed:
            return None
        if isinstance(found, bool) or not isinstance(found, (str, int)) or not str(found).strip():
            raise self._invalid(name, found, "a text or a whole number")
        text = str(found).strip()
        if longest is not None and len(text) > longest:
            raise self._invalid(name, found, f"at most {longest} characters")
        return text

    def _email(self) -> str | None:
        text = self._text("email", needed=False, longest=LONGEST)
        if text is not None and not _ADDRESS.fullmatch(text):
            raise self._invalid("email", text, "an e-mail address")
        return None if text is None else text.lower()

    def _time(self, name: FieldName) -> datetime:
        found = self._found(name)
        try:
            if isinstance(found, str):
                at = datetime.fromisoformat(found.strip())
            elif isinstance(found, (int, float)) and not isinstance(found, bool):
                at = datetime.fromtimestamp(found / 1000 if abs(found) >= _MILLISECONDS else found, UTC)
            else:
                raise ValueError
            if at.tzinfo is None:
                raise ValueError
            return at.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            allowed = "a time with an offset, such as 2026-11-21T10:00:00Z, or Unix seconds or milliseconds"
            raise self._invalid(name, found, allowed) from None

    def _found(self, name: FieldName) -> Any:
        """What was sent for a field; an empty text is nothing."""
        found = follow(self._sent, self._config.fields.get(name, name))
        return None if isinstance(found, str) and not found.strip() else found

    def _invalid(self, name: FieldName, found: object, allowed: str) -> InvalidRecord:
        path = self._config.fields.get(name)
        place = f"{self._place}.{path or name}" + (f" ({name})" if path is not None else "")
        return InvalidRecord(place, f"{place}: found {_shown(found)}; allowed is {allowed}")


def _number(value: object) -> float | None:
    try:
        found = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    plain = not isinstance(value, bool) and not (isinstance(value, str) and "_" in value)
    return found if math.isfinite(found) and plain else None


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
