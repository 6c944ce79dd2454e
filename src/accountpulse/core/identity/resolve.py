"""Decides which source accounts belong to the same account. Pure, and independent of the order in which sources were synced.

Source accounts of anchor connections found accounts. Every other one is placed by the first rule that names exactly one of
them: a person's word, an explicit id, a plugin's word, a registrable domain, a contact's e-mail address. Where a rule names
several, nothing is guessed: the source account stays unlinked, with its candidates. Name likeness only suggests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from accountpulse.core.identity.evidence import plain_name

Method = Literal["anchor", "manual", "reference", "plugin", "domain", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccount:
    """An account as one source names it, with its evidence.

    rank: the connection's place in the order of belief, 0 first. anchor: whether it may found an account.
    references: ids that other systems gave it; holds its own key where the source uses another system's ids.
    domains: registrable, without free-mail. mailboxes: addresses of its people. gone: its record was deleted; it keeps what
    belongs to it, unless an account that still exists claims that as well.
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
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that a source account might belong to. root: the source account that founded it, `key` to `connection`."""

    root: int
    connection: str
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
    accounts: Iterable[SourceAccount],
    *,
    manual: Mapping[int, int] | None = None,
    apart: Collection[int] = (),
    match: Match | None = None,
) -> Resolution:
    """Place all source accounts.

    manual: a person's links, source account to the one whose account is meant. apart: those that a person unlinked, which no
    rule places. match: a plugin's word, the root of one of the candidates; anything else counts as no word.
    """
    ordered = sorted(accounts, key=lambda a: (not a.anchor, a.rank, a.connection, a.key))
    by_id = {account.id: account for account in ordered}
    manual = {source: target for source, target in (manual or {}).items() if source != target and source in by_id}
    roots, result = _Roots(), Resolution()
    heirs = {gone: heir for gone, heir in _heirs(ordered).items() if gone not in manual and gone not in apart}
    for account in ordered:
        if account.anchor and account.id not in manual and account.id not in heirs:
            link, _ = (None, None) if account.id in apart else _place(account, roots, match)
            result.links[account.id] = link or Link(account.id, "anchor", f"{account.connection} founds accounts")
            # What joined an account speaks for it, too: an id of the second system is an id of the account.
            roots.add(account, under=result.links[account.id].root)
    _link_merged(by_id, heirs, roots, result)
    _link_by_hand(by_id, manual, roots, result)
    for account in ordered:
        if not account.anchor and account.id not in manual and account.id not in heirs:
            link, unlinked = _apart(account, roots) if account.id in apart else _place(account, roots, match)
            if link is not None:
                result.links[account.id] = link
            elif unlinked is not None:
                result.unlinked[account.id] = unlinked
    _link_merged(by_id, heirs, roots, result)
    _link_by_hand(by_id, manual, roots, result)
    for source in heirs.keys() - result.links.keys():
        result.unlinked[source] = Unlinked(f"it was merged into {heirs[source].key}, which belongs to no account", ())
    for source in manual.keys() - result.links.keys():
        result.unlinked[source] = Unlinked("the account that a person chose for it is no more", ())
    return result


def _heirs(accounts: Sequence[SourceAccount]) -> dict[int, SourceAccount]:
    """What became of those that were merged into another: by their id, the one that exists now. A merge may follow another."""
    known = {(account.connection, account.key): account for account in accounts}
    named: dict[int, list[SourceAccount]] = defaultdict(list)
    for account in accounts:
        for reference in account.references:
            merged = known.get((account.connection, reference))
            if merged is not None and merged.gone and merged.id != account.id:
                named[merged.id].append(account)
    found: dict[int, SourceAccount] = {}
    for gone in named:
        ends, seen, open_ids = set(), {gone}, [gone]
        while open_ids:
            for heir in named.get(open_ids.pop(), ()):
                if not heir.gone:
                    ends.add(heir)
                elif heir.id not in seen:
                    seen.add(heir.id)
                    open_ids.append(heir.id)
        if len(ends) == 1:
            found[gone] = ends.pop()
    return found


def _link_merged(
    accounts: Mapping[int, SourceAccount], heirs: Mapping[int, SourceAccount], roots: _Roots, result: Resolution
) -> None:
    """Let what was merged follow the one that it has become, as far as that has been placed."""
    for gone in sorted(heirs.keys() - result.links.keys()):
        heir = heirs[gone]
        if heir.id in result.links:
            root = result.links[heir.id].root
            result.links[gone] = Link(root, "reference", f"{heir.connection} merged {accounts[gone].key} into {heir.key}")
            if heir.anchor:
                roots.add(accounts[gone], under=root)


def _link_by_hand(accounts: Mapping[int, SourceAccount], manual: Mapping[int, int], roots: _Roots, result: Resolution) -> None:
    """Follow a person's links as far as they lead by now."""
    for source in sorted(manual.keys() - result.links.keys()):
        root = _followed(source, manual, result)
        if root is not None:
            result.links[source] = Link(root, "manual", "a person linked it")
            if accounts[source].anchor:
                roots.add(accounts[source], under=root)


def _followed(source: int, manual: Mapping[int, int], result: Resolution) -> int | None:
    """The root that a person's link leads to: what was chosen may have joined another account since."""
    seen = {source}
    while source in manual:
        source = manual[source]
        if source in seen:
            return None
        seen.add(source)
    return result.links[source].root if source in result.links else None


def _place(account: SourceAccount, roots: _Roots, match: Match | None) -> tuple[Link | None, Unlinked | None]:
    explicit = roots.by_reference(account)
    if explicit:
        return _only("reference", explicit, "its explicit ids name several accounts")
    by_domain, by_email = roots.by_domain(account), roots.by_mailbox(account)
    suggestions = _unique([*by_domain, *by_email, *roots.by_name(account)])
    if match is not None and suggestions:
        chosen = match(account, suggestions)
        if chosen in {candidate.root for candidate in suggestions}:
            return Link(chosen, "plugin", "a plugin's rule"), None
    if by_domain:
        return _only("domain", by_domain, "several accounts claim its domain")
    if by_email:
        return _only("email", by_email, "its contacts belong to several accounts")
    return None, Unlinked("nothing it says of itself matches an account", tuple(suggestions))


def _apart(account: SourceAccount, roots: _Roots) -> tuple[Link | None, Unlinked | None]:
    """What speaks for which account is still shown, for the day on which a person looks again."""
    found = [*roots.by_reference(account), *roots.by_domain(account), *roots.by_mailbox(account), *roots.by_name(account)]
    return None, Unlinked("a person unlinked it", tuple(_unique(found)))


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


@dataclass(frozen=True, slots=True)
class _Claim:
    """A source account that speaks for the account which `root` founded: the root itself, or one that joined it."""

    root: SourceAccount
    by: SourceAccount


class _Roots:
    """The accounts founded so far, found again by each kind of evidence."""

    def __init__(self) -> None:
        self._roots: dict[int, SourceAccount] = {}
        self._keys: dict[str, list[_Claim]] = defaultdict(list)
        self._named_by: dict[str, list[_Claim]] = defaultdict(list)
        self._domains: dict[str, list[_Claim]] = defaultdict(list)
        self._mailboxes: dict[str, list[_Claim]] = defaultdict(list)
        self._names: dict[str, list[_Claim]] = defaultdict(list)

    def add(self, account: SourceAccount, under: int) -> None:
        """Index an account's evidence; `under` is the root it belongs to, its own id where it founds one."""
        root = self._roots[under] = account if under == account.id else self._roots[under]
        claim = _Claim(root, account)
        for index, values in (
            (self._keys, [account.key]),
            (self._named_by, account.references),
            (self._domains, account.domains),
            (self._mailboxes, account.mailboxes),
            (self._names, [plain_name(account.name)] if account.name else []),
        ):
            for value in values:
                index[value].append(claim)

    def by_reference(self, account: SourceAccount) -> list[Candidate]:
        named = [
            (claim, f"{account.connection} names it {reference}")
            for reference in sorted(account.references)
            for claim in self._keys.get(reference, ())
        ]
        naming = [
            (claim, f"{claim.by.connection} names {account.connection}'s {account.key}")
            for claim in self._named_by.get(account.key, ())
        ]
        return _candidates(account, "reference", [*named, *naming])

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
        index: Mapping[str, list[_Claim]],
        values: Iterable[str],
        method: Method | Literal["name"],
        evidence: str,
    ) -> list[Candidate]:
        found = [(claim, evidence.format(value)) for value in sorted(values) for claim in index.get(value, ())]
        return _candidates(account, method, found)


def _candidates(
    account: SourceAccount, method: Method | Literal["name"], found: Iterable[tuple[_Claim, str]]
) -> list[Candidate]:
    """Two accounts of one connection are never one account by themselves; what is gone yields to what exists."""
    others = [(claim, evidence) for claim, evidence in found if claim.by.connection != account.connection]
    existing = [(claim, evidence) for claim, evidence in others if not claim.by.gone]
    return [
        Candidate(claim.root.id, claim.root.connection, claim.root.key, claim.root.name, method, evidence)
        for claim, evidence in existing or others
    ]
