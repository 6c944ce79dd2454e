"""An account that leaves and comes back begins anew: what it stood at before says nothing about what it is now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from tests.core.scoring.test_service import NOW, TODAY, World, company, ids, usage

from accountpulse.core.errors import NotFound
from accountpulse.core.store.absence import note, score_absence
from accountpulse.core.store.connections import update_stream
from accountpulse.core.store.database import Store
from accountpulse.core.store.history_rows import Packed
from accountpulse.core.store.scores import LIVE
from accountpulse.core.store.tables import score_current, score_history


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("comes"), company("stays"))
    made.put("app", *usage("comes", range(60)), *usage("stays", range(60)))
    return made


def spans(world: World) -> list[tuple[date, date | None]]:
    return [(row.day, row.until) for row in world.rows(sa.select(score_absence).subquery())]  # type: ignore[arg-type]


def day(world: World, *, full: bool = False) -> date:
    world.clock.advance(timedelta(days=1))
    with world.store.write() as connection:
        for name, stream in (("crm", "a"), ("app", "u"), ("desk", "t")):
            update_stream(connection, world.ids[name], stream, last_success_at=world.clock.now())
    world.service.run(world.service.today, full=full)
    return world.service.today


def current(world: World, account: int) -> sa.Row[tuple[object, ...]]:
    return next(row for row in world.rows(score_current) if row.account_id == account)


@pytest.mark.parametrize("full", [False, True], ids=["incremental", "full"])
def test_who_comes_back_begins_anew(world: World, full: bool) -> None:
    world.service.run(TODAY)
    account, other = ids(world)["Comes"], ids(world)["Stays"]
    world.put("crm", replace(company("comes"), churned_at=NOW + timedelta(hours=1)))
    left = day(world, full=full)
    assert account not in {row.account_id for row in world.rows(score_current)}
    with pytest.raises(NotFound, match=f"Comes left on {NOW.date()} and has no score any more"):
        world.service.explain(account)
    day(world, full=full)
    assert spans(world) == [(left, None)]
    world.put("crm", company("comes"))
    back = day(world, full=full)
    assert spans(world) == [(left, back)]
    assert current(world, account).band_since == back
    assert current(world, other).band_since == TODAY
    rows = [row.day for row in world.rows(score_history) if (row.account_id, row.basis) == (account, LIVE)]
    assert back in rows
    # A second run within the day says the same, and so do the days after it.
    world.service.run(world.service.today, full=True)
    assert [row.day for row in world.rows(score_history) if (row.account_id, row.basis) == (account, LIVE)] == rows
    day(world, full=full)
    assert current(world, account).band_since == back
    assert spans(world) == [(left, back)]


def test_the_band_held_before_does_not_hold_after_it(world: World) -> None:
    """Worst before it left: a rise takes several evaluations, but after a gap it is at once what its raw score says."""
    world.service.run(TODAY)
    account = ids(world)["Comes"]
    with world.store.write() as connection:
        # As if it had stood in the worst band at the last evaluation before it left.
        connection.execute(
            sa.update(score_history)
            .where(score_history.c.account_id == account)
            .values(band=0, score_centi=2000, packed=Packed(100, b"").pack(TODAY))
        )
    world.put("crm", replace(company("comes"), churned_at=NOW + timedelta(hours=1)))
    day(world)
    world.put("crm", company("comes"))
    day(world)
    found = current(world, account)
    assert (found.band, found.score) == (found.raw_band, found.raw_score)


def test_spans_of_days_in_any_order(world: World) -> None:
    days = [TODAY + timedelta(days=i) for i in range(8)]
    accounts = list(ids(world).values())

    def said(number: int, *present: int, following: int | None = None) -> set[int]:
        with world.store.write() as connection:
            return note(
                connection,
                LIVE,
                days[number],
                present=present,
                gone=set(accounts) - set(present),
                following=None if following is None else days[following],
            )

    one, two = accounts
    assert said(1, two) == set()
    assert said(5, one, two) == {one}
    assert spans(world) == [(days[1], days[5])]
    assert said(3, one, two, following=5) == {one}  # a day between, scored later, on which it was there
    assert spans(world) == [(days[1], days[3])]
    assert said(3, two, following=5) == set()  # and again, and it was not
    assert sorted(spans(world)) == [(days[1], days[3]), (days[3], days[5])]
    assert said(1, one, two, following=3) == set()
    assert said(6, one, two) == set()
    assert spans(world) == [(days[3], days[5])]
