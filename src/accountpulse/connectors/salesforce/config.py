"""The settings of a Salesforce connection."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from accountpulse.connectors.salesforce.values import OpportunityKind
from accountpulse.plugins import ActivityKind, ConnectorConfig


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError("put your My Domain URL and nothing else, such as https://acme.my.salesforce.com")
    if parts.hostname in ("login.salesforce.com", "test.salesforce.com"):
        raise ValueError("put your My Domain URL (Setup > My Domain), not the log-in page's: the API is served there")
    return f"{parts.scheme}://{parts.netloc}"


def _field(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError("put the API name of a field of the Account object, such as Plan__c (Setup > Object Manager)")
    return name


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


FieldName = Annotated[str, AfterValidator(_field)]
FieldNames = Annotated[tuple[FieldName, ...], BeforeValidator(_listed)]


class AccountFields(ConnectorConfig):
    """Which Salesforce field fills which attribute of an account. Of several, the first that is filled wins."""

    plan: FieldNames = ("Plan__c",)
    industry: FieldNames = ("Industry",)
    region: FieldNames = ("Region__c", "BillingCountry")
    employees: FieldNames = ("NumberOfEmployees",)
    lifecycle_stage: FieldNames = ("Lifecycle_Stage__c",)
    customer_since: FieldNames = ("Customer_Since__c",)
    renewal_at: FieldNames = ("Renewal_Date__c",)
    churned_at: FieldNames = ("Churned_On__c",)

    def by_attribute(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> field names."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class SalesforceConfig(ConnectorConfig):
    """How to reach a Salesforce organisation and what to read.

    base_url: the My Domain URL; http:// is for a proxy on your own machine, the token travels in clear.
    auth: `client_credentials` (an External Client App with a run-as user, the default) needs client_id and client_secret;
    `jwt` needs client_id, username and private_key (PEM); `password`, which Salesforce switches off for new organisations,
    needs client_id, client_secret, username and password (followed by the security token where one is asked for).
    login_url: the JWT's audience: https://test.salesforce.com for a sandbox.
    api_version: of the REST API. fields, references, custom: which Account fields hold our attributes, ids that other systems
    gave the account, and further attributes for segment rules.
    currency: of amounts, where the organisation has only one. opportunity_kinds, activity_kinds: the picklist values of
    Opportunity.Type and Task/Event.Type that our own reading of their words gets wrong.
    """

    base_url: Annotated[str, AfterValidator(_origin)]
    auth: Literal["client_credentials", "jwt", "password"] = "client_credentials"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    username: str | None = None
    private_key: SecretStr | None = None
    password: SecretStr | None = None
    login_url: str = "https://login.salesforce.com"
    api_version: str = Field(default="65.0", pattern=r"^\d{2,3}\.0$")
    fields: AccountFields = AccountFields()
    references: FieldNames = ()
    custom: FieldNames = ()
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    opportunity_kinds: dict[str, OpportunityKind] = Field(default_factory=dict)
    activity_kinds: dict[str, ActivityKind] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> SalesforceConfig:
        needed = {
            "client_credentials": ("client_secret",),
            "jwt": ("username", "private_key"),
            "password": ("client_secret", "username", "password"),
        }[self.auth]
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"auth: {self.auth} needs {' and '.join(missing)} too")
        return self
