"""Finds an account by what a person would type: its id, name, domain, or a source's key for it."""

from __future__ import annotations

import difflib

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.store.accounts import id_of_source
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.tables import account_profile

LONGEST_ID = 10
"""Digits of the largest id there can be: a longer number is a name."""


def account_id(connection: sa.Connection, text: str, *, scope: RowScope) -> int:
    """The id of the account. Raises NotFound with near names, or with the choices where a name is taken twice.

    What is not in the scope is neither found nor named.
    """
    table = account_profile
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
        query = scope.limit(sa.select(table.c.account_id).where(table.c.account_id == int(text)), table.c.account_id)
        if (found := connection.execute(query).scalar()) is not None:
            return int(found)
    if ":" in text:
        name, _, key = text.partition(":")
        if (found := id_of_source(connection, name, key, scope=scope)) is not None:
            return found
    wanted = text.casefold()
    named = sa.select(table.c.account_id, table.c.name, table.c.domain)
    rows = connection.execute(scope.limit(named, table.c.account_id)).all()
    matches = [row for row in rows if wanted in (row.name.casefold(), (row.domain or "").casefold())]
    if len(matches) == 1:
        return int(matches[0].account_id)
    if matches:
        choices = ", ".join(f"{row.account_id} ({row.name})" for row in matches)
        raise NotFound(f"several accounts are called {text!r}; give one of the ids: {choices}")
    near = difflib.get_close_matches(wanted, [row.name.casefold() for row in rows], n=3)
    names = [row.name for row in rows if row.name.casefold() in near]
    hint = f"; did you mean {', '.join(names)}?" if names else "; `accountpulse score` lists accounts"
    raise NotFound(f"there is no account {text!r}{hint}")
