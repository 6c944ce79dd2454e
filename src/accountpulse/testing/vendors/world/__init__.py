"""A fictional SaaS company's customer base over 18 months, as pure data: 228 companies, coherent in every vendor.

`World(now, seed)` is deterministic: the same arguments give the same data on every platform, and another `now` shifts
every time by the difference. All of it is built when first asked for. How well a company is doing drives what the
vendors hold; the hidden course itself (`companies`) is for tests and never reaches a vendor.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from accountpulse.core.clock import require_aware
from accountpulse.testing.vendors.world.billing import build_billing
from accountpulse.testing.vendors.world.companies import Company, build_companies
from accountpulse.testing.vendors.world.crm import build_crm
from accountpulse.testing.vendors.world.segment import send_messages
from accountpulse.testing.vendors.world.support import build_support
from accountpulse.testing.vendors.world.surveys import build_forms, build_responses
from accountpulse.testing.vendors.world.usage import FEATURES, UsageRow, build_messages, build_usage, write_usage_csv

__all__ = ["FEATURES", "Company", "UsageRow", "World"]

Json = dict[str, Any]


class World:
    """The base as it stands at `now` (aware; whole seconds count). Raises ValueError for a naive `now`."""

    def __init__(self, now: datetime, seed: int = 7) -> None:
        self.now = require_aware(now).replace(microsecond=0)
        self.seed = seed

    @cached_property
    def companies(self) -> tuple[Company, ...]:
        """The companies with their hidden course. For tests; a connector sees only what the vendors serve."""
        return build_companies(self.seed)

    @cached_property
    def salesforce(self) -> dict[str, list[Json]]:
        """Records by object name."""
        return build_crm(self.companies, self.now, self.seed)

    @cached_property
    def zendesk(self) -> dict[str, list[Json]]:
        """Objects by kind: organization, user, ticket, satisfaction_rating."""
        return build_support(self.companies, self.now, self.seed)

    @cached_property
    def stripe(self) -> dict[str, list[Json]]:
        """Objects by their Stripe `object` name."""
        return build_billing(self.companies, self.now, self.seed)

    @cached_property
    def forms(self) -> list[Json]:
        """Typeform forms."""
        return build_forms(self.now)

    @cached_property
    def responses(self) -> list[Json]:
        """Typeform responses, each with its `form_id`."""
        return build_responses(self.companies, self.now, self.seed)

    @cached_property
    def usage(self) -> list[UsageRow]:
        """Daily roll-ups, ending three full days before the day of `now`."""
        return build_usage(self.companies, self.now, self.seed)

    @cached_property
    def messages(self) -> list[Json]:
        """Segment messages of the last three full days."""
        return build_messages(self.companies, self.now, self.seed)

    def write_usage_csv(self, path: Path) -> int:
        """Write the roll-ups to a CSV file: account_id, user, feature, day, count, seconds. Returns the rows written."""
        write_usage_csv(self.usage, path)
        return len(self.usage)

    def send_usage_events(self, host: str, write_key: str) -> int:
        """Send the messages with Segment's own client. Sending twice repeats the same message ids. Returns how many."""
        return send_messages(self.messages, host, write_key)
