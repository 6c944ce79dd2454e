"""Whom a change of evidence can concern, so that only those are placed again.

`resolve` compares source accounts by evidence alone, so those that share none, directly or through others, and no account
either, are decided apart: placing what can be reached from a change gives what placing everybody would.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Final

import sqlalchemy as sa

from accountpulse.core.identity.evidence import plain_name
from accountpulse.core.identity.resolve import SourceAccount
from accountpulse.core.store import link_evidence

MOST: Final = 2_000
"""Where more can be reached, all are placed: finding out who would cost as much."""

# The last two bits of a piece of evidence. A key and a reference to it differ in the last one, so each leads to the other.
_ALIKE, _KEY, _REFERENCE = 0, 2, 3


def evidence_of(account: SourceAccount) -> set[int]:
    """What `resolve` compares an account by, as numbers. Two that are equal by chance only make more be decided again."""
    return {
        _number("id", account.key, _KEY),
        *(_number("id", reference, _REFERENCE) for reference in account.references),
        *(_number("domain", domain, _ALIKE) for domain in account.domains),
        *(_number("mailbox", address, _ALIKE) for address in account.mailboxes),
        *((_number("name", plain_name(account.name), _ALIKE),) if account.name else ()),
    }


def reached(connection: sa.Connection, begin: Iterable[int], former: Iterable[int] = ()) -> set[int] | None:
    """The source accounts whose place may differ where that of some may, those included; None where they are too many.

    The evidence of `begin` must be kept already. former: what it was before.
    """
    found, accounts = set(begin), set[int]()
    open_sources, seen = set(found), {_partner(each) for each in former}
    leads = set(seen)
    while open_sources:
        if len(found) > MOST:
            return None
        ids = sorted(open_sources)
        leads |= {_partner(each) for each in link_evidence.held(connection, ids)} - seen
        seen |= leads
        joined = link_evidence.accounts_of(connection, ids) - accounts
        accounts |= joined
        open_sources = (link_evidence.holders(connection, leads) | link_evidence.sources_of(connection, joined)) - found
        found |= open_sources
        leads = set()
    return found


def _partner(evidence: int) -> int:
    return evidence ^ 1 if evidence & _KEY else evidence


def _number(kind: str, value: str, bits: int) -> int:
    digest = blake2b(f"{kind}\0{value}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) & ~3 | bits


def evidence_by_source(accounts: Iterable[SourceAccount]) -> dict[int, Collection[int]]:
    """The evidence of each of some source accounts, by id."""
    return {account.id: evidence_of(account) for account in accounts}
