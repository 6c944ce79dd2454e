"""The settings of a PostHog connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from accountpulse.plugins import ConnectorConfig

# What PostHog's libraries send on their own account, and nobody did.
BOOKKEEPING = (
    "$create_alias",
    "$feature_flag_called",
    "$groupidentify",
    "$identify",
    "$merge_dangerously",
    "$opt_in",
    "$pageleave",
    "$set",
    "$web_vitals",
)
_Name = Annotated[str, Field(min_length=1)]


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError("put https://us.posthog.com, https://eu.posthog.com, or the address of your own PostHog")
    if parts.hostname.endswith(".i.posthog.com"):
        raise ValueError("this address only takes events; put https://us.posthog.com or https://eu.posthog.com")
    return f"{parts.scheme}://{parts.netloc}"


class PostHogConfig(ConnectorConfig):
    """Which project's usage is read, and how it is told.

    personal_api_key: a personal API key (`phx_...`) with the scopes query:read, project:read and group:read; not the project's
    token, which only sends.
    project_id: the number of the project, as in the address of its pages.
    base_url: https://us.posthog.com, https://eu.posthog.com, or your own; http:// is for a proxy on your own machine.
    group_type: the group type that is your customer.
    key_events: if given, the only events counted. ignored_events: events that are never counted; by default those that
    PostHog's libraries send by themselves.
    features: what an event counts as, where that is not its own name; several events may be one feature.
    duration_property: the property of an event that says how many seconds it lasted. Without it, no seconds are known.
    history_days: how far back the first reading goes.
    """

    personal_api_key: SecretStr
    project_id: Annotated[int, Field(gt=0)]
    base_url: Annotated[str, AfterValidator(_origin)] = "https://us.posthog.com"
    group_type: _Name = "company"
    key_events: tuple[_Name, ...] | None = Field(default=None, min_length=1)
    ignored_events: tuple[_Name, ...] = BOOKKEEPING
    features: Mapping[_Name, _Name] = Field(default_factory=dict)
    duration_property: _Name | None = None
    history_days: Annotated[int, Field(ge=1, le=3650)] = 365
