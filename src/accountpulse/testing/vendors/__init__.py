"""Simulated vendors: loopback servers that speak Salesforce's, Zendesk's, Stripe's and others' protocols to their own SDKs.

    with start_vendors(now) as vendors:
        client = stripe.StripeClient(vendors.stripe.credentials["api_key"], base_addresses={"api": vendors.stripe.base_url})

How the other SDKs find their simulator (plain http, no certificates):

* zenpy: the environment variables ZENPY_FORCE_NETLOC (host and port) and ZENPY_FORCE_SCHEME=http;
* simple-salesforce, which always says https: a `requests.Session` with an adapter mounted on "https://" that sends
  `base_url + request.path_url`; give it as `session=`, to log-ins and to `session_id=`/`instance_url=` alike;
* hubspot-api-client: `host=`; Typeform and everything plain: `base_url`.

Each vendor but HubSpot, Intercom and PostHog, which begin empty, serves the same fictional customer base (`vendors.world`).
Each has a control surface: `put`, `touch`, `delete`, `merge`, `fail`, `hang`, `same_second`, `hide_until`, `page_size`,
`expire_sessions`, `revoke`, `requests`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from accountpulse.core.clock import Clock, FixedClock, SystemClock
from accountpulse.testing.vendors.control import Answer, SeenRequest, SimulatedVendor
from accountpulse.testing.vendors.hubspot import HubSpotVendor
from accountpulse.testing.vendors.intercom import IntercomVendor
from accountpulse.testing.vendors.posthog import PostHogVendor
from accountpulse.testing.vendors.rest import RestServer, RestVendor
from accountpulse.testing.vendors.salesforce import SalesforceVendor
from accountpulse.testing.vendors.server import serving, vendor_app
from accountpulse.testing.vendors.stripe import StripeVendor
from accountpulse.testing.vendors.typeform import TypeformVendor
from accountpulse.testing.vendors.world import FEATURES, World
from accountpulse.testing.vendors.zendesk import ZendeskVendor

__all__ = [
    "FEATURES",
    "Answer",
    "HubSpotVendor",
    "IntercomVendor",
    "PostHogVendor",
    "RestServer",
    "RestVendor",
    "SalesforceVendor",
    "SeenRequest",
    "SimulatedVendor",
    "StripeVendor",
    "TypeformVendor",
    "Vendors",
    "World",
    "ZendeskVendor",
    "serving",
    "start_vendors",
    "vendor_app",
]


@dataclass(frozen=True, slots=True)
class Vendors:
    """The running vendors, the world they serve and the clock they tell the time by."""

    world: World
    clock: Clock
    salesforce: SalesforceVendor
    zendesk: ZendeskVendor
    stripe: StripeVendor
    typeform: TypeformVendor
    hubspot: HubSpotVendor
    intercom: IntercomVendor
    posthog: PostHogVendor

    @property
    def all(self) -> tuple[SimulatedVendor, ...]:
        """Every vendor, to do the same to each."""
        return self.salesforce, self.zendesk, self.stripe, self.typeform, self.hubspot, self.intercom, self.posthog


@contextmanager
def start_vendors(
    now: datetime | None = None,
    seed: int = 7,
    clock: Clock | None = None,
    *,
    world: World | None = None,
    empty: bool = False,
) -> Iterator[Vendors]:
    """Start the vendors on loopback ports, with the world as it stands at `now`, and stop them at the end.

    The servers tell the time by `clock`. Without one it stands still at `now`; without either, `now` is the present.
    A `world` built before is served instead of a new one; the vendors copy what they change, so several may share it.
    With `empty`, the vendors hold nothing: for tests that put exactly what they need.
    """
    if world is None:
        world = World(now if now is not None else (clock or SystemClock()).now(), seed)
    clock = clock if clock is not None else FixedClock(world.now)
    content = None if empty else world
    vendors = Vendors(
        world,
        clock,
        SalesforceVendor(content, clock),
        ZendeskVendor(content, clock),
        StripeVendor(content, clock),
        TypeformVendor(content, clock),
        HubSpotVendor(content, clock),
        IntercomVendor(clock),
        PostHogVendor(clock),
    )
    with serving(*vendors.all):
        yield vendors
