"""The settings of an Intercom connection."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from accountpulse.plugins import ConnectorConfig

# Where each region's workspaces are, by the name that Intercom's own answers give the region.
REGIONS = {"US": "https://api.intercom.io", "EU": "https://api.eu.intercom.io", "AU": "https://api.au.intercom.io"}


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError(f"put the API's address of your region: {', '.join(REGIONS.values())}")
    return f"{parts.scheme}://{parts.netloc}"


class IntercomConfig(ConnectorConfig):
    """How to reach an Intercom workspace.

    token: an access token of an app in your Developer Hub, that may read users and companies, and conversations.
    base_url: https://api.intercom.io for workspaces in the US, https://api.eu.intercom.io in Europe,
    https://api.au.intercom.io in Australia; http:// is for a proxy on your own machine, the token travels in clear.
    webhook_secrets: the client secret of the app whose webhooks send here; two while it is changed. Without any, what is pushed
    is refused.
    """

    token: SecretStr
    base_url: Annotated[str, AfterValidator(_origin)] = REGIONS["US"]
    webhook_secrets: tuple[SecretStr, ...] = ()
