"""The evidence by which source accounts were last placed, and who can be reached from one by it: whom a change may concern.

A piece of evidence is a number made from what it says (`identity/reach.py`), so that nobody's address is kept once more, and
that rows are small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from accountpulse.core.store.chunks import chunked, given, one_of
from accountpulse.core.store.connections import PEOPLE
from accountpulse.core.store.link_decisions import link_decision
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import link, source_account

link_evidence = sa.Table(
    "link_evidence",
    metadata,
    sa.Column("source_account_id", sa.Integer, sa.ForeignKey("source_account.id"), primary_key=True),
    sa.Column("evidence", sa.BigInteger, primary_key=True),
    sa.Index("ix_link_evidence_evidence", "evidence"),
    comment="By what a source account was placed when that was last decided: hashes of its ids, domains, addresses and name.",
)


def held(connection: sa.Connection, sources: Sequence[int]) -> set[int]:
    """All evidence that some source accounts had when they were last placed."""
    e = link_evidence.c
    return set(connection.execute(sa.select(e.evidence).where(one_of(e.source_account_id, sources))).scalars())


def holders(connection: sa.Connection, evidence: Collection[int]) -> set[int]:
    """The source accounts that had any of some evidence when they were last placed."""
    e = link_evidence.c
    query = sa.select(e.source_account_id).where(one_of(e.evidence, sorted(evidence)))
    return set(connection.execute(query).scalars())


def keep(connection: sa.Connection, found: Mapping[int, Collection[int]], sources: Sequence[int] | None) -> None:
    """Make the evidence of some source accounts, or of all, exactly this; only what differs is written."""
    e = link_evidence.c
    query = sa.select(e.source_account_id, e.evidence)
    if sources is not None:
        query = query.where(one_of(e.source_account_id, sources))
    unseen = {source: set(evidence) for source, evidence in found.items()}
    gone: list[tuple[int, int]] = []
    for source, evidence in connection.execute(query):
        known = unseen.get(source)
        if known is not None and evidence in known:
            known.remove(evidence)
        else:
            gone.append((source, evidence))
    for chunk in chunked(gone):
        of = given(connection, {"source": e.source_account_id.type, "evidence": e.evidence.type}, chunk)
        same = sa.exists().where(e.source_account_id == of.c.source, e.evidence == of.c.evidence)
        connection.execute(sa.delete(link_evidence).where(same))
    new = [{"source_account_id": s, "evidence": value} for s, values in unseen.items() for value in sorted(values)]
    if new:
        connection.execute(sa.insert(link_evidence), new)


def accounts_of(connection: sa.Connection, sources: Sequence[int]) -> set[int]:
    """The accounts that source accounts belong to, have founded, were given to by a person, or were entered for."""
    d, s = link_decision.c, source_account.c
    mine = one_of(link.c.source_account_id, sources)
    belong = sa.select(link.c.account_id).where(mine, link.c.known_to.is_(None) | (link.c.method == "anchor"))
    given_to = sa.select(d.account_id).where(one_of(d.source_account_id, sources), d.account_id.is_not(None))
    entered = _entries(sa.cast(s.key, sa.Integer)).where(one_of(s.id, sources))
    return {id for query in (belong, given_to, entered) for id in connection.execute(query).scalars()}


def sources_of(connection: sa.Connection, accounts: Collection[int]) -> set[int]:
    """The source accounts that belong to some accounts, have founded them, were given to them, or were entered for them."""
    d, s = link_decision.c, source_account.c
    ids = sorted(accounts)
    theirs = one_of(link.c.account_id, ids)
    belong = sa.select(link.c.source_account_id).where(theirs, link.c.known_to.is_(None) | (link.c.method == "anchor"))
    given_to = sa.select(d.source_account_id).where(d.known_to.is_(None), one_of(d.account_id, ids))
    found = {id for query in (belong, given_to) for id in connection.execute(query).scalars()}
    for chunk in chunked(ids):
        found.update(connection.execute(_entries(s.id).where(s.key.in_([str(id) for id in chunk]))).scalars())
    return found


def forget(connection: sa.Connection, sources: Iterable[int]) -> None:
    """Forget by what source accounts were placed, as what it says may have been erased."""
    connection.execute(sa.delete(link_evidence).where(one_of(link_evidence.c.source_account_id, sorted(sources))))


def _entries(what: sa.ColumnElement[int]) -> sa.Select[int]:
    """Of what people entered: its key is the account's id."""
    c = connection_table.c
    people = sa.select(c.id).where(c.name == PEOPLE, c.connector == PEOPLE).scalar_subquery()
    return sa.select(what).where(source_account.c.connection_id == people)
