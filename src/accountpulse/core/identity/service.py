"""Links source accounts to accounts: by evidence after every sync, and by a person's word, until that is taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.errors import InvalidInput, NotFound
from accountpulse.core.identity.linker import AccountKeys, LinkReport, link_accounts
from accountpulse.core.identity.profiles import refresh_profiles
from accountpulse.core.identity.resolve import Match
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.population import population
from accountpulse.core.people import checks
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import link_decisions
from accountpulse.core.store import links as store_links
from accountpulse.core.store import lookup as store_lookup
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.core.trail import Asker, change

LINK = "link.set"
"""The action of the trail that names an account; the others are about a record, wherever it belongs by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """An account that an unlinked record might belong to. method: what speaks for it; evidence: in words."""

    account_id: int
    name: str | None
    method: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedRecord:
    """An account as one source names it, and where it belongs.

    id: of the source account. key: the source's own. account_id, account, method, evidence, since: of its link, None while it
    has none. decided: a person said so. reason: why it is unlinked; candidates: which accounts come into question then.
    """

    id: int
    connection: str
    key: str
    name: str | None
    account_id: int | None
    account: str | None
    method: str | None
    evidence: str | None
    since: datetime | None
    decided: bool
    reason: str | None
    candidates: tuple[Suggested, ...]

    @property
    def place(self) -> str:
        """How a person names it: `connection:key`."""
        return f"{self.connection}:{self.key}"


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What a person's word came to. accounts: those that gained or lost something, to be scored again."""

    record: LinkedRecord
    accounts: frozenset[int]


class Links:
    """The links of one store.

    record: `connection:key`, or the id of a source account; account: an id, a name, a domain or `connection:key`. Methods that
    take one raise NotFound, naming what there is. What a person says is noted with who asked for it, and holds until it is
    taken back: no rule, and no new evidence, changes it. Nothing is scored: it counts when the accounts are scored next.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        *,
        account_keys: Mapping[str, AccountKeys],
        precedence: Mapping[str, list[int]],
        match: Match | None = None,
    ) -> None:
        """account_keys, match: see `link_accounts`. precedence: whom to believe about an attribute, as connections' ids."""
        self._store = store
        self._clock = clock
        self._zone = zone
        self._account_keys = account_keys
        self._precedence = dict(precedence)
        self._match = match
        self._placed_all = False

    def relink(self) -> LinkReport:
        """Place every source account again by all that is known now, and write what changed."""
        with self._store.write() as connection:
            report = self._relink(connection, self._clock.now())
        self._placed_all = True
        return report

    def relink_new(self) -> LinkReport | None:
        """Place again whom anything can concern that was written since the last scoring; None where nothing was.

        The first time that is everybody: settings and plugins may be others than those of the process before.
        """
        with self._store.read() as connection:
            if not store_links.evidence_changed(connection):
                return None
        if not self._placed_all:
            return self.relink()
        with self._store.write() as connection:
            return self._relink_some(connection, self._clock.now())

    def unlinked(self, connection_name: str | None = None) -> list[LinkedRecord]:
        """The records that belong to no account, of one connection or of all, with their candidates. Raises NotFound."""
        with self._store.read() as connection:
            if connection_name is not None:
                _require_connection(connection, connection_name)
            rows = link_decisions.records(connection, connection_name=connection_name, unlinked_only=True, scope=EVERYTHING)
            return [_record(row) for row in rows]

    def of_account(self, account: str) -> list[LinkedRecord]:
        """The records that belong to an account, in the order in which their connections are believed."""
        with self._store.read() as connection:
            account_id = store_lookup.account_id(connection, account, scope=EVERYTHING)
            rows = link_decisions.records(connection, account_id=account_id, scope=EVERYTHING)
            return [_record(row) for row in rows]

    def link(self, record: str, account: str, *, asker: Asker, reason: str | None = None) -> LinkChange:
        """Say that a record belongs to an account, whatever its evidence says. One that it founded is joined with that account.

        Raises InvalidInput where it founded that very account.
        """
        with self._store.write() as connection:
            found = _named(connection, record, asker.scope)
            account_id = store_lookup.account_id(connection, account, scope=asker.scope)
            why = None if reason is None else checks.words("reason", reason)

            def decide(now: datetime) -> None:
                if found.method == "anchor" and found.account_id == account_id:
                    raise InvalidInput("account", f"{found.place} founded {found.account} itself; it belongs there already")
                values = {"account_id": account_id, "author": asker.name, "reason": why}
                link_decisions.decide(connection, found.id, values, by=asker.name, now=now)

            return self._change(connection, asker, LINK, found, decide, account_id, reason=why)

    def unlink(self, record: str, *, asker: Asker, reason: str | None = None) -> LinkChange:
        """Say that a record belongs to no account; one of a source that founds accounts then has one of its own.

        Raises InvalidInput where it founded the account that it belongs to.
        """
        with self._store.write() as connection:
            found = _named(connection, record, asker.scope)
            why = None if reason is None else checks.words("reason", reason)

            def decide(now: datetime) -> None:
                if found.method == "anchor":
                    advice = f"link it to another account, and {found.account} is joined with that one"
                    raise InvalidInput("record", f"{found.place} founded {found.account}, and can't be taken from it; {advice}")
                values = {"account_id": None, "author": asker.name, "reason": why}
                link_decisions.decide(connection, found.id, values, by=asker.name, now=now)

            return self._change(connection, asker, "link.remove", found, decide, found.account_id, reason=why)

    def release(self, record: str, *, asker: Asker) -> LinkChange:
        """Take back what was said about a record: its evidence decides again. Raises NotFound where nothing was said."""
        with self._store.write() as connection:
            found = _named(connection, record, asker.scope)

            def decide(now: datetime) -> None:
                if not link_decisions.take_back(connection, found.id, by=asker.name, now=now):
                    raise NotFound(f"nobody said where {found.place} belongs: its evidence decides already")

            return self._change(connection, asker, "link.release", found, decide, found.account_id)

    def _change(
        self,
        connection: sa.Connection,
        asker: Asker,
        action: str,
        found: LinkedRecord,
        decide: Callable[[datetime], None],
        account_id: int | None,
        **wanted: object,
    ) -> LinkChange:
        checks.person("author", asker.name)
        now = self._clock.now()

        def act() -> str:
            decide(now)
            self._relink_some(connection, now, found.id)
            return str(found.id)

        change(
            connection,
            asker,
            action,
            {"record": found.place, **wanted},
            act,
            now=now,
            account_id=account_id,
            asked_of_account=action == LINK,
        )
        (after,) = _records(connection, [found.id], EVERYTHING)
        return LinkChange(after, frozenset(id for id in (found.account_id, after.account_id) if id is not None))

    def _relink_some(self, connection: sa.Connection, now: datetime, *begin: int) -> LinkReport:
        """Place again whom what is new can concern, some source accounts among them."""
        new = {*begin, *store_links.evidence_changed(connection)} if self._placed_all else None
        return self._relink(connection, now, new)

    def _relink(self, connection: sa.Connection, now: datetime, begin: Collection[int] | None = None) -> LinkReport:
        report = link_accounts(connection, now, account_keys=self._account_keys, match=self._match, begin=begin)
        accounts = None if report.accounts is None else sorted(report.accounts)
        everyone = population(
            connection,
            day=day_of(now, self._zone),
            zone=self._zone,
            mode=AsCorrected(),
            precedence=self._precedence,
            accounts=accounts,
            include_churned=True,
        )
        refresh_profiles(connection, everyone, accounts)
        return report


def _named(connection: sa.Connection, record: str, scope: RowScope) -> LinkedRecord:
    """The record that a person means."""
    name, colon, key = record.partition(":")
    if colon:
        _require_connection(connection, name)
        id = link_decisions.id_of(connection, name, key)
    else:
        id = int(record) if record.isascii() and record.isdigit() and len(record) <= store_lookup.LONGEST_ID else None
    found = _records(connection, [] if id is None else [id], scope)
    if not found:
        advice = "a record is named `connection:key`; `accountpulse links` lists those that are unlinked"
        raise NotFound(f"there is no record {record!r}; {advice}")
    return found[0]


def _require_connection(connection: sa.Connection, name: str) -> None:
    known = sorted(set(store_connections.names(connection).values()) - {store_connections.PEOPLE})
    if name not in known:
        raise NotFound(f"there is no connection {name!r}; there are: {', '.join(known) or 'none'}")


def _records(connection: sa.Connection, ids: Sequence[int], scope: RowScope) -> list[LinkedRecord]:
    return [_record(row) for row in link_decisions.records(connection, ids=ids, scope=scope)]


def _record(row: sa.Row[Any]) -> LinkedRecord:
    return LinkedRecord(
        id=row.id,
        connection=row.connection,
        key=row.key,
        name=row.name,
        account_id=row.account_id,
        account=row.account,
        method=row.method,
        evidence=row.evidence,
        since=row.known_from,
        decided=row.decision_id is not None,
        reason=row.reason,
        candidates=tuple(Suggested(**candidate) for candidate in row.candidates or ()),
    )
