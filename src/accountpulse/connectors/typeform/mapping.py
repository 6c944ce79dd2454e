"""Typeform's JSON to records. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import model_validator

from accountpulse.plugins import Account, ConnectorConfig, InvalidRecord, SurveyResponse, require_aware

Json = Mapping[str, Any]
Kind = Literal["nps", "csat", "ces", "custom"]
SCALES: Mapping[str, tuple[float, float]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_LEADING_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\b")


class Form(ConnectorConfig):
    """A form to read. score_field, comment_field: the `ref` of the question. scale_min, scale_max: needed for `custom` only."""

    id: str
    kind: Kind
    score_field: str
    comment_field: str | None = None
    scale_min: float | None = None
    scale_max: float | None = None

    @model_validator(mode="after")
    def _has_a_scale(self) -> Form:
        if self.kind == "custom" and (self.scale_min is None or self.scale_max is None):
            raise ValueError(f"form {self.id}: a custom question needs scale_min and scale_max, its lowest and highest answer")
        low, high = self.scale
        if low >= high:
            raise ValueError(f"form {self.id}: scale_min {low:g} must be below scale_max {high:g}")
        return self

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest answer."""
        low, high = SCALES.get(self.kind, (0.0, 0.0))
        return (low if self.scale_min is None else self.scale_min, high if self.scale_max is None else self.scale_max)


def account_key(response: Json, account_field: str) -> str | None:
    """The account a response names in its hidden field, or None."""
    found = (response.get("hidden") or {}).get(account_field)
    return str(found).strip() or None if found is not None else None


def account_evidence(key: str) -> Account:
    """The account as this source knows it: an id that another system gave, and nothing else.

    Respondents' e-mails are left out: each reading sees other respondents, so the record would change with every reading.
    """
    return Account(source_id=key, references=(key,))


def survey_response(
    response: Json, form: Form, *, account_field: str, email_field: str, qualified: bool = False
) -> SurveyResponse | InvalidRecord | None:
    """A response, or None when it names no account, is unfinished or leaves the score question unanswered.

    qualified: whether other questions of the same form are read too, so that the token alone does not name the record.
    """
    token = response.get("token") or response.get("response_id")
    if not token:
        return InvalidRecord(f"{form.id}:?", "the response has no token: Typeform's answer is not what we know")
    name = f"{token}:{form.score_field}" if qualified else str(token)
    key = account_key(response, account_field)
    answer = _answer(response, form.score_field)
    if key is None or answer is None or response.get("response_type", "completed") != "completed":
        return None
    low, high = form.scale
    score = _number(answer)
    if score is None:
        return InvalidRecord(
            name,
            f"form {form.id}, question {form.score_field}: the answer is of type {answer.get('type')!r} and not a number; "
            "put the ref of the score question into score_field",
        )
    if not low <= score <= high:
        return InvalidRecord(
            name,
            f"form {form.id}, question {form.score_field}: score {score:g} is not within {low:g} to {high:g}; "
            "set scale_min and scale_max to the question's scale",
        )
    try:
        at = require_aware(datetime.fromisoformat(response["submitted_at"]))
    except (KeyError, TypeError, ValueError):
        return InvalidRecord(name, f"form {form.id}: submitted_at must be a time with an offset, such as 2026-11-21T10:00:00Z")
    comment = _answer(response, form.comment_field) if form.comment_field else None
    return SurveyResponse(
        source_id=name,
        raw_ref=f"/forms/{form.id}/responses?included_response_ids={token}",
        account=key,
        kind=form.kind,
        score=score,
        scale_min=low,
        scale_max=high,
        comment=(comment or {}).get("text") or None,
        respondent=_email(response, email_field),
        responded_at=at,
    )


def _answer(response: Json, ref: str) -> Json | None:
    return next((a for a in response.get("answers") or () if (a.get("field") or {}).get("ref") == ref), None)


def _number(answer: Json) -> float | None:
    """The number in an answer: of a scale, of a choice's label such as "4 - satisfied", or 1 and 0 for yes and no."""
    if answer.get("type") == "boolean":
        return float(bool(answer.get("boolean")))
    found = answer.get("number")
    if found is None and answer.get("type") in ("choice", "text"):
        text = (answer.get("choice") or {}).get("label") if answer["type"] == "choice" else answer.get("text")
        match = _LEADING_NUMBER.match(text or "")
        found = match[1] if match else None
    return None if found is None else float(found)


def _email(response: Json, email_field: str) -> str | None:
    hidden = (response.get("hidden") or {}).get(email_field)
    asked = next((a.get("email") for a in response.get("answers") or () if a.get("type") == "email"), None)
    return hidden or asked or None
