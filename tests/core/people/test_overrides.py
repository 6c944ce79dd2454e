"""Overrides: in force for a half-open while, replaced by the next, ended by a person or by time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.people.firm import NOON, Firm
from tests.emptying import empty

from accountpulse.core.errors import InvalidInput, NotFound
from accountpulse.core.people import OverrideState, override_state
from accountpulse.core.store import people as store_people
from accountpulse.core.store import revisions
from accountpulse.core.store.database import Store
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.tables import account
from accountpulse.core.trail import operator

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def decide(firm: Firm, score: float = 80, days: float = 10, owner: str = "Ann", name: str = "Acme") -> int:
    made = firm.people.override(name, score, reason="signed", until=firm.clock.now() + days * DAY, asker=operator(owner))
    return made.account_id


def in_force(firm: Firm, at: datetime | None = None) -> dict[int, float]:
    with firm.store.read() as connection:
        found = store_people.overrides_in_force(connection, at or firm.clock.now())
    return {account_id: row.score for account_id, row in found.items()}


def people_revision(firm: Firm) -> int:
    with firm.store.read() as connection:
        return revisions.current(connection).get("people", 0)


def test_both_numbers_are_kept_beside_who_said_so_and_why(firm: Firm) -> None:
    acme = decide(firm)
    firm.score(acme, 80, raw=43.25)
    (found,) = firm.people.overrides("acme.com")
    assert (found.account, found.score, found.published, found.raw) == ("Acme", 80, 80, 43.25)
    assert (found.owner, found.reason, found.state) == ("Ann", "signed", OverrideState.IN_FORCE)
    assert found.expires_at == firm.clock.now() + 10 * DAY
    assert (found.ended_at, found.ended_by) == (None, None)


def test_it_expires_by_itself_at_the_instant_said(firm: Firm) -> None:
    began = firm.clock.now()
    acme = decide(firm)
    assert in_force(firm, began - TICK) == {}
    assert in_force(firm, began) == in_force(firm, began + 10 * DAY - TICK) == {acme: 80}
    assert in_force(firm, began + 10 * DAY) == {}
    firm.clock.advance(10 * DAY)
    assert firm.people.overrides() == []
    (former,) = firm.people.overrides(former=True)
    assert (former.state, former.ended_at, former.ended_by) == (OverrideState.EXPIRED, None, None)


def test_a_new_one_replaces_the_former_and_says_who_did(firm: Firm) -> None:
    first = firm.clock.now()
    acme = decide(firm, 80)
    firm.clock.advance(DAY)
    second = firm.clock.now()
    decide(firm, 30, owner="Bob")
    assert in_force(firm, second - TICK) == {acme: 80}
    assert in_force(firm, second) == {acme: 30}
    newest, former = firm.people.overrides("Acme", former=True)
    assert (newest.score, newest.state) == (30, OverrideState.IN_FORCE)
    assert (former.score, former.state, former.ended_at, former.ended_by) == (80, OverrideState.ENDED, second, "Bob")
    assert former.since == first


def test_one_that_had_expired_was_not_ended_by_its_successor(firm: Firm) -> None:
    decide(firm, 80, days=1)
    firm.clock.advance(2 * DAY)
    decide(firm, 30, owner="Bob")
    _, former = firm.people.overrides("Acme", former=True)
    assert (former.state, former.ended_at, former.ended_by) == (OverrideState.EXPIRED, None, None)


def test_ending_it_keeps_who_ended_it(firm: Firm) -> None:
    acme = decide(firm)
    firm.clock.advance(DAY)
    ended = firm.people.end_override("Acme", asker=operator("Bob"))
    assert (ended.state, ended.ended_at, ended.ended_by) == (OverrideState.ENDED, firm.clock.now(), "Bob")
    assert in_force(firm) == {}
    assert in_force(firm, firm.clock.now() - TICK) == {acme: 80}


@pytest.mark.parametrize("expired", [False, True])
def test_ending_what_is_not_in_force_is_refused(firm: Firm, expired: bool) -> None:
    if expired:
        decide(firm, days=1)
        firm.clock.advance(DAY)
    with pytest.raises(NotFound, match="no override is in force for account"):
        firm.people.end_override("Acme", asker=operator("Bob"))


def test_each_account_has_its_own(firm: Firm) -> None:
    acme, beta = decide(firm, 80, days=9), decide(firm, 20, days=3, name="Beta")
    assert in_force(firm) == {acme: 80, beta: 20}
    with firm.store.read() as connection:
        assert store_people.overrides_in_force(connection, firm.clock.now(), [beta]).keys() == {beta}
        assert store_people.overrides_in_force(connection, firm.clock.now(), []) == {}
    assert [each.account for each in firm.people.overrides()] == ["Beta", "Acme"], "those that end first at the top"


def test_what_is_refused_leaves_the_former_in_force(firm: Firm) -> None:
    acme = decide(firm)
    before = people_revision(firm)
    for score, reason, days in ((101.0, "x", 1.0), (50.0, " ", 1.0), (50.0, "x", 0.0), (50.0, "x", 367.0)):
        with pytest.raises(InvalidInput):
            firm.people.override("Acme", score, reason=reason, until=firm.clock.now() + days * DAY, asker=operator("Ann"))
    with pytest.raises(InvalidInput, match="owner: it is empty"):
        firm.people.override("Acme", 50, reason="x", until=firm.clock.now() + DAY, asker=operator(""))
    with pytest.raises(NotFound, match="did you mean Acme"):
        firm.people.override("Acmee", 50, reason="x", until=firm.clock.now() + DAY, asker=operator("Ann"))
    assert in_force(firm) == {acme: 80}
    assert people_revision(firm) == before


def test_each_write_is_one_revision_of_peoples_input(firm: Firm) -> None:
    assert people_revision(firm) == 0
    decide(firm)
    decide(firm)
    assert people_revision(firm) == 2
    firm.people.end_override("Acme", asker=operator("Ann"))
    assert people_revision(firm) == 3


def test_a_clock_that_stepped_back_leaves_one_in_force(firm: Firm) -> None:
    acme = decide(firm, 80)
    firm.clock.advance(-DAY)
    decide(firm, 30)
    (former,) = (row for row in firm.rows(score_override) if row.score == 80)
    assert former.known_to == former.known_from
    assert in_force(firm) == in_force(firm, firm.clock.now() + DAY) == {acme: 30}


HOURS = st.integers(0, 6).map(lambda n: NOON + timedelta(hours=n))


@st.composite
def written(draw: st.DrawFn) -> tuple[datetime, datetime, datetime | None]:
    known_from, expires_at = draw(HOURS), draw(HOURS)
    return known_from, expires_at, draw(st.none() | HOURS.map(lambda at: max(at, known_from)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=written(), at=HOURS, off=st.sampled_from((-TICK, timedelta(0), TICK)))
def test_the_query_and_the_rule_agree_at_every_boundary(
    store: Store, row: tuple[datetime, datetime, datetime | None], at: datetime, off: timedelta
) -> None:
    known_from, expires_at, known_to = row
    moment = at + off
    empty(store)
    values = {"score": 1.0, "owner": "a", "reason": "r", "expires_at": expires_at, "known_to": known_to}
    with store.write() as connection:
        connection.execute(account.insert().values(id=1, created_at=NOON))
        connection.execute(score_override.insert().values(account_id=1, known_from=known_from, **values))
    with store.read() as connection:
        found = store_people.overrides_in_force(connection, moment)
    holds = known_from <= moment < min(known_to or datetime.max.replace(tzinfo=NOON.tzinfo), expires_at)
    assert (1 in found) is holds
    state = override_state(expires_at=expires_at, known_to=known_to, at=moment)
    assert holds is (known_from <= moment and state is OverrideState.IN_FORCE)


@given(expires_at=HOURS, known_to=st.none() | HOURS, at=HOURS)
def test_once_over_always_over(expires_at: datetime, known_to: datetime | None, at: datetime) -> None:
    state = override_state(expires_at=expires_at, known_to=known_to, at=at)
    later = override_state(expires_at=expires_at, known_to=known_to, at=at + timedelta(days=1))
    assert state in (OverrideState.IN_FORCE, later)
    if state is not OverrideState.IN_FORCE:
        assert (state is OverrideState.ENDED) is (known_to is not None and known_to < expires_at)
