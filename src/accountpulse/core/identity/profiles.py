"""Keeps what is known of each account now, merged from its sources: what lists are filtered and sorted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from accountpulse.core.metrics.population import ATTRIBUTES, Population
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store.revisions import bump

_KEPT = (
    "domain",
    "owner",
    "plan",
    "industry",
    "region",
    "employees",
    "lifecycle_stage",
    "customer_since",
    "renewal_at",
    "churned_at",
)


def refresh_profiles(connection: sa.Connection, everyone: Population, accounts: Sequence[int] | None = None) -> int:
    """Write the accounts' current attributes, in the caller's transaction; returns how many changed.

    everyone: the population of today, churned accounts included. accounts: it is only of these.
    """
    # Those that are no longer configured as well: what they told still counts.
    connections = store_connections.names(connection)
    rows = [_row(everyone, i, connections) for i in range(len(everyone))]
    changed = store_profiles.write(connection, rows, accounts)
    if changed:
        bump(connection, "facts")
    return changed


def _row(everyone: Population, index: int, connections: Mapping[int, str]) -> dict[str, Any]:
    account_id = int(everyone.account_ids[index])
    attributes = everyone.account(index)
    origins: dict[str, str] = {}
    for name in ATTRIBUTES:
        origin = everyone.origins[name][index]
        if isinstance(origin, int):
            origins[name] = connections[origin]
        elif isinstance(origin, Mapping):
            origins |= {f"custom.{key}": connections[connection] for key, connection in origin.items()}
    since = attributes["customer_since"] or attributes["created_at"]
    return {
        "account_id": account_id,
        "name": attributes["name"] or attributes["domain"] or f"account {account_id}",
        "parent_account_id": attributes["parent"],
        "custom": _plain(attributes["custom"]),
        "origins": origins,
        **{name: attributes[name] for name in _KEPT},
        "customer_since": since,
    }


def _plain(custom: object) -> dict[str, Any]:
    return dict(custom) if isinstance(custom, Mapping) else {}
