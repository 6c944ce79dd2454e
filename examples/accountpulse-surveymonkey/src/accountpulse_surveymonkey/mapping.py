"""SurveyMonkey's JSON to records. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import model_validator

from accountpulse.plugins import Account, ConnectorConfig, InvalidRecord, SurveyResponse

Json = Mapping[str, Any]
Kind = Literal["nps", "csat", "ces", "custom"]
SCALES: Mapping[str, tuple[float, float]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


class Survey(ConnectorConfig):
    """A survey to read. question: the id of the question with the score. comment: of one that is answered in words.

    scale_min, scale_max: the lowest and the highest answer, needed for `custom` only.
    """

    id: str
    kind: Kind
    question: str
    comment: str | None = None
    scale_min: float | None = None
    scale_max: float | None = None

    @model_validator(mode="after")
    def _has_a_scale(self) -> Survey:
        if self.kind == "custom" and (self.scale_min is None or self.scale_max is None):
            raise ValueError(f"survey {self.id}: a custom question needs scale_min and scale_max")
        low, high = self.scale
        if low >= high:
            raise ValueError(f"survey {self.id}: scale_min {low:g} must be below scale_max {high:g}")
        return self

    @property
    def scale(self) -> tuple[float, float]:
        low, high = SCALES.get(self.kind, (0.0, 0.0))
        return (low if self.scale_min is None else self.scale_min, high if self.scale_max is None else self.scale_max)


def questions(details: Json) -> dict[str, Json]:
    """The questions of a survey's details, by id."""
    return {str(each.get("id")): each for page in details.get("pages") or () for each in page.get("questions") or ()}


def choice_scores(question: Json) -> dict[str, float]:
    """What each choice of a question is worth: the number that it is called by, else the weight of a rating."""
    found = {}
    for choice in (question.get("answers") or {}).get("choices") or ():
        score = _number(choice.get("text"))
        score = score if score is not None else _number(choice.get("weight"))
        if score is not None:
            found[str(choice.get("id"))] = score
    return found


Found = Account | SurveyResponse | InvalidRecord


def records(row: Json, survey: Survey, scores: Mapping[str, float], account_variable: str) -> Iterator[Found]:
    """The records of a response: none when it is unfinished, names no account or leaves the score out."""
    name = str(row.get("id") or "")
    account = str((row.get("custom_variables") or {}).get(account_variable) or "").strip()
    if row.get("response_status", "completed") != "completed" or not account:
        return
    if not name:
        yield InvalidRecord(f"{survey.id}:?", "the response has no id")
        return
    answers = _answers(row)
    if answers is None:
        yield InvalidRecord(name, "pages must be a list of pages with questions")
        return
    answer = next(iter(answers.get(survey.question, ())), None)
    if answer is None:
        return
    score = scores.get(str(answer.get("choice_id")), _number(answer.get("text")))
    at = instant(row.get("date_created"))
    low, high = survey.scale
    if at is None:
        yield InvalidRecord(name, f"date_created must be a time with an offset, found {row.get('date_created')!r}")
    elif score is None or not low <= score <= high:
        found = f"survey {survey.id}, question {survey.question}: the answer is worth {score}, not within {low:g} to {high:g}"
        yield InvalidRecord(name, f"{found}; set scale_min and scale_max, or name another question")
    else:
        yield Account(source_id=account, references=(account,))
        comment = " ".join(str(each["text"]) for each in answers.get(survey.comment or "", ()) if each.get("text"))
        yield SurveyResponse(
            source_id=name,
            raw_ref=f"/v3/surveys/{survey.id}/responses/{name}/details",
            account=account,
            kind=survey.kind,
            score=score,
            scale_min=low,
            scale_max=high,
            comment=comment or None,
            responded_at=at,
        )


def instant(text: object) -> datetime | None:
    """A time as SurveyMonkey writes it; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None


def _answers(row: Json) -> dict[str, list[Json]] | None:
    """The answers by question; None when they are not where they have always been."""
    pages = row.get("pages")
    if not isinstance(pages, list) or not all(isinstance(page, dict) for page in pages):
        return None
    return {str(asked.get("id")): asked.get("answers") or [] for page in pages for asked in page.get("questions") or ()}


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None
