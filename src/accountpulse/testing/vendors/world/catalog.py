"""What the fictional company sells: Stripe products, prices and coupons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accountpulse.testing.vendors.world import stripe_objects as shape
from accountpulse.testing.vendors.world.contracts import ADDON_CENTS, ADDONS, MONTHLY_CENTS, YEARLY_CENTS
from accountpulse.testing.vendors.world.wire import stripe_id, unix

Json = dict[str, Any]
ONBOARDING_CENTS = 150_000
TRAINING_CENTS = 60_000
PERCENTS = (10, 15, 20)


class Catalog:
    """Looks prices up by what they are for."""

    def __init__(self, now: datetime) -> None:
        self.created = unix(now - timedelta(days=2000))
        self.products: list[Json] = []
        self.prices: dict[tuple[str, str, str | None], Json] = {}
        for plan in MONTHLY_CENTS:
            self._sell(plan, f"Pulse {plan.title()}", {"month": MONTHLY_CENTS[plan], "year": YEARLY_CENTS[plan]})
        for addon in ADDONS:
            self._sell(addon, f"{addon} add-on", ADDON_CENTS)
        self._sell("onboarding", "Onboarding package", {None: ONBOARDING_CENTS})
        self._sell("training", "Admin training day", {None: TRAINING_CENTS})
        self.coupons = [self._coupon(percent) for percent in PERCENTS]

    def price(self, name: str, currency: str, interval: str | None) -> Json:
        """The price of a plan, an add-on, "onboarding" or "training"."""
        return self.prices[name, currency, interval]

    def _sell(self, key: str, name: str, cents: dict[Any, int]) -> None:
        product_id = stripe_id("prod", key)
        self.products.append(shape.product(product_id, name, self.created))
        for interval, amount in cents.items():
            for currency in ("usd", "eur"):
                identifier = stripe_id("price", key, currency, interval)
                self.prices[key, currency, interval] = shape.price(
                    identifier, product_id, currency, amount, interval, self.created
                )

    def _coupon(self, percent: int) -> Json:
        return {
            "id": f"partner{percent}",
            "object": "coupon",
            "amount_off": None,
            "created": self.created,
            "currency": None,
            "duration": "forever",
            "duration_in_months": None,
            "livemode": False,
            "metadata": {},
            "name": f"{percent}% partner discount",
            "percent_off": float(percent),
            "redeem_by": None,
            "times_redeemed": 1,
            "valid": True,
        }
