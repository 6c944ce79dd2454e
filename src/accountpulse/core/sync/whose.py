"""Whose account a connection reads: one account of a vendor is read by one connection, and a connection stays with its own."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.store import connections as store_connections
from accountpulse.core.sync.connector import Identity
from accountpulse.core.sync.engine import Source


def settle_identity(connection: sa.Connection, source: Source, identity: Identity, *, accept: bool = False) -> str | None:
    """Remember whom a connection talks to; or say why it must not be read, with what to do.

    accept: a person says that the account is the one which was read before, as after the vendor renamed it.

    An account that two connections read would be counted twice. One that was read under another name, which is gone from the
    configuration, goes on under that name. Connectors that name no vendor's account (files, what is pushed) say their own id.
    """
    row = store_connections.by_name(connection, source.name)
    known = (row.identity or {}).get("id")
    nobodys = source.connector.id
    if identity.id != nobodys:
        if known not in (None, nobodys, identity.id) and not accept:
            return (
                f"it was connected to {row.identity.get('name')} ({known}), and these credentials are those of {identity.name} "
                f"({identity.id}): put credentials of the first, or give the connection another name. If it is one account, "
                f"which was renamed, say so: accountpulse check {source.name} --accept"
            )
        other = store_connections.same_account(connection, source.id, identity.id)
        if other is not None and other.removed_at is None:
            return f"connection {other.name!r} reads {identity.name} ({identity.id}) already: keep one of the two"
        if other is not None:
            return (
                f"{identity.name} ({identity.id}) was read as connection {other.name!r} before, and what was read is kept: "
                f"name this connection {other.name!r}, and it goes on from there"
            )
    found = {"id": identity.id, "name": identity.name, "details": dict(identity.details)}
    if row.identity != found:
        store_connections.set_identity(connection, source.id, found)
    return None
