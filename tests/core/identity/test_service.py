"""A person's word on where a record belongs: kept, noted, followed by what depends on it, and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.people.firm import NOON, Firm, company

from accountpulse.core.errors import Conflict, InvalidInput, NotFound
from accountpulse.core.store.database import Store
from accountpulse.core.store.link_decisions import link_decision
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.tables import link
from accountpulse.core.store.trail import trail
from accountpulse.core.trail import Asker, operator

ANN, BOB = operator("Ann"), operator("Bob")


@pytest.fixture
def firm(store: Store) -> Firm:
    """Acme and Beta, known to the CRM; what billing calls `c1` could be either, and `c2` has Beta's domain."""
    firm = Firm(store)
    both = company("c1", "Acme Beta", "acme.com", emails=("x@beta.com",))
    firm.know("billing", both, company("c2", "Beta Inc", "beta.com"))
    firm.relink()
    return firm


def account(firm: Firm, key: str) -> int:
    id = firm.account("crm", key)
    assert id is not None
    return id


def test_what_is_unlinked_is_listed_with_its_candidates(firm: Firm) -> None:
    (left,) = firm.links.unlinked()
    assert (left.place, left.name, left.account_id, left.reason) == (
        "billing:c1", "Acme Beta", None, "several accounts claim its domain",
    )  # fmt: skip
    assert {(each.account_id, each.name, each.method) for each in left.candidates} == {
        (account(firm, "a1"), "Acme", "domain"),
        (account(firm, "b1"), "Beta", "domain"),
    }
    assert firm.links.unlinked("crm") == []
    assert [each.place for each in firm.links.of_account("Beta")] == ["crm:b1", "billing:c2"]


def test_a_link_is_kept_against_all_evidence_noted_and_taken_back(firm: Firm) -> None:
    acme, beta = account(firm, "a1"), account(firm, "b1")
    made = firm.links.link("billing:c2", "Acme", asker=ANN, reason="they moved")
    assert (made.record.account_id, made.record.method, made.record.evidence) == (acme, "manual", "Ann linked it: they moved")
    assert (made.record.decided, made.accounts) == (True, frozenset({acme, beta}))
    firm.know("billing", company("c2", "Beta Inc", "beta.com", references=("b1",)))
    firm.relink()
    assert firm.account("billing", "c2") == acme
    back = firm.links.release("billing:c2", asker=BOB)
    assert (back.record.account_id, back.record.method, back.record.decided) == (beta, "reference", False)
    assert [(row.actor, row.action, row.account_id, row.input["record"]) for row in firm.rows(trail)] == [
        ("Ann", "link.set", acme, "billing:c2"),
        ("Bob", "link.release", acme, "billing:c2"),
    ]
    (kept,) = firm.rows(link_decision)
    assert (kept.author, kept.account_id, kept.ended_by, kept.known_to) == ("Ann", acme, "Bob", firm.clock.now())


def test_what_was_unlinked_is_linked_from_now_on_and_others_words_are_told(firm: Firm) -> None:
    firm.clock.advance(timedelta(hours=1))
    firm.links.link("billing:c1", str(account(firm, "a1")), asker=ANN)
    again = firm.links.link("billing:c1", "acme.com", asker=BOB)
    assert again.record.evidence == "Bob linked it"
    assert again.record.since == firm.clock.now()
    assert firm.links.unlinked() == []


def test_an_unlinked_record_stays_so_until_somebody_links_it(firm: Firm) -> None:
    beta = account(firm, "b1")
    made = firm.links.unlink("billing:c2", asker=ANN, reason="a reseller")
    assert (made.record.account_id, made.record.reason, made.accounts) == (
        None,
        "Ann unlinked it: a reseller",
        frozenset({beta}),
    )
    assert [each.account_id for each in made.record.candidates] == [beta]
    firm.know("billing", company("c2", "Beta Inc", "beta.com", references=("b1",)))
    firm.relink()
    assert firm.account("billing", "c2") is None
    assert firm.links.link("billing:c2", "Beta", asker=BOB).record.account_id == beta
    assert [row.account_id for row in firm.rows(trail)] == [beta, beta]


def test_a_founder_joins_another_account_and_comes_home_with_what_belongs_to_it(firm: Firm) -> None:
    """R27: a merge by hand, and its end."""
    acme, beta = account(firm, "a1"), account(firm, "b1")
    made = firm.links.link("crm:b1", "Acme", asker=ANN)
    assert made.accounts == {acme, beta}
    assert [firm.account("crm", "b1"), firm.account("billing", "c1"), firm.account("billing", "c2")] == [acme, acme, acme]
    with pytest.raises(NotFound, match="no account"):
        firm.links.link("crm:a1", str(beta), asker=ANN)
    firm.links.unlink("crm:b1", asker=ANN)
    assert [firm.account("crm", "b1"), firm.account("billing", "c1"), firm.account("billing", "c2")] == [beta, None, beta]


def test_two_founders_that_share_a_domain_are_kept_apart(store: Store) -> None:
    firm = Firm(store)
    firm.configure("crm", "billing")
    firm.know("billing", company("c2", "Beta Inc", "beta.com"))
    firm.relink()
    beta = account(firm, "b1")
    made = firm.links.unlink("billing:c2", asker=ANN)
    assert made.record.method == "anchor"
    assert made.record.account_id not in (None, beta)
    firm.relink()
    assert firm.account("billing", "c2") == made.record.account_id
    assert firm.links.release("billing:c2", asker=ANN).record.account_id == beta


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda f: f.links.link("billing:c9", "Acme", asker=ANN), NotFound, "no record 'billing:c9'"),
        (lambda f: f.links.link("bling:c1", "Acme", asker=ANN), NotFound, "there are: billing, crm"),
        (lambda f: f.links.link("c1", "Acme", asker=ANN), NotFound, "connection:key"),
        (lambda f: f.links.link("99", "Acme", asker=ANN), NotFound, "no record '99'"),
        (lambda f: f.links.link("billing:c1", "Acne", asker=ANN), NotFound, "did you mean Acme"),
        (lambda f: f.links.link("crm:a1", "Acme", asker=ANN), InvalidInput, "founded Acme itself"),
        (lambda f: f.links.link("billing:c1", "Acme", asker=ANN, reason=" "), InvalidInput, "reason: it is empty"),
        (lambda f: f.links.link("billing:c1", "Acme", asker=operator("")), InvalidInput, "author: it is empty"),
        (lambda f: f.links.unlink("crm:a1", asker=ANN), InvalidInput, "founded Acme, and can't be taken from it"),
        (lambda f: f.links.unlink("people:1", asker=ANN), NotFound, "no connection 'people'"),
        (lambda f: f.links.release("billing:c2", asker=ANN), NotFound, "its evidence decides already"),
        (lambda f: f.links.unlinked("desk"), NotFound, "there are: billing, crm"),
    ],
)
def test_what_cannot_be_done_is_refused_with_advice(firm: Firm, act: object, error: type[Exception], words: str) -> None:
    firm.people.enter_pulse("Acme", 50, reason="fine", asker=operator("Ann"))
    before = firm.rows(link), firm.rows(trail)
    assert callable(act)
    with pytest.raises(error, match=words):
        act(firm)
    assert (firm.rows(link), firm.rows(trail), firm.rows(link_decision)) == (*before, [])


def test_a_request_that_is_repeated_is_done_once_wherever_the_record_is_by_then(firm: Firm) -> None:
    beta = account(firm, "b1")
    app = Asker(name="the app", scope=EVERYTHING, token="12345678", idempotency_key="one")
    first = firm.links.unlink("billing:c2", asker=app)
    assert firm.links.unlink("billing:c2", asker=app).record == first.record
    assert len(firm.rows(link_decision)) == 1
    with pytest.raises(Conflict, match="another request"):
        firm.links.unlink("billing:c1", asker=app)
    stale = Asker(name="the app", scope=EVERYTHING, token="12345678", expected_revision=0)
    with pytest.raises(Conflict, match="expectedRevision"):
        firm.links.link("billing:c2", str(beta), asker=stale)
    assert firm.account("billing", "c2") is None


def test_a_link_does_not_run_backwards_when_the_clock_does(firm: Firm) -> None:
    """R19."""
    firm.links.link("billing:c1", "Acme", asker=ANN)
    firm.clock.advance(-timedelta(hours=5))
    firm.links.link("billing:c1", "Beta", asker=ANN)
    for row in [*firm.rows(link), *firm.rows(link_decision)]:
        assert row.known_to is None or row.known_from <= row.known_to
    assert firm.clock.now() < NOON
