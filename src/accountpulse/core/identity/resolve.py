"""Decides which source accounts belong to the same account. Pure, and independent of the order in which sources were synced.

Source accounts of anchor connections found accounts. Every other one is placed by the first rule that names exactly one of
them: a person's link, an explicit id, a plugin's word, a registrable domain, a contact's e-mail address. Where a rule names
several, nothing is guessed: the source account stays unlinked, with its candidates. Name likeness only suggests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from accountpulse.core.identity.evidence import plain_name

Method = Literal["anchor", "manual", "reference", "plugin", "domain", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccount:
    """An account as one source names it, with its evidence.

    rank: the connection's place in the order of belief, 0 first. anchor: whether it may found an account.
    references: ids that other systems gave it; holds its own key where the source uses another system's ids.
    domains: registrable, without free-mail. mailboxes: addresses of its people.
    """

    id: int
    connection: str
    rank: int
    anchor: bool
    key: str
    name: str | None = None
    references: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that a source account might belong to. root: the source account that founded it."""

    root: int
    key: str
    name: str | None
    method: Method | Literal["name"]
    evidence: str


@dataclass(frozen=True, slots=True)
class Link:
    """A source account belongs to the account founded by `root`."""

    root: int
    method: Method
    evidence: str


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A source account that no rule could place."""

    reason: str
    candidates: tuple[Candidate, ...]


@dataclass(slots=True)
class Resolution:
    """Where every source account belongs, by its id."""

    links: dict[int, Link] = field(default_factory=dict)
    unlinked: dict[int, Unlinked] = field(default_factory=dict)


Match = Callable[[SourceAccount, list[Candidate]], int | None]


def resolve(
    accounts: Iterable[SourceAccount], *, manual: Mapping[int, int] | None = None, match: Match | None = None
) -> Resolution:
    """Place all source accounts. manual: a person's links, source account to root. match: a plugin's word, a root or None."""
    manual = manual or {}
    ordered = sorted(accounts, key=lambda a: (not a.anchor, a.rank, a.connection, a.key))
    roots = _Roots()
    result = Resolution()
    for account in ordered:
        link, unlinked = _place(account, roots, manual, match)
        if link is None and account.anchor:
            link = Link(account.id, "anchor", f"{account.connection} founds accounts")
            roots.add(account)
        if link is not None:
            result.links[account.id] = link
        elif unlinked is not None:
            result.unlinked[account.id] = unlinked
    return result


def _place(
    account: SourceAccount, roots: _Roots, manual: Mapping[int, int], match: Match | None
) -> tuple[Link | None, Unlinked | None]:
    if account.id in manual:
        return Link(manual[account.id], "manual", "a person linked it"), None
    explicit = roots.by_reference(account)
    if explicit:
        return _only("reference", explicit, "its explicit ids name several accounts")
    by_domain, by_email = roots.by_domain(account), roots.by_mailbox(account)
    suggestions = _unique([*by_domain, *by_email, *roots.by_name(account)])
    if match is not None and suggestions:
        chosen = match(account, suggestions)
        if chosen is not None:
            return Link(chosen, "plugin", "a plugin's rule"), None
    if by_domain:
        return _only("domain", by_domain, "several accounts claim its domain")
    if by_email:
        return _only("email", by_email, "its contacts belong to several accounts")
    return None, Unlinked("nothing it says of itself matches an account", tuple(suggestions))


def _only(method: Method, candidates: Sequence[Candidate], otherwise: str) -> tuple[Link | None, Unlinked | None]:
    found = _unique(candidates)
    if len(found) == 1:
        return Link(found[0].root, method, found[0].evidence), None
    return None, Unlinked(otherwise, tuple(found))


def _unique(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The first candidate of each account, in a fixed order."""
    first: dict[int, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.root, candidate)
    return sorted(first.values(), key=lambda c: (c.key, c.root))


class _Roots:
    """The accounts founded so far, found again by each kind of evidence."""

    def __init__(self) -> None:
        self._keys: dict[str, list[SourceAccount]] = defaultdict(list)
        self._named_by: dict[str, list[SourceAccount]] = defaultdict(list)
        self._domains: dict[str, list[SourceAccount]] = defaultdict(list)
        self._mailboxes: dict[str, list[SourceAccount]] = defaultdict(list)
        self._names: dict[str, list[SourceAccount]] = defaultdict(list)

    def add(self, root: SourceAccount) -> None:
        self._keys[root.key].append(root)
        for index, values in (
            (self._named_by, root.references),
            (self._domains, root.domains),
            (self._mailboxes, root.mailboxes),
            (self._names, [plain_name(root.name)] if root.name else []),
        ):
            for value in values:
                index[value].append(root)

    def by_reference(self, account: SourceAccount) -> list[Candidate]:
        named = [
            _candidate(root, "reference", f"{account.connection} names it {reference}")
            for reference in sorted(account.references)
            for root in self._keys.get(reference, ())
            if root.connection != account.connection
        ]
        naming = [
            _candidate(root, "reference", f"{root.connection} names {account.connection}'s {account.key}")
            for root in self._named_by.get(account.key, ())
            if root.connection != account.connection
        ]
        return [*named, *naming]

    def by_domain(self, account: SourceAccount) -> list[Candidate]:
        return self._shared(account, self._domains, account.domains, "domain", "both use the domain {}")

    def by_mailbox(self, account: SourceAccount) -> list[Candidate]:
        # The address itself is personal; that one is shared is evidence enough to show.
        return self._shared(account, self._mailboxes, account.mailboxes, "email", "both know the same contact")

    def by_name(self, account: SourceAccount) -> list[Candidate]:
        names = [plain_name(account.name)] if account.name else []
        return self._shared(account, self._names, names, "name", "both are called the same")

    def _shared(
        self,
        account: SourceAccount,
        index: Mapping[str, list[SourceAccount]],
        values: Iterable[str],
        method: Method | Literal["name"],
        evidence: str,
    ) -> list[Candidate]:
        return [
            _candidate(root, method, evidence.format(value))
            for value in sorted(values)
            for root in index.get(value, ())
            if root.connection != account.connection
        ]


def _candidate(root: SourceAccount, method: Method | Literal["name"], evidence: str) -> Candidate:
    return Candidate(root.id, root.key, root.name, method, evidence)
