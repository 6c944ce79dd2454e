"""Applies the resolution to the store: creates accounts, writes links, keeps the list of what could not be placed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.identity import reach
from accountpulse.core.identity.evidence import company_domains, mailbox
from accountpulse.core.identity.resolve import Link, Match, Resolution, SourceAccount, Unlinked, resolve
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import link_decisions, link_evidence
from accountpulse.core.store import links as store_links
from accountpulse.core.store import people_moves as store_people
from accountpulse.core.store.links import ENTERED_BY_HAND, NewLink, Sources
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.touched import accounts_ever, named_as_parent, touch_wholly
from accountpulse.core.store.types import EPOCH

AccountKeys = Literal["own", "reference"]


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a linking pass did. linked, unlinked: how those stand that it placed; changed: links written or ended now.

    accounts: those that gained or lost anything, or may have; None where everybody was placed.
    """

    linked: int
    unlinked: int
    changed: int
    accounts: frozenset[int] | None = None


def link_accounts(
    connection: sa.Connection,
    now: datetime,
    *,
    account_keys: Mapping[str, AccountKeys],
    match: Match | None = None,
    begin: Collection[int] | None = None,
) -> LinkReport:
    """Place every source account again and write what changed, in the caller's transaction.

    account_keys: for each connector, whether its account keys are its own or another system's ids. begin: only source accounts
    that can be reached from these have to be placed, as nothing else is new since the last pass. Where all were placed with the
    same settings and plugins once, the outcome is that of placing everybody.
    """
    store_connections.lock_all(connection)
    sources = None if begin is None or len(begin) > reach.MOST else _reached(connection, begin, account_keys)
    links = store_links.current_links(connection, sources)
    entered = store_links.entered_for(connection, sources)
    decided = link_decisions.in_force(connection, sources)
    known = _source_accounts(connection, sources, account_keys, entered, links)
    if sources is None:
        link_evidence.keep(connection, reach.evidence_by_source(known), None)
    resolution = resolve(
        known,
        manual=_manual_targets(connection, links, decided, sources),
        apart={source for source, row in decided.items() if row.account_id is None},
        match=match,
    )
    _say_who_decided(resolution, decided)
    accounts, created = _accounts_of_roots(connection, resolution, links, sources, now)
    _place_entries(connection, resolution, entered, accounts)
    concerned = None if sources is None else link_evidence.accounts_of(connection, sources)
    _place_decisions(connection, resolution, accounts, concerned, now)
    new = _new_links(connection, resolution, links, accounts, created, sources, now)
    ended = [source for source in links if source not in resolution.links]
    store_links.close_links(connection, ended, now)
    store_links.write_links(connection, new, now)
    relisted = store_links.replace_unlinked(connection, _unlinked_rows(resolution, accounts), sources)
    changed = {n.source_account_id for n in new} | set(ended)
    # An account changes with what it loses as well, and that is seen by what it still has.
    affected = {n.account_id for n in new} | {links[source].account_id for source in changed if source in links}
    touch_wholly(connection, changed | {s for s, found in resolution.links.items() if accounts[found.root] in affected}, now)
    if changed or relisted:
        bump(connection, "facts")
    return LinkReport(
        linked=len(resolution.links),
        unlinked=len(resolution.unlinked),
        changed=len(changed),
        accounts=None if concerned is None else _with_children(connection, concerned | set(accounts.values()), changed),
    )


def _reached(connection: sa.Connection, begin: Collection[int], account_keys: Mapping[str, AccountKeys]) -> list[int] | None:
    """Whom a change of some may concern, by what they were placed by and what they say now; None: everybody."""
    ids = sorted(begin)
    former = link_evidence.held(connection, ids)
    known = _source_accounts(connection, ids, account_keys, store_links.entered_for(connection, ids), {})
    link_evidence.keep(connection, reach.evidence_by_source(known), ids)
    found = reach.reached(connection, ids, former)
    return None if found is None else sorted(found)


def _with_children(connection: sa.Connection, accounts: set[int], changed: Collection[int]) -> frozenset[int]:
    """Also whose parent is among those that moved: what is known of them names it."""
    children = sorted(named_as_parent(connection, sorted(changed)))
    return frozenset(accounts | {account for _, account in accounts_ever(connection, children)})


def _new_links(
    connection: sa.Connection,
    resolution: Resolution,
    links: Mapping[int, sa.Row[Any]],
    accounts: Mapping[int, int],
    created: Collection[int],
    sources: Sources,
    now: datetime,
) -> list[NewLink]:
    """The links that differ from those in force.

    A source account's first link holds since ever: its facts of earlier days belong to the account just as well. One that was
    on the list of the unlinked was answered for without an account until now, so its link holds from now on; unless the
    account is new itself, as when the source that founds accounts is read last.
    """
    linked, listed = store_links.ever_linked(connection, sources), store_links.listed_unlinked(connection, sources)
    new: list[NewLink] = []
    for source, found in resolution.links.items():
        row = links.get(source)
        account_id = accounts[found.root]
        # Evidence is told in the words of the day on which it was found; what a person says counts anew each time.
        evidence = found.evidence if row is None or found.method == "manual" else row.evidence
        if row is not None and (row.account_id, row.method, row.evidence) == (account_id, found.method, evidence):
            continue
        since_ever = source not in linked and (source not in listed or account_id in created)
        known_from = EPOCH if since_ever else now if row is None else max(now, row.known_from)
        new.append(NewLink(source, account_id, found.method, found.evidence, known_from))
    return new


def _source_accounts(
    connection: sa.Connection,
    sources: Sources,
    account_keys: Mapping[str, AccountKeys],
    entered: Collection[int],
    links: Mapping[int, sa.Row[Any]],
) -> list[SourceAccount]:
    """Source accounts with their evidence, but for what people entered: its key is an account of ours, see `_place_entries`."""
    contacts = store_links.contact_emails(connection, sources)
    accounts: list[SourceAccount] = []
    for row in store_links.source_accounts(connection, sources):
        if row.id in entered:
            continue
        emails = [*(row.emails or ()), *contacts.get(row.id, ())]
        references = set(row.references or ())
        if account_keys.get(row.connector, "own") == "reference":
            references.add(row.key)
        alive = row.fact_id is not None and row.gone_at is None
        accounts.append(
            SourceAccount(
                id=row.id,
                connection=row.connection,
                rank=row.priority,
                # What never had a record of its own (a ticket's unknown organisation) founds nothing; what founded an account
                # keeps it when the record is deleted, so that history stays.
                anchor=row.anchor and (alive or (row.id in links and links[row.id].method == "anchor")),
                key=row.key,
                name=row.name,
                references=frozenset(references),
                domains=company_domains(row.domains or (), emails),
                mailboxes=frozenset(m for e in emails if (m := mailbox(e)) is not None),
                gone=row.gone_at is not None,
            )
        )
    return accounts


def _say_who_decided(resolution: Resolution, decided: Mapping[int, sa.Row[Any]]) -> None:
    """Tell a person's link, and what a person left unlinked, in that person's words."""
    for source, row in decided.items():
        why = f": {row.reason}" if row.reason else ""
        link, left = resolution.links.get(source), resolution.unlinked.get(source)
        if link is not None and link.method == "manual":
            resolution.links[source] = replace(link, evidence=f"{row.author} linked it{why}")
        elif left is not None and row.account_id is None:
            resolution.unlinked[source] = replace(left, reason=f"{row.author} unlinked it{why}")


def _place_entries(
    connection: sa.Connection, resolution: Resolution, entered: Mapping[int, int], accounts: Mapping[int, int]
) -> None:
    """Link what people entered to the account that they meant, or to the one which that has joined.

    Its key is the account's id, so it finds home again after a merge that did not last. entered: that account, by source
    account. accounts: the account of each root.
    """
    roots = _roots(connection, resolution, accounts, set(entered.values()))
    for source, account_id in entered.items():
        root = roots.get(account_id)
        if root is None:
            resolution.unlinked[source] = Unlinked("the account that it was entered for is no more", ())
        else:
            resolution.links[source] = Link(root, "manual", ENTERED_BY_HAND)


def _place_decisions(
    connection: sa.Connection,
    resolution: Resolution,
    accounts: Mapping[int, int],
    concerned: Collection[int] | None,
    now: datetime,
) -> None:
    """Bring what people decided, promised and noted to the account which the one that they meant has joined, and home again.

    concerned: of which accounts that may differ; None for all.
    """
    homes = {id for id in store_people.homes(connection) if concerned is None or id in concerned}
    roots = _roots(connection, resolution, accounts, homes)
    store_people.bring(connection, {home: accounts[root] for home, root in roots.items()}, now)


def _roots(
    connection: sa.Connection, resolution: Resolution, accounts: Mapping[int, int], ids: Collection[int]
) -> dict[int, int]:
    """The root of each of some accounts: its own, else that of the account which its founder has joined."""
    roots = {account_id: root for root, account_id in accounts.items()}
    founders = store_links.founders(connection, ids)
    found: dict[int, int] = {}
    for id in ids:
        if id in roots:
            found[id] = roots[id]
        elif id in founders and (joined := resolution.links.get(founders[id])) is not None:
            found[id] = joined.root
    return found


def _manual_targets(
    connection: sa.Connection, links: Mapping[int, sa.Row[Any]], decided: Mapping[int, sa.Row[Any]], sources: Sources
) -> dict[int, int]:
    """A person's links, as source account to the one that founded the chosen account."""
    founder = {account_id: source for source, account_id in store_links.founded(connection, sources).items()}
    founder |= {row.account_id: source for source, row in links.items() if row.method == "anchor"}
    return {source: founder[row.account_id] for source, row in decided.items() if row.account_id in founder}


def _accounts_of_roots(
    connection: sa.Connection, resolution: Resolution, links: Mapping[int, sa.Row[Any]], sources: Sources, now: datetime
) -> tuple[dict[int, int], set[int]]:
    """The account of each root, and which of them are new.

    In this order: the one it founded and still has, one it founded before, one that its members had and nobody else claims, a
    new one. No two roots share an account.
    """
    members: dict[int, list[int]] = {}
    for source, found in resolution.links.items():
        members.setdefault(found.root, []).append(source)
    before = store_links.founded(connection, sources)
    claims = (
        {root: [links[root].account_id] for root in members if root in links and links[root].method == "anchor"},
        {root: [before[root]] for root in members if root in before},
        {root: sorted({links[m].account_id for m in members[root] if m in links}) for root in members},
    )
    accounts: dict[int, int] = {}
    taken: set[int] = set()
    for claim in claims:
        for root in sorted(claim.keys() - accounts.keys()):
            free = [account_id for account_id in claim[root] if account_id not in taken]
            if free:
                accounts[root] = free[0]
                taken.add(free[0])
    homeless = sorted(members.keys() - accounts.keys())
    created = store_links.create_accounts(connection, len(homeless), now)
    accounts.update(zip(homeless, created, strict=True))
    return accounts, set(created)


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
