"""Reads survey responses from Typeform, over plain HTTP: its Python SDK is no longer kept up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from accountpulse.connectors.typeform import mapping
from accountpulse.connectors.typeform.mapping import Form
from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    ConfigError,
    Connector,
    ConnectorConfig,
    Identity,
    InboundRequest,
    InvalidRecord,
    Item,
    Message,
    PushItem,
    RateLimit,
    SurveyResponse,
    TimeCursor,
    Transient,
    Window,
    inbound,
    raise_for_status,
    require_signature,
    stream,
    translated_errors,
)

PAGE = 1000  # the most that Typeform gives
LOOK_BACK = timedelta(hours=1)
SIGNATURE = "Typeform-Signature"


class TypeformConfig(ConnectorConfig):
    """token: a personal access token that may read forms and responses. base_url: https://api.eu.typeform.com for EU accounts.

    account_field: the hidden field that carries the account's id in the CRM. email_field: the respondent's e-mail.
    webhook_secrets: the secrets of webhooks that send here; two while one is changed. Without any, what is pushed is refused.
    """

    token: SecretStr
    base_url: HttpUrl = HttpUrl("https://api.typeform.com")
    forms: tuple[Form, ...] = Field(min_length=1)
    account_field: str = "account_id"
    email_field: str = "email"
    webhook_secrets: tuple[SecretStr, ...] = ()


class Typeform(Connector[TypeformConfig]):
    """Typeform: what customers answer in NPS, CSAT and CES surveys."""

    id, title = "typeform", "Typeform"
    account_keys = "reference"
    rate_limits = (RateLimit(2, timedelta(seconds=1), "for each account"),)

    def check(self) -> Identity:
        me = self._get("/me")
        for form in self.config.forms:
            refs = set(_refs(self._form(form.id).get("fields") or ()))
            for ref in (form.score_field, form.comment_field):
                if ref is not None and ref not in refs:
                    raise ConfigError("forms", f"form {form.id} has no question with the ref {ref!r}; it has {_listed(refs)}")
        return Identity(str(me.get("user_id") or me.get("email") or me.get("alias")), me.get("alias") or "Typeform")

    @stream(SurveyResponse, Account, cursor=TimeCursor("submitted_at"), look_back=LOOK_BACK)
    def responses(self, window: Window) -> Iterator[Item]:
        """Completed responses of the configured forms that name an account and answer the score question.

        Each run reads what was submitted since the last one, and an hour more: Typeform can take half an hour to show a
        response. Pages come newest first, so only a form read to its end is complete, and the one checkpoint comes after all
        forms. A deleted response stays: Typeform does not tell.
        """
        seen: set[str] = set()
        without_account = 0
        for form in self.config.forms:
            for response in self._responses(form, window):
                key = mapping.account_key(response, self.config.account_field)
                if key is None:
                    without_account += 1
                    continue
                record = self._record(response, form)
                if record is None:
                    continue
                if key not in seen:
                    seen.add(key)
                    yield mapping.account_evidence(key)
                yield record
        if without_account:
            self.context.log.debug(
                "%d responses name no account: give the hidden field %r in the survey's link",
                without_account,
                self.config.account_field,
            )
        yield Checkpoint(window.until)

    @inbound("webhook", records=(Account, SurveyResponse), apply="apply")
    def receive(self, request: InboundRequest) -> list[Message]:
        """Typeform's webhooks, signed with one of `webhook_secrets`: a response as soon as it is submitted.

        It becomes the record that `responses` brings, under the same id; a response sent twice, by its token, counts once.
        Typeform signs no time: an old request that somebody repeats is such a second one. What is missed comes with the next
        run of the stream, which does not depend on webhooks.
        """
        given = request.headers.get(SIGNATURE.lower())
        signature = given.removeprefix("sha256=") if given is not None and given.startswith("sha256=") else None
        require_signature(request.body, signature, self.config.webhook_secrets, header=SIGNATURE, encoding="base64")
        response = _submitted(request.body)
        if response is None or response["form_id"] not in {form.id for form in self.config.forms}:
            return []
        return [Message(f"{response['form_id']}:{response['token']}", response)]

    def apply(self, message: Message) -> Iterator[PushItem]:
        """The records of a submitted response: one for each question of its form that is read."""
        response: dict[str, Any] = message.body  # type: ignore[assignment]  # what `receive` put there
        key = mapping.account_key(response, self.config.account_field)
        found = [self._record(response, form) for form in self.config.forms if form.id == response["form_id"]]
        for record in found:
            if isinstance(record, InvalidRecord):
                raise record
        if key is not None and any(found):
            yield mapping.account_evidence(key)
            yield from (record for record in found if isinstance(record, SurveyResponse))

    def _record(self, response: Mapping[str, Any], form: Form) -> SurveyResponse | InvalidRecord | None:
        forms = Counter(each.id for each in self.config.forms)
        return mapping.survey_response(
            response,
            form,
            account_field=self.config.account_field,
            email_field=self.config.email_field,
            qualified=forms[form.id] > 1,
        )

    def _responses(self, form: Form, window: Window) -> Iterator[dict[str, Any]]:
        bounds: dict[str, str | int] = {"page_size": PAGE, "until": _second(window.until)}
        if window.since is not None:
            bounds["since"] = _second(window.since)
        path = f"/forms/{quote(form.id, safe='')}/responses"
        before = ""
        while True:
            self.context.stop_if_cancelled()
            page = self._get(path, {**bounds, "before": before} if before else bounds, form=form.id)
            items: list[dict[str, Any]] = page.get("items") or []
            yield from items
            # `total_items` counts all, or only what is before the token: no more of them than on this page is the end.
            if not items or len(items) >= page.get("total_items", len(items) + 1):
                return
            last = items[-1].get("token")
            if not last or last == before:
                raise Transient(f"Typeform gave the same page of form {form.id} twice")
            before = last

    def _form(self, form: str) -> dict[str, Any]:
        found: dict[str, Any] = self._get(f"/forms/{quote(form, safe='')}", form=form)
        return found

    def _get(self, path: str, params: dict[str, str | int] | None = None, form: str | None = None) -> Any:
        token = self.config.token.get_secret_value().strip()
        url = str(self.config.base_url).rstrip("/") + path
        with translated_errors():
            response = self.context.http.get(url, params=params, headers={"Authorization": f"Bearer {token}"})
        if response.status_code == 404 and form is not None:
            raise ConfigError("forms", f"Typeform has no form {form!r} for this token: put the id from the form's address")
        if response.status_code == 400 and params and "before" in params:
            raise Transient(f"a response was deleted while form {form} was being read: it is read again")
        if response.status_code == 403 and _code(response) == "AUTHENTICATION_FAILED":
            raise AuthError("Typeform refused the token: put a current personal access token into token")
        raise_for_status(response)
        try:
            return response.json()
        except ValueError:
            raise Transient(f"Typeform answered {path} with something that is not JSON") from None


def _submitted(raw: bytes) -> dict[str, Any] | None:
    """The response in a webhook's body; None for other events, such as an unfinished response. Raises InvalidRecord."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRecord("body", "the body is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("event_type"), str):
        raise InvalidRecord("body", "the body is no event of Typeform: it lacks event_type")
    if body["event_type"] != "form_response":
        return None
    response = body.get("form_response")
    if not isinstance(response, dict):
        raise InvalidRecord("form_response", "the event lacks form_response")
    for name in ("form_id", "token"):
        if not isinstance(response.get(name), str) or not response[name]:
            raise InvalidRecord("form_response", f"form_response.{name} must be a text")
    for name, shape, wanted in (("answers", list, "a list"), ("hidden", dict, "a JSON object")):
        if not isinstance(response.get(name) or shape(), shape):
            raise InvalidRecord("form_response", f"form_response.{name} must be {wanted}")
    # The form's definition and its other calculations are not needed, and people's answers should not be kept for nothing.
    kept = ("form_id", "token", "response_type", "submitted_at", "hidden", "answers")
    return {name: response[name] for name in kept if name in response}


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _code(response: Any) -> str | None:
    try:
        return str(response.json().get("code"))
    except (ValueError, AttributeError):
        return None


def _refs(fields: Any) -> Iterator[str]:
    for field in fields:
        if field.get("ref"):
            yield field["ref"]
        yield from _refs((field.get("properties") or {}).get("fields") or ())


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
