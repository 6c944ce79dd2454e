"""What it would take to reach a score: what is said reaches it, a little less does not, and fewer metrics can't."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import SCORERS, line, model_with, models, points, roll_ups

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.adjust import Children
from accountpulse.core.scoring.counterfactual import Case, what_it_takes
from accountpulse.core.scoring.model import Cap, RollUp, WorstOf
from accountpulse.core.scoring.normalise import Baseline, Categories, Linear, Percentile, Steps
from accountpulse.core.scoring.peers import Peer
from accountpulse.core.scoring.segments import parse_condition

NAN = float("nan")
directions = st.sampled_from(["higher", "lower"])
shapes = directions.flatmap(lambda way: st.builds(Linear, points(direction=way)) | st.builds(Steps, points(direction=way)))
monotone = st.one_of(
    shapes,
    st.builds(Percentile, directions),
    st.builds(Categories, points()),
    st.builds(
        Baseline,
        shapes,
        st.just(90),
        st.just(30),
        st.just("mean"),
        st.sampled_from(["relative", "absolute"]),
    ),
)
curves = directions.flatmap(lambda way: points(direction=way))


def case(model, values, *, states=None, usual=None, peers=None, columns=None, children=None, whole=None):
    values = np.array(values, dtype=float)
    states = np.where(np.isnan(values), ComponentState.NO_DATA, 0) if states is None else np.array(states)
    k = len(values)
    return Case(
        model,
        model.make_scorer(SCORERS),
        values,
        states.astype(np.int8),
        np.full(k, NAN) if usual is None else np.array(usual, dtype=float),
        peers or (None,) * k,
        {name: np.array([value], dtype=object if isinstance(value, str) else float) for name, value in (columns or {}).items()},
        children,
        whole or [False] * k,
    )


@st.composite
def any_case(draw):
    """An account in any model of either scorer whose normalisers go one way, as the parser asks; caps may read its metrics."""
    model = draw(st.sampled_from(["weighted", "points"]).flatmap(models))
    groups = tuple(
        replace(group, metrics=tuple(replace(each, normaliser=draw(monotone)) for each in group.metrics))
        for group in model.groups
    )
    names = [each.metric for group in groups for each in group.metrics]
    model = replace(model, groups=groups, roll_up=draw(st.none() | roll_ups))
    k = len(names)
    value = st.one_of(st.integers(-1000, 1000).map(float), st.floats(-1000, 1000), st.just(NAN))
    children = None
    if model.roll_up is not None and draw(st.booleans()):
        score = draw(st.floats(0, 100))
        children = Children(np.full((3, 1), score), np.ones(1), np.array([draw(st.integers(0, 2))]))
    usual = draw(st.lists(st.one_of(st.integers(-100, 100).map(float), st.just(NAN)), min_size=k, max_size=k))
    peers = tuple(Peer(50.0, 0.0, 3, draw(curves)) if draw(st.booleans()) else None for _ in range(k))
    return case(
        model,
        draw(st.lists(value, min_size=k, max_size=k)),
        usual=usual,
        peers=peers,
        columns={"overdue_days": draw(st.sampled_from([0.0, 40.0]))},
        children=children,
        whole=draw(st.lists(st.booleans(), min_size=k, max_size=k)),
    )


def score(case, change):
    return float(case.scores([change])[0])


def lifted(case, answer):
    """The case without the caps that are said to have to end first."""
    ended = [cap for cap, _ in answer.must_end]
    return case.without([n for n, cap in enumerate(case.model.caps) if cap in ended])


def nearer(case, needed):
    """A little less of a change: one thing less where it is counted in things."""
    if case.whole[needed.column]:
        return needed.needed - np.sign(needed.needed - needed.value)
    # Whatever jumps is named at the value where it jumps, so half an ulp would do; what is continuous is found to 1e-12.
    return needed.needed + (needed.value - needed.needed) * 1e-6


@settings(max_examples=60, deadline=None)
@given(any_case(), st.floats(0, 100))
def test_what_is_said_reaches_it_a_little_less_does_not_and_fewer_can_not(found, target):
    answer = what_it_takes(found, target)
    free = lifted(found, answer)
    if answer.state == "already_there":
        assert score(found, {}) >= answer.target
        return
    assert score(found, {}) < answer.target
    columns = [each.column for each in answer.alone]
    bests = {each.column: each.best for each in answer.alone}
    if answer.state == "out_of_reach":
        assert answer.reaches < answer.target
        assert not answer.together
        return
    if not answer.together:
        assert answer.must_end
        assert score(free, {}) >= answer.target
        return
    change = {each.column: each.needed for each in answer.together}
    assert score(free, change) >= answer.target
    for each in answer.together:
        assert each.needed_component > each.component
        assert score(free, {**change, each.column: nearer(free, each)}) < answer.target
    for size in range(1, len(answer.together)):
        for fewer in combinations(columns, size):
            assert score(free, {i: bests[i] for i in fewer}) < answer.target
    if len(answer.together) == 1:
        assert answer.together[0].movement == min(each.needed.movement for each in answer.alone if each.needed)


@settings(max_examples=40, deadline=None)
@given(any_case(), st.floats(0, 100))
def test_what_each_can_do_alone(found, target):
    answer = what_it_takes(found, target)
    free = lifted(found, answer)
    for each in answer.alone:
        assert score(free, {each.column: each.best}) == pytest.approx(each.reaches, abs=1e-8)
        assert (each.needed is not None) == (each.reaches >= answer.target)
        if each.needed is not None:
            assert score(free, {each.column: each.needed.needed}) >= answer.target
            if score(free, {}) < answer.target:
                assert score(free, {each.column: nearer(free, each.needed)}) < answer.target


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.5, 10), st.floats(0, 99)), min_size=2, max_size=5), st.floats(1, 100))
def test_of_the_fewest_metrics_those_that_move_least(lines, target):
    """On a plain scorecard the least movement is known: the steepest go all the way, the least steep only as far as it must."""
    model = model_with((1, [line(f"m{i}", weight) for i, (weight, _) in enumerate(lines)]))
    found = case(model, [value for _, value in lines])
    answer = what_it_takes(found, target)
    if not answer.together:
        return
    weights = found.scorer.weights()
    gap = answer.target - answer.score

    def movement(chosen):
        missing, moved = gap, 0.0
        for i in sorted(chosen, key=lambda i: -weights[i]):
            step = min(100 - lines[i][1], missing / weights[i])
            moved, missing = moved + step, missing - step * weights[i]
        return moved if missing <= 1e-7 else float("inf")

    size = len(answer.together)
    least = min(movement(chosen) for chosen in combinations(range(len(lines)), size))
    assert sum(each.movement for each in answer.together) == pytest.approx(least, abs=1e-5)


@st.composite
def countable_case(draw):
    """An account whose metrics have few values each, with all that they could be; caps and worst parts in the way."""
    ends = draw(st.lists(st.integers(2, 5), min_size=2, max_size=4))
    lines, values, ways = [], [], []
    for i, end in enumerate(ends):
        levels = sorted(draw(st.lists(st.integers(0, 100), min_size=end + 1, max_size=end + 1)))
        shape = draw(st.sampled_from([Steps, Linear]))(tuple((float(x), float(y)) for x, y in enumerate(levels)))
        value = draw(st.integers(0, 1))
        lines.append(line(f"m{i}", draw(st.integers(1, 8)), normaliser=shape))
        values.append(float(value))
        ways.append([float(x) for x in range(value + 1, end + 1)])
    caps = (cap({"m0": {"lt": 2}}, 60),) if draw(st.booleans()) else ()
    worst = WorstOf((draw(st.sampled_from(lines)).metric,), 10.0) if draw(st.booleans()) else None
    model = model_with((1, lines), caps=caps, worst_of=worst)
    return case(model, values, whole=[True] * len(ends), columns={"m0": values[0]}), ways


@settings(max_examples=60, deadline=None)
@given(countable_case(), st.floats(20, 95))
def test_nothing_smaller_is_enough_where_everything_can_be_tried(drawn, target):
    found, ways = drawn
    answer = what_it_takes(found, target)
    own = found.changed([{}]).components[0]
    for size in range(1, len(answer.together) + 1):
        for columns in combinations(range(len(ways)), size):
            changes = [dict(zip(columns, values, strict=True)) for values in product(*(ways[i] for i in columns))]
            enough = [n for n, score in enumerate(found.scores(changes)) if score >= answer.target] if changes else []
            assert not enough or size == len(answer.together)
            if enough:
                moved = (found.changed([changes[n] for n in enough]).components - own).sum(axis=1).min()
                assert sum(each.movement for each in answer.together) <= moved + 1e-9


# --- one at a time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("normaliser", "value", "target", "needed"),
    [
        (Linear(((0, 0), (10, 100))), 2.0, 65, 6.5),
        (Linear(((0, 100), (30, 0))), 27.0, 50, 15.0),
        (Steps(((0, 0), (5, 50), (9, 100))), 1.0, 50, 5.0),
        (Steps(((0, 0), (5, 50), (9, 100))), 1.0, 51, 9.0),
        (Categories(((1.0, 0.0), (2.0, 60.0), (3.0, 100.0))), 1.0, 50, 2.0),
        (Percentile("higher"), 1.0, 75, 4.0),
        (Baseline(Linear(((-0.5, 0), (0.5, 100))), 30, 30), 5.0, 75, 12.5),
        (Baseline(Linear(((-5, 0), (5, 100))), 30, 30, change="absolute"), 6.0, 80, 13.0),
    ],
)
def test_every_normaliser_backwards(normaliser, value, target, needed):
    model = model_with((1, [line("a", normaliser=normaliser)]))
    peer = Peer(50.0, 3.0, 9, ((1.0, 0.0), (3.0, 50.0), (5.0, 100.0)))
    answer = what_it_takes(case(model, [value], usual=[10.0], peers=(peer,)), target)
    [found] = answer.together
    assert found.needed == pytest.approx(needed, abs=1e-9)


def test_a_level_below_an_edge_is_reached_just_before_it_or_a_whole_thing_before_it():
    tickets = Steps(((0, 100), (1, 60), (2, 35), (4, 0)))
    model = model_with((1, [line("a", normaliser=tickets)]))
    [whole] = what_it_takes(case(model, [5.0], whole=[True]), 35).together
    assert whole.needed == 3
    [any_number] = what_it_takes(case(model, [5.0]), 35).together
    assert 3.999 < any_number.needed < 4


def test_things_that_are_counted_are_counted_whole():
    model = model_with((1, [line("a", normaliser=Linear(((0, 0), (20, 100))))]))
    assert what_it_takes(case(model, [3.0], whole=[True]), 51).together[0].needed == 11
    falling = model_with((1, [line("a", normaliser=Linear(((0, 100), (20, 0))))]))
    assert what_it_takes(case(falling, [17.0], whole=[True]), 51).together[0].needed == 9


def test_an_edge_between_whole_things_and_a_best_that_many_values_share() -> None:
    falling = model_with((1, [line("a", normaliser=Steps(((0, 100), (1.5, 40))))]))
    assert what_it_takes(case(falling, [4.0], whole=[True]), 90).together[0].needed == 1
    level = model_with((1, [line("a", normaliser=Linear(((0, 0), (10, 100), (30, 100))))]))
    [alone] = what_it_takes(case(level, [2.0]), 50).alone
    assert alone.best == 10, "the nearest of the best"


def test_from_a_usual_nothing_any_change_is_endless():
    model = model_with((1, [line("a", normaliser=Baseline(Linear(((-0.5, 0), (0.5, 100))), 30, 30))]))
    [found] = what_it_takes(case(model, [0.0], usual=[0.0]), 80).together
    assert found.needed == 1


def test_what_one_that_jumps_gives_too_much_the_others_need_not_give() -> None:
    jumps = line("jumps", 0.9, normaliser=Steps(((0, 0), (1, 100))))
    model = model_with((1, [jumps, *(line(f"m{i}") for i in range(4))]))
    found = case(model, [0.0] * 5)
    answer = what_it_takes(found, 90)
    assert len(answer.together) == 5
    assert sum(each.movement for each in answer.together) == pytest.approx(500 - 10 * 4.9)


# --- what stands in the way ---------------------------------------------------------------------------------------------


def cap(when, at, because="overdue"):
    return Cap(parse_condition(when)[0], float(at), because)


def test_a_cap_of_a_metric_of_the_model_is_ended_by_it():
    overdue = line("overdue_days", 1, normaliser=Linear(((0, 100), (90, 0))))
    model = model_with((1, [overdue, line("a", 3)]), caps=(cap({"overdue_days": {"gt": 60}}, 40),))
    answer = what_it_takes(case(model, [75.0, 90.0], columns={"overdue_days": 75.0}), 70)
    [found] = answer.together
    assert found.column == 0
    assert found.needed == pytest.approx(60, abs=1e-9)
    assert not answer.must_end


def test_a_cap_of_anything_else_must_end_first():
    model = model_with((1, [line("a"), line("b")]), caps=(cap({"plan": {"eq": "trial"}}, 40, "on trial"),))
    found = case(model, [60.0, 60.0], columns={"plan": "trial"})
    answer = what_it_takes(found, 70)
    assert [(each.because, why) for each, why in answer.must_end] == [("on trial", "plan is trial")]
    assert answer.together[0].needed == pytest.approx(80)
    assert what_it_takes(found, 50).together == (), "nothing else has to change"
    assert what_it_takes(found, 50).state == "reachable"
    higher = replace(
        found, model=replace(found.model, caps=(*found.model.caps, cap({"plan": {"eq": "trial"}}, 90, "high enough")))
    )
    assert [each.because for each, _ in what_it_takes(higher, 70).must_end] == ["on trial"]


def test_the_worst_part_is_what_must_rise():
    model = model_with((1, [line("a", 9), line("b", 1)]), worst_of=WorstOf(("b",)))
    answer = what_it_takes(case(model, [100.0, 20.0]), 70)
    assert [(each.column, each.needed) for each in answer.together] == [(1, pytest.approx(70))]
    assert not [each for each in answer.alone if each.column == 0], "it is at its best"


def test_children_hold_their_share():
    model = model_with((1, [line("a")]), roll_up=RollUp("worst", 0.5))
    half = Children(np.full((3, 1), 40.0), np.ones(1), np.array([2]))
    answer = what_it_takes(case(model, [50.0], children=half), 60)
    assert (answer.score, answer.together[0].needed) == (45, pytest.approx(80))
    assert what_it_takes(case(model, [50.0], children=half), 75).state == "out_of_reach"
    assert what_it_takes(case(model, [50.0], children=half), 75).reaches == 70


def test_only_what_is_measured_can_change():
    model = model_with((1, [line("a"), line("b", missing="worst")]))
    answer = what_it_takes(case(model, [50.0, NAN]), 70)
    assert (answer.state, answer.reaches, answer.together) == ("out_of_reach", 50, ())


def test_no_metric_at_all_and_a_score_that_is_there_already():
    model = model_with((1, [line("a")]))
    assert what_it_takes(case(model, [NAN]), 70).state == "out_of_reach"
    assert what_it_takes(case(model, [70.0]), 70).state == "already_there"
    assert what_it_takes(case(model, [70.0]), 70 + 1e-11).state == "already_there", "as at a band's edge"


def test_of_many_metrics_not_every_set_is_tried():
    model = model_with((1, [line(f"m{i}") for i in range(24)]))
    answer = what_it_takes(case(model, [10.0] * 24), 55)
    assert len(answer.together) == 12
    assert score(case(model, [10.0] * 24), {each.column: each.needed for each in answer.together}) >= 55
