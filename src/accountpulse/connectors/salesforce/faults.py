"""What Salesforce refuses, as the errors the engine acts on. What the server wrote is never quoted, only its error code."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from accountpulse.connectors.salesforce.session import QUOTA_PAUSE
from accountpulse.plugins import ConfigError, ConnectorError, PermissionMissing, RateLimited, Transient

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from simple_salesforce.exceptions import SalesforceError


class Refused(ConnectorError):
    """Salesforce does not take a request, and would not take it again. code: its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def translated(error: SalesforceError, sobject: str) -> ConnectorError:
    """A fault of the SDK as one of our errors."""
    answered: Any = error.content
    stated = answered[0] if isinstance(answered, list) and answered and isinstance(answered[0], dict) else {}
    code, message = str(stated.get("errorCode") or ""), str(stated.get("message") or "")
    code = code if re.fullmatch(r"[A-Z_]*", code) else ""
    shown = f"{error.status} {code}".strip()
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return RateLimited(None, "Salesforce runs too many long requests at once for this organisation")
        advice = (
            "Salesforce's daily allowance of API requests is used up: raise it, or sync less often (Setup > System Overview)"
        )
        return RateLimited(QUOTA_PAUSE, advice)
    if error.status == 403 or code in ("INVALID_TYPE", "INSUFFICIENT_ACCESS") or (error.status == 404 and code == "NOT_FOUND"):
        return PermissionMissing(f"read {sobject}", f"give the integration user read access to {sobject} ({shown})")
    if (
        error.status >= 500
        or error.status in (408, 420)
        or code in ("QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "SERVER_UNAVAILABLE")
    ):
        return Transient(f"Salesforce failed to answer a query on {sobject} ({shown})")
    if code in ("INVALID_FIELD", "MALFORMED_QUERY"):
        return Refused(code, f"Salesforce does not take our query on {sobject} ({shown}): check `fields` in the configuration")
    return Refused(code, f"Salesforce refused a query on {sobject} ({shown}): check the integration user's permissions")


def must_exist(sobject: str, asked_for: Mapping[str, Sequence[str]], visible: Collection[str]) -> None:
    """Raise ConfigError for the first configured field that the object does not have, with those it may have meant.

    asked_for: setting -> field names. A field that is hidden from us looks the same as one that does not exist, and reading on
    without it would write over what it held.
    """
    for setting, names in asked_for.items():
        for name in names:
            if name not in visible:
                raise ConfigError(setting, _unknown(sobject, name, visible))


def _unknown(sobject: str, name: str, visible: Collection[str]) -> str:
    # A custom field is often written without its ending, or in another case, which the API's answers do not repeat.
    plain = {_plain(each): each for each in sorted(visible)}
    near = [plain[each] for each in get_close_matches(_plain(name), plain, n=3, cutoff=0.6)]
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return (
        f"{sobject} has no field {name!r} that the integration user may read; {meant}"
        "Put the API name exactly as in Setup > Object Manager, or give the user access to the field"
    )


def _plain(name: str) -> str:
    return name.lower().removesuffix("__c").replace("_", "")
