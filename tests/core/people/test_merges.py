"""What people decided, promised and noted follows a merge of accounts, and comes home when it is undone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.core.people.firm import NOON, Firm, company

from accountpulse.core.store.people import overrides_in_force
from accountpulse.core.trail import operator

LATER = NOON + timedelta(days=90)
DUE = date(2026, 12, 31)


@pytest.fixture
def merging(firm: Firm) -> Firm:
    """Acme, and Xylo of billing, which turns out to be Acme when its domain is known."""
    firm.configure("crm", "billing")
    firm.know("billing", company("x1", "Xylo", "xylo.com"))
    firm.relink()
    return firm


def know_domain(firm: Firm, domain: str) -> None:
    firm.know("billing", company("x1", "Xylo", domain))
    firm.relink()


def say(firm: Firm, name: str, score: float) -> None:
    firm.people.override(name, score, reason=f"about {name}", until=LATER, asker=operator("Ann"))
    firm.people.set_target(name, score, due=DUE, asker=operator("Ann"))
    firm.people.add_note(name, f"about {name}", asker=operator("Ann"))


def said(firm: Firm, name: str) -> tuple[list[float], list[float], list[str]]:
    people = firm.people
    return (
        [each.score for each in people.overrides(name)],
        [each.score for each in people.targets(name)],
        sorted(each.text for each in people.notes(name)),
    )


def test_what_was_said_of_who_joins_counts_where_it_joined_and_comes_home(merging: Firm) -> None:
    say(merging, "Xylo", 20)
    (note,) = merging.people.notes("Xylo")
    xylo, acme = merging.account("billing", "x1"), merging.account("crm", "a1")
    before = merging.clock.now()
    know_domain(merging, "acme.com")
    assert merging.account("billing", "x1") == acme
    assert said(merging, "Acme") == ([20], [20], ["about Xylo"])
    assert merging.people.notes("Acme")[0].written_at == note.written_at
    (override,) = merging.people.overrides("Acme")
    assert (override.owner, override.reason, override.expires_at) == ("Ann", "about Xylo", LATER)
    with merging.store.read() as connection:
        # It counts there from the merge on: what was said of Acme before is as it was.
        assert set(overrides_in_force(connection, before)) == {xylo}
        assert set(overrides_in_force(connection, merging.clock.now())) == {acme}
    rows = merging.people.overrides("Acme", former=True)
    merging.relink()
    assert merging.people.overrides("Acme", former=True) == rows, "a linking pass finds nothing to do"
    know_domain(merging, "xylo.com")
    assert said(merging, "Acme") == ([], [], [])
    assert said(merging, "Xylo") == ([20], [20], ["about Xylo"])


def test_an_account_keeps_its_own_word_and_has_all_notes(merging: Firm) -> None:
    say(merging, "Acme", 80)
    say(merging, "Xylo", 20)
    know_domain(merging, "acme.com")
    assert said(merging, "Acme") == ([80], [80], ["about Acme", "about Xylo"])
    xylo = next(each for each in merging.people.overrides(former=True) if each.score == 20)
    assert xylo.ended_by == f"joined account {merging.account('crm', 'a1')}"
    know_domain(merging, "xylo.com")
    # What had ended is over; notes never end.
    assert said(merging, "Xylo") == ([], [], ["about Xylo"])
    assert said(merging, "Acme") == ([80], [80], ["about Acme"])
