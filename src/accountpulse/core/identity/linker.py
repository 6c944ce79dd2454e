"""Applies the resolution to the store: creates accounts, writes links, keeps the list of what could not be placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.identity.evidence import company_domains, mailbox
from accountpulse.core.identity.resolve import Match, Resolution, SourceAccount, resolve
from accountpulse.core.store import links as store_links
from accountpulse.core.store.links import NewLink
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.writes import touch

AccountKeys = Literal["own", "reference"]


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a linking pass did. linked, unlinked: how things stand; changed: links written or ended now."""

    linked: int
    unlinked: int
    changed: int


def link_accounts(
    connection: sa.Connection, now: datetime, *, account_keys: Mapping[str, AccountKeys], match: Match | None = None
) -> LinkReport:
    """Place every source account again and write what changed, in the caller's transaction.

    account_keys: for each connector, whether its account keys are its own or another system's ids.
    """
    links = store_links.current_links(connection)
    owner_of = {source: row.account_id for source, row in links.items()}
    resolution = _resolve(connection, links, account_keys, match)
    accounts = _accounts_of_roots(connection, resolution, owner_of, now)
    considered = store_links.ever_considered(connection)
    new: list[NewLink] = []
    for source, found in resolution.links.items():
        row = links.get(source)
        account_id = accounts[found.root]
        if row is None or row.account_id != account_id or row.method != found.method:
            new.append(NewLink(source, account_id, found.method, found.evidence))
    ended = [source for source in links if source not in resolution.links]
    store_links.close_links(connection, ended, now)
    store_links.write_links(connection, new, considered, now)
    relisted = store_links.replace_unlinked(connection, _unlinked_rows(resolution, accounts))
    changed = [n.source_account_id for n in new] + ended
    touch(connection, changed, now)
    if changed or relisted:
        bump(connection, "facts")
    return LinkReport(linked=len(resolution.links), unlinked=len(resolution.unlinked), changed=len(changed))


def _resolve(
    connection: sa.Connection,
    links: Mapping[int, sa.Row[Any]],
    account_keys: Mapping[str, AccountKeys],
    match: Match | None,
) -> Resolution:
    contacts = store_links.contact_emails(connection)
    accounts: list[SourceAccount] = []
    for row in store_links.source_accounts(connection):
        emails = [*(row.emails or ()), *contacts.get(row.id, ())]
        references = set(row.references or ())
        if account_keys.get(row.connector, "own") == "reference":
            references.add(row.key)
        accounts.append(
            SourceAccount(
                id=row.id,
                connection=row.connection,
                rank=row.priority,
                # What never had a record of its own (a ticket's unknown organisation) founds nothing; what founded an account
                # keeps it when the record is deleted, so that history stays.
                anchor=row.anchor and (row.fact_id is not None or row.id in links),
                key=row.key,
                name=row.name,
                references=frozenset(references),
                domains=company_domains(row.domains or (), emails),
                mailboxes=frozenset(m for e in emails if (m := mailbox(e)) is not None),
            )
        )
    manual = _manual_roots(links, {a.id for a in accounts if a.anchor})
    return resolve(accounts, manual=manual, match=match)


def _manual_roots(links: Mapping[int, sa.Row[Any]], anchors: set[int]) -> dict[int, int]:
    """A person's links, as source account to the root of the same account."""
    root_of = {row.account_id: source for source, row in links.items() if row.method == "anchor" and source in anchors}
    return {
        source: root_of[row.account_id] for source, row in links.items() if row.method == "manual" and row.account_id in root_of
    }


def _accounts_of_roots(
    connection: sa.Connection, resolution: Resolution, owner_of: Mapping[int, int], now: datetime
) -> dict[int, int]:
    """The account of each root: its own, else one that its members had and nobody else claims, else a new one."""
    members: dict[int, list[int]] = {}
    for source, found in resolution.links.items():
        members.setdefault(found.root, []).append(source)
    accounts = {root: owner_of[root] for root in members if root in owner_of and resolution.links[root].root == root}
    taken = set(accounts.values())
    homeless: list[int] = []
    for root in sorted(members):
        if root in accounts:
            continue
        free = sorted({owner_of[m] for m in members[root] if m in owner_of} - taken)
        if free:
            accounts[root] = free[0]
            taken.add(free[0])
        else:
            homeless.append(root)
    accounts.update(zip(homeless, store_links.create_accounts(connection, len(homeless), now), strict=True))
    return accounts


def _unlinked_rows(resolution: Resolution, accounts: Mapping[int, int]) -> dict[int, dict[str, Any]]:
    return {
        source: {
            "reason": left.reason,
            "candidates": [
                {"account_id": accounts[c.root], "name": c.name, "method": c.method, "evidence": c.evidence}
                for c in left.candidates
            ],
        }
        for source, left in resolution.unlinked.items()
    }
