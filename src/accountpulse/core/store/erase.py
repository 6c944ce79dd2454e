"""Erases a person or a customer from every table, with all that was derived from them. In the caller's transaction."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import NotFound
from accountpulse.core.model import schemas
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import erasures, link_evidence, metric_frames, mirror
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.erasures import Tombstones, without_person
from accountpulse.core.store.every_table import metadata
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.link_decisions import link_decision
from accountpulse.core.store.people_tables import account_note, account_target, score_override
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.tables import account, inbox, link, quarantine, release, run, snapshot_key, source_account
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.touched import touch_wholly
from accountpulse.core.store.trail import trail

GONE = "[erased]"
_TEXTS: tuple[sa.Column[Any], ...] = (
    account_note.c.text,
    account_target.c.reason,
    score_override.c.reason,
    link_decision.c.reason,
    link.c.evidence,
    release.c.reason,
    erasures.erasure.c.reason,
    connection_table.c.message,
    run.c.message,
    FACTS["ticket"].c.subject,
    FACTS["activity"].c.subject,
    FACTS["survey_response"].c.comment,
    FACTS["pulse"].c.reason,
)
"""What people write, or sources say, in which an address may stand."""


@dataclass
class Removed:
    """How many rows of each table were removed, or changed where only a part of them was."""

    rows: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """As the certificate says it."""
        told = {f"{name}: removed": n for name, n in self.rows.items() if n}
        return dict(sorted({**told, **{f"{name}: changed": n for name, n in self.changed.items() if n}}.items()))


# --- a person -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a request is about: the addresses, and what each source calls him."""

    addresses: frozenset[str]
    contacts: frozenset[tuple[int, str]]

    def is_named(self, connection_id: int, value: str) -> bool:
        """Whether a value of a source's record names him."""
        return value.strip().casefold() in self.addresses or (connection_id, value) in self.contacts

    def keys(self, made: Tombstones) -> list[bytes]:
        """What no sync may bring back."""
        return [*map(made.person, self.addresses), *(made.contact(*each) for each in self.contacts)]


def find_person(connection: sa.Connection, named: str) -> Person:
    """Whoever has an address, or is called so by a source (`connection:id`). Raises NotFound where nothing is known of him."""
    c = FACTS["contact"].c
    first, _, rest = named.partition(":")
    ids = {row.name: row.id for row in store_connections.listing(connection)}
    which = sa.func.lower(c.email) == named.strip().lower()
    if rest and first in ids:
        which = sa.and_(c.connection_id == ids[first], c.source_id == rest)
    addresses: set[str] = {named.strip().casefold()} if "@" in named else set()
    contacts: set[tuple[int, str]] = {(ids[first], rest)} if rest and first in ids else set()
    before = -1
    # One address leads to the contacts of other sources, and those to former addresses.
    while len(addresses) + len(contacts) > before:
        before = len(addresses) + len(contacts)
        for row in connection.execute(sa.select(c.connection_id, c.source_id, c.email).where(which).distinct()):
            contacts.add((row.connection_id, row.source_id))
            if row.email:
                addresses.add(row.email.strip().casefold())
        which = sa.or_(
            sa.func.lower(c.email).in_(sorted(addresses)),
            *(sa.and_(c.connection_id == id, c.source_id == key) for id, key in sorted(contacts)),
        )
    if not addresses and not contacts:
        raise NotFound(f"nothing is known of {named!r}; give an e-mail address, or connection:id of a contact")
    return Person(frozenset(addresses), frozenset(contacts))


def erase_person(connection: sa.Connection, person: Person, now: datetime) -> Removed:
    """Remove a person: his contacts and usage go, of the rest what names him. Scores of the past stay: they name nobody."""
    done = Removed()
    touched: set[int] = set()
    for record, schema in schemas().items():
        if not any(f.personal for f in schema.fields):
            continue
        table = FACTS[record]
        names = [f.name for f in schema.fields]
        gone: list[int] = []
        for row in connection.execute(sa.select(table).where(_may_name(table, record, person))):
            values = {name: getattr(row, name) for name in names}
            left: Mapping[str, Any] | None = None
            if record != "contact" or (row.connection_id, row.source_id) not in person.contacts:
                left = without_person(schema, values, lambda value, id=row.connection_id: person.is_named(id, value))
            if left is values:
                continue
            touched.add(row.source_account_id)
            if left is None:
                gone.append(row.id)
            else:
                changed = {name: left[name] for name in names if left[name] != values[name]}
                connection.execute(sa.update(table).where(table.c.id == row.id).values(**changed))
                done.changed[table.name] += 1
        for ids in chunked(gone):
            done.rows[table.name] += connection.execute(sa.delete(table).where(table.c.id.in_(ids))).rowcount
    _forget_texts(connection, person.addresses, done)
    for id, key in sorted(person.contacts):
        which = (quarantine.c.connection_id == id, quarantine.c.source_id == key)
        done.rows["quarantine"] += connection.execute(sa.delete(quarantine).where(*which)).rowcount
    connection.execute(sa.delete(snapshot_key).where(snapshot_key.c.source_id.in_([key for _, key in person.contacts])))
    _settle(connection, touched, now)
    return done


def _may_name(table: sa.Table, record: str, person: Person) -> sa.ColumnElement[bool]:
    """A condition that no row of his escapes; what it lets through is looked at one by one."""
    values = sorted({*person.addresses, *(key for _, key in person.contacts)})
    lowered = [value.casefold() for value in values]
    ors: list[sa.ColumnElement[bool]] = []
    for each in schemas()[record].fields:
        if not each.personal:
            continue
        column = table.c[each.name]
        if isinstance(column.type, sa.Text):
            ors.append(sa.func.lower(column).in_(lowered))
        else:
            text = sa.func.lower(sa.cast(sa.type_coerce(column, sa.Text), sa.Text))
            ors += [text.contains(json.dumps(value)[1:-1], autoescape=True) for value in lowered]
    if record == "contact":
        ors += [sa.and_(table.c.connection_id == id, table.c.source_id == key) for id, key in sorted(person.contacts)]
    return sa.or_(*ors)


def without_addresses(text: str, person: Person) -> str:
    """A text with nothing in the place of each of a person's addresses but that something was erased."""
    return _pattern(person.addresses).sub(GONE, text) if person.addresses else text


def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)


def _forget_texts(connection: sa.Connection, words: frozenset[str], done: Removed) -> None:
    """Take an address out of what people wrote, and drop what was pushed and holds one."""
    if not words:
        return
    pattern = _pattern(words)
    for column in _TEXTS:
        table = column.table
        assert isinstance(table, sa.Table)
        within = sa.or_(*(sa.func.lower(column).contains(word, autoescape=True) for word in sorted(words)))
        for row in connection.execute(sa.select(table.c.id, column).where(within)).all():
            text = pattern.sub(GONE, row[1])
            connection.execute(sa.update(table).where(table.c.id == row.id).values({column.name: text}))
            done.changed[table.name] += 1
    for table, column in ((inbox, inbox.c.body), (trail, trail.c.input)):
        whole = sa.func.lower(sa.cast(sa.type_coerce(column, sa.Text), sa.Text))
        within = sa.or_(*(whole.contains(json.dumps(word)[1:-1], autoescape=True) for word in sorted(words)))
        for row in connection.execute(sa.select(table.c.id, column).where(within)).all():
            replaced = json.loads(pattern.sub(GONE, json.dumps(row[1], ensure_ascii=False)))
            connection.execute(sa.update(table).where(table.c.id == row.id).values({column.name: replaced}))
            done.changed[table.name] += 1
    reasons = sa.or_(*(sa.func.lower(quarantine.c.reason).contains(word, autoescape=True) for word in sorted(words)))
    done.rows["quarantine"] += connection.execute(sa.delete(quarantine).where(reasons)).rowcount


# --- a customer -----------------------------------------------------------------------------------------------------------


def keys_of_account(connection: sa.Connection, account_id: int, made: Tombstones) -> list[bytes]:
    """What no sync may bring back of an account: what each source calls it, now or before."""
    return [made.account(row.connection_id, row.key) for row in _sources(connection, account_id)]


def erase_account(connection: sa.Connection, account_id: int, now: datetime) -> Removed:
    """Remove a customer: every row that belongs to it or to a source account of its, in whatever table.

    Found by their foreign keys, so that no table is forgotten that comes later. Counts of whole portfolios and what was typical
    in a segment stay: they name nobody.
    """
    done = Removed()
    known = _sources(connection, account_id)
    sources = [row.id for row in known]
    if connection.execute(sa.select(account.c.id).where(account.c.id == account_id)).first() is None:
        raise NotFound(f"there is no account {account_id}")
    _forget_texts(connection, _addresses(connection, sources), done)
    keys = sorted({row.key for row in known})
    parents = FACTS["account"].c.parent
    for chunk in chunked(keys):
        orphaned = sa.update(FACTS["account"]).where(parents.in_(chunk)).values(parent=None)
        done.changed["fact_account"] += connection.execute(orphaned).rowcount
    for table in reversed(metadata.sorted_tables):
        if table in (account, source_account):
            continue
        for column in table.columns:
            whose = [each.column for each in column.foreign_keys]
            ids: Sequence[int] = [account_id] if account.c.id in whose else sources if source_account.c.id in whose else []
            # Who is named beside, as a parent is, stays without it.
            beside = column.name in ("parent_account_id", "home_id")
            for chunk in chunked(list(ids)):
                which = column.in_(chunk)
                if beside:
                    done.changed[table.name] += connection.execute(
                        sa.update(table).where(which).values({column.name: None})
                    ).rowcount
                else:
                    done.rows[table.name] += connection.execute(sa.delete(table).where(which)).rowcount
    for chunk in chunked(sources):
        which = source_account.c.id.in_(chunk)
        done.rows["source_account"] += connection.execute(sa.delete(source_account).where(which)).rowcount
    done.rows["account"] += connection.execute(sa.delete(account).where(account.c.id == account_id)).rowcount
    _settle(connection, set(), now)
    return done


def _addresses(connection: sa.Connection, sources: Sequence[int]) -> frozenset[str]:
    """Those of a customer's people: what was pushed and is not applied yet may hold them, and belongs to no account."""
    found: set[str] = set()
    for chunk in chunked(list(sources)):
        for table, column in ((FACTS["contact"], FACTS["contact"].c.email), (FACTS["account"], FACTS["account"].c.emails)):
            rows = connection.execute(sa.select(column).where(table.c.source_account_id.in_(chunk))).scalars()
            for value in rows:
                found.update(each.strip().casefold() for each in ([value] if isinstance(value, str) else value or ()))
    return frozenset(each for each in found if "@" in each)


def _sources(connection: sa.Connection, account_id: int) -> list[sa.Row[Any]]:
    s = source_account.c
    query = sa.select(s.id, s.connection_id, s.key).join(link, link.c.source_account_id == s.id)
    current = sa.and_(link.c.account_id == account_id, link.c.known_to.is_(None))
    return list(connection.execute(query.where(current).distinct().order_by(s.id)))


def _settle(connection: sa.Connection, touched: set[int], now: datetime) -> None:
    """Let everything that rests on facts be made anew: the mirror, and the measurements of the last scoring."""
    touch_wholly(connection, sorted(touched), now)
    link_evidence.forget(connection, touched)
    metric_frames.forget(connection)
    mirror.outdate(connection)
    bump(connection, "facts", "scores", "people", "operations")


def shred(connection: sa.Connection) -> None:
    """Overwrite what is deleted from now on, where the database does not by itself."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


__all__ = ["Person", "Removed", "erase_account", "erase_person", "erasures", "find_person", "keys_of_account", "shred"]
