"""The settings of a Zendesk connection."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from accountpulse.plugins import ConnectorConfig

Csat = Literal["ratings", "surveys", "both"]


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError("put the URL of your Zendesk and nothing else, such as https://acme.zendesk.com")
    return f"{parts.scheme}://{parts.netloc}"


class ZendeskConfig(ConnectorConfig):
    """How to reach a Zendesk account.

    base_url: https://<subdomain>.zendesk.com; http:// is for a proxy on your own machine, the token travels in clear.
    Exactly one way to log in: client_id and client_secret (an OAuth client of kind "confidential", the default to choose: its
    tokens are short-lived and fetched as needed); oauth_token (one made elsewhere); or email and api_token, which Zendesk
    stops accepting on 2027-04-30.
    scope: what the client's tokens may do; reading everything is enough.
    csat: which of Zendesk's two ways of asking for satisfaction you use: `ratings` (the older one, good or bad) or `surveys`
    (the newer one, in 2, 3 or 5 steps). `both` is for a history that holds both: Zendesk may show an answer to the newer as a
    rating too, which then counts twice.
    webhook_secrets: the signing secrets of webhooks that send here; two while one is changed. Without any, what is pushed is
    refused.
    """

    base_url: Annotated[str, AfterValidator(_origin)]
    client_id: str | None = None
    client_secret: SecretStr | None = None
    oauth_token: SecretStr | None = None
    email: str | None = None
    api_token: SecretStr | None = None
    scope: str = "read"
    csat: Csat = "ratings"
    webhook_secrets: tuple[SecretStr, ...] = ()

    @model_validator(mode="after")
    def _one_way_in(self) -> ZendeskConfig:
        ways = {
            "client_id and client_secret": (self.client_id, self.client_secret),
            "oauth_token": (self.oauth_token,),
            "email and api_token": (self.email, self.api_token),
        }
        begun = [names for names, values in ways.items() if any(values)]
        if len(begun) != 1 or not all(ways[begun[0]]):
            found = ", ".join(begun) or "none"
            raise ValueError(
                f"put exactly one of: client_id and client_secret; oauth_token; email and api_token (found: {found})"
            )
        return self
