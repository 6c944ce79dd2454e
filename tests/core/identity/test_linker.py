"""Links in the store: written once, versioned, independent of the order of syncing, and kept when a person made them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.identity.companies import HOUR, NOON, Company, company, person, request
from tests.emptying import empty

from accountpulse.core.store import revisions
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import account as account_table
from accountpulse.core.store.tables import mark, source_account, unlinked
from accountpulse.core.store.types import EPOCH


@pytest.fixture
def world(store: Store) -> Company:
    return Company(store)


def test_source_accounts_are_linked_by_what_they_say(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)), person("p", "001", "Ann+x@gmail.com"))
    world.know("billing", company("cus_1", references=("001",)))
    world.know("desk", company("9", domains=("www.acme.com",)), company("8"), person("p", "8", "ann@gmail.com"))
    world.know("app", company("001"), company("cus_1"))
    report = world.relink()
    assert world.grouping() == {
        frozenset({"crm:001", "billing:cus_1", "desk:9", "desk:8", "app:001"}),
        frozenset({"app:cus_1"}),
    }
    assert {p: world.method_of(p) for p in ("crm:001", "billing:cus_1", "desk:9", "desk:8", "app:001")} == {
        "crm:001": "anchor",
        "billing:cus_1": "reference",
        "desk:9": "domain",
        "desk:8": "email",
        "app:001": "reference",
    }
    assert (report.linked, report.unlinked, report.changed) == (5, 1, 5)


def test_free_mail_is_no_domain(world: Company) -> None:
    world.know("crm", company("001"), person("p", "001", "ann@gmail.com"))
    world.know("desk", company("9", domains=("gmail.com",)), person("p", "9", "bob@gmail.com"))
    world.relink()
    assert world.account_of("desk:9") is None


def test_a_shared_domain_stays_unlinked_with_its_candidates_until_a_person_decides(world: Company) -> None:
    world.know("crm", company("001", name="Acme", domains=("acme.com",)), company("002", domains=("acme.com",)))
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    (left,) = world.rows(unlinked)
    assert left.reason == "several accounts claim its domain"
    assert [c["account_id"] for c in left.candidates] == [world.account_of("crm:001"), world.account_of("crm:002")]
    assert left.candidates[0] | {"account_id": 0} == {
        "account_id": 0,
        "name": "Acme",
        "method": "domain",
        "evidence": "both use the domain acme.com",
    }
    world.by_hand("desk:9", world.account_of("crm:002") or 0)
    world.clock.advance(HOUR)
    world.relink()
    assert (world.account_of("desk:9"), world.method_of("desk:9")) == (world.account_of("crm:002"), "manual")
    assert world.rows(unlinked) == []


def test_a_subsidiary_is_an_account_of_its_own_and_what_could_be_either_waits(world: Company) -> None:
    """The parent is an attribute, not evidence: who writes from the group's domain may be of any of its companies."""
    group = ("acme.com",)
    world.know("crm", company("001", name="Acme", domains=group))
    world.know("crm", company("002", name="Acme UK", domains=(*group, "acme.co.uk"), parent="001"))
    world.know(
        "desk", company("1", domains=group), company("2", domains=("mail.acme.co.uk",)), company("3", references=("001",))
    )
    world.know("billing", company("cus_1", emails=("ann@acme.com",)))
    world.relink()
    parent, subsidiary = world.account_of("crm:001"), world.account_of("crm:002")
    assert None not in (parent, subsidiary)
    assert parent != subsidiary
    assert [world.account_of(f"desk:{n}") for n in (1, 2, 3)] == [None, subsidiary, parent]
    left = {row.source_account_id: {c["account_id"] for c in row.candidates} for row in world.rows(unlinked)}
    assert left == {world.sources()[place]: {parent, subsidiary} for place in ("desk:1", "billing:cus_1")}


def test_linking_again_changes_nothing(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)))
    world.know("desk", company("9", domains=("acme.com",)), company("8", name="who?"))
    world.relink()
    before = (world.links(), world.rows(unlinked), world.rows(source_account), world.rows(mark))
    with world.store.read() as connection:
        revision = revisions.current(connection)
    world.clock.advance(HOUR)
    assert world.relink().changed == 0
    assert (world.links(), world.rows(unlinked), world.rows(source_account), world.rows(mark)) == before
    with world.store.read() as connection:
        assert revisions.current(connection) == revision


# --- time ---------------------------------------------------------------------------------------------------------------


def test_a_first_link_holds_since_ever_and_a_later_one_from_now_on(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)), company("002", domains=("globex.com",)))
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    assert [(r.known_from, r.known_to) for r in world.links()] == [(EPOCH, None)] * 3
    world.clock.advance(HOUR)
    world.know("desk", company("9", domains=("globex.com",)))
    world.relink()
    first, second = world.links("desk:9")
    assert (first.account_id, first.known_to) == (world.account_of("crm:001"), NOON + HOUR)
    assert (second.account_id, second.known_from, second.known_to) == (world.account_of("crm:002"), NOON + HOUR, None)


def test_whichever_connection_is_read_first_the_first_link_holds_since_ever(world: Company) -> None:
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    world.clock.advance(HOUR)
    world.know("crm", company("001", domains=("acme.com",)))
    world.relink()
    assert [r.known_from for r in world.links()] == [EPOCH, EPOCH]


def test_what_was_unlinked_while_its_account_was_scored_is_linked_from_now_on(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)))
    world.know("desk", company("9"))
    world.relink()
    world.clock.advance(HOUR)
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    (row,) = world.links("desk:9")
    assert row.known_from == NOON + HOUR


def test_links_never_run_backwards_when_the_clock_does(world: Company) -> None:
    """R19."""
    world.know("crm", company("001", domains=("acme.com",)), company("002", domains=("globex.com",)))
    for domain, step in (("acme.com", 0), ("globex.com", 2), ("acme.com", -5), ("nobody.com", 1), ("acme.com", 1)):
        world.clock.advance(step * HOUR)
        world.know("desk", company("9", domains=(domain,)))
        world.relink()
    rows = world.links("desk:9")
    assert len(rows) == 4
    for row in rows:
        assert row.known_to is None or row.known_from <= row.known_to


# --- anchors ------------------------------------------------------------------------------------------------------------


def test_a_second_anchor_joins_or_founds(store: Store) -> None:
    world = Company(store, anchors=("crm", "billing"))
    world.know("crm", company("001", domains=("acme.com",)))
    world.know("billing", company("cus_1", domains=("acme.com",)), company("cus_2", domains=("initech.com",)))
    world.relink()
    assert world.grouping() == {frozenset({"crm:001", "billing:cus_1"}), frozenset({"billing:cus_2"})}


def test_two_accounts_that_turn_out_to_be_one_are_merged_and_can_be_split_again(store: Store) -> None:
    """R27: the older account goes on, the history of links is kept, and a split gives each its own account back."""
    world = Company(store, anchors=("crm", "billing"))
    world.know("crm", company("001", domains=("acme.com",)))
    world.know("billing", company("cus_1", domains=("acme.io",)))
    world.know("desk", company("9", domains=("acme.io",)))
    world.relink()
    crm, billing = world.account_of("crm:001"), world.account_of("billing:cus_1")
    assert (crm != billing, world.account_of("desk:9")) == (True, billing)
    world.clock.advance(HOUR)
    world.know("crm", company("001", domains=("acme.com", "acme.io")))
    world.relink()
    assert [world.account_of(p) for p in ("crm:001", "billing:cus_1", "desk:9")] == [crm, crm, crm]
    world.clock.advance(HOUR)
    world.know("crm", company("001", domains=("acme.com",)))
    world.relink()
    assert [world.account_of(p) for p in ("crm:001", "billing:cus_1", "desk:9")] == [crm, billing, billing]
    assert [r.account_id for r in world.links("desk:9")] == [billing, crm, billing]
    assert len(world.rows(account_table)) == 2


def test_an_account_founded_by_billing_goes_on_when_the_crm_is_connected(store: Store) -> None:
    """R27: its id, and so its score history, stays."""
    world = Company(store, anchors=("billing",))
    world.know("billing", company("cus_1", domains=("acme.com",)))
    world.relink()
    before = world.account_of("billing:cus_1")
    world.configure("crm")
    world.know("crm", company("001", domains=("acme.com",)))
    world.relink()
    assert (world.account_of("crm:001"), world.account_of("billing:cus_1")) == (before, before)
    assert len(world.rows(account_table)) == 1


def test_a_deleted_record_keeps_its_account_and_what_belongs_to_it(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)), request("t", "001"))
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    before = world.links()
    world.clock.advance(HOUR)
    world.lose("crm", "001")
    world.lose("desk", "9")
    world.relink()
    assert world.links() == before
    world.know("crm", company("005", domains=("acme.com",)))
    world.relink()
    assert world.account_of("crm:005") not in (None, world.account_of("crm:001"))
    assert world.account_of("desk:9") == world.account_of("crm:005")


@pytest.mark.parametrize("fresh", [False, True], ids=["the winner was there before", "the winner has a new id"])
def test_two_accounts_that_the_crm_merges_go_on_as_one_with_their_history(store: Store, fresh: bool) -> None:
    """R27: the winner names the loser; facts, links and the account's id stay."""
    world = Company(store)
    known = [company("001", domains=("acme.com",)), request("t1", "001")]
    known += [] if fresh else [company("002", domains=("acme.io",))]
    world.know("crm", *known)
    world.know("billing", company("cus_1", references=("001",)))
    world.relink()
    before = world.account_of("crm:001")
    winners = before if fresh else world.account_of("crm:002")
    world.clock.advance(HOUR)
    world.lose("crm", "001")
    world.know("crm", company("002", domains=("acme.com", "acme.io"), references=("001",)))
    for _ in range(2):
        world.clock.advance(HOUR)
        world.relink()
        assert [world.account_of(p) for p in ("crm:001", "crm:002", "billing:cus_1")] == [winners] * 3
    assert [row.account_id for row in world.links("crm:001")] == [before, winners]
    world.know("crm", company("001", domains=("acme.com",)))  # it was a mistake, and is there again
    world.relink()
    assert world.account_of("crm:001") not in (None, world.account_of("crm:002"))


def test_a_key_without_a_record_of_its_own_founds_nothing(world: Company) -> None:
    """Nor does it begin to, once it has been linked by its contacts."""
    world.know("billing", company("cus_1"))
    world.configure("crm", "billing")
    world.know("billing", company("cus_1", domains=("acme.com",)))
    world.know("crm", person("p", "007", "x@acme.com"), request("t", "008"))
    for _ in range(3):
        world.relink()
        assert world.grouping() == {frozenset({"billing:cus_1", "crm:007"}), frozenset({"crm:008"})}
        assert world.method_of("billing:cus_1") == "anchor"


# --- a person's word ----------------------------------------------------------------------------------------------------


def test_a_persons_link_survives_new_evidence_and_deletion(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)), company("002", domains=("globex.com",)))
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    globex = world.account_of("crm:002")
    world.by_hand("desk:9", globex or 0)
    world.relink()
    world.know("desk", company("9", domains=("acme.com",), references=("001",)))
    for _ in range(2):
        world.clock.advance(HOUR)
        world.relink()
        assert (world.account_of("desk:9"), world.method_of("desk:9")) == (globex, "manual")
    world.lose("crm", "002")
    world.lose("desk", "9")
    world.relink()
    assert (world.account_of("desk:9"), world.method_of("desk:9")) == (globex, "manual")


def test_a_persons_link_follows_a_merge(store: Store) -> None:
    world = Company(store, anchors=("crm", "billing"))
    world.know("crm", company("001", domains=("acme.com",)))
    world.know("billing", company("cus_1", domains=("acme.io",)))
    world.know("desk", company("9"))
    world.relink()
    world.by_hand("desk:9", world.account_of("billing:cus_1") or 0)
    world.know("crm", company("001", domains=("acme.com", "acme.io")))
    for _ in range(3):
        world.clock.advance(HOUR)
        world.relink()
        assert (world.account_of("desk:9"), world.method_of("desk:9")) == (world.account_of("crm:001"), "manual")


def test_a_plugins_word_is_asked_of_the_candidates(world: Company) -> None:
    world.know("crm", company("001", name="Acme"), company("002", name="acme"))
    world.know("desk", company("9", name="ACME"))
    world.relink(match=lambda account, candidates: candidates[-1].root)
    assert (world.account_of("desk:9"), world.method_of("desk:9")) == (world.account_of("crm:002"), "plugin")


# --- who is scored again ------------------------------------------------------------------------------------------------


def test_an_account_is_scored_again_for_what_it_gains_and_for_what_it_loses(world: Company) -> None:
    world.know("crm", company("001", domains=("acme.com",)), company("002", domains=("globex.com",)), company("003"))
    world.know("desk", company("9", domains=("acme.com",)))
    world.relink()
    world.clock.advance(HOUR)
    world.know("desk", company("9", domains=("globex.com",)))
    world.clock.advance(HOUR)
    world.relink()
    touched = {p: row.at for p, id in world.sources().items() for row in world.rows(mark) if row.source_account_id == id}
    assert {p for p, at in touched.items() if at == NOON + 2 * HOUR} == {"crm:001", "crm:002", "desk:9"}
    world.clock.advance(HOUR)
    world.know("desk", company("9"))
    world.relink()
    touched = {p: row.at for p, id in world.sources().items() for row in world.rows(mark) if row.source_account_id == id}
    assert {p for p, at in touched.items() if at >= NOON + 3 * HOUR} == {"crm:002", "desk:9"}


# --- laws ---------------------------------------------------------------------------------------------------------------

few = st.integers(0, 2)
records = st.fixed_dictionaries(
    {
        "domains": st.lists(few.map(lambda n: f"d{n}.com"), max_size=2, unique=True).map(tuple),
        "emails": st.lists(few.map(lambda n: f"m{n}@gmail.com"), max_size=1).map(tuple),
        "references": st.lists(few.map(lambda n: f"k{n}"), max_size=1).map(tuple),
        "name": st.none() | few.map(str),
    }
)
worlds = st.dictionaries(
    st.tuples(st.sampled_from(["crm", "billing", "desk", "app"]), few.map(lambda n: f"k{n}")), records, min_size=2, max_size=8
)


def check_order(store: Store, facts: dict[tuple[str, str], dict[str, Any]], order: list[Any], anchors: tuple[str, ...]) -> None:
    empty(store)
    together = Company(store, anchors)
    for (name, key), values in facts.items():
        together.know(name, company(key, **values))
    together.relink()
    expected = together.grouping()
    empty(store)
    world = Company(store, anchors)
    for name, key in order:
        world.clock.advance(HOUR)
        world.know(name, company(key, **facts[name, key]))
        world.relink()
    assert world.grouping() == expected
    assert world.relink().changed == 0
    roots = [row.account_id for row in world.links() if row.known_to is None and row.method == "anchor"]
    assert len(roots) == len(set(roots))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(facts=worlds, data=st.data(), anchors=st.sampled_from([("crm",), ("billing",), ("crm", "billing")]))
def test_the_grouping_does_not_depend_on_the_order_of_syncing(
    store: Store, facts: dict[tuple[str, str], dict[str, Any]], data: st.DataObject, anchors: tuple[str, ...]
) -> None:
    """Linked after each record, in any order, or once at the end."""
    check_order(store, facts, data.draw(st.permutations(list(facts))), anchors)


@pytest.mark.slow
@pytest.mark.parametrize("shared_store", ["sqlite"], indirect=True)  # what is asked of a database, the test above asks of both
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(facts=worlds, data=st.data(), anchors=st.sampled_from([("crm",), ("billing",), ("crm", "billing")]))
def test_the_grouping_does_not_depend_on_the_order_of_syncing_at_length(
    store: Store, facts: dict[tuple[str, str], dict[str, Any]], data: st.DataObject, anchors: tuple[str, ...]
) -> None:
    check_order(store, facts, data.draw(st.permutations(list(facts))), anchors)
