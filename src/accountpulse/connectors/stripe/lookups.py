"""What Stripe's objects refer to and do not contain: coupons, prices and products, each read once a run."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from accountpulse.connectors.stripe import shapes
from accountpulse.connectors.stripe.api import Gone, JsonObject, StripeApi
from accountpulse.plugins import ConfigError, PermissionMissing


class Lookups:
    """Looks things up and remembers them. A key that may not read prices or products costs detail, not the stream."""

    def __init__(self, api: StripeApi, log: logging.Logger) -> None:
        self._api = api
        self._log = log
        self._coupons: dict[str, JsonObject | None] = {}
        self._prices: dict[str, JsonObject | None] = {}

    def with_coupons(self, thing: JsonObject) -> JsonObject:
        """A subscription or invoice with the coupon put into each discount: Stripe's expansion does not reach that deep."""
        if thing.get("discounts"):
            thing = {**thing, "discounts": [self._with_coupon(discount) for discount in thing["discounts"]]}
        customer = thing.get("customer")
        if isinstance(customer, dict) and customer.get("discount"):
            thing = {**thing, "customer": {**customer, "discount": self._with_coupon(customer["discount"])}}
        items = (thing.get("items") or {}).get("data")
        if items and any(item.get("discounts") for item in items):
            thing = {**thing, "items": {"data": [self.with_coupons(item) for item in items]}}
        return thing

    def prices_of(self, subscription: JsonObject, invoices: Iterable[JsonObject]) -> list[JsonObject]:
        """The prices that invoice lines name only by id and the subscription no longer has."""
        held = {shapes.id_of(shapes.price_of(item)) for item in shapes.items_of(subscription)}
        named: set[str] = set()
        for line in (line for invoice in invoices for line in shapes.lines_of(invoice)):
            price = shapes.line_price(line)
            if price and price not in held and shapes.is_recurring(line) and not (line.get("price") or line.get("plan")):
                named.add(price)
        return [found for price in sorted(named) if (found := self._price(price)) is not None]

    @cached_property
    def product_names(self) -> dict[str, str]:
        """Products' names by id; empty when the key may not read products."""
        try:
            return {each["id"]: each.get("name") or each["id"] for page in self._api.pages("/v1/products") for each in page}
        except PermissionMissing:
            self._log.info("plans are named by id: the API key may not read products")
            return {}

    def product_ids(self, setting: str, wanted: Sequence[str]) -> frozenset[str]:
        """The ids of products given by id or name in a setting. Raises ConfigError for a name that no product has."""
        if all(each.startswith("prod_") for each in wanted):
            return frozenset(wanted)
        by_name: dict[str, list[str]] = {}
        for product, name in self.product_names.items():
            by_name.setdefault(name.casefold(), []).append(product)
        found: set[str] = set()
        for each in wanted:
            ids = [each] if each in self.product_names else by_name.get(each.casefold())
            if not ids:
                advice = f"Stripe shows this key no product {each!r}: put its id (prod_...) or its exact name"
                raise ConfigError(setting, advice)
            found.update(ids)
        return frozenset(found)

    def _with_coupon(self, discount: Any) -> Any:
        source = discount.get("source") if isinstance(discount, dict) else None
        if not isinstance(source, dict) or not isinstance(source.get("coupon"), str):
            return discount
        return {**discount, "source": {**source, "coupon": self._coupon(source["coupon"])}}

    def _coupon(self, name: str) -> JsonObject | None:
        if name not in self._coupons:
            try:
                self._coupons[name] = self._api.one("/v1/coupons", name, [("expand[]", "applies_to")])
            except Gone:
                self._log.warning("coupon %s is gone from Stripe: subscriptions that carry it count at full price", name)
                self._coupons[name] = None
        return self._coupons[name]

    def _price(self, name: str) -> JsonObject | None:
        if name not in self._prices:
            try:
                self._prices[name] = self._api.one("/v1/prices", name)
            except (Gone, PermissionMissing):
                self._prices[name] = None
        return self._prices[name]
