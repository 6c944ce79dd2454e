"""Targets: met, open, missed since when and by how much, or unknown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.core.people.firm import Firm

from accountpulse.core.errors import InvalidInput, NotFound
from accountpulse.core.people import TargetState, target_state
from accountpulse.core.store.people_tables import account_target
from accountpulse.core.trail import operator

DUE = date(2026, 3, 31)
DAY = timedelta(days=1)
SCORES = st.floats(0, 100)


@given(target=SCORES, score=SCORES, late=st.integers(-400, 400))
@example(target=75, score=75, late=0)
@example(target=75, score=75, late=1)
@example(target=75, score=74.99, late=0)
@example(target=75, score=74.99, late=1)
def test_the_state_follows_from_score_and_day(target: float, score: float, late: int) -> None:
    found = target_state(target=target, due=DUE, score=score, band="red", today=DUE + late * DAY)
    if score >= target:
        assert (found.state, found.short, found.missed_since) == (TargetState.MET, None, None)
        return
    assert found.short == target - score > 0
    assert found.state is (TargetState.MISSED if late > 0 else TargetState.OPEN)
    assert found.missed_since == (DUE + DAY if late > 0 else None)


@given(target=SCORES, score=st.none() | SCORES, late=st.integers(-400, 400))
def test_without_a_score_that_means_something_nobody_can_tell(target: float, score: float | None, late: int) -> None:
    band = None if score is None else "unknown"
    found = target_state(target=target, due=DUE, score=score, band=band, today=DUE + late * DAY)
    assert (found.state, found.short, found.missed_since) == (TargetState.UNKNOWN, None, None)


def test_a_target_is_missed_from_the_day_after_it_was_due(firm: Firm) -> None:
    made = firm.people.set_target("Acme", 75, due=date(2026, 3, 4), reason="after onboarding", asker=operator("Ann"))
    assert (made.state, made.published) == (TargetState.UNKNOWN, None)
    firm.score(made.account_id, 60)
    for days, state in ((0, TargetState.OPEN), (2, TargetState.OPEN), (1, TargetState.MISSED), (30, TargetState.MISSED)):
        firm.clock.advance(days * DAY)
        (found,) = firm.people.targets("Acme")
        assert (found.state, found.short) == (state, 15)
    assert found.missed_since == date(2026, 3, 5)
    firm.score(made.account_id, 75)
    (met,) = firm.people.targets()
    assert (met.state, met.short, met.published) == (TargetState.MET, None, 75)
    firm.score(made.account_id, 90, band="unknown")
    assert firm.people.targets()[0].state is TargetState.UNKNOWN


def test_the_day_is_that_of_the_stores_time_zone(firm: Firm) -> None:
    made = firm.people.set_target("Acme", 75, due=date(2026, 3, 2), asker=operator("Ann"))
    firm.score(made.account_id, 60)
    firm.clock.advance(timedelta(hours=10, minutes=58))  # 22:59 UTC is 23:59 in Berlin
    assert firm.people.targets()[0].state is TargetState.OPEN
    firm.clock.advance(timedelta(minutes=1))
    assert firm.people.targets()[0].state is TargetState.MISSED
    with pytest.raises(InvalidInput, match="by: 2026-03-02 is past; a target is for today, 2026-03-03"):
        firm.people.set_target("Acme", 75, due=date(2026, 3, 2), asker=operator("Ann"))


def test_a_new_target_ends_the_former(firm: Firm) -> None:
    firm.people.set_target("Acme", 75, due=DUE, asker=operator("Ann"))
    firm.clock.advance(DAY)
    firm.people.set_target("Acme", 90, due=DUE + DAY, reason="better", asker=operator("Bob"))
    (open_,) = firm.people.targets("Acme")
    assert (open_.score, open_.owner, open_.reason) == (90, "Bob", "better")
    _, former = firm.people.targets("Acme", former=True)
    assert (former.state, former.ended_at, former.ended_by) == (TargetState.ENDED, firm.clock.now(), "Bob")
    assert (former.short, former.missed_since) == (None, None)


def test_giving_one_up_keeps_who_did(firm: Firm) -> None:
    firm.people.set_target("Acme", 75, due=DUE, asker=operator("Ann"))
    ended = firm.people.end_target("Acme", asker=operator("Bob"))
    assert (ended.state, ended.ended_by) == (TargetState.ENDED, "Bob")
    assert firm.people.targets() == []
    with pytest.raises(NotFound, match="has no target"):
        firm.people.end_target("Acme", asker=operator("Bob"))


def test_the_first_due_stands_at_the_top_and_accounts_do_not_mix(firm: Firm) -> None:
    firm.people.set_target("Acme", 75, due=DUE + DAY, asker=operator("Ann"))
    firm.people.set_target("Beta", 65, due=DUE, asker=operator("Ann"))
    assert [each.account for each in firm.people.targets()] == ["Beta", "Acme"]
    assert [each.score for each in firm.people.targets("crm:b1")] == [65]


@pytest.mark.parametrize(
    ("score", "due", "owner", "reason", "field"),
    [(101, DUE, "Ann", None, "score"), (50, date(2026, 3, 1), "Ann", None, "by"), (50, DUE, " ", None, "owner"),
     (50, DUE, "Ann", " ", "reason")],
)  # fmt: skip
def test_what_is_refused_writes_nothing(firm: Firm, score: float, due: date, owner: str, reason: str, field: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}: "):
        firm.people.set_target("Acme", score, due=due, reason=reason, asker=operator(owner))
    assert firm.rows(account_target) == []
