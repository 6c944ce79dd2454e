"""The settings of a Stripe connection."""

from __future__ import annotations

from pydantic import Field, HttpUrl, SecretStr

from accountpulse.plugins import ConnectorConfig


class StripeConfig(ConnectorConfig):
    """api_key: a restricted key that may read (and write nothing) what docs/connectors/stripe.md lists.

    webhook_secrets: the signing secrets (whsec_...) of webhook endpoints that send here; two while a secret is rolled. Without
    any, what is pushed is refused. account_reference_keys: metadata keys that hold the customer's id in another system, such as
    the CRM's. services_products, training_products: ids or names of the products that are services, and training; a product is
    one of them, not both. base_url: of Stripe's API; another only for a proxy or a test.
    """

    api_key: SecretStr
    base_url: HttpUrl = HttpUrl("https://api.stripe.com")
    webhook_secrets: tuple[SecretStr, ...] = ()
    account_reference_keys: tuple[str, ...] = ("salesforce_account_id", "account_id", "hubspot_company_id")
    services_products: tuple[str, ...] = Field(default=())
    training_products: tuple[str, ...] = Field(default=())
