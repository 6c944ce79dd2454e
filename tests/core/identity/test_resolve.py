"""Which source accounts are one customer: the rules in order, and that no order of reading changes the answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.core.identity.resolve import Candidate, Resolution, SourceAccount, resolve

CRM, BILLING, DESK, APP = "crm", "billing", "desk", "app"
RANK = {CRM: 0, BILLING: 1, DESK: 2, APP: 3}


def make(id: int, connection: str, key: str, *, anchor: bool | None = None, **evidence: Any) -> SourceAccount:
    sets = {
        name: frozenset({value} if isinstance(value, str) else value)
        for name, value in evidence.items()
        if name in ("references", "domains", "mailboxes")
    }
    rest = {name: value for name, value in evidence.items() if name in ("name", "gone")}
    return SourceAccount(
        id=id, connection=connection, rank=RANK[connection], anchor=connection == CRM if anchor is None else anchor,
        key=key, **sets, **rest,
    )  # fmt: skip


ACME = make(1, CRM, "001", domains="acme.com", name="Acme", mailboxes="ann@acme.com")
GLOBEX = make(2, CRM, "002", domains="globex.com", name="Globex")


def placed(result: Resolution, id: int) -> tuple[int, str] | None:
    link = result.links.get(id)
    return (link.root, link.method) if link else None


def test_each_account_of_the_anchor_founds_one() -> None:
    result = resolve([ACME, GLOBEX])
    assert (placed(result, 1), placed(result, 2)) == ((1, "anchor"), (2, "anchor"))


@pytest.mark.parametrize(
    ("evidence", "method"),
    [
        ({"references": "001"}, "reference"),
        ({"domains": "acme.com"}, "domain"),
        ({"mailboxes": "ann@acme.com"}, "email"),
        ({"references": "001", "domains": "globex.com"}, "reference"),
        ({"domains": "acme.com", "mailboxes": "x@globex.com", "name": "Globex"}, "domain"),
    ],
)
def test_the_strongest_evidence_decides(evidence: dict[str, Any], method: str) -> None:
    result = resolve([ACME, GLOBEX, make(3, DESK, "9", **evidence)])
    assert placed(result, 3) == (1, method)


def test_an_anchor_that_names_the_other_systems_id_is_explicit_evidence_too() -> None:
    acme = make(1, CRM, "001", references="cus_9")
    assert placed(resolve([acme, make(3, BILLING, "cus_9")]), 3) == (1, "reference")


def test_a_reference_within_one_connection_means_nothing() -> None:
    other = make(2, CRM, "002", references="001", domains="acme.com")
    assert placed(resolve([ACME, other]), 2) == (2, "anchor")


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ({"domains": "shared.com"}, "several accounts claim its domain"),
        ({"mailboxes": "jo@shared.com"}, "its contacts belong to several accounts"),
        ({"references": ("001", "002")}, "its explicit ids name several accounts"),
        ({"references": ("001", "002"), "domains": "only-acme.com"}, "its explicit ids name several accounts"),
    ],
)
def test_where_several_claim_it_nothing_is_guessed(evidence: dict[str, Any], reason: str) -> None:
    acme = make(1, CRM, "001", domains=("shared.com", "only-acme.com"), mailboxes="jo@shared.com", name="Acme")
    globex = make(2, CRM, "002", domains="shared.com", mailboxes="jo@shared.com")
    left = resolve([acme, globex, make(3, DESK, "9", **evidence)]).unlinked[3]
    assert left.reason == reason
    assert [c.root for c in left.candidates] == [1, 2]
    assert "jo@" not in repr(left)


def test_a_like_name_only_suggests() -> None:
    left = resolve([ACME, GLOBEX, make(3, DESK, "9", name="ACME.")]).unlinked[3]
    assert [(c.root, c.method) for c in left.candidates] == [(1, "name")]


def test_a_plugin_decides_before_domains_but_after_explicit_ids() -> None:
    def second(account: SourceAccount, candidates: list[Candidate]) -> int | None:
        return 2

    named = make(5, APP, "8", references="001", name="Globex")
    result = resolve([ACME, GLOBEX, make(3, DESK, "9", domains="acme.com", name="Globex"), named], match=second)
    assert placed(result, 3) == (2, "plugin")
    assert placed(result, 5) == (1, "reference")


@pytest.mark.parametrize("word", [None, 3, 99, 2, "001"])
def test_a_plugin_that_names_none_of_the_candidates_has_said_nothing(word: Any) -> None:
    result = resolve([ACME, GLOBEX, make(3, DESK, "9", domains="acme.com")], match=lambda account, candidates: word)
    assert placed(result, 3) == (1, "domain")


def test_a_second_anchor_joins_or_founds() -> None:
    joins = make(3, BILLING, "cus_1", anchor=True, domains="acme.com")
    founds = make(4, BILLING, "cus_2", anchor=True, domains="initech.com")
    result = resolve([founds, joins, ACME, GLOBEX])
    assert (placed(result, 3), placed(result, 4)) == ((1, "domain"), (4, "anchor"))


def test_what_joined_an_account_speaks_for_it() -> None:
    """A survey that carries the billing system's id belongs to the CRM's account."""
    billing = make(3, BILLING, "cus_1", anchor=True, domains=("acme.com", "acme.io"))
    result = resolve([ACME, billing, make(4, APP, "x", references="cus_1"), make(5, DESK, "9", domains="acme.io")])
    assert (placed(result, 4), placed(result, 5)) == ((1, "reference"), (1, "domain"))


def test_a_persons_link_beats_all_evidence() -> None:
    desk = make(3, DESK, "9", references="001", domains="acme.com")
    assert placed(resolve([ACME, GLOBEX, desk], manual={3: 2}), 3) == (2, "manual")


def test_a_persons_link_follows_the_account_it_leads_to() -> None:
    """Billing founded the account that was chosen, then joined the CRM's."""
    billing = make(3, BILLING, "cus_1", anchor=True, domains="acme.com")
    assert placed(resolve([ACME, billing, make(4, DESK, "9")], manual={4: 3}), 4) == (1, "manual")


def test_a_persons_link_between_anchors_brings_the_evidence_along() -> None:
    billing = make(3, BILLING, "cus_1", anchor=True, domains="acme-billing.com")
    desk = make(4, DESK, "9", domains="acme-billing.com")
    result = resolve([ACME, billing, desk], manual={3: 1})
    assert (placed(result, 3), placed(result, 4)) == ((1, "manual"), (1, "domain"))


@pytest.mark.parametrize("manual", [{3: 77}, {3: 4, 4: 3}, {3: 4}])
def test_a_persons_link_that_leads_nowhere_is_listed(manual: dict[int, int]) -> None:
    result = resolve([ACME, make(3, DESK, "9", domains="acme.com"), make(4, DESK, "8")], manual=manual)
    assert 3 not in result.links
    assert result.unlinked[3].reason == "the account that a person chose for it is no more"


def test_a_deleted_account_keeps_what_belongs_to_it_until_a_living_one_claims_it() -> None:
    gone = make(1, CRM, "001", domains="acme.com", gone=True)
    desk = make(3, DESK, "9", domains="acme.com")
    assert placed(resolve([gone, desk]), 3) == (1, "domain")
    again = make(2, CRM, "005", domains="acme.com")
    result = resolve([gone, again, desk])
    assert (placed(result, 1), placed(result, 3)) == ((1, "anchor"), (2, "domain"))


# --- merges -------------------------------------------------------------------------------------------------------------


def test_what_was_merged_has_become_the_one_that_names_it_and_others_follow_its_id() -> None:
    loser = make(1, CRM, "001", domains="acme.io", gone=True)
    winner = make(2, CRM, "002", references="001", domains="acme.com")
    billing, desk = make(3, BILLING, "cus_1", references="001"), make(4, DESK, "9", domains="acme.io")
    result = resolve([loser, winner, billing, desk])
    assert {id: placed(result, id) for id in (1, 2, 3, 4)} == {
        1: (2, "reference"),
        2: (2, "anchor"),
        3: (2, "reference"),
        4: (2, "domain"),
    }
    assert result.links[1].evidence == "crm merged 001 into 002"


def test_a_merge_may_follow_another() -> None:
    first, second = make(1, CRM, "001", gone=True), make(2, CRM, "002", references="001", gone=True)
    last = make(3, CRM, "003", references="002")
    assert [placed(resolve([first, second, last]), id) for id in (1, 2)] == [(3, "reference"), (3, "reference")]


def test_where_two_claim_to_have_swallowed_one_nothing_is_guessed() -> None:
    accounts = [make(1, CRM, "001", gone=True), make(2, CRM, "002", references="001"), make(3, CRM, "003", references="001")]
    assert placed(resolve(accounts), 1) == (1, "anchor")


def test_what_exists_is_not_merged_because_another_names_it() -> None:
    accounts = [make(1, CRM, "001"), make(2, CRM, "002", references="001")]
    assert placed(resolve(accounts), 1) == (1, "anchor")


def test_a_merge_in_a_system_that_founds_nothing_follows_too_or_waits() -> None:
    merged, into = make(3, DESK, "8", gone=True), make(4, DESK, "9", references="8", domains="acme.com")
    assert placed(resolve([ACME, merged, into]), 3) == (1, "reference")
    left = resolve([merged, into]).unlinked
    assert left[3].reason == "it was merged into 9, which belongs to no account"


# --- laws ---------------------------------------------------------------------------------------------------------------

few = st.integers(0, 3)
evidence = st.fixed_dictionaries(
    {
        "references": st.frozensets(few.map(lambda n: f"k{n}"), max_size=2),
        "domains": st.frozensets(few.map(lambda n: f"d{n}.com"), max_size=2),
        "mailboxes": st.frozensets(few.map(lambda n: f"m{n}@x.com"), max_size=2),
        "name": st.none() | few.map(str),
        "gone": st.booleans(),
    }
)
source_accounts = st.lists(
    st.tuples(st.sampled_from(sorted(RANK)), few.map(lambda n: f"k{n}"), evidence),
    max_size=9,
    unique_by=lambda drawn: drawn[:2],
)


World = tuple[list[SourceAccount], dict[str, Any]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    anchors = draw(st.sets(st.sampled_from([CRM, BILLING])))
    accounts = [
        make(n, connection, key, anchor=connection in anchors, **values)
        for n, (connection, key, values) in enumerate(draw(source_accounts))
    ]
    ids = [account.id for account in accounts]
    manual = draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(ids), max_size=2)) if ids else {}
    apart = draw(st.frozensets(st.sampled_from(ids), max_size=2)) if ids else frozenset()
    return accounts, {"manual": manual, "apart": apart - manual.keys()}


def grouping(result: Resolution) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = defaultdict(set)
    for source, link in result.links.items():
        groups[link.root].add(source)
    return {frozenset(group) for group in groups.values()}


@given(world=worlds(), data=st.data())
def test_the_answer_is_the_same_in_any_order(world: World, data: st.DataObject) -> None:
    accounts, words = world
    shuffled = data.draw(st.permutations(accounts))
    assert resolve(accounts, **words) == resolve(shuffled, **words)


@given(world=worlds(), data=st.data())
def test_the_answer_does_not_depend_on_who_was_numbered_first(world: World, data: st.DataObject) -> None:
    """Ids are given in the order of syncing; the grouping must not know."""
    from dataclasses import replace

    accounts, words = world
    renamed = dict(zip([a.id for a in accounts], data.draw(st.permutations(range(100, 100 + len(accounts)))), strict=True))
    manual = {renamed[a]: renamed[b] for a, b in words["manual"].items()}
    apart = {renamed[a] for a in words["apart"]}
    other = resolve([replace(a, id=renamed[a.id]) for a in accounts], manual=manual, apart=apart)
    assert grouping(other) == {frozenset(renamed[id] for id in group) for group in grouping(resolve(accounts, **words))}


@given(worlds())
def test_everything_is_placed_or_listed_and_every_root_is_a_founder(world: World) -> None:
    accounts, words = world
    result = resolve(accounts, **words)
    for source in words["apart"]:
        assert source in result.unlinked or result.links[source].method == "anchor"
    assert result.links.keys() | result.unlinked.keys() == {a.id for a in accounts}
    assert not result.links.keys() & result.unlinked.keys()
    for link in result.links.values():
        assert result.links[link.root].root == link.root
        assert result.links[link.root].method == "anchor"
    for left in result.unlinked.values():
        for candidate in left.candidates:
            assert result.links[candidate.root].method == "anchor"


@given(worlds())
def test_two_accounts_of_one_anchor_connection_are_not_merged_by_their_own_evidence(world: World) -> None:
    accounts, _ = world
    (first, *_others) = sorted({a.connection for a in accounts if a.anchor}, key=RANK.__getitem__) or [""]
    result = resolve(accounts)
    for account in accounts:
        if account.connection == first:
            merged = account.gone and any(
                other.connection == first and account.key in other.references for other in accounts if other is not account
            )
            assert result.links[account.id].root == account.id or merged
