"""The settings of a Salesforce connection."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from accountpulse.connectors.salesforce.values import OpportunityKind, ProductKind
from accountpulse.plugins import ActivityKind, ConnectorConfig

API_VERSION = "65.0"
CONTRACT_END = "Contract.EndDate"
"""Stands for the end of the account's contracts, where an account's field is asked for."""


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError("put your My Domain URL and nothing else, such as https://acme.my.salesforce.com")
    if parts.hostname in ("login.salesforce.com", "test.salesforce.com"):
        raise ValueError("put your My Domain URL (Setup > My Domain), not the log-in page's: the API is served there")
    return f"{parts.scheme}://{parts.netloc}"


def _field(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError("put the API name of a field of the object, such as Plan__c (Setup > Object Manager)")
    return name


def _field_or_end(name: str) -> str:
    return name if name == CONTRACT_END else _field(name)


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


FieldName = Annotated[str, AfterValidator(_field)]
FieldNames = Annotated[tuple[FieldName, ...], BeforeValidator(_listed)]
EndNames = Annotated[tuple[Annotated[str, AfterValidator(_field_or_end)], ...], BeforeValidator(_listed)]


class Fields(ConnectorConfig):
    """Which fields of an object fill which attribute. Of several, the first that is filled wins."""

    setting: ClassVar[str]
    sobject: ClassVar[str]

    def by_attribute(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> field names."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def names(self) -> tuple[str, ...]:
        """The object's fields to read, each once."""
        every = (name for names in self.by_attribute().values() for name in names)
        return tuple(dict.fromkeys(name for name in every if name != CONTRACT_END))

    def asked_for(self) -> dict[str, tuple[str, ...]]:
        """Setting -> field names, where somebody put them: they must exist, while a default may be absent."""
        own = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        return {f"{self.setting}.{name}": tuple(n for n in names if n != CONTRACT_END) for name, names in own.items()}


class AccountFields(Fields):
    """Which Account field fills which attribute. Of several, the first that is filled wins.

    renewal_at may name `Contract.EndDate`, the latest end of the account's activated contracts.
    """

    setting = "fields"
    sobject = "Account"

    plan: FieldNames = ("Plan__c",)
    industry: FieldNames = ("Industry",)
    region: FieldNames = ("Region__c", "BillingCountry")
    employees: FieldNames = ("NumberOfEmployees",)
    lifecycle_stage: FieldNames = ("Lifecycle_Stage__c",)
    customer_since: FieldNames = ("Customer_Since__c",)
    renewal_at: EndNames = ("Renewal_Date__c", CONTRACT_END)
    churned_at: FieldNames = ("Churned_On__c",)


class ContactFields(Fields):
    """Which Contact field fills which attribute."""

    setting = "contact_fields"
    sobject = "Contact"

    role: FieldNames = ("Title",)


class OpportunityFields(Fields):
    """Which Opportunity field fills which attribute."""

    setting = "opportunity_fields"
    sobject = "Opportunity"

    kind: FieldNames = ("Type",)
    amount: FieldNames = ("Amount",)


class ContractFields(Fields):
    """Which Contract field fills which attribute. Salesforce's own contracts know no plan and no seats."""

    setting = "contract_fields"
    sobject = "Contract"

    plan: FieldNames = ()
    seats: FieldNames = ()
    renews_at: FieldNames = ("EndDate",)


class SalesforceConfig(ConnectorConfig):
    """How to reach a Salesforce organisation and what to read.

    base_url: the My Domain URL; http:// is for a proxy on your own machine, the token travels in clear.
    auth: `client_credentials` (an External Client App with a run-as user, the default) needs client_id and client_secret;
    `jwt` needs client_id, username and private_key (PEM); `password`, which Salesforce switches off for new organisations,
    needs client_id, client_secret, username and password (followed by the security token where one is asked for).
    login_url: the JWT's audience: https://test.salesforce.com for a sandbox.
    api_version: of the REST API. fields, contact_fields, opportunity_fields, contract_fields: which fields hold our attributes.
    references, custom: Account fields with ids that other systems gave, and further attributes for segment rules.
    currency: of amounts, where the organisation has only one. opportunity_kinds, activity_kinds, product_kinds: the picklist
    values of Opportunity.Type, Task/Event.Type and Product2.Family that our own reading of their words gets wrong.
    seats_from_assets: count the quantities of assets as seats; leave it false where a billing connection brings the seats.
    bulk_above: an object with more rows than this is first read by the Bulk API 2.0; null to never use it.
    request_share: stop for a while once the organisation has used this share of its daily API requests.
    """

    base_url: Annotated[str, AfterValidator(_origin)]
    auth: Literal["client_credentials", "jwt", "password"] = "client_credentials"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    username: str | None = None
    private_key: SecretStr | None = None
    password: SecretStr | None = None
    login_url: str = "https://login.salesforce.com"
    api_version: str = Field(default=API_VERSION, pattern=r"^\d{2,3}\.0$")
    fields: AccountFields = AccountFields()
    contact_fields: ContactFields = ContactFields()
    opportunity_fields: OpportunityFields = OpportunityFields()
    contract_fields: ContractFields = ContractFields()
    references: FieldNames = ()
    custom: FieldNames = ()
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    opportunity_kinds: dict[str, OpportunityKind] = Field(default_factory=dict)
    activity_kinds: dict[str, ActivityKind] = Field(default_factory=dict)
    product_kinds: dict[str, ProductKind] = Field(default_factory=dict)
    seats_from_assets: bool = False
    bulk_above: int | None = Field(default=20_000, ge=0)
    request_share: float = Field(default=0.9, gt=0, le=1)

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

    def asked_for(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Object -> setting -> the fields that somebody put there."""
        maps: tuple[Fields, ...] = (self.fields, self.contact_fields, self.opportunity_fields, self.contract_fields)
        found = {each.sobject: each.asked_for() for each in maps}
        found["Account"] |= {"references": self.references, "custom": self.custom}
        return found
