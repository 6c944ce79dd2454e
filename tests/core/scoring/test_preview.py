"""What-if on the store: what a preview says is what publishing and scoring then do, and it leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.core.scoring.test_publication import with_metric
from tests.core.scoring.test_service import MODEL, NOW, RULES, TODAY, World, company, ids, usage, world

from accountpulse.core.scoring.bands import PRESETS
from accountpulse.core.scoring.model import Cap, ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.preview import Cell, Preview, Shift, preview
from accountpulse.core.scoring.publication import Draft, put_in_force
from accountpulse.core.scoring.segments import parse_condition, parse_rules
from accountpulse.core.store.metadata import metadata
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.store.scorecards import PUBLISHED

__all__ = ["world"]  # a fixture

SMALL = model_of(MODEL)


def draft_of(model: ScoringModel = SMALL, rules: list[dict[str, object]] | None = None) -> Draft:
    return Draft(tuple(parse_rules(rules or RULES)[0]), {"small": model})


def asked(world: World, draft: Draft, limit: int = 20) -> Preview:
    with world.store.read() as connection:
        return preview(connection, draft, world.service._yardstick, TODAY, NOW, limit=limit, scope=EVERYTHING)


def everything(world: World) -> dict[str, list[str]]:
    with world.store.read() as connection:
        return {t.name: sorted(map(repr, connection.execute(sa.select(t)).all())) for t in metadata.sorted_tables}


def heavy() -> ScoringModel:
    """Logins count for nearly all there is, and bands have other names."""
    logins, quiet = SMALL.groups[0].metrics
    usage_group = replace(SMALL.groups[0], weight=10.0, metrics=(replace(logins, weight=9.0), quiet))
    return replace(SMALL, groups=(usage_group, replace(SMALL.groups[1], weight=0.1)), bands=PRESETS["letters"])


@pytest.mark.parametrize("rules", [None, [{"name": "rest", "model": "small", "default": True}]], ids=["rules", "no rules"])
@pytest.mark.parametrize("model", [SMALL, heavy(), replace(SMALL, coverage_floor=1.0)], ids=["same", "heavy", "strict"])
def test_a_preview_says_what_publishing_would_do(
    world: World, model: ScoringModel, rules: list[dict[str, object]] | None
) -> None:
    world.service.run(TODAY)
    world.put("app", *usage("silent", range(5)))  # known by now, but not when the day's peers were taken
    found = asked(world, draft_of(model, rules), limit=100)
    world.service.run(TODAY)
    before = {score.account_id: score for score in world.service.scores()}
    with world.store.write() as connection:
        put_in_force(connection, draft_of(model, rules), PUBLISHED, author="ann", now=NOW)
    world.service.run(TODAY)
    after = {score.account_id: score for score in world.service.scores()}
    moved = {id for id in after if abs(after[id].raw_score - before[id].raw_score) >= 0.05}
    known = {id for id in after if "unknown" not in (after[id].raw_band, before[id].raw_band)}
    assert {each.account_id for each in found.movers} == moved & known
    for each in (*found.movers, *found.band_changes, *found.newly_unknown):
        was, now = before[each.account_id], after[each.account_id]
        assert (each.score_before, each.score_after) == pytest.approx((was.raw_score, now.raw_score), abs=1e-9)
        assert (each.band_before, each.band_after) == (was.raw_band, now.raw_band)
        assert (each.segment_before, each.segment_after) == (was.segment, now.segment)
    for shift in found.bands:
        assert shift.before == sum(score.raw_band == shift.name for score in before.values())
        assert shift.after == sum(score.raw_band == shift.name for score in after.values())
    assert sum(cell.accounts for cell in found.matrix) == found.accounts == len(after)
    changed = [id for id in known if before[id].raw_band != after[id].raw_band]
    assert found.changed_band == len(found.band_changes) == len(changed)
    lost = [id for id in after if after[id].raw_band == "unknown" != before[id].raw_band]
    assert found.became_unknown == len(found.newly_unknown) == len(lost)
    changes = [after[id].raw_score - before[id].raw_score for id in known]
    assert found.mean_change == (pytest.approx(sum(changes) / len(changes), abs=1e-9) if changes else None)
    assert sum(found.tenths_after) == sum(score.raw_band != "unknown" for score in after.values())


def test_a_preview_leaves_nothing_behind(world: World) -> None:
    world.service.run(TODAY)
    before = everything(world)
    asked(world, draft_of(heavy(), [{"name": "everyone", "model": "small", "default": True}]))
    assert everything(world) == before


def test_what_means_the_same_moves_nobody_even_after_others_have_changed(world: World) -> None:
    world.service.run(TODAY)
    world.put("app", *usage("silent", range(30)))
    found = asked(world, draft_of())
    assert found.changes_nothing
    assert (found.movers, found.band_changes, found.models, found.rules) == ((), (), (), ())
    assert found.mean_change == 0
    assert all(cell.before == cell.after for cell in found.matrix)


def test_before_anything_is_published_there_is_only_an_after(world: World) -> None:
    found = asked(world, draft_of())
    assert (found.compared, found.why_not) == (False, "nothing is published yet")
    assert not found.changes_nothing
    assert {shift.before for shift in (*found.bands, *found.segments)} == {None}
    assert [(shift.name, shift.after) for shift in found.segments] == [("new", 1), ("rest", 3)]
    assert found.tenths_before is None
    assert (found.matrix, found.movers, found.mean_change) == ((), (), None)


def test_what_can_no_longer_be_scored_is_not_compared_with(world: World) -> None:
    """A draft may be what puts it right, so it must be possible to look at it and to publish it."""
    with world.store.write() as connection:
        put_in_force(connection, draft_of(with_metric("from_a_plugin")), PUBLISHED, author="ann", now=NOW)
    found = asked(world, draft_of())
    assert not found.compared
    assert found.why_not is not None
    assert "model 'small' needs the metric 'from_a_plugin'" in found.why_not
    assert found.accounts == 4


def test_a_store_without_accounts_can_be_asked_too(world: World) -> None:
    with world.store.write() as connection:
        connection.execute(sa.text("update link set known_to = known_from"))
    world.service.run(TODAY)
    found = asked(world, draft_of(heavy()))
    assert (found.accounts, found.mean_change, found.movers) == (0, None, ())
    assert [each.model for each in found.models] == ["small"]


def test_lists_are_as_long_as_was_asked_for_largest_moves_first(world: World) -> None:
    world.put("crm", *(company(f"c{i}") for i in range(6)))
    world.put("app", *(each for i in range(6) for each in usage(f"c{i}", range(0, 60, i + 1))))
    world.service.run(TODAY)
    whole = asked(world, draft_of(heavy()))
    sizes = [abs(each.score_after - each.score_before) for each in whole.movers]
    assert len(sizes) > 3
    assert sizes == sorted(sizes, reverse=True)
    cut = asked(world, draft_of(heavy()), limit=2)
    assert cut.movers == whole.movers[:2]
    assert cut.changed_band == whole.changed_band
    assert asked(world, draft_of(heavy()), limit=0).movers == ()


def test_the_reasons_name_what_moves_an_account(world: World) -> None:
    world.service.run(TODAY)
    condition, problems = parse_condition({"logins_30d": {"gte": 1}})
    assert condition is not None
    assert not problems
    capped = replace(SMALL, caps=(Cap(condition, 10.0, "anybody who logs in"),))
    found = {each.name: each for each in asked(world, draft_of(capped)).movers}
    assert set(found) == {"Busy", "Fading", "Fresh"}
    assert found["Busy"].reasons[0].startswith("At most 10: anybody who logs in (logins_30d 30 >= 1): -")
    found = {each.name: each for each in asked(world, draft_of(SMALL, [{**RULES[1]}])).movers}
    assert found["Fresh"].reasons[0] == "counts as rest, no longer as new"
    assert any(reason.startswith("a typical rest account scores ") for reason in found["Fresh"].reasons)
    logins, quiet = SMALL.groups[0].metrics
    dropped = replace(SMALL, groups=(replace(SMALL.groups[0], metrics=(logins,)), SMALL.groups[1]))
    assert quiet.metric == "quiet_days"
    reasons = [reason for each in asked(world, draft_of(dropped)).movers for reason in each.reasons]
    assert any(reason.startswith("Quiet days no longer counts: ") for reason in reasons)
    weighed = [reason for each in asked(world, draft_of(heavy())).movers for reason in each.reasons]
    assert any("(weight 38% -> 89%)" in reason for reason in weighed)


def test_segments_and_models_that_differ_are_named(world: World) -> None:
    world.service.run(TODAY)
    other = replace(heavy(), name="other")
    rules = [
        {"name": "new", "model": "small", "when": {"tenure_days": {"lt": 30}}},
        {"name": "old", "model": "other", "when": {"tenure_days": {"gt": 60}}},
        RULES[1],
    ]
    found = asked(world, Draft(tuple(parse_rules(rules)[0]), {"small": SMALL, "other": other}))
    assert [(each.model, each.before, each.after) for each in found.models] == [("other", None, other.version)]
    assert [(each.place, each.before) for each in found.rules] == [
        ("segment old", "-"),
        ("segment new.when", "{tenure_days: {lt: 90}}"),
    ]
    assert [tuple(getattr(shift, name) for name in ("name", "before", "after")) for shift in found.segments] == [
        ("new", 1, 0),
        ("old", 0, 4 - found.segments[2].after),
        ("rest", 3, found.segments[2].after),
    ]
    assert Shift("unknown", 1, 1) in found.bands
    assert found.bands[-1].name == "unknown"
    assert Cell("unknown", "unknown", 1) in found.matrix


def test_names_are_told_and_an_account_without_one_by_its_number(world: World) -> None:
    world.service.run(TODAY)
    gone = ids(world)["Busy"]
    with world.store.write() as connection:
        connection.execute(sa.text("delete from score_detail"))
        connection.execute(sa.text("delete from score_current"))
        connection.execute(sa.text("delete from account_profile where account_id = :id"), {"id": gone})
    assert f"account {gone}" in {each.name for each in asked(world, draft_of(heavy())).movers}


def test_tomorrow_is_another_day(world: World) -> None:
    world.service.run(TODAY)
    world.clock.advance(timedelta(days=1))
    with world.store.read() as connection:
        day, now = TODAY + timedelta(days=1), NOW + timedelta(days=1)
        found = preview(connection, draft_of(), world.service._yardstick, day, now, scope=EVERYTHING)
    assert found.movers == ()
