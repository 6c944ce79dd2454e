"""Pulses and outcomes that people enter: facts like any others, that stay with the account they were entered for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.core.people.firm import NOON, Firm, company

from accountpulse.core.errors import InvalidInput, NotFound
from accountpulse.core.model import Pulse
from accountpulse.core.people.entries import OUTCOMES
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import connections_read, revisions
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import link, mark, source_account, unlinked
from accountpulse.core.store.types import EPOCH
from accountpulse.core.trail import operator

ANN = operator("Ann")
DAY = timedelta(days=1)


def judge(firm: Firm, value: float = 80, account: str = "Acme") -> int:
    return firm.people.enter_pulse(account, value, reason="their director is a fan", asker=operator("Ann")).account_id


def entered(firm: Firm, account_id: int) -> int | None:
    """Where the entries for an account are linked to."""
    return firm.account("people", str(account_id))


# --- the facts ------------------------------------------------------------------------------------------------------------


def test_a_pulse_is_measured_for_its_account_and_missing_elsewhere(firm: Firm) -> None:
    beta = firm.account("crm", "b1")
    assert beta is not None
    assert firm.pulse(beta) == (None, "not_connected")
    acme = judge(firm, 80)
    assert firm.pulse(acme) == (80, "measured")
    assert firm.pulse(beta) == (None, "no_data")
    firm.clock.advance(timedelta(hours=1))
    judge(firm, 30)
    assert firm.pulse(acme) == (30, "measured")


def test_an_outcome_is_kept_in_minor_units(firm: Firm) -> None:
    firm.people.enter_outcome("Acme", "contracted", at=NOON - DAY, amount=Decimal("1200.50"), currency="EUR", asker=ANN)
    firm.people.enter_outcome("Acme", "churned", currency="EUR", asker=ANN)
    (row, later) = firm.rows(FACTS["outcome"])
    assert (row.kind, row.at, row.amount, row.currency) == ("contracted", NOON - DAY, 120_050, "EUR")
    assert (later.kind, later.at, later.amount, later.currency) == ("churned", firm.clock.now(), None, None)
    assert row.known_from == firm.clock.now(), "what is said of the past is known from now on"
    assert not row.assumed
    assert [(each.kind, each.amount) for each in firm.people.outcomes("Acme")] == [("churned", None), ("contracted", 120_050)]
    assert firm.people.outcomes("Beta") == []


@pytest.mark.parametrize("kind", OUTCOMES)
def test_every_kind_of_outcome_can_be_entered(firm: Firm, kind: str) -> None:
    assert firm.people.enter_outcome("Acme", kind, currency="EUR", asker=ANN).kind == kind


def test_entries_are_numbered_and_never_share_a_number(firm: Firm) -> None:
    one = firm.people.enter_pulse("Acme", 10, reason="cold", asker=operator("Ann"))
    two = firm.people.enter_outcome("Beta", "churned", currency="EUR", asker=ANN)
    firm.people.remove_entry("pulse", one.id, asker=ANN)
    three = firm.people.enter_pulse("Beta", 20, reason="cold", asker=operator("Ann"))
    four = firm.people.enter_pulse("Beta", 20, reason="cold", asker=operator("Ann"))
    assert [each.id for each in (one, two, three, four)] == ["1", "2", "3", "4"]
    assert [each.id for each in firm.people.pulses("Beta")] == ["4", "3"]


def test_what_was_entered_wrongly_is_taken_back(firm: Firm) -> None:
    acme = judge(firm, 80)
    firm.clock.advance(timedelta(hours=1))
    judge(firm, 10)
    assert firm.people.remove_entry("pulse", "2", asker=ANN) == acme
    assert firm.pulse(acme) == (80, "measured")
    assert [each.value for each in firm.people.pulses("Acme")] == [80]
    for record, id in (("pulse", "2"), ("pulse", "9"), ("outcome", "1")):
        with pytest.raises(NotFound, match=f"nobody entered {record} {id}; `accountpulse {record} list"):
            firm.people.remove_entry(record, id, asker=ANN)  # type: ignore[arg-type]  # both are record types
    firm.people.remove_entry("pulse", "1", asker=ANN)
    assert firm.pulse(acme) == (None, "no_data")


def test_what_a_source_says_is_listed_and_can_not_be_taken_back(firm: Firm) -> None:
    firm.know("crm", Pulse(source_id="p-1", account="a1", value=55, author="Cyd", reason="in the CRM", at=NOON))
    (found,) = firm.people.pulses("Acme")
    assert (found.id, found.connection, found.value) == ("p-1", "crm", 55)
    with pytest.raises(NotFound, match="nobody entered pulse p-1"):
        firm.people.remove_entry("pulse", "p-1", asker=ANN)


def test_what_is_refused_writes_nothing_at_all(firm: Firm) -> None:
    with pytest.raises(InvalidInput, match="value: found 101"):
        firm.people.enter_pulse("Acme", 101, reason="x", asker=operator("Ann"))
    with pytest.raises(InvalidInput, match="reason: it is empty"):
        firm.people.enter_pulse("Acme", 50, reason="", asker=operator("Ann"))
    with pytest.raises(InvalidInput, match="author: it is empty"):
        firm.people.enter_pulse("Acme", 50, reason="x", asker=operator(" "))
    with pytest.raises(InvalidInput, match="kind: found 'lost'; allowed are renewed, churned, contracted, expanded"):
        firm.people.enter_outcome("Acme", "lost", currency="EUR", asker=ANN)
    with pytest.raises(InvalidInput, match="has not come yet"):
        firm.people.enter_outcome("Acme", "churned", at=firm.clock.now() + DAY, currency="EUR", asker=ANN)
    with pytest.raises(InvalidInput, match="EUR has 2 decimals"):
        firm.people.enter_outcome("Acme", "churned", amount=Decimal("1.234"), currency="EUR", asker=ANN)
    with pytest.raises(NotFound, match="did you mean Acme"):
        judge(firm, 50, "Acmee")
    assert firm.rows(FACTS["pulse"]) == firm.rows(FACTS["outcome"]) == []
    assert store_connections.PEOPLE not in {row.name for row in firm.rows(connection_table)}


def test_those_who_speak_at_once_are_all_heard(firm: Firm) -> None:
    def say(number: int) -> str:
        firm.people.override("Acme", number, reason="signed", until=NOON + 9 * DAY, asker=operator("Ann"))
        return firm.people.enter_pulse("Acme", number, reason="x", asker=operator("Ann")).id

    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(say, range(12)))
    assert sorted(map(int, ids)) == list(range(1, 13))
    assert len(firm.people.pulses("Acme")) == 12
    assert len(firm.people.overrides("Acme")) == 1
    assert len(firm.people.overrides("Acme", former=True)) == 12


# --- the connection -------------------------------------------------------------------------------------------------------


def test_the_connection_is_made_by_the_first_entry_and_stays(firm: Firm) -> None:
    judge(firm)
    judge(firm)
    firm.configure("crm")
    with firm.store.read() as connection:
        *_, people = store_connections.listing(connection)
        received = connections_read.last_received(connection, [people.id])
    assert (people.name, people.connector, people.state, people.anchor) == ("people", "people", "ok", False)
    assert sorted(people.provides) == ["outcome", "pulse"]
    assert people.removed_at is None
    assert received == {people.id: firm.clock.now()}


def marked_at(firm: Firm, account: int) -> datetime:
    (row,) = (each for each in firm.rows(source_account) if each.key == str(account))
    return next(each.at for each in firm.rows(mark) if each.source_account_id == row.id)


def test_the_account_is_marked_for_scoring_and_caches_learn_of_it(firm: Firm) -> None:
    acme = judge(firm)
    with firm.store.read() as connection:
        before = revisions.current(connection)
    firm.clock.advance(DAY)
    judge(firm)
    assert marked_at(firm, acme) == firm.clock.now()
    firm.clock.advance(DAY)
    firm.people.remove_entry("pulse", "1", asker=ANN)
    assert marked_at(firm, acme) == firm.clock.now()
    with firm.store.read() as connection:
        after = revisions.current(connection)
    assert {domain: after[domain] - before[domain] for domain in ("facts", "people")} == {"facts": 2, "people": 2}


# --- staying with the account -------------------------------------------------------------------------------------------


def test_the_link_is_a_persons_and_holds_since_ever(firm: Firm) -> None:
    acme = judge(firm)
    judge(firm)
    (found,) = (each for each in firm.rows(link) if each.method == "manual")
    assert (found.account_id, found.known_from, found.known_to) == (acme, EPOCH, None)
    before = firm.rows(link)
    firm.relink()
    firm.relink()
    assert firm.rows(link) == before, "a linking pass finds nothing to do"
    assert firm.rows(unlinked) == []


def test_a_number_that_another_system_uses_too_links_nothing(firm: Firm) -> None:
    """The key is our account's id; billing's customer 1, or a reference to a 1, is somebody else."""
    acme = judge(firm)
    firm.know("billing", company(str(acme), "Gamma", "gamma.com"))
    firm.know("crm", company("b1", "Beta", "beta.com", references=(str(acme),)))
    firm.relink()
    assert entered(firm, acme) == acme
    assert firm.account("billing", str(acme)) != acme


def test_an_entry_follows_a_merge_and_comes_home_when_it_is_undone(firm: Firm) -> None:
    acme, beta = judge(firm, 80), firm.account("crm", "b1")
    firm.configure("crm", "billing")
    firm.know("billing", company("x1", "Xylo", "xylo.com"))
    firm.relink()
    xylo = firm.account("billing", "x1")
    assert xylo not in (None, acme, beta)
    judge(firm, 30, "Xylo")
    firm.know("billing", company("x1", "Xylo", "acme.com"))
    firm.relink()
    assert firm.account("billing", "x1") == acme, "Xylo has joined Acme"
    assert entered(firm, xylo) == acme
    assert firm.pulse(acme) == (30, "measured")
    assert [each.value for each in firm.people.pulses("Acme")] == [30, 80]
    firm.know("billing", company("x1", "Xylo", "xylo.com"))
    firm.relink()
    assert firm.account("billing", "x1") == xylo
    assert (entered(firm, acme), entered(firm, xylo)) == (acme, xylo)
    assert firm.pulse(acme) == (80, "measured")
    assert firm.pulse(xylo) == (30, "measured")
    assert [[each.value for each in firm.people.pulses(name)] for name in ("Acme", "Xylo")] == [[80], [30]]


def test_an_entry_stays_when_another_source_account_takes_the_account_over(firm: Firm) -> None:
    acme = judge(firm)
    firm.know("billing", company("c1", "Acme Inc.", "acme.com"))
    firm.relink()
    assert firm.account("billing", "c1") == acme
    firm.configure("billing")  # the CRM no longer founds accounts
    firm.know("crm", company("a1", "Acme", "elsewhere.com"))  # and what it had founded is somebody else now
    firm.relink()
    assert firm.account("billing", "c1") == acme
    assert firm.account("crm", "a1") != acme
    assert entered(firm, acme) == acme
    assert firm.pulse(acme) == (80, "measured")


def test_an_entry_follows_the_last_of_those_who_founded_its_account(firm: Firm) -> None:
    acme, beta = judge(firm), firm.account("crm", "b1")
    firm.know("billing", company("c1", "Acme Inc.", "acme.com"))
    firm.relink()
    firm.configure("billing")
    firm.know("crm", company("a1", "Acme", "elsewhere.com"))
    firm.relink()
    assert firm.account("billing", "c1") == entered(firm, acme) == acme
    firm.lose("crm", "a1")
    firm.configure("crm", "billing")
    firm.know("billing", company("c1", "Acme Inc.", "beta.com"))  # bought by Beta
    firm.relink()
    assert firm.account("billing", "c1") == beta
    assert entered(firm, acme) == beta


def test_an_entry_stays_when_the_founding_record_is_deleted(firm: Firm) -> None:
    acme = judge(firm)
    firm.know("billing", company("c1", "Acme Inc.", "acme.com"))
    firm.relink()
    firm.lose("crm", "a1")
    firm.relink()
    assert entered(firm, acme) == acme


def test_the_account_of_a_gone_one_is_said_and_the_entry_is_kept(firm: Firm) -> None:
    acme = judge(firm)
    firm.configure("billing")  # nobody founds Acme any longer, and nothing else is known of it
    firm.relink()
    assert entered(firm, acme) is None
    reasons = {row.reason for row in firm.rows(unlinked)}
    assert "the account that it was entered for is no more" in reasons
    firm.configure("crm")
    firm.relink()
    assert firm.account("crm", "a1") == acme
    assert entered(firm, acme) == acme
    assert firm.pulse(acme) == (80, "measured")
    assert firm.rows(unlinked) == []


def test_a_first_entry_after_a_later_one_was_unlinked_holds_from_then_on(firm: Firm) -> None:
    """What was answered for without an account until now is not rewritten."""
    acme = judge(firm)
    with firm.store.write() as connection:
        connection.execute(sa.update(link).where(link.c.method == "manual").values(known_to=firm.clock.now()))
    firm.clock.advance(DAY)
    judge(firm)
    *_, latest = (row for row in firm.rows(link) if row.method == "manual")
    assert (latest.account_id, latest.known_from, latest.known_to) == (acme, firm.clock.now(), None)


def test_outcomes_of_the_past_are_not_after_now(firm: Firm) -> None:
    entry = firm.people.enter_outcome("Acme", "renewed", at=datetime(2025, 1, 1, tzinfo=UTC), currency="EUR", asker=ANN)
    assert entry.at == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_connection_that_was_once_configured_under_that_name_makes_room(firm: Firm) -> None:
    with firm.store.write() as connection:
        connection.execute(sa.update(connection_table).where(connection_table.c.name == "crm").values(name="people"))
    acme = judge(firm)
    firm.relink()
    assert entered(firm, acme) == acme
    assert firm.account("people (configured before)", "a1") == acme
    firm.configure()
    with firm.store.read() as connection:
        assert [row.name for row in store_connections.listing(connection)] == ["crm", "billing", "people"]
