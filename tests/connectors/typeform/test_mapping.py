"""Typeform's responses to survey responses."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from accountpulse.connectors.typeform.mapping import Form, survey_response
from accountpulse.plugins import InvalidRecord, SurveyResponse

NPS = Form(id="f1", kind="nps", score_field="score", comment_field="why")


def response(answer: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    answers = [] if answer is None else [{"field": {"ref": "score"}, **answer}]
    answers.append({"field": {"ref": "why"}, "type": "text", "text": "It works."})
    return {
        "token": "t1",
        "submitted_at": "2026-11-20T10:00:00Z",
        "hidden": {"account_id": "001", "email": "a@acme.example"},
        "answers": answers,
    } | more


def mapped(body: dict[str, Any], form: Form = NPS, **more: Any) -> SurveyResponse | InvalidRecord | None:
    return survey_response(body, form, account_field="account_id", email_field="email", **more)


def test_a_response() -> None:
    found = mapped(response({"type": "number", "number": 9}))
    assert isinstance(found, SurveyResponse)
    assert (found.source_id, found.account, found.kind, found.score) == ("t1", "001", "nps", 9.0)
    assert (found.scale_min, found.scale_max) == (0, 10)
    assert (found.comment, found.respondent) == ("It works.", "a@acme.example")
    assert found.responded_at.isoformat() == "2026-11-20T10:00:00+00:00"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ({"type": "choice", "choice": {"label": "4 - satisfied"}}, 4.0),
        ({"type": "choice", "choice": {"label": "10"}}, 10.0),
        ({"type": "text", "text": " 7"}, 7.0),
        ({"type": "boolean", "boolean": True}, 1.0),
        ({"type": "number", "number": 0}, 0.0),
    ],
)
def test_a_score_is_read_from_every_kind_of_question(answer: dict[str, Any], score: float) -> None:
    found = mapped(response(answer))
    assert isinstance(found, SurveyResponse)
    assert found.score == score


@pytest.mark.parametrize(
    "body",
    [
        response(),
        response({"type": "number", "number": 5}, hidden={}),
        response({"type": "number", "number": 5}, hidden={"account_id": " "}),
        response({"type": "number", "number": 5}, response_type="partial"),
        response({"type": "number", "number": 5}, hidden=None),
    ],
)
def test_what_has_no_score_or_no_account_is_left_out(body: dict[str, Any]) -> None:
    assert mapped(body) is None


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        (response({"type": "number", "number": 11}), "score 11 is not within 0 to 10; set scale_min"),
        (response({"type": "choice", "choice": {"label": "great"}}), "put the ref of the score question into score_field"),
        (response({"type": "number", "number": 5}, submitted_at="2026-11-20T10:00:00"), "submitted_at"),
        (response({"type": "number", "number": 5}, submitted_at=None), "submitted_at"),
        (response({"type": "number", "number": 5}, token=None), "no token"),
    ],
)
def test_what_cannot_be_read_says_why(body: dict[str, Any], advice: str) -> None:
    found = mapped(body)
    assert isinstance(found, InvalidRecord)
    assert advice in str(found)


def test_two_questions_of_one_form_are_two_records() -> None:
    found = mapped(response({"type": "number", "number": 9}), qualified=True)
    assert isinstance(found, SurveyResponse)
    assert found.source_id == "t1:score"


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"kind": "custom"}, "needs scale_min and scale_max"),
        ({"kind": "csat", "scale_min": 9}, "must be below scale_max"),
        ({"kind": "stars"}, "'nps', 'csat', 'ces' or 'custom'"),
    ],
)
def test_a_form_needs_a_scale(settings: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        Form(id="f1", score_field="score", **settings)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["nps", "csat", "ces"]))
def test_a_score_is_on_its_scale_or_in_quarantine(number: float, kind: Any) -> None:
    form = Form(id="f1", kind=kind, score_field="score")
    found = mapped(response({"type": "number", "number": number}), form)
    if isinstance(found, SurveyResponse):
        assert found.scale_min <= found.score <= found.scale_max
        assert math.isfinite(found.score)
    else:
        assert isinstance(found, InvalidRecord)
