"""The settings of a HubSpot connection."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from accountpulse.plugins import ActivityKind, ConnectorConfig

DealKind = Literal["new", "renewal", "upsell", "services"]
ProductKind = Literal["services", "training"]
StreamName = Literal["companies", "contacts", "deals", "tickets", "meetings", "calls", "emails", "tasks", "surveys"]


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError("put the API's URL and nothing else, such as https://api.hubapi.com")
    return f"{parts.scheme}://{parts.netloc}"


def _address(url: str) -> str:
    if urlsplit(url).scheme not in ("https", "http") or not urlsplit(url).hostname:
        raise ValueError("put the whole URL that HubSpot sends to, such as https://pulse.acme.com/in/crm/webhook")
    return url


def _property(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("put the internal name of a company property, such as plan_tier (Settings > Properties)")
    return name


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


PropertyName = Annotated[str, AfterValidator(_property)]
PropertyNames = Annotated[tuple[PropertyName, ...], BeforeValidator(_listed)]
Scale = Annotated[tuple[float, float], Field(description="the lowest and the highest answer")]


class CompanyFields(ConnectorConfig):
    """Which company property fills which attribute of an account. Of several, the first that is filled wins."""

    plan: PropertyNames = ("plan",)
    industry: PropertyNames = ("industry",)
    region: PropertyNames = ("region", "country")
    employees: PropertyNames = ("numberofemployees",)
    lifecycle_stage: PropertyNames = ("lifecyclestage",)
    customer_since: PropertyNames = ("customer_since", "hs_v2_date_entered_customer", "hs_lifecyclestage_customer_date")
    renewal_at: PropertyNames = ("renewal_date",)
    churned_at: PropertyNames = ("churn_date",)

    def by_attribute(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> property names."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class HubSpotConfig(ConnectorConfig):
    """How to reach a HubSpot account and what to read.

    Exactly one way to log in: access_token (of a private app); or client_id, client_secret and refresh_token (of an OAuth app).
    base_url: the API; http:// is for a proxy on your own machine, the token travels in clear.
    leave_out: streams not to read. Leave out what you do elsewhere (tickets, where another tool is the support desk): a metric
    takes the silence of a connected source for zero.
    fields, references, custom: which company properties hold our attributes, ids that other systems gave the company, and
    further attributes for segment rules.
    currency: of deals that name none; by default the account's own.
    deal_kinds: what a deal is, by its deal type or its pipeline (label or id), where our reading of their words is wrong.
    won_stages, lost_stages: deal stages (label or id) that mean won and lost, where HubSpot's own mark of the stage does not.
    product_kinds: which products are services or training, by name or SKU, where our reading of their names is wrong; a deal
    for nothing else is for services.
    activity_kinds: what call and meeting types mean, where our reading of their words is wrong.
    survey_scales: the lowest and the highest answer by kind of survey (nps, csat, ces) or by the survey's id.
    webhook_url, webhook_secrets: the URL that HubSpot sends webhooks to, which is part of what it signs, and the app's client
    secrets; two while one is changed. Without them, what is pushed is refused.
    """

    access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(_origin)] = "https://api.hubapi.com"
    leave_out: Annotated[tuple[StreamName, ...], BeforeValidator(_listed)] = ()
    fields: CompanyFields = CompanyFields()
    references: PropertyNames = ()
    custom: PropertyNames = ()
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    deal_kinds: dict[str, DealKind] = Field(default_factory=dict)
    won_stages: tuple[str, ...] = ()
    lost_stages: tuple[str, ...] = ()
    product_kinds: dict[str, ProductKind] = Field(default_factory=dict)
    activity_kinds: dict[str, ActivityKind] = Field(default_factory=dict)
    survey_scales: dict[str, Scale] = Field(default_factory=dict)
    webhook_url: Annotated[str, AfterValidator(_address)] | None = None
    webhook_secrets: tuple[SecretStr, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> HubSpotConfig:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        if bool(self.access_token) == any(oauth) or (any(oauth) and not all(oauth)):
            raise ValueError("put exactly one of: access_token; client_id, client_secret and refresh_token")
        if self.webhook_secrets and self.webhook_url is None:
            raise ValueError("webhook_secrets needs webhook_url too: HubSpot signs the address it sends to")
        for name, (low, high) in self.survey_scales.items():
            if low >= high:
                raise ValueError(f"survey_scales.{name}: the lowest answer ({low:g}) must be below the highest ({high:g})")
        return self
