"""The answers of Zendesk's newer CSAT surveys, as the API writes them -> survey responses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accountpulse.connectors.zendesk import mapping
from accountpulse.plugins import InvalidRecord, SurveyResponse

Json = Mapping[str, Any]
PAGE = 100
_TICKET = "zen:ticket:"


def offered_since(since: datetime | None) -> dict[str, str | int]:
    """The query for surveys offered from an instant on. Zendesk takes it in milliseconds, unlike everywhere else."""
    page: dict[str, str | int] = {"page[size]": PAGE}
    return page if since is None else page | {"filter[created_at_start]": int(since.timestamp() * 1000)}


def of_ticket(ticket: str) -> dict[str, str | int]:
    """The query for what was answered about a ticket."""
    return {"page[size]": PAGE, "filter[subject_zrns]": f"{_TICKET}{ticket}"}


def ticket_of(found: Json) -> int | None:
    """The ticket that a survey was about, or None (a conversation, a call)."""
    names = [str(each) for each in found.get("subject_zrns") or ()]
    names += [str(each.get("zrn")) for each in found.get("subjects") or () if isinstance(each, Mapping)]
    numbers = (name.removeprefix(_TICKET) for name in names if name.startswith(_TICKET))
    return next((int(number) for number in numbers if number.isdecimal()), None)


def survey_response(found: Json, organization: str) -> SurveyResponse | None:
    """A survey about a ticket of `organization`; None while its satisfaction question is not answered.

    The score is the rating on the question's own scale, which has 2, 3 or 5 steps: read from the question's options, and 1 to 5
    where Zendesk leaves them out. Raises InvalidRecord for what can't be understood.
    """
    source_id = mapping.object_id(found)
    answers = [each for each in found.get("answers") or () if isinstance(each, Mapping)]
    rated = next((each for each in answers if each.get("type") == "rating_scale" and _about_satisfaction(each)), None)
    if rated is None:
        return None
    rating = rated.get("rating")
    if isinstance(rating, bool) or not isinstance(rating, (int, float)):
        raise InvalidRecord(source_id, "the rating is not a number")
    low, high = _scale(rated)
    if not low <= rating <= high:
        raise InvalidRecord(source_id, f"the rating {rating:g} is not within {low:g} to {high:g}")
    commented = (mapping.text(each.get("value")) for each in answers if each.get("type") == "open_ended")
    return SurveyResponse(
        source_id=source_id,
        raw_ref=f"/api/v2/guide/survey_responses?filter[subject_zrns]={_TICKET}{ticket_of(found)}",
        account=organization,
        kind="csat",
        score=float(rating),
        scale_min=low,
        scale_max=high,
        comment=next((each for each in commented if each is not None), None),
        respondent=mapping.text(found.get("responder_id")),
        responded_at=mapping.instant(rated.get("updated_at"), source_id) or mapping.required(rated, "created_at", source_id),
    )


def _question(answer: Json) -> Json:
    question = answer.get("question")
    return question if isinstance(question, Mapping) else {}


def _about_satisfaction(answer: Json) -> bool:
    return str(_question(answer).get("sub_type", "customer_satisfaction")) == "customer_satisfaction"


def _scale(answer: Json) -> tuple[float, float]:
    options = [each.get("rating") for each in _question(answer).get("options") or () if isinstance(each, Mapping)]
    steps = [float(each) for each in options if isinstance(each, (int, float)) and not isinstance(each, bool)]
    return (min(steps), max(steps)) if len(steps) > 1 else (1.0, 5.0)
