"""API tokens: only whoever holds one gets in, and only while it is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.graphql.world import World

from accountpulse.core.errors import NotFound, SettingsError, Unauthorized
from accountpulse.core.store import accounts, profiles, tokens
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING, RowScope
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


def test_a_token_keeps_which_accounts_it_may_see(store: Store) -> None:
    rows = RowScope(owners=frozenset({"Ann", "Bob"}), regions=frozenset({"EMEA"}))
    with store.write() as connection:
        token = tokens.create(connection, rows=rows, name="report", scopes=["read"], now=NOW)
        assert tokens.verify(connection, token, NOW).rows == rows
        assert [info.rows for info in tokens.listing(connection)] == [rows]
        with pytest.raises(SettingsError, match="segments: name at least one"):
            tokens.create(connection, rows=RowScope(segments=frozenset()), name="x", scopes=["read"], now=NOW)


def test_a_scope_is_within_one_that_names_as_much_or_nothing() -> None:
    ann, both = RowScope(owners=frozenset({"Ann"})), RowScope(owners=frozenset({"Ann", "Bob"}))
    assert all(one.within(other) for one, other in ((ann, both), (ann, EVERYTHING), (EVERYTHING, EVERYTHING)))
    assert not any(wider.within(ann) for wider in (both, EVERYTHING, RowScope(regions=frozenset({"EMEA"}))))


def test_each_dimension_of_a_scope_selects_accounts(store: Store) -> None:
    world = World(store)
    firms = (("A", "Ann", "EMEA", 50.0), ("B", "Bob", "EMEA", 50.0), ("C", "Ann", None, None))
    a, b, c = (world.account(name, owner=owner, region=region, score=score) for name, owner, region, score in firms)
    cases: list[tuple[RowScope, set[int]]] = [
        (EVERYTHING, {a, b, c}),
        (RowScope(owners=frozenset({"Ann"})), {a, c}),
        (RowScope(owners=frozenset({"ann"})), set()),
        (RowScope(regions=frozenset({"EMEA"})), {a, b}),
        (RowScope(segments=frozenset({"standard"})), {a, b}),
        (RowScope(segments=frozenset({"other"})), set()),
        (RowScope(owners=frozenset()), set()),
        (RowScope(frozenset({"Ann"}), frozenset({"standard"}), frozenset({"EMEA"})), {a}),
    ]
    with store.read() as connection:
        for scope, seen in cases:
            assert set(profiles.ids(connection, scope=scope)) == seen
            assert set(accounts.by_ids(connection, [a, b, c], scope=scope)) == seen
            assert accounts.count(connection, None, scope=scope) == len(seen)
