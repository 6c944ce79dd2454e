"""HubSpot's meetings, calls, e-mails, tasks and survey responses -> records. Pure: no I/O, no clock.

As in `mapping`: `InvalidRecord` for what can't be understood, None for what is no record of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from accountpulse.connectors.hubspot.mapping import Around
from accountpulse.connectors.hubspot.values import (
    Row,
    by_word,
    created_at,
    first,
    instant,
    number,
    object_id,
    properties,
    raw_ref,
    text,
)
from accountpulse.plugins import Activity, ActivityKind, InvalidRecord, SurveyResponse

Direction = Literal["inbound", "outbound"]
SurveyKind = Literal["nps", "csat", "ces", "custom"]

_STEP_WORDS: tuple[tuple[str, ActivityKind], ...] = (
    ("onboarding complete", "onboarding_completed"),
    ("go live", "onboarding_completed"),
    ("training", "training"),
    ("webinar", "webinar"),
    ("survey sent", "survey_sent"),
    ("onboarding", "onboarding_step"),
    ("kick off", "onboarding_step"),
    ("kickoff", "onboarding_step"),
)
# A meeting that never took place, and a call that nobody answered, are no dealings with anyone.
_NO_MEETING = frozenset({"CANCELED", "CANCELLED", "NO_SHOW", "RESCHEDULED"})
_NO_CALL = frozenset(
    {"BUSY", "CALLING_CRM_USER", "CANCELED", "CONNECTING", "FAILED", "MISSED", "NO_ANSWER", "QUEUED", "RINGING"}
)
_CALL_DIRECTION: dict[str, Direction] = {"INBOUND": "inbound", "OUTBOUND": "outbound"}
_EMAIL_DIRECTION: dict[str, Direction] = {"INCOMING_EMAIL": "inbound", "EMAIL": "outbound", "FORWARDED_EMAIL": "outbound"}
_SURVEYS: dict[str, SurveyKind] = {"NPS": "nps", "CSAT": "csat", "CES": "ces", "CUSTOM": "custom"}
# HubSpot shows three faces (0, 1, 2) for satisfaction and seven steps for effort.
_SCALES: dict[str, tuple[float, float]] = {"nps": (0, 10), "csat": (0, 2), "ces": (1, 7)}


def meeting(row: Row, around: Around, *, kinds: Mapping[str, ActivityKind], zone: ZoneInfo) -> Activity | None:
    """A meeting, one that lies ahead too; None when it fell through or belongs to no company."""
    known = properties(row)
    if str(known.get("hs_meeting_outcome")).upper() in _NO_MEETING:
        return None
    title = text(known.get("hs_meeting_title"))
    kind = activity_kind((known.get("hs_activity_type"), title), kinds) or "meeting"
    begins = ("hs_meeting_start_time", "hs_timestamp")
    return _activity("meetings", row, around, kind, begins, title, zone)


def call(row: Row, around: Around, *, kinds: Mapping[str, ActivityKind], zone: ZoneInfo) -> Activity | None:
    """A call that was answered; None for others, and without a company."""
    known = properties(row)
    if str(known.get("hs_call_status")).upper() in _NO_CALL:
        return None
    kind = activity_kind((known.get("hs_activity_type"),), kinds) or "call"
    direction = _CALL_DIRECTION.get(str(known.get("hs_call_direction")).upper())
    return _activity("calls", row, around, kind, ("hs_timestamp",), text(known.get("hs_call_title")), zone, direction)


def email(row: Row, around: Around, *, zone: ZoneInfo) -> Activity | None:
    """An e-mail that was sent, or logged without a status; None for drafts and bounces, and without a company."""
    known = properties(row)
    if str(known.get("hs_email_status") or "SENT").upper() != "SENT":
        return None
    direction = _EMAIL_DIRECTION.get(str(known.get("hs_email_direction")).upper())
    return _activity("emails", row, around, "email", ("hs_timestamp",), text(known.get("hs_email_subject")), zone, direction)


def task(row: Row, around: Around, *, kinds: Mapping[str, ActivityKind], zone: ZoneInfo) -> Activity | None:
    """A completed task that is a step with the customer (onboarding, training, a survey sent), by its words; else None.

    Calls and e-mails are objects of their own: a task to call somebody would count the call twice.
    """
    known = properties(row)
    title = text(known.get("hs_task_subject"))
    kind = activity_kind((known.get("hs_task_type"), title), kinds)
    if kind is None or str(known.get("hs_task_status")).upper() != "COMPLETED":
        return None
    return _activity("tasks", row, around, kind, ("hs_task_completion_date", "hs_timestamp"), title, zone)


def survey(row: Row, around: Around, *, scales: Mapping[str, tuple[float, float]], zone: ZoneInfo) -> SurveyResponse | None:
    """A survey response; None without a company, without a score, and for a survey of an unknown kind.

    A custom survey is read where `scales` knows its id: HubSpot does not tell the scale of its score.
    """
    source_id = object_id(row)
    known = properties(row)
    account = around.companies.get(source_id)
    kind = _SURVEYS.get(str(known.get("hs_survey_type")).upper())
    identifier = text(known.get("hs_survey_id")) or ""
    if account is None or kind is None or text(known.get("hs_value")) is None:
        return None
    scale = scales.get(identifier) or scales.get(kind) or _SCALES.get(kind)
    if scale is None:
        return None
    score, (low, high) = number(known.get("hs_value")), scale
    if score is None or not low <= score <= high:
        advice = f"put the scale of survey {identifier} into survey_scales"
        raise InvalidRecord(
            source_id, f"the answer {str(known['hs_value'])[:40]!r} is not within {low:g} to {high:g}: {advice}"
        )
    responded_at = instant(known.get("hs_submission_timestamp"), source_id, zone)
    return SurveyResponse(
        source_id=source_id,
        raw_ref=raw_ref("feedback_submissions", source_id),
        account=account,
        kind=kind,
        score=score,
        scale_min=low,
        scale_max=high,
        comment=text(known.get("hs_content")),
        respondent=around.contacts.get(source_id) or text(known.get("hs_contact_id")),
        responded_at=responded_at or created_at(row, source_id, zone),
    )


def activity_kind(stated: Iterable[object], kinds: Mapping[str, ActivityKind]) -> ActivityKind | None:
    """What an engagement was: of each text in turn what the configuration says, else by its words. None if unknown."""
    for each in map(text, stated):
        found = (kinds.get(each) or by_word(each, _STEP_WORDS)) if each is not None else None
        if found is not None:
            return found
    return None


def _activity(
    collection: str,
    row: Row,
    around: Around,
    kind: ActivityKind,
    times: Iterable[str],
    subject: str | None,
    zone: ZoneInfo,
    direction: Direction | None = None,
) -> Activity | None:
    source_id = object_id(row)
    known = properties(row)
    account = around.companies.get(source_id)
    if account is None:
        return None
    stated = instant(first(known.get(name) for name in times), source_id, zone)
    return Activity(
        source_id=source_id,
        raw_ref=raw_ref(collection, source_id),
        account=account,
        kind=kind,
        direction=direction,
        at=stated or created_at(row, source_id, zone),
        subject=subject,
        contact=around.contacts.get(source_id),
    )
