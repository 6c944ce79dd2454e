"""A shadow is scored beside what is published, today and over past days; the report says how far apart they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from tests.core.scoring.test_preview import SMALL, draft_of, heavy
from tests.core.scoring.test_service import NOW, TODAY, World, ids, usage, world

from accountpulse.core.scoring.publication import put_in_force, withdraw_shadow
from accountpulse.core.scoring.shadow import ShadowReport, shadow_report
from accountpulse.core.store.history_rows import unpack
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW
from accountpulse.core.store.scores import in_force
from accountpulse.core.store.tables import score_current, score_history, scored_day

__all__ = ["world"]  # a fixture

BANDS = {"letters": ("F", "D", "C", "B", "A"), "ryg": ("red", "yellow", "green")}


def report(world: World, limit: int = 10) -> ShadowReport | None:
    with world.store.read() as connection:
        return shadow_report(connection, limit=limit)


def shadow(world: World, *, model: object = None) -> None:
    world.clock.advance(timedelta(minutes=1))
    with world.store.write() as connection:
        draft = draft_of(heavy() if model is None else model)  # type: ignore[arg-type]  # a model or nothing
        put_in_force(connection, draft, SHADOW, author="ann", now=world.clock.now(), reason="a try")
    world.clock.advance(timedelta(minutes=1))


def test_without_a_shadow_there_is_no_report(world: World) -> None:
    world.service.run(TODAY)
    assert report(world) is None


def test_a_shadow_that_was_not_scored_yet_has_no_figures(world: World) -> None:
    world.service.run(TODAY, since=TODAY - timedelta(days=3))
    shadow(world)
    found = report(world)
    assert found is not None
    assert (found.author, found.reason, found.since) == ("ann", "a try", NOW + timedelta(minutes=1))
    assert (found.days, found.accounts, found.first, found.mean_difference, found.movers) == (0, 0, None, None, ())


def test_what_is_published_is_the_score_and_the_shadow_is_not(world: World) -> None:
    world.service.run(TODAY)
    before = world.service.scores()
    changes = len(world.changes)
    shadow(world)
    world.service.run(TODAY)
    assert world.service.scores() == before
    assert len(world.changes) == changes
    bases = {row.basis for row in world.rows(score_history)}
    assert bases == {0, 2}


def expected(world: World, days: list[date]) -> tuple[list[float], int, int]:
    """Differences, accounts and days in another band, and accounts and days: day by day, from the rows in force."""
    differences, other, seen = [], 0, 0
    with world.store.read() as connection:
        for day in days:
            live = day == TODAY
            theirs = in_force(connection, 0 if live else 1, before=day + timedelta(days=1))
            for account, mine in in_force(connection, 2 if live else 3, before=day + timedelta(days=1)).items():
                a, b = mine, theirs[account]
                known = a.band >= 0 and b.band >= 0
                if known:
                    differences.append((a.score_centi - b.score_centi) / 100)
                seen += 1
                name = "unknown" if a.band < 0 else BANDS["letters"][a.band]
                other += name != ("unknown" if b.band < 0 else BANDS["ryg"][b.band])
    return differences, other, seen


def test_a_shadow_is_backfilled_and_compared_day_by_day(world: World) -> None:
    world.service.run(TODAY, since=TODAY - timedelta(days=30))
    shadow(world)
    world.service.run(TODAY, since=TODAY - timedelta(days=12))
    found = report(world)
    assert found is not None
    days = [TODAY - timedelta(days=n) for n in range(12, -1, -1)]
    assert (found.days, found.first, found.last, found.accounts) == (13, days[0], TODAY, 4)
    differences, other, seen = expected(world, days)
    assert found.mean_difference == pytest.approx(sum(differences) / len(differences), abs=1e-9)
    assert found.mean_distance == pytest.approx(sum(map(abs, differences)) / len(differences), abs=1e-9)
    assert found.other_band == pytest.approx(other / seen, abs=1e-9)
    _, now, accounts = expected(world, [TODAY])
    assert found.other_band_now == pytest.approx(now / accounts, abs=1e-9)
    gaps = [abs(each.shadow - each.published) for each in found.movers]
    assert gaps == sorted(gaps, reverse=True)
    assert {each.name for each in found.movers} <= {"Busy", "Fading", "Fresh", "Silent"}
    one = report(world, limit=1)
    assert one is not None
    assert one.movers == found.movers[:1]


def test_what_an_earlier_shadow_left_is_no_part_of_this_one(world: World) -> None:
    world.service.run(TODAY, since=TODAY - timedelta(days=10))
    shadow(world, model=replace(SMALL, coverage_floor=1.0))
    world.service.run(TODAY, since=TODAY - timedelta(days=10))
    with world.store.write() as connection:
        withdraw_shadow(connection, author="ann", now=world.clock.now())
    shadow(world)
    found = report(world)
    assert found is not None
    assert found.days == 0
    world.service.run(TODAY - timedelta(days=1), since=TODAY - timedelta(days=3))
    found = report(world)
    assert found is not None
    assert (found.days, found.last) == (3, TODAY - timedelta(days=1))
    differences, _, _ = expected(world, [TODAY - timedelta(days=n) for n in (3, 2, 1)])
    assert found.mean_difference == pytest.approx(sum(differences) / len(differences), abs=1e-9)


def test_what_people_decided_is_no_difference_between_models(world: World) -> None:
    """An override is in force over what is published, whatever the model."""
    world.service.run(TODAY)
    shadow(world)
    world.service.run(TODAY)
    before = report(world)
    busy = ids(world)["Busy"]
    with world.store.write() as connection:
        where = sa.and_(score_history.c.account_id == busy, score_history.c.basis == 0)
        row = connection.execute(sa.select(score_history).where(where)).one()
        decided = unpack(row.packed, row.day)._replace(steady_centi=row.score_centi, steady_band=row.band).pack(row.day)
        connection.execute(sa.update(score_history).where(where).values(packed=decided, score_centi=100, band=0))
    assert report(world) == before


def test_who_has_left_is_left_out(world: World) -> None:
    world.service.run(TODAY)
    shadow(world)
    world.service.run(TODAY)
    gone = ids(world)["Fading"]
    with world.store.write() as connection:
        connection.execute(sa.text("delete from score_detail where account_id = :id"), {"id": gone})
        connection.execute(sa.delete(score_current).where(score_current.c.account_id == gone))
    found = report(world)
    assert found is not None
    assert found.accounts == 3
    assert "Fading" not in {each.name for each in found.movers}


def test_who_is_unknown_on_one_side_only_is_listed_first(world: World) -> None:
    world.put("app", *usage("silent", range(3)))
    world.service.run(TODAY)
    shadow(world, model=replace(heavy(), coverage_floor=1.0))
    world.service.run(TODAY)
    found = report(world)
    assert found is not None
    unknown = [each for each in found.movers if each.shadow_band == "unknown" != each.published_band]
    assert unknown
    assert found.movers[: len(unknown)] == tuple(unknown)


def test_days_that_only_one_side_was_scored_on_do_not_count(world: World) -> None:
    shadow(world)
    world.service.run(TODAY)
    with world.store.write() as connection:
        connection.execute(sa.delete(scored_day).where(scored_day.c.basis == 0))
    found = report(world)
    assert found is not None
    assert found.days == 0


def test_publishing_ends_the_shadow(world: World) -> None:
    world.service.run(TODAY)
    shadow(world)
    with world.store.write() as connection:
        put_in_force(connection, draft_of(heavy()), PUBLISHED, author="bo", now=world.clock.now())
    assert report(world) is None
