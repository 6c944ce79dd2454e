"""The base as Typeform holds it: an NPS form, a relationship CSAT form, and their responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from accountpulse.testing.vendors.world.companies import WINDOW_DAYS, Company, Person
from accountpulse.testing.vendors.world.wire import token_of, zulu

Json = dict[str, Any]
NPS_FORM = "npsFrm01"
CSAT_FORM = "csatFrm2"
NPS_SCORE_REF = "nps_score"
NPS_COMMENT_REF = "nps_comment"
CSAT_SCORE_REF = "csat_score"
CSAT_COMMENT_REF = "csat_comment"
_PRAISE = ("Does exactly what we need.", "Great support team.", "Our reports take minutes now.", "")
_BLAME = (
    "Too many bugs lately.",
    "We waited days for an answer.",
    "Hard to justify the price.",
    "Adoption is low on our side.",
    "",
)
_FORMS = (
    (NPS_FORM, "Net Promoter Score", "opinion_scale", NPS_SCORE_REF, NPS_COMMENT_REF, {"steps": 11, "start_at_one": False}),
    (CSAT_FORM, "How satisfied are you with us?", "rating", CSAT_SCORE_REF, CSAT_COMMENT_REF, {"steps": 5, "shape": "star"}),
)


def build_forms(now: datetime) -> list[Json]:
    """The two forms, with their fields' refs and the hidden fields `account_id` and `email`."""
    created = zulu(now - timedelta(days=900))
    return [
        {
            "id": form_id,
            "type": "quiz",
            "title": title,
            "workspace": {"href": "https://api.typeform.com/workspaces/wsSim1"},
            "theme": {"href": "https://api.typeform.com/themes/thSim1"},
            "settings": {"language": "en", "is_public": True},
            "hidden": ["account_id", "email"],
            "fields": [
                {"id": f"{form_id}F1", "title": title, "ref": score, "type": kind, "properties": properties},
                {"id": f"{form_id}F2", "title": "Why?", "ref": comment, "type": "long_text", "properties": {}},
            ],
            "created_at": created,
            "last_updated_at": created,
            "_links": {"display": f"https://fernwood.typeform.com/to/{form_id}"},
        }
        for form_id, title, kind, score, comment, properties in _FORMS
    ]


def build_responses(companies: Sequence[Company], now: datetime, seed: int) -> list[Json]:
    """Completed responses of both forms. `form_id` is kept on each for the server; it is not part of the wire shape."""
    return [sent.response for company in companies for sent in rounds(company, now, seed) if sent.response is not None]


@dataclass(frozen=True, slots=True)
class Sent:
    """A survey sent `age` days ago to the company's person of that number, and the response if there was one."""

    form_id: str
    person: int
    age: float
    response: Json | None


def rounds(company: Company, now: datetime, seed: int) -> list[Sent]:
    """All surveys that a company's people were sent."""
    found: list[Sent] = []
    if not company.in_surveys:
        return found
    rng = company.random(seed, "surveys")
    for number in range(min(len(company.people), 6)):
        temper = rng.gauss(0, 1.1)
        found += _rounds(company, number, NPS_FORM, 182.0, temper, now, rng)
        if number < 3:
            found += _rounds(company, number, CSAT_FORM, 120.0, temper / 2.5, now, rng)
    return found


def _rounds(company: Company, number: int, form_id: str, every: float, temper: float, now: datetime, rng: Random) -> list[Sent]:
    found = []
    age = min(company.started - 20, WINDOW_DAYS - 5) - rng.uniform(0, every)
    while age > company.last_day + 1:
        health = company.health_at(age)
        response = None
        if rng.random() < 0.25 + 0.35 * health:
            score = _score(form_id, health, temper, rng)
            response = _response(company, company.people[number], form_id, age, score, now, rng)
        found.append(Sent(form_id, number, age, response))
        age -= every * rng.uniform(0.85, 1.15)
    return found


def _score(form_id: str, health: float, temper: float, rng: Random) -> int:
    if form_id == NPS_FORM:
        return max(0, min(10, round(2.2 + 9.2 * health + temper + rng.gauss(0, 1.0))))
    return max(1, min(5, round(1.4 + 4.0 * health + temper + rng.gauss(0, 0.5))))


def _response(company: Company, person: Person, form_id: str, age: float, score: int, now: datetime, rng: Random) -> Json:
    submitted = now - timedelta(days=age)
    token = token_of(form_id, person.email, round(age, 3))
    nps = form_id == NPS_FORM
    happy = score >= (7 if nps else 4)
    comment = rng.choice(_PRAISE if happy else _BLAME)
    answers: list[Json] = [
        {
            "field": {
                "id": f"{form_id}F1",
                "type": "opinion_scale" if nps else "rating",
                "ref": NPS_SCORE_REF if nps else CSAT_SCORE_REF,
            },
            "type": "number",
            "number": score,
        }
    ]
    if comment:
        field = {"id": f"{form_id}F2", "type": "long_text", "ref": NPS_COMMENT_REF if nps else CSAT_COMMENT_REF}
        answers.append({"field": field, "type": "text", "text": comment})
    hidden = {"account_id": company.account_id, "email": person.email}
    return {
        "form_id": form_id,
        "landing_id": token,
        "token": token,
        "response_id": token,
        "response_type": "completed",
        "landed_at": zulu(submitted - timedelta(seconds=rng.randint(20, 400))),
        "submitted_at": zulu(submitted),
        "metadata": {
            "user_agent": "Mozilla/5.0",
            "platform": "other",
            "referer": "",
            "network_id": token[:10],
            "browser": "default",
        },
        "hidden": hidden,
        "calculated": {"score": 0},
        "answers": answers,
    }
