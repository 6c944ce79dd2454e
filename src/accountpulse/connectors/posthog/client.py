"""Talking to PostHog: plain HTTP, answers of the shape that was asked for, and refusals as our errors."""

from __future__ import annotations

import re
from typing import Any

import requests

from accountpulse.connectors.posthog.config import PostHogConfig
from accountpulse.connectors.posthog.hogql import Question
from accountpulse.plugins import (
    AuthError,
    ConfigError,
    ConnectorError,
    Context,
    PermissionMissing,
    RateLimited,
    Transient,
    raise_for_status,
    retry_after,
    translated_errors,
)

_SCOPES = {"query": "query:read", "groups_types": "group:read"}


class PostHogClient:
    """One PostHog project."""

    def __init__(self, config: PostHogConfig, context: Context) -> None:
        self._config = config
        self._context = context

    def project(self) -> dict[str, Any]:
        """What PostHog says of the project. Raises AuthError, ConfigError, PermissionMissing, RateLimited or Transient."""
        found = self._ask("GET", "")
        if not isinstance(found, dict):
            raise Transient("PostHog answered for the project with something that is not a JSON object")
        return found

    def group_types(self) -> dict[str, object]:
        """The number of each group type, by its name. Raises as `project` does."""
        found = self._ask("GET", "groups_types/")
        listed = found.get("results") if isinstance(found, dict) else found
        if not isinstance(listed, list):
            raise Transient("PostHog answered for the group types with something that is not a list")
        return {str(each.get("group_type")): each.get("group_type_index") for each in listed if isinstance(each, dict)}

    def rows(self, question: Question) -> list[list[Any]]:
        """The rows that answer a question. Raises as `project` does."""
        query = {"kind": "HogQLQuery", "query": question.text, "values": dict(question.values)}
        # A day asked for again must be counted again, not remembered.
        found = self._ask("POST", "query/", json={"query": query, "refresh": "force_blocking", "name": "accountpulse"})
        if not isinstance(found, dict) or not isinstance(found.get("results"), list):
            raise Transient("PostHog answered a query without its results")
        if found.get("columns") != list(question.columns):
            raise Transient(f"PostHog answered another query than was asked: it gave {found.get('columns')!r}"[:200])
        rows: list[list[Any]] = found["results"]
        if any(not isinstance(row, list) or len(row) != len(question.columns) for row in rows):
            raise Transient("PostHog gave rows that do not have the columns that were asked for")
        return rows

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        url = f"{self._config.base_url}/api/projects/{self._config.project_id}/{path}"
        headers = {"Authorization": f"Bearer {self._config.personal_api_key.get_secret_value().strip()}"}
        with translated_errors():
            response = self._context.http.request(method, url, headers=headers, allow_redirects=False, **how)
        self._refuse(response, url, path)
        try:
            return response.json()
        except ValueError:
            # A proxy's HTML page with status 200 is a passing fault, not data.
            raise Transient(f"{url} answered something that is not JSON") from None

    def _refuse(self, response: requests.Response, url: str, path: str) -> None:
        status = response.status_code
        if status < 300:
            return
        if status == 401:
            raise AuthError("PostHog refused the key (401): put a personal API key (phx_...), not the project's token")
        if status == 403:
            scope = _SCOPES.get(path.rstrip("/"), "project:read")
            raise PermissionMissing(scope, f"the personal API key may not read this: give it the scope {scope}")
        if status == 404 or status < 400:
            host, project = self._config.base_url, self._config.project_id
            raise ConfigError("project_id", f"{host} has no project {project} for this key: check project_id and base_url")
        if status == 429:
            wait = retry_after(response.headers.get("Retry-After"), now=self._context.clock.now())
            raise RateLimited(wait, "PostHog asks us to slow down (429): it takes so many queries an hour")
        if status in (408, 425) or status >= 500:
            raise_for_status(response)
        raise ConnectorError(f"{url} answered {status}{_code(response)}: this PostHog may be too old to be asked this way")


def _code(response: requests.Response) -> str:
    """PostHog's word for a refusal; not its sentence, which may repeat what was sent."""
    try:
        code = str(response.json()["code"])
    except (ValueError, LookupError, TypeError):
        code = ""
    return f" ({code})" if re.fullmatch(r"[a-z_]{1,60}", code) else ""
