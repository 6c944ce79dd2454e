"""API tokens: only whoever holds one gets in, and only while it is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from accountpulse.core.errors import NotFound, SettingsError, Unauthorized
from accountpulse.core.store import tokens
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.tables import api_token

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_token_identifies_its_viewer_until_it_expires(store: Store) -> None:
    with store.write() as connection:
        token = tokens.create(
            connection, rows=EVERYTHING, name="report", scopes=["read", "write"], now=NOW, expires_at=NOW + timedelta(days=1)
        )
        viewer = tokens.verify(connection, token, NOW + timedelta(hours=23))
        assert (viewer.name, viewer.scopes) == ("report", frozenset({"read", "write"}))
        with pytest.raises(Unauthorized, match="expired on 2026-11-22"):
            tokens.verify(connection, token, NOW + timedelta(days=1))


def test_the_secret_is_not_stored(store: Store) -> None:
    with store.write() as connection:
        token = tokens.create(connection, rows=EVERYTHING, name="report", scopes=["read"], now=NOW)
        row = connection.execute(sa.select(api_token)).one()
    assert token.startswith("ap_" + row.prefix)
    secret = token[len("ap_") + 8 :]
    assert len(secret) == 32
    assert secret not in repr(row)
    assert secret.encode() not in bytes(row.hash)


def test_a_token_that_is_not_quite_right_is_unknown(store: Store) -> None:
    with store.write() as connection:
        token = tokens.create(connection, rows=EVERYTHING, name="report", scopes=["read"], now=NOW)
        last = "a" if token[-1] != "a" else "b"
        for wrong in (token[:-1], token + "a", token[:-1] + last, token[3:], "", "ap_", "ap_" + "x" * 40, "\ud800", "ap_é"):
            with pytest.raises(Unauthorized, match="not known here"):
                tokens.verify(connection, wrong, NOW)


def test_a_revoked_token_is_refused_and_stays_listed(store: Store) -> None:
    with store.write() as connection:
        token = tokens.create(connection, rows=EVERYTHING, name="report", scopes=["read"], now=NOW)
        tokens.create(connection, rows=EVERYTHING, name="other", scopes=["admin"], now=NOW)
        tokens.revoke(connection, token[:11], NOW)
        tokens.revoke(connection, token[3:11], NOW + timedelta(days=1))
        with pytest.raises(Unauthorized, match="was revoked"):
            tokens.verify(connection, token, NOW)
        listed = tokens.listing(connection)
        assert [(t.name, t.scopes, t.revoked_at) for t in listed] == [("other", ("admin",), None), ("report", ("read",), NOW)]
        with pytest.raises(NotFound, match="begins with ap_nothing"):
            tokens.revoke(connection, "ap_nothing", NOW)


@pytest.mark.parametrize(
    ("name", "scopes", "expires_in", "message"),
    [
        ("x", ["read", "fly"], None, "unknown scope fly; scopes are read, write, admin"),
        ("x", [], None, "no scope"),
        (" ", ["read"], None, "needs a name"),
        ("x", ["read"], timedelta(0), "not in the future"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(
    store: Store, name: str, scopes: list[str], expires_in: timedelta | None, message: str
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    with store.write() as connection, pytest.raises(SettingsError, match=message):
        tokens.create(connection, rows=EVERYTHING, name=name, scopes=scopes, now=NOW, expires_at=expires_at)
