"""Why a score moved, on a store: late facts, moves, models, peers, limits and people's words, each told as what it is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.scoring.test_service import METRICS, MODEL, NOW, RULES, TODAY, ZONE, World, company, ids, usage

from accountpulse.core.errors import NotFound
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.evaluate import evaluate as evaluate_metrics
from accountpulse.core.model import Record, Ticket, schema_of
from accountpulse.core.scoring.change import ScoreMove
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import Draft, put_in_force
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.types import Score
from accountpulse.core.store import thinning
from accountpulse.core.store.connections import update_stream
from accountpulse.core.store.database import Store
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.tables import peer
from accountpulse.core.store.writes import AccountKeys, write_records
from accountpulse.core.sync.rows import to_row


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("busy"), company("fading"), company("silent"), company("fresh", months=2, owner="Bo"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)), *usage("fresh", range(10)))
    made.put("desk", *tickets("fading", "t", range(1, 5)), *tickets("busy", "old", range(70, 71)))
    return made


def tickets(key: str, name: str, days: range, *, before: date = TODAY) -> list[Record]:
    return [Ticket(source_id=f"{name}{i}", account=key, opened_at=NOW - (TODAY - before) - timedelta(days=i)) for i in days]


def learn(world: World, connection_name: str, *records: Record) -> None:
    """Records that a source brings after its first load: known from now on."""
    with world.store.write() as connection:
        keys = AccountKeys(world.ids[connection_name])
        for record in records:
            name = schema_of(type(record)).name
            write_records(connection, name, [to_row(record)], keys=keys, now=world.clock.now(), assumed=False)
    world.put(connection_name)  # links whom they are about


def score(world: World) -> dict[int, Score]:
    """Read every source and score today; what was said then of everybody."""
    with world.store.write() as connection:
        for name, stream in (("crm", "a"), ("app", "u"), ("desk", "t")):
            update_stream(connection, world.ids[name], stream, last_success_at=world.clock.now())
    world.service.run(world.service.today)
    return {each.account_id: each for each in world.service.scores()}


def later(world: World, days: int = 1) -> None:
    world.clock.advance(timedelta(days=days))


def explained(world: World, name: str, before: dict[int, Score], after: dict[int, Score]) -> ScoreMove:
    """The change of one account; it begins and ends at what was said, and adds up."""
    account = ids(world)[name]
    move = world.service.explain_change(account, before[account].day, after[account].day)
    assert move.state == "explained", move.parts[0].reason
    for told, said in ((move.start, before[account]), (move.end, after[account])):
        assert told.score == pytest.approx(said.score, abs=1e-9)
        assert (told.band, told.segment, told.model_version) == (said.band, said.segment, said.model_version)
        assert not told.restated
    assert sum(part.points for part in move.parts) == pytest.approx(move.points, abs=1e-9)
    return move


def of(move: ScoreMove, kind: str) -> dict[str, Any]:
    return {part.code: part for part in move.parts if part.kind == kind}


def publish(world: World, *, rules: Any = RULES, **models: Any) -> None:
    parsed, problems = parse_rules(rules)
    assert not problems
    draft = Draft(tuple(parsed), {name: model_of(content) for name, content in models.items()})
    with world.store.write() as connection:
        put_in_force(connection, draft, "published", author="Ann", now=world.clock.now())


def changed(**keys: Any) -> dict[str, Any]:
    return {**deepcopy(MODEL), **keys}


# --- one cause at a time ------------------------------------------------------------------------------------------------


def test_what_arrived_late_is_late_and_what_happened_since_is_behaviour(world: World) -> None:
    before = score(world)
    later(world)
    learn(world, "desk", *tickets("busy", "late", range(2, 4)), *tickets("busy", "new", range(1), before=TODAY + timedelta(1)))
    move = explained(world, "Busy", before, score(world))
    late = of(move, "late_data")["open_tickets_30d"]
    assert late.reason == "Tickets on 30 June was 2, not 0: facts arrived or were corrected after that day"
    assert of(move, "behaviour")["open_tickets_30d"].reason == "Tickets rose from 2 to 3"
    # Two of the five tickets that take all of a quarter.
    assert late.points == pytest.approx(-10)
    assert not of(move, "model")
    assert not of(move, "segment")


def test_what_arrives_after_the_second_day_plays_no_part(world: World) -> None:
    before = score(world)
    later(world)
    after = score(world)
    account = ids(world)["Busy"]
    told = explained(world, "Busy", before, after)
    never_said = TODAY - timedelta(days=2)
    restated = world.service.explain_change(account, never_said, after[account].day)
    assert restated.start.restated
    later(world)
    learn(world, "desk", *tickets("busy", "late", range(3, 5)))
    learn(world, "crm", replace(company("busy"), plan="gold"))
    score(world)
    assert world.service.explain_change(account, before[account].day, after[account].day) == told
    assert world.service.explain_change(account, never_said, after[account].day) == restated


def test_another_model_between(world: World) -> None:
    before = score(world)
    later(world)
    groups = deepcopy(MODEL["groups"])
    groups[0]["weight"] = 1
    publish(world, small=changed(groups=groups))
    after = score(world)
    move = explained(world, "Fading", before, after)
    [part] = of(move, "model").values()
    assert part.code == move.end.model_version != move.start.model_version
    assert part.reason.startswith("Model small was changed on 1 July, from version ")
    [note] = move.notes
    assert note == "what was typical of segment rest in model small on 30 June 2026 was not stored; it was worked out anew"


def test_a_move_to_another_segment(world: World) -> None:
    before = score(world)
    later(world, 31)
    move = explained(world, "Fresh", before, score(world))
    [part] = of(move, "segment").values()
    assert (part.code, part.label) == ("rest", "new to rest")
    assert part.reason == "It moved from segment new to rest (the default segment), where other things count"
    assert of(move, "behaviour")["quiet_days"].reason == "Quiet days rose from 0 to 31"
    assert not move.notes, "what was typical of the other segment that day is stored"


def test_a_segment_that_there_was_not_takes_its_model_along(world: World) -> None:
    before = score(world)
    later(world)
    special = changed(name="special", groups=MODEL["groups"][:1])
    rules = [{"name": "bo", "model": "special", "when": {"owner": {"eq": "Bo"}}}, *RULES]
    publish(world, rules=rules, small=MODEL, special=special)
    move = explained(world, "Fresh", before, score(world))
    assert list(of(move, "segment")) == ["bo"]
    assert not of(move, "model"), "it has the model that the segment has had from its beginning"


def test_others_moved(world: World) -> None:
    before = score(world)
    later(world)
    learn(world, "app", *usage("silent", range(-1, 29)))
    after = score(world)
    move = explained(world, "Busy", before, after)
    assert of(move, "peers")["logins_30d"].reason.startswith(
        "Logins at 30 was ahead of 75% of rest accounts and is now ahead of "
    )
    assert move.start.score != move.end.score


def test_a_cap_and_an_override_are_adjustments(world: World) -> None:
    before = score(world)
    later(world)
    capped = [{"when": {"open_tickets_30d": {"gte": 4}}, "at": 5, "because": "too many tickets"}]
    publish(world, small=changed(caps=capped))
    account = ids(world)["Fading"]
    middle = score(world)
    move = explained(world, "Fading", before, middle)
    [cap] = of(move, "adjustment").values()
    assert (cap.code, cap.reason) == ("cap:1", 'The rule "At most 5: too many tickets" applies now (open_tickets_30d 4 >= 4)')
    later(world)
    with world.store.write() as connection:
        connection.execute(
            sa.insert(score_override).values(
                account_id=account,
                score=80.0,
                owner="Ann",
                reason="they renewed",
                expires_at=world.clock.now() + timedelta(days=5),
                known_from=world.clock.now(),
            )
        )
    move = explained(world, "Fading", middle, score(world))
    word = of(move, "adjustment")["override"]
    assert word.reason.startswith("The override applies now (80.0 by Ann until 2026-07-07")
    assert (move.end.score, move.end.band) == (80, "green")


def test_a_limit_of_points_a_day_is_an_adjustment(world: World) -> None:
    publish(world, small=changed(steadiness={"points_per_day": 2}))
    before = score(world)
    later(world)
    learn(world, "desk", *tickets("busy", "new", range(5), before=TODAY + timedelta(1)))
    move = explained(world, "Busy", before, score(world))
    assert move.points == pytest.approx(-2, abs=0.01)  # the history, from which the limit counts, holds hundredths
    assert of(move, "adjustment")["rate_limit"].points > 0
    (note,) = move.notes
    assert note.startswith(f"band {move.end.band} on ")
    assert "the score moves by at most 2 points a day" in note


def test_a_parent_is_told_with_its_children(world: World) -> None:
    world.put("crm", replace(company("fading"), parent="busy"), replace(company("silent"), parent="fading"))
    publish(world, small=changed(roll_up={"from": "children", "how": "worst", "share": 0.5}))
    before = score(world)
    later(world)
    learn(world, "app", *usage("fading", range(-1, 5)))
    move = explained(world, "Busy", before, score(world))
    told, alone = (of(each, "adjustment")["roll_up"] for each in (move, move.alone()))
    assert told.points == alone.points > 0
    assert "(1 account at " in told.reason
    assert told.reason.startswith(alone.reason)
    assert "account" not in alone.reason  # whose score it is may be somebody else's
    assert alone.points + sum(part.points for part in move.alone().parts) == pytest.approx(move.points + told.points)


def test_everything_at_once_adds_up_for_everybody(world: World) -> None:
    before = score(world)
    later(world, 20)
    learn(world, "desk", *tickets("busy", "late", range(1, 3)))
    learn(world, "desk", *tickets("silent", "new", range(3), before=TODAY + timedelta(15)))
    learn(world, "app", *usage("silent", range(-20, 20)), *usage("fading", range(-9, -2)))
    learn(world, "crm", replace(company("fading"), owner="Bo"))
    strict = changed(
        name="strict",
        caps=[{"when": {"quiet_days": {"gt": 5}}, "at": 50, "because": "silence"}],
        worst_of=["support"],
        coverage_floor=0.2,
    )
    publish(
        world,
        rules=[{"name": "bo", "model": "strict", "when": {"owner": {"eq": "Bo"}}}, *RULES],
        small=changed(groups=[{**MODEL["groups"][0], "weight": 1}, MODEL["groups"][1]]),
        strict=strict,
    )
    after = score(world)
    kinds = set()
    for name in ids(world):
        kinds |= {part.kind for part in explained(world, name, before, after).parts}
    assert kinds >= {"late_data", "segment", "model", "peers", "behaviour", "adjustment"}


# --- days that were not scored on the day -------------------------------------------------------------------------------


def test_a_day_that_was_never_scored_is_restated_and_nothing_is_late(world: World) -> None:
    learn(world, "desk", *tickets("busy", "late", range(40, 43)))
    after = score(world)
    account = ids(world)["Busy"]
    day = TODAY - timedelta(days=40)
    move = world.service.explain_change(account, day)
    assert (move.start.restated, move.start.said_at, move.end.restated) == (True, None, False)
    assert move.start.score == pytest.approx(world.service.explain(account, day).score, abs=1e-9)
    assert move.end.score == pytest.approx(after[account].score, abs=1e-9)
    assert sum(part.points for part in move.parts) == pytest.approx(move.points, abs=1e-9)
    assert {part.kind for part in move.parts} <= {"peers", "behaviour", "adjustment"}
    [note] = move.notes
    assert note == "21 May 2026 was not scored on the day; it was evaluated with what was known, and in force, on 30 June 2026"


def test_two_restated_days_are_told_from_what_is_known_now(world: World) -> None:
    score(world)
    later(world, 10)
    score(world)
    account = ids(world)["Fading"]
    first, second = TODAY - timedelta(days=20), TODAY + timedelta(days=5)
    move = world.service.explain_change(account, first, second)
    assert move.start.restated
    assert move.end.restated
    for told in (move.start, move.end):
        assert told.score == pytest.approx(world.service.explain(account, told.day).score, abs=1e-9)
    assert move.notes[0].startswith("10 June 2026 and 5 July 2026 were not scored on the day; they were evaluated")


def test_the_days_must_be_in_order_and_have_come(world: World) -> None:
    account = ids(world)["Busy"]
    with pytest.raises(NotFound, match="nothing has been scored yet"):
        world.service.explain_change(account, TODAY - timedelta(days=1))
    score(world)
    with pytest.raises(NotFound, match="give the earlier day first"):
        world.service.explain_change(account, TODAY)
    with pytest.raises(NotFound, match="has not come yet"):
        world.service.explain_change(account, TODAY, TODAY + timedelta(days=1))
    with pytest.raises(NotFound, match="was not a customer on 2020"):
        world.service.explain_change(account, date(2020, 1, 1))


# --- what can't be told any more ----------------------------------------------------------------------------------------


def not_reproducible(world: World, name: str, before: dict[int, Score], after: dict[int, Score]) -> str:
    account = ids(world)[name]
    move = world.service.explain_change(account, before[account].day, after[account].day)
    assert move.state == "not_reproducible"
    [part] = move.parts
    assert part.kind == "not_reproducible"
    assert part.points == move.points
    assert move.start.score == pytest.approx(before[account].score, abs=0.006)
    assert move.end.score == pytest.approx(after[account].score, abs=0.006)
    assert move.start.band == before[account].band
    return part.reason


def test_facts_that_are_gone(world: World) -> None:
    before = score(world)
    later(world)
    after = score(world)
    with world.store.write() as connection:
        connection.execute(sa.text("delete from fact_ticket"))
    reason = not_reproducible(world, "Fading", before, after)
    assert reason.startswith("The change can't be split: on 30 June 2026, ")
    assert "when evaluated again; what differs: Tickets" in reason
    assert explained(world, "Busy", before, after), "of others nothing is gone"


def test_a_metric_that_is_no_longer_installed(world: World) -> None:
    before = score(world)
    later(world)
    publish(world, small=changed(groups=MODEL["groups"][:1]))
    after = score(world)
    kept = {name: each for name, each in METRICS.items() if name != "open_tickets_30d"}
    yardstick = replace(world.service._yardstick, metrics=kept)
    world.service = ScoringService(world.store, world.clock, yardstick, world.service.draft)
    assert "needs the metric 'open_tickets_30d'; not installed here" in not_reproducible(world, "Fading", before, after)


def test_what_retention_has_removed(world: World) -> None:
    before = score(world)
    later(world, 3)
    middle = score(world)
    later(world, 3)
    after = score(world)
    with world.store.write() as connection:
        thinning.forget_before(connection, TODAY + timedelta(days=1))
    assert "is no longer kept" in not_reproducible(world, "Fading", before, after)
    assert explained(world, "Fading", middle, after)


def test_peers_that_are_gone_are_learnt_again(world: World) -> None:
    before = score(world)
    later(world)
    after = score(world)
    with world.store.write() as connection:
        connection.execute(sa.delete(peer))
    assert explained(world, "Fading", before, after), "nothing but the stored copy was lost"


def test_a_small_difference_is_within_what_the_history_says(world: World) -> None:
    before = score(world)
    later(world)
    score(world)
    with world.store.write() as connection:
        connection.execute(sa.text("update score_history set score_centi = score_centi + 99"))
    assert world.service.explain_change(ids(world)["Fading"], TODAY).state == "explained"
    with world.store.write() as connection:
        connection.execute(sa.text("update score_history set score_centi = score_centi + 10"))
    assert world.service.explain_change(ids(world)["Fading"], TODAY).state == "not_reproducible"
    with world.store.write() as connection:
        connection.execute(
            sa.text("update score_history set score_centi = score_centi - 109, band = 1 - band where band in (0, 1)")
        )
    assert world.service.explain_change(ids(world)["Fading"], TODAY).state == "not_reproducible", "another band"
    assert before


# --- what was known at an instant, corrected as of then -----------------------------------------------------------------


def test_corrected_as_of_an_instant_is_what_was_corrected_then(world: World) -> None:
    """Whatever is learnt, corrected or deleted afterwards."""

    def frame(mode: AsCorrected) -> tuple[list[int], list[object], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        with world.store.read() as connection:
            found = evaluate_metrics(
                connection, list(METRICS.values()), day=TODAY, zone=ZONE, mode=mode, reporting_currency="USD"
            )
        return found.account_ids.tolist(), list(found.attributes["plan"]), found.values, found.states

    learn(world, "crm", replace(company("fading"), plan="silver"))
    later(world, 2)
    learn(world, "crm", replace(company("fading"), plan="gold"))
    learn(world, "desk", *tickets("busy", "late", range(1, 3)))
    at = world.clock.now()
    then = frame(AsCorrected())
    later(world, 2)
    learn(world, "crm", replace(company("fading"), plan="lead"), company("newcomer"))
    learn(world, "desk", *tickets("busy", "later", range(1, 9)), *tickets("fading", "t", range(2, 6)))
    with world.store.read() as connection:
        assert connection.execute(sa.text("select count(*) from fact_account where known_to is not null")).scalar() == 3
    again = frame(AsCorrected(at))
    assert (again[0], again[1]) == (then[0], then[1])
    np.testing.assert_array_equal(again[2], then[2])
    np.testing.assert_array_equal(again[3], then[3])
    assert "silver" in again[1], "the plan of that day, not the one known later"
    assert not np.array_equal(frame(AsCorrected())[2], then[2], equal_nan=True)


def test_a_source_that_was_out_of_date_then_and_has_been_read_since(world: World) -> None:
    later(world, 10)
    with world.store.write() as connection:
        for name, stream in (("crm", "a"), ("app", "u")):
            update_stream(connection, world.ids[name], stream, last_success_at=world.clock.now())
    world.service.run(world.service.today)
    before = {each.account_id: each for each in world.service.scores()}
    stale = next(c for c in before[ids(world)["Fading"]].components if c.metric == "open_tickets_30d")
    assert stale.state.name == "STALE"
    later(world)
    after = score(world)
    move = explained(world, "Fading", before, after)
    assert "open_tickets_30d" in of(move, "late_data") | of(move, "behaviour")
