"""What is in force: publishing and undoing against a plain list, and models that can't be scored with any more."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.core.scoring.test_service import METRICS, MODEL, NOW, RULES, TODAY, World

from accountpulse.core.errors import ModelError, NotFound
from accountpulse.core.scoring.day import Scorecards
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import (
    Draft,
    cards_in_force,
    not_installed,
    publish_first,
    put_in_force,
    roll_back,
    rollback_target,
    withdraw_shadow,
)
from accountpulse.core.scoring.segments import Rule, parse_rules
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store.database import Store
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW
from accountpulse.core.store.tables import publication, release

SCORERS = ("weighted",)
SMALL = model_of(MODEL)


def rules(*items: dict[str, object]) -> tuple[Rule, ...]:
    found, problems = parse_rules(list(items))
    assert not problems
    return tuple(found)


def draft(number: int) -> Draft:
    """A handful of drafts that differ in models, in rules, in their order, and in how many segments there are."""
    made = rules(*RULES)
    if number == 0:
        return Draft(made, {"small": SMALL})
    if number == 1:
        return Draft(made, {"small": replace(SMALL, coverage_floor=0.9)})
    if number == 2:
        return Draft(made[1:], {"small": SMALL})
    vip = {"name": "vip", "model": "other", "when": {"custom.tier": {"in": ["gold", 7]}, "plan": {"ne": "free"}}}
    other = {"small": SMALL, "other": replace(SMALL, name="other")}
    if number == 3:
        return Draft(rules(vip, *RULES), other)
    return Draft(rules(RULES[0], vip, RULES[1]), other)


def same(cards: Scorecards | None, wanted: Draft | None) -> bool:
    return cards is None if wanted is None else cards is not None and wanted.is_same(cards)


@dataclass
class Undo:
    """What rollback means: a stack of drafts. `after` keeps the stack that each release left."""

    stack: list[int] = field(default_factory=list)
    after: dict[int, list[int]] = field(default_factory=dict)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(0, 4)),
        st.tuples(st.just("rollback"), st.just(0)),
        st.tuples(st.just("rollback to"), st.integers(0, 12)),
        st.tuples(st.just("shadow"), st.integers(0, 4)),
        st.tuples(st.just("clock"), st.sampled_from([-3600, 1, 86_400])),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=[("publish", 0), ("publish", 1), ("publish", 2), ("rollback", 0), ("rollback", 0), ("rollback", 0)])
@example(steps=[("publish", 0), ("publish", 1), ("rollback", 0), ("publish", 3), ("rollback", 0), ("rollback", 0)])
@example(steps=[("publish", 0), ("publish", 1), ("rollback", 0), ("rollback to", 1), ("rollback", 0), ("rollback", 0)])
def test_rollback_undoes_release_by_release(store: Store, steps: Sequence[tuple[str, int]]) -> None:
    """Whatever was published, tried in shadow and undone before, and however the clock was set meanwhile."""
    with store.write() as connection:
        connection.execute(sa.delete(publication))
        connection.execute(sa.update(release).values(restored=None))
        connection.execute(sa.delete(release))
    model, now = Undo(), NOW
    for what, number in steps:
        with store.write() as connection:
            before = cards_in_force(connection)
            if what == "clock":
                now += timedelta(seconds=number)
            elif what == "shadow":
                put_in_force(connection, draft(number), SHADOW, author="ann", now=now)
                assert same(cards_in_force(connection, SHADOW), draft(number))
            elif what == "publish":
                made = put_in_force(connection, draft(number), PUBLISHED, author="ann", now=now)
                assert (made is None) == (model.stack[-1:] == [number])
                if made is not None:
                    model.stack = [*model.stack, number]
                    model.after[made] = model.stack
                assert not same(cards_in_force(connection, SHADOW), draft(number)) or made is None
            else:
                known = sorted(model.after)
                to = known[number % len(known)] if what == "rollback to" and known else None
                stack = model.after[to] if to is not None else model.stack[:-1]
                if not stack:
                    with pytest.raises(NotFound, match="nothing earlier to go back to"):
                        rollback_target(connection, to)
                    continue
                made = roll_back(
                    connection, rollback_target(connection, to), author="bo", now=now, metrics=METRICS, scorers=SCORERS
                )
                assert (made is None) == (stack[-1] == model.stack[-1])
                if made is not None:
                    model.stack = model.after[made] = stack
            if what in ("clock", "shadow"):
                assert same(cards_in_force(connection), None if before is None else Draft(before.rules, before.models))
        with store.read() as connection:
            assert same(cards_in_force(connection), draft(model.stack[-1]) if model.stack else None)
            for made, stack in model.after.items():
                at = next(row.at for row in store_scorecards.releases(connection, PUBLISHED) if row.id == made)
                assert same(cards_in_force(connection, PUBLISHED, at), draft(stack[-1])), "what a release left stays known"


def test_a_release_says_who_when_and_why(store: Store) -> None:
    with store.write() as connection:
        put_in_force(connection, draft(0), PUBLISHED, author="ann", now=NOW, reason="the beginning")
        put_in_force(connection, draft(1), PUBLISHED, author="bo", now=NOW + timedelta(hours=1))
        roll_back(
            connection, rollback_target(connection), author="cy", now=NOW + timedelta(days=1), metrics=METRICS, scorers=SCORERS
        )
        rows = list(reversed(store_scorecards.releases(connection)))
    assert [(row.action, row.author, row.reason, row.at - NOW) for row in rows] == [
        ("publish", "ann", "the beginning", timedelta()),
        ("publish", "bo", None, timedelta(hours=1)),
        ("rollback", "cy", None, timedelta(days=1)),
    ]
    assert [row.restored for row in rows] == [None, None, rows[0].id]


def test_a_release_that_never_was_is_named_with_those_that_were(store: Store) -> None:
    with store.write() as connection:
        with pytest.raises(NotFound, match="nothing earlier to go back to; releases: none"):
            rollback_target(connection)
        made = put_in_force(connection, draft(0), PUBLISHED, author="ann", now=NOW)
        shadow = put_in_force(connection, draft(1), SHADOW, author="ann", now=NOW)
        for wrong in (99, shadow):
            with pytest.raises(NotFound, match=rf"there is no release {wrong} of published models; releases: {made} "):
                rollback_target(connection, wrong)


def test_a_shadow_ends_when_it_is_published_and_only_then(store: Store) -> None:
    with store.write() as connection:
        put_in_force(connection, draft(0), PUBLISHED, author="ann", now=NOW)
        put_in_force(connection, draft(1), SHADOW, author="ann", now=NOW)
        put_in_force(connection, draft(2), PUBLISHED, author="ann", now=NOW)
        assert cards_in_force(connection, SHADOW) is not None
        made = put_in_force(connection, draft(1), PUBLISHED, author="bo", now=NOW)
        assert cards_in_force(connection, SHADOW) is None
        newest = store_scorecards.releases(connection, SHADOW)[0]
        assert (newest.action, newest.author, newest.reason) == ("withdraw", "bo", f"published by release {made}")
        with pytest.raises(NotFound, match="nothing is in shadow"):
            withdraw_shadow(connection, author="ann", now=NOW)


def test_the_first_publication_is_made_once_however_many_come_at_once(store: Store) -> None:
    """Each of several processes finds nothing published; the one that comes first publishes, and the others keep to it."""
    barrier, made = threading.Barrier(4), []

    def first(number: int) -> None:
        barrier.wait()
        with store.write() as connection:
            made.append(publish_first(connection, draft(number), NOW))

    threads = [threading.Thread(target=first, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len([each for each in made if each is not None]) == 1
    with store.read() as connection:
        assert [row.action for row in store_scorecards.releases(connection)] == ["publish"]
        assert sum(same(cards_in_force(connection), draft(number)) for number in range(4)) == 1


# --- conditions come back as they were -------------------------------------------------------------------------------------

VALUES = st.one_of(st.booleans(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip))
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e12, 1e12))
TESTS = st.one_of(
    st.dictionaries(st.sampled_from(["lt", "lte", "gt", "gte", "eq", "ne"]), NUMBERS, min_size=1, max_size=2),
    st.fixed_dictionaries({"in": st.lists(st.one_of(NUMBERS, VALUES), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"missing": st.booleans()}),
    st.fixed_dictionaries({"contains": VALUES.filter(lambda value: isinstance(value, str))}),
)
LEAVES = st.dictionaries(st.sampled_from(["plan", "mrr", "custom.tier", "custom.é ü"]), TESTS, min_size=1, max_size=2)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.dictionaries(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3), min_size=1, max_size=2),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=CONDITIONS)
def test_a_rule_comes_back_as_it_was_published(store: Store, condition: dict[str, object]) -> None:
    made = rules({"name": "some", "model": "small", "when": condition}, RULES[1])
    with store.write() as connection:
        put_in_force(connection, Draft(made, {"small": SMALL}), PUBLISHED, author="ann", now=NOW)
        found = cards_in_force(connection)
        assert found is not None
        assert found.rules == made
        assert put_in_force(connection, Draft(made, {"small": SMALL}), PUBLISHED, author="ann", now=NOW) is None


# --- what is not installed any more ------------------------------------------------------------------------------------------


def with_metric(name: str) -> ScoringModel:
    return model_of({**MODEL, "groups": [*MODEL["groups"], group(name)]})  # type: ignore[misc]  # a list, as above


def group(name: str) -> dict[str, object]:
    line = {"metric": name, "normalise": {"linear": [[0, 0], [10, 100]]}}
    return {"name": "more", "weight": 1, "metrics": [line]}


def test_everything_that_is_missing_is_named_once() -> None:
    capped = model_of({**MODEL, "caps": [{"when": {"gone_cap": {"gt": 1}, "plan": {"eq": "x"}}, "at": 40, "because": "y"}]})
    made = Scorecards(
        rules(
            {"name": "a", "model": "small", "when": {"gone_rule": {"gt": 1}, "custom.tier": {"eq": "x"}, "owner": {"eq": "x"}}},
            RULES[1],
        ),
        {"small": replace(capped, scorer="gone_scorer"), "more": replace(with_metric("gone_metric"), name="more")},
        {},
        {},
    )
    assert not_installed(made, METRICS, SCORERS) == [
        "segment 'a' reads 'gone_rule'",
        "model 'small' needs the scorer 'gone_scorer'",
        "model 'small' needs the metric 'gone_cap'",
        "model 'more' needs the metric 'gone_metric'",
    ]
    assert not_installed(draft(3).cards(), METRICS, SCORERS) == []


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def test_a_published_model_that_lost_its_metric_is_named_with_its_release(world: World) -> None:
    broken = Draft(rules(*RULES), {"small": with_metric("from_a_plugin")})
    with world.store.write() as connection:
        put_in_force(connection, draft(0), PUBLISHED, author="ann", now=NOW)
        made = put_in_force(connection, broken, PUBLISHED, author="bo", now=NOW)
        put_in_force(connection, draft(0), PUBLISHED, author="ann", now=NOW)
        back = put_in_force(connection, broken, PUBLISHED, author="cy", now=NOW)
    message = (
        rf"release {back}, published 2026-06-30 by cy, can't be scored with: model 'small' needs the metric 'from_a_plugin'"
    )
    for act in (lambda: world.service.run(TODAY), lambda: world.service.scores(TODAY - timedelta(days=1))):
        with pytest.raises(ModelError, match=message) as caught:
            act()
        assert "or `model rollback`" in str(caught.value)
    with world.store.write() as connection:
        target = rollback_target(connection, made)
        with pytest.raises(ModelError, match=f"release {made} can't be put back: model 'small' needs the metric"):
            roll_back(connection, target, author="ann", now=NOW, metrics=METRICS, scorers=SCORERS)
        good = rollback_target(connection)
        assert roll_back(connection, good, author="ann", now=NOW, metrics=METRICS, scorers=SCORERS) is not None
    world.service.run(TODAY)


def test_a_shadow_that_lost_its_metric_costs_only_itself(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with world.store.write() as connection:
        put_in_force(connection, Draft(rules(*RULES), {"small": with_metric("from_a_plugin")}), SHADOW, author="ann", now=NOW)
    assert world.service.run(TODAY).published is not None
    assert "nothing is scored in shadow: model 'small' needs the metric 'from_a_plugin'; not installed here" in caplog.text
