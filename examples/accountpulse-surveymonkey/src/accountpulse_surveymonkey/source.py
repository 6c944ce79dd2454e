"""Reads survey responses from SurveyMonkey's bulk endpoint, by time of change, within its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests
from pydantic import Field, HttpUrl, SecretStr

from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    ConfigError,
    Connector,
    ConnectorConfig,
    Identity,
    Item,
    OpaqueCursor,
    RateLimited,
    SurveyResponse,
    Transient,
    Window,
    raise_for_status,
    retry_after,
    stream,
    translated_errors,
)
from accountpulse_surveymonkey import mapping
from accountpulse_surveymonkey.mapping import Survey

PAGE = 100  # the most that the bulk endpoint gives
SECOND = timedelta(seconds=1)
LOOK_BACK = timedelta(minutes=10)


class SurveyMonkeyConfig(ConnectorConfig):
    """token: an access token with the scopes View Surveys and View Responses. base_url: api.eu.surveymonkey.com for the EU.

    surveys: which to read, and what their questions mean. account_variable: the custom variable of the survey's link that
    carries the account's id in the CRM.
    """

    token: SecretStr
    base_url: HttpUrl = HttpUrl("https://api.surveymonkey.com")
    surveys: tuple[Survey, ...] = Field(min_length=1)
    account_variable: str = "account_id"


class SurveyMonkey(Connector[SurveyMonkeyConfig]):
    """SurveyMonkey: what customers answer in NPS, CSAT and CES surveys."""

    id, title = "surveymonkey", "SurveyMonkey"
    account_keys = "reference"

    def check(self) -> Identity:
        me = self._get("/users/me")
        for survey in self.config.surveys:
            self._scores(survey)
        return Identity(str(me["id"]), str(me.get("username") or me.get("email") or "SurveyMonkey"))

    @stream(SurveyResponse, Account, cursor=OpaqueCursor("date_modified of each survey"), look_back=LOOK_BACK)
    def responses(self, window: Window) -> Iterator[Item]:
        """Completed responses that name an account and answer the score question, survey by survey, in order of change.

        Each run begins ten minutes before the last change it knows. A deleted response stays: SurveyMonkey does not tell.
        """
        reached: dict[str, str] = dict(window.cursor) if isinstance(window.cursor, dict) else {}
        for survey in self.config.surveys:
            scores = self._scores(survey)
            known = mapping.instant(reached.get(survey.id))
            for rows in self._pages(survey, known - LOOK_BACK if known is not None else None):
                for row in rows:
                    yield from mapping.records(row, survey, scores, self.config.account_variable)
                changed = [at for row in rows if (at := mapping.instant(row.get("date_modified"))) is not None]
                known = max([*changed, *([known] if known is not None else [])], default=None)
                if known is not None:
                    reached[survey.id] = known.isoformat()
                    yield Checkpoint(dict(reached))

    def _pages(self, survey: Survey, since: datetime | None) -> Iterator[list[dict[str, Any]]]:
        """The responses changed since then, page by page.

        Pages are numbered and move when a response changes meanwhile, so each request begins at the time of the last row, and
        numbers are counted only within one second.
        """
        page, before = 1, None
        while True:
            self.context.stop_if_cancelled()
            params: dict[str, str | int] = {"per_page": PAGE, "page": page, "sort_by": "date_modified", "sort_order": "ASC"}
            if since is not None:
                # Nothing says whether the bound is inclusive; a second earlier it is, either way.
                params["start_modified_at"] = (since - SECOND).isoformat(timespec="seconds")
            found = self._get(f"/surveys/{quote(survey.id, safe='')}/responses/bulk", params, survey=survey.id)
            rows: list[dict[str, Any]] = found.get("data") or []
            yield rows
            if not rows or not (found.get("links") or {}).get("next"):
                return
            ids = [row.get("id") for row in rows]
            if page > 1 and ids == before:
                raise Transient(f"SurveyMonkey gave the same page of survey {survey.id} twice")
            before = ids
            last = mapping.instant(rows[-1].get("date_modified"))
            if last is None or last == since:
                page += 1
            else:
                since, page = last, 1

    def _scores(self, survey: Survey) -> Mapping[str, float]:
        """What the choices of the survey's question are worth. Raises ConfigError for questions that it does not have."""
        asked = mapping.questions(self._get(f"/surveys/{quote(survey.id, safe='')}/details", survey=survey.id))
        for question in (survey.question, survey.comment):
            if question is not None and question not in asked:
                known = ", ".join(f"{id} ({_heading(each)})" for id, each in asked.items()) or "none"
                raise ConfigError("surveys", f"survey {survey.id} has no question {question!r}; it has {known}")
        return mapping.choice_scores(asked[survey.question])

    def _get(self, path: str, params: Mapping[str, str | int] | None = None, survey: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.config.token.get_secret_value().strip()}"}
        url = str(self.config.base_url).rstrip("/") + "/v3" + path
        with translated_errors():
            response = self.context.http.get(url, params=params, headers=headers)
        if response.status_code == 429:
            raise RateLimited(_wait(response), "SurveyMonkey's limit of requests is used up (429)")
        if response.status_code == 401:
            raise AuthError("SurveyMonkey refused the token: put a current access token into token")
        if response.status_code == 404 and survey is not None:
            raise ConfigError("surveys", f"SurveyMonkey has no survey {survey!r} for this token: put the id from its address")
        raise_for_status(response)
        try:
            return response.json()
        except ValueError:
            raise Transient(f"SurveyMonkey answered {path} with something that is not JSON") from None


def _wait(response: requests.Response) -> timedelta | None:
    """How long to wait after a 429: until the day ends when its quota is gone, else until the minute does."""
    for span in ("Day", "Minute"):
        if response.headers.get(f"X-Ratelimit-App-Global-{span}-Remaining") == "0":
            return retry_after(response.headers.get(f"X-Ratelimit-App-Global-{span}-Reset"))
    return retry_after(response.headers.get("Retry-After"))


def _heading(question: Mapping[str, Any]) -> str:
    return str(next((each.get("heading") for each in question.get("headings") or ()), "no heading"))
