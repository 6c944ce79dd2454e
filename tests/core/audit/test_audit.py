"""The audit end to end in a world whose outcomes are known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from tests.core.audit.world import (
    LOGINS,
    NOW,
    QUIET,
    SEATS,
    SINCE,
    SIZE,
    TODAY,
    World,
    company,
    draft,
    life,
    line,
    model,
    moved,
    populate,
    subscribed,
    usage,
)

from accountpulse.core.audit.scores import Scores
from accountpulse.core.errors import NotFound
from accountpulse.core.model import Outcome
from accountpulse.core.scoring.publication import SHADOW, cards_in_force, put_in_force
from accountpulse.core.store import connections
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.store.scores import LIVE

NEWEST = TODAY - timedelta(days=91)

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""For what is counted in Python from what was read: that both databases give the same is what the others show."""


@on_sqlite
def test_a_score_that_sees_it_coming_is_useful(store: Store) -> None:
    world = World(store)
    leaving = populate(world, stayers=40, leavers=36, quiet_before=70)
    world.service.run(TODAY)
    report = world.audit(horizon=90)
    assert report.verdict.word == "useful", report.verdict.sentence
    assert report.until == NEWEST
    assert report.days[-1] == NEWEST
    assert all((b - a).days == 90 for a, b in zip(report.days, report.days[1:], strict=False))
    first, last = report.days[0], NEWEST + timedelta(days=90)
    expected = {key for key, day in leaving.items() if first < day <= last}
    assert report.figures.churned == len(expected)
    assert report.figures.events == report.figures.churned, "nobody leaves twice"
    assert report.figures.auc.low > 0.5
    assert report.bands[0].band == "red"
    assert sum(row.snapshots for row in report.bands) == report.figures.snapshots
    assert sum(row.events for row in report.bands) == report.figures.events
    assert report.bands[0].mrr_lost == report.bands[0].events * 1000
    assert report.lead.customers >= report.figures.churned
    assert report.lead.median_days == pytest.approx(40, abs=15), "quiet for 70 days, and red a month into it"
    assert report.counted.live == 0
    assert report.counted.as_known == report.figures.snapshots
    assert {o.kind: o.derived for o in report.outcomes} == {"churned": len([d for d in leaving.values() if d >= report.since])}
    assert report.assumed.assumed == report.assumed.facts > 0, "all of it came with a first load today"


@on_sqlite
def test_who_leaves_without_a_sign_is_not_foreseen(store: Store) -> None:
    world = World(store)
    populate(world, stayers=40, leavers=36, quiet_before=0)
    world.service.run(TODAY)
    report = world.audit(horizon=90)
    assert report.verdict.word == "not better than chance", report.verdict.sentence


@on_sqlite
def test_few_departures_are_said_to_be_few(store: Store) -> None:
    world = World(store)
    populate(world, stayers=5, leavers=3, quiet_before=70)
    world.service.run(TODAY)
    report = world.audit(horizon=90)
    assert report.verdict.word == "insufficient data"
    assert f"{report.figures.churned} customers left within 90 days of a snapshot, and 30 are needed" in report.verdict.sentence


def test_an_empty_store_is_audited_too(store: Store) -> None:
    report = World(store).audit()
    assert report.verdict.word == "insufficient data"
    assert report.figures.snapshots == 0
    assert any("No customer is known to have left" in sentence for sentence in report.cautions)


@on_sqlite
def test_labels_that_are_not_over_are_never_counted(store: Store) -> None:
    """Whoever left in the last 90 days, a snapshot within them can't be judged by it: its other customers may still leave."""
    world = World(store)
    populate(world, stayers=3, leavers=0)
    for n in range(1, 90):
        account, used, paid = life(f"late{n}", TODAY - timedelta(days=n))
        if n % 10 == 1:
            world.put("crm", account)
            world.put("app", *used)
            world.put("billing", *paid)
    world.service.run(TODAY)
    report = world.audit(horizon=90)
    assert report.until == NEWEST
    assert max(report.days) <= NEWEST
    # Those who left 1..89 days ago did so within 90 days of the newest snapshot.
    assert report.figures.churned == 9
    assert report.counted.immature_weeks == 13
    assert world.audit(horizon=30).until == TODAY - timedelta(days=31)
    with pytest.raises(NotFound, match="the newest day is 2026-03-31"):
        world.audit(horizon=90, since=NEWEST + timedelta(days=1))


# --- what a score may know -----------------------------------------------------------------------------------------------


def scores_on(world: World, day: date) -> dict[int, tuple[float, int]]:
    with world.store.read() as connection:
        cards = cards_in_force(connection)
        drafts = draft(model(LOGINS, QUIET)).cards() if cards is None else cards
        from accountpulse.core.audit.assumed import without

        found = Scores(connection, world.yardstick, LIVE, TODAY, without(drafts, frozenset())).on(day)
    assert found is not None
    return dict(zip(found.account.tolist(), zip(found.score.tolist(), found.band.tolist(), strict=True), strict=True))


@pytest.mark.parametrize("percentile", [False, True])
def test_no_score_uses_what_was_learnt_later(store: Store, percentile: bool) -> None:
    logins = line("logins_30d", {"percentile": "higher"}) if percentile else LOGINS
    world = World(store, model(logins, QUIET))
    populate(world, stayers=4, leavers=2)
    world.service.run(TODAY)
    day = TODAY - timedelta(days=120)
    before = scores_on(world, day)
    # Usage of those weeks arrives only now, and the day is scored again with it: that must move only what is restated.
    late = [d for n in range(60) if (d := day - timedelta(days=n))]
    world.put("app", *usage("c0", late), late=True)
    world.service.run(day, since=day)
    assert scores_on(world, day) == before
    world.clock.advance(timedelta(days=1))
    world.put("billing", moved("c5", TODAY, "churn", -1000), late=True)
    assert scores_on(world, day) == before
    with world.store.read() as connection:
        from accountpulse.core.scoring.day import score_day

        cards = cards_in_force(connection)
        assert cards is not None
        restated = score_day(connection, cards, world.yardstick, day)
        account = world.account_ids()["c0"]
        now = restated.segments[0].evaluation.score[list(restated.frame.account_ids).index(account)]
    assert abs(now - before[account][0]) > 1, "with what is known today it is another score"


def test_what_is_learnt_on_the_stroke_of_midnight_was_not_known_on_the_day(store: Store) -> None:
    world = World(store)
    world.put("crm", company("c"))
    world.put("app", *usage("c", [TODAY - timedelta(days=200)]))
    world.service.run(TODAY)
    day = TODAY - timedelta(days=100)
    before = scores_on(world, day)
    midnight = NOW.replace(hour=0) - timedelta(days=99)
    world.put("app", *usage("c", [day]), late=True, at=midnight)
    assert scores_on(world, day) == before
    assert scores_on(world, day + timedelta(days=1)) != before


def test_a_silent_account_of_before_the_first_load_is_silent_and_not_unknown(store: Store) -> None:
    """Unknown would read as typical: those most at risk would look well."""
    world = World(store, model({**LOGINS, "missing": "typical"}))
    world.put("crm", company("c"))
    world.put("app", *usage("c", [SINCE.date()]))
    world.service.run(TODAY)
    ((score, band),) = scores_on(world, TODAY - timedelta(days=100)).values()
    assert (score, band) == (0.0, 0), "no login in thirty days is a measurement"


def test_metrics_that_read_undated_fields_of_a_first_load_are_left_out(store: Store) -> None:
    world = World(store, model(LOGINS, QUIET, SEATS, SIZE))
    world.put("crm", company("c", employees=50))
    world.put("app", *usage("c", [TODAY - timedelta(days=100)]))
    world.put("billing", subscribed("c", seats=10))
    world.service.run(TODAY)
    report = world.audit()
    assert report.assumed.left_out == ("seats", "size")
    assert any("seats, size" in sentence for sentence in report.cautions)
    # Loaded before the first snapshot, nothing is assumed, and everything counts.
    world.loaded(NOW - timedelta(days=700))
    known = world.audit()
    assert (known.assumed.left_out, known.assumed.assumed) == ((), 0)
    assert known.assumed.facts > 0


# --- persisted scores ----------------------------------------------------------------------------------------------------


def live_world(store: Store) -> World:
    """Scored live every week for 30 weeks, with sources loaded before."""
    world = World(store, now=NOW - timedelta(days=210))
    world.loaded(SINCE)
    populate(world, stayers=6, leavers=4)
    while world.clock.now() < NOW:
        world.service.run(world.service.today)
        world.clock.advance(timedelta(days=7))
    return world


@pytest.mark.slow
def test_persisted_scores_are_used_where_they_exist(store: Store) -> None:
    world = live_world(store)
    first_live = TODAY - timedelta(days=210)
    report = world.audit(horizon=30)
    assert report.counted.live > 0
    assert report.counted.as_known > 0, "days before the first live one are evaluated"
    only = world.audit(horizon=30, recompute=False)
    assert only.counted.as_known == 0
    assert only.counted.live == report.counted.live
    assert min(only.days) >= first_live
    assert only.assumed.facts == 0
    assert only.components.keys() <= {"logins_30d", "quiet_days"}


@pytest.mark.slow
@on_sqlite
def test_persisted_scores_are_what_was_said_whatever_is_restated_since(store: Store) -> None:
    world = live_world(store)
    before = world.audit(horizon=30, recompute=False)
    late = [TODAY - timedelta(days=n) for n in range(40, 200)]
    world.put("app", *usage("c0", late), *usage("c9", late), late=True)
    world.service.run(TODAY - timedelta(days=40), since=TODAY - timedelta(days=60))
    after = world.audit(horizon=30, recompute=False)
    assert after.figures == before.figures
    assert after.bands == before.bands
    assert after.counted.restated_rows > before.counted.restated_rows == 0


@on_sqlite
def test_customers_who_had_left_are_no_snapshots(store: Store) -> None:
    """Their last row stays in force in the history; they must not be counted as customers who stayed."""
    world = live_world(store)
    report = world.audit(horizon=30, recompute=False)
    assert report.counted.departed > 0
    assert report.figures.snapshots == sum(row.snapshots for row in report.bands)


# --- outcomes of other kinds ---------------------------------------------------------------------------------------------


def test_an_entered_outcome_counts_and_announces(store: Store) -> None:
    world = World(store)
    populate(world, stayers=2, leavers=0)
    left = NEWEST + timedelta(days=20)
    said = Outcome(source_id="o", account="c0", kind="churned", at=NOW - timedelta(days=71), amount=700, currency="USD")
    world.put("success", said)
    world.service.run(TODAY)
    report = world.audit()
    assert report.figures.churned == 1, "a first load says nothing about when it was announced"
    assert [(o.kind, o.entered, o.derived, o.mrr) for o in report.outcomes] == [("churned", 1, 0, 700)]
    assert left == said.at.date()
    world.put(
        "success", Outcome(source_id="p", account="c1", kind="churned", at=said.at), late=True, at=NOW - timedelta(days=150)
    )
    found = world.audit()
    assert found.figures.churned == 1, "who was known to be leaving is nobody to foretell"
    assert found.counted.noticed >= 1


@on_sqlite
def test_the_gap_leaves_out_who_leaves_within_it(store: Store) -> None:
    world = World(store)
    populate(world, stayers=2, leavers=0)
    for key, days in (("soon", 10), ("later", 60)):
        account, used, paid = life(key, NEWEST + timedelta(days=days))
        world.put("crm", account)
        world.put("app", *used)
        world.put("billing", *paid)
    world.service.run(TODAY)
    assert world.audit().figures.churned == 2
    found = world.audit(gap=30)
    assert found.figures.churned == 1
    assert found.counted.in_gap == 1
    with pytest.raises(NotFound, match="is empty"):
        world.audit(gap=90)


@on_sqlite
def test_shuffled_departures_come_out_as_chance(store: Store) -> None:
    """Who leaves is drawn without looking at usage: no verdict may be made of that."""
    world = World(store)
    random = np.random.default_rng(5)
    accounts, uses, payments = [], [], []
    for i in range(90):
        key = f"c{i}"
        accounts.append(company(key))
        every = int(random.integers(2, 40))
        uses += usage(key, [SINCE.date() + timedelta(days=n) for n in range(0, 560, every)])
        payments.append(moved(key, SINCE, "new", 1000))
        if i < 40:
            payments.append(moved(key, date(2025, 7, 1) + timedelta(days=int(random.integers(0, 330))), "churn", -1000))
    world.put("crm", *accounts)
    world.put("app", *uses)
    world.put("billing", *payments)
    world.service.run(TODAY)
    report = world.audit()
    assert report.figures.churned >= 30
    assert report.verdict.word == "not better than chance", report.verdict.sentence


# --- against an incumbent, and one segment -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_shadow_is_compared_with_what_is_published(store: Store) -> None:
    world = World(store)
    populate(world, stayers=40, leavers=36, quiet_before=70)
    world.service.run(TODAY)
    with store.write() as connection:
        put_in_force(connection, draft(model(QUIET, name="quiet")), SHADOW, author="Ann", now=NOW)
    report = world.audit(scores="shadow", against="published")
    assert report.comparison is not None
    assert report.comparison.incumbent == "the published scores"
    assert report.comparison.snapshots == report.figures.snapshots
    assert report.verdict.word in ("useful", "not proven better than the incumbent")
    same = world.audit(against="quiet_days")
    assert same.comparison is not None
    assert same.comparison.incumbent_auc == pytest.approx(same.components["quiet_days"], abs=1e-9)
    with pytest.raises(NotFound, match="there are: published, shadow, logins_30d, quiet_days"):
        world.audit(against="weather")
    with pytest.raises(NotFound, match="compared with themselves"):
        world.audit(against="published")


@on_sqlite
def test_a_model_is_not_proven_better_than_itself(store: Store) -> None:
    world = World(store)
    populate(world, stayers=40, leavers=36, quiet_before=70)
    world.service.run(TODAY)
    with store.write() as connection:
        put_in_force(connection, draft(model(LOGINS, QUIET)), SHADOW, author="Ann", now=NOW)
    report = world.audit(scores="shadow", against="published")
    assert report.verdict.word == "not proven better than the incumbent", report.verdict.sentence
    assert report.comparison is not None
    assert report.comparison.difference.value == 0


@on_sqlite
def test_one_segment_by_itself(store: Store) -> None:
    world = World(store)
    populate(world, stayers=6, leavers=4)
    world.service.run(TODAY)
    assert world.audit(segment="everybody").figures == world.audit().figures
    with pytest.raises(NotFound, match="there is no segment 'giants'; there are everybody"):
        world.audit(segment="giants")


@on_sqlite
def test_every_day_is_reported_as_it_is_read(store: Store) -> None:
    world = World(store)
    populate(world, stayers=1, leavers=0)
    world.service.run(TODAY)
    from accountpulse.core.audit.audit import AuditRequest, audit

    seen: list[tuple[int, int]] = []
    with store.read() as connection:
        request = AuditRequest(since=NEWEST - timedelta(days=30))
        audit(connection, world.yardstick, NOW, request, lambda done, total: seen.append((done, total)))
    assert seen == [(n, len(seen)) for n in range(1, len(seen) + 1)]


def test_a_source_not_read_lately_is_named_unless_it_is_gone(store: Store) -> None:
    world = World(store)
    world.put("crm", company("c"))
    world.service.run(TODAY)
    assert not [sentence for sentence in world.audit().cautions if "Not read lately" in sentence]
    world.clock.advance(timedelta(days=8))
    (said,) = [sentence for sentence in world.audit().cautions if "Not read lately" in sentence]
    assert "billing (read 2026-06-30), crm (read 2026-06-30)" in said
    gone = ConnectionSpec(
        name="crm", connector="crm", priority=0, anchor=True, provides=("account",), streams={"s": ("account",)}
    )
    with store.write() as connection:
        connections.register(connection, [gone], world.clock.now())
    (said,) = [sentence for sentence in world.audit().cautions if "Not read lately" in sentence]
    assert "billing" not in said


def test_facts_of_a_source_that_is_gone_are_assumed_as_before(store: Store) -> None:
    world = World(store, model(LOGINS, SEATS))
    world.put("crm", company("c"))
    world.put("billing", subscribed("c", seats=10))
    world.service.run(TODAY)
    before = world.audit().assumed
    with store.write() as connection:
        connections.register(connection, [], world.clock.now())
    assert world.audit().assumed == before
    assert before.left_out == ("seats",)
