"""Stripe's SDK behind one method: raw JSON in, our errors out.

The SDK does the authentication, the transport and the reading of errors. Its typed objects are left aside: they cost 13 to 21
times the time, and they are rendered for one API version, while we also meet older shapes. So is its decoding: see `transport`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from accountpulse.plugins import (
    AuthError,
    ConnectorError,
    Context,
    MissingExtra,
    PermissionMissing,
    RateLimited,
    Transient,
    retry_after,
)

API_VERSION = "2026-10-28.endive"  # pinned: the shapes we map; an SDK update must not change them under us
PAGE = 100  # the most that Stripe gives
TIMEOUT = (10.0, 60.0)

# What the dashboard calls the permissions of a restricted key, where it is not the name of the path.
DASHBOARD_NAMES = {
    "account": "Account (Basic)",
    "charges": "Charges and Refunds",
    "refunds": "Charges and Refunds",
    "subscription_items": "Subscriptions",
}

Params = Iterable[tuple[str, str | int]]
JsonObject = dict[str, Any]


class Gone(ConnectorError):
    """The object asked for, or the one a page starts after, does not exist (any more)."""


class StripeApi:
    """Reads one Stripe account. `key` stays in the SDK's client and in no message."""

    def __init__(self, key: str, base_url: str, context: Context) -> None:
        try:
            import stripe

            from accountpulse.connectors.stripe.transport import Transport
        except ImportError as error:
            raise MissingExtra("The Stripe connector", "stripe") from error
        # The SDK logs error messages and whole answers, which hold people's data and may repeat the key.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self._stripe = stripe
        self._context = context
        self._host = urlsplit(base_url).netloc
        self._client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": base_url.rstrip("/")},
            max_network_retries=0,  # backing off is the engine's business
            http_client=Transport(timeout=TIMEOUT, session=context.http),
        )

    def get(self, path: str, params: Params = ()) -> JsonObject:
        """One object or one page. Raises Gone or one of the connector errors; the body of an error is never quoted."""
        self._context.stop_if_cancelled()
        stripe, query = self._stripe, urlencode(list(params))
        try:
            body: Any = self._client.raw_request("get", f"{path}?{query}" if query else path).body
        # `from None` throughout: Stripe's own message and body may repeat the key, and a traceback would show them.
        except stripe.AuthenticationError:
            raise AuthError("Stripe refused the API key: put a current restricted key into api_key") from None
        except stripe.PermissionError as error:
            raise _permission(path, str(error)) from None
        except stripe.RateLimitError as error:
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            raise RateLimited(retry_after(headers.get("retry-after")), f"Stripe asks us to slow down at {path}") from None
        except stripe.APIConnectionError:
            where = f"Stripe ({self._host})"
            raise Transient(f"{where} could not be reached: check base_url, the network and any proxy") from None
        except stripe.StripeError as error:
            raise _refusal(path, error.http_status, error.code, getattr(error, "param", None)) from None
        try:
            answer: JsonObject = json.loads(body.content)
        except ValueError:
            raise _refusal(path, 200, None, None) from None
        return answer

    def pages(self, path: str, params: Params = (), after: str | None = None) -> Iterator[list[JsonObject]]:
        """The pages of a list, newest first, from the object `after` on. Raises as `get`; Gone when `after` is deleted."""
        fixed = [("limit", PAGE), *params]
        first = True
        while True:
            try:
                page = self.get(path, [*fixed, ("starting_after", after)] if after else fixed)
            except Gone:
                if first:
                    raise
                raise Transient(f"an object was deleted while {path} was being read: reading goes on from there") from None
            first = False
            rows: list[JsonObject] = page["data"]
            if rows and rows[-1]["id"] == after:
                raise Transient(f"Stripe gave the same page of {path} twice")
            if rows:
                yield rows
                after = rows[-1]["id"]
            if not page.get("has_more"):
                return
            if not rows:
                raise Transient(f"Stripe answered an empty page of {path} and says that there is more")

    def one(self, path: str, name: str, params: Params = ()) -> JsonObject:
        """One object by id. Raises Gone when it does not exist."""
        return self.get(f"{path}/{quote(name, safe='')}", params)

    def complete(self, embedded: JsonObject | None, path: str, params: Params = ()) -> list[JsonObject]:
        """All rows of a list inside an object: Stripe embeds the first 10 only, in an order that it does not promise."""
        if not (embedded or {}).get("has_more"):
            return list((embedded or {}).get("data") or ())
        return [row for page in self.pages(path, params) for row in page]


def _permission(path: str, said: str) -> PermissionMissing:
    resource = path.split("/")[2]
    shown = DASHBOARD_NAMES.get(resource, resource.replace("_", " ").capitalize())
    named = re.search(r"\brak_[a-z_]+_read\b", said)  # Stripe's own name of the permission; the rest may repeat the key
    advice = f"in Stripe's dashboard, set the restricted key's permission for {shown} to Read"
    return PermissionMissing(f"{shown}: Read" + (f" ({named[0]})" if named else ""), f"{advice} (asked for at {path})")


def _refusal(path: str, status: int | None, code: str | None, param: str | None) -> ConnectorError:
    if status == 404 or code == "resource_missing":
        return Gone(f"Stripe knows no such object at {path}")
    if status is None or status == 200 or status in (408, 409, 425) or status >= 500:
        return Transient(f"Stripe failed at {path}" + (f" ({status})" if status else ""))
    hint = f", parameter {param}" if param else ""
    return ConnectorError(f"Stripe refused {path} ({status}{', ' + code if code else ''}{hint}): please report this")
