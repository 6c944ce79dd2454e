from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import SCORERS, a_metric, line, model_with

from accountpulse.core.scoring.evaluate import evaluate
from accountpulse.core.scoring.explain import Setting, scores_of
from accountpulse.core.scoring.model import Cap, RollUp
from accountpulse.core.scoring.rollup import Part, rolled_up
from accountpulse.core.scoring.segments import parse_condition

NAN = float("nan")
CONDITION = parse_condition({"x": {"gt": 0}})[0]


def part(rows, values, rule=None, x=None, floor=0.4, cap_at=None):
    """Accounts with two components each; None is unknown."""
    caps = () if cap_at is None else (Cap(CONDITION, cap_at, "of x"),)
    model = model_with((1, [line("a"), line("b")]), floor=floor, roll_up=rule, caps=caps)
    found = np.array([[NAN if v is None else v for v in row] for row in values], dtype=float).reshape(-1, 2)
    states = np.isnan(found).astype(np.int8)
    columns = {"x": np.array(x if x is not None else [NAN] * len(found))}
    return Part(np.array(rows, dtype=np.int64), evaluate(model, model.make_scorer(SCORERS), found, states, columns=columns))


def roll(parts, parents, revenue):
    return rolled_up(parts, np.array(parents, dtype=np.int64), np.array(revenue, dtype=float))


def adds_up(found):
    total = found.reference + found.deltas.sum(axis=1) + sum(a.points for a in found.adjustments)
    np.testing.assert_allclose(total, found.score, rtol=0, atol=1e-9)
    assert ((found.low <= found.score) & (found.score <= found.high)).all()


MEAN, WORST = RollUp("arr_weighted_mean", 0.5), RollUp("worst", 1.0)


def test_a_parent_is_blended_with_the_revenue_weighted_mean_of_its_children():
    parents = part([0], [[80, 80]], MEAN)
    children = part([1, 2], [[20, 20], [60, 60]])
    [found, untouched] = roll([parents, children], [-1, 0, 0], [0, 300, 100])
    assert found.score.tolist() == [0.5 * 80 + 0.5 * 30]
    assert untouched is children.evaluation
    adds_up(found)
    [score] = scores_of(found, [7], Setting(None, "s", {n: a_metric(n) for n in "ab"}))
    [told] = score.adjustments
    assert (told.code, told.points) == ("roll_up", -25)
    assert told.label == "Rolled up from children: their mean score, weighted by revenue (2 accounts at 30.0, 50% of the score)"


def test_a_parent_replaced_by_its_worst_child_may_have_nothing_of_its_own():
    [found, _] = roll([part([2], [[None, None]], WORST), part([0, 1], [[90, 90], [20, None]])], [2, 2, -1], [NAN] * 3)
    assert found.score.tolist() == [35]
    assert found.coverage.tolist() == [0.5], "what is known of the worst child is what is known of it"
    assert found.band.tolist() == [0]
    adds_up(found)


def test_a_silent_parent_is_not_green_for_its_children_unless_they_are_all_of_it():
    silent, healthy = [[None, None]], part([1], [[99, 99]])
    [half, _] = roll([part([0], silent, RollUp("worst", 0.9), floor=0.0), healthy], [-1, 0], [1, 1])
    assert half.band.tolist() == [-1]
    [whole, _] = roll([part([0], silent, WORST), healthy], [-1, 0], [1, 1])
    assert whole.band.tolist() == [2]


def test_children_nothing_is_known_of_say_nothing():
    parents, children = part([0], [[80, 80]], MEAN), part([1, 2], [[None, None], [40, 40]])
    assert roll([parents, children], [-1, 0, 0], [1, 1, 1])[0].score.tolist() == [60]
    silent = part([1, 2], [[None, None], [None, None]])
    alone = roll([parents, silent], [-1, 0, 0], [1, 1, 1])[0]
    assert alone.score.tolist() == [80]
    assert not any(a.points.any() for a in alone.adjustments)


@pytest.mark.parametrize("revenue", [[9, 0, 0], [9, NAN, -5], [9, NAN, NAN]])
def test_without_revenue_all_children_weigh_the_same(revenue):
    parents, children = part([0], [[80, 80]], RollUp("arr_weighted_mean", 1.0)), part([1, 2], [[20, 20], [60, 60]])
    assert roll([parents, children], [-1, 0, 0], revenue)[0].score.tolist() == [40]


@pytest.mark.parametrize("nothing", [NAN, 0, -300])
def test_a_child_without_revenue_weighs_nothing_beside_one_with(nothing):
    parents, children = part([0], [[80, 80]], RollUp("arr_weighted_mean", 1.0)), part([1, 2], [[20, 20], [60, 60]])
    for revenue in (100.0, 1e300):
        assert roll([parents, children], [-1, 0, 0], [9, nothing, revenue])[0].score.tolist() == [60]


def test_a_parent_known_through_its_children_speaks_to_its_own_parent():
    everybody = part([0, 1, 2], [[80, 80], [None, None], [20, 20]], WORST)
    [found] = roll([everybody], [-1, 0, 1], [1, 1, 1])
    assert found.score.tolist() == [20, 20, 20]
    assert found.band.tolist() == [0, 0, 0]


def test_a_grandparent_takes_its_children_as_they_were_rolled_up():
    everybody = part([0, 1, 2], [[100, 100], [60, 60], [20, 20]], MEAN)
    [found] = roll([everybody], [-1, 0, 1], [1, 1, 1])
    assert found.score.tolist() == [70, 40, 20]
    adds_up(found)


def test_accounts_in_a_circle_are_not_each_others_children():
    everybody = part([0, 1, 2, 3], [[100, 100], [60, 60], [20, 20], [0, 0]], RollUp("worst", 1.0))
    [found] = roll([everybody], [1, 2, 0, 1], [1, 1, 1, 1])
    assert found.score.tolist() == [100, 0, 20, 0], "the one that hangs on the circle from outside still counts"
    [found] = roll([part([0], [[70, 70]], WORST)], [0], [1])
    assert found.score.tolist() == [70], "an account that is its own parent"


def test_a_cap_comes_after_the_children():
    parents, children = part([0], [[90, 90]], MEAN, x=[1.0], cap_at=60.0), part([1], [[80, 80]])
    [found, _] = roll([parents, children], [-1, 0], [1, 1])
    assert {a.code: a.points.tolist() for a in found.adjustments if a.points.any()} == {"roll_up": [-5], "cap:1": [-25]}
    [found, _] = roll(
        [part([0], [[10, 10]], RollUp("worst", 1.0)), part([1], [[90, 90]], x=[1.0], cap_at=60.0)], [-1, 0], [1, 1]
    )
    assert found.score.tolist() == [60], "a child counts as it is published"


def test_without_parents_or_rules_nothing_is_touched():
    plain = part([0, 1], [[1, 1], [2, 2]])
    assert roll([plain], [-1, 0], [1, 1]) == [plain.evaluation]
    ruled = part([0, 1], [[1, 1], [2, 2]], MEAN)
    assert roll([ruled], [-1, -1], [1, 1]) == [ruled.evaluation]
    empty = part([], [], MEAN)
    assert roll([empty], [], []) == [empty.evaluation]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_it_equals_the_plain_recursion(data):
    n = data.draw(st.integers(1, 9))
    value = st.one_of(st.none(), st.integers(0, 100).map(float))
    values = data.draw(st.lists(st.tuples(value, value), min_size=n, max_size=n))
    parents = [data.draw(st.integers(-1, n - 1)) for _ in range(n)]
    revenue = data.draw(st.lists(st.sampled_from([0.0, 1.0, 300.0, NAN]), min_size=n, max_size=n))
    rules = [None, MEAN, WORST, RollUp("worst", 0.25)]
    split = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    rows = [[i for i in range(n) if split[i] == s] for s in range(4)]
    parts = [part(rows[s], [values[i] for i in rows[s]], rules[s], floor=0.3) for s in range(4)]
    found = roll(parts, parents, revenue)

    def circular(i):
        at = i
        for _ in range(n):
            at = parents[at]
            if at == -1:
                return False
            if at == i:
                return True
        return False

    own = {i: (p.evaluation.own[0, j], p.evaluation.own_coverage[j]) for p in parts for j, i in enumerate(p.rows)}
    circles = [circular(i) for i in range(n)]

    def final(i):
        """(score, coverage, known)"""
        score, coverage = own[i]
        rule, silent = rules[split[i]], coverage <= 0
        said = [(*final(j), j) for j in range(n) if parents[j] == i and not circles[j]] if rule else []
        said = [each for each in said if each[2]]
        if said:
            if rule.how == "worst":
                lowest = min(each[0] for each in said)
                theirs = lowest, min(each[1] for each in said if each[0] == lowest)
            else:
                weights = [revenue[each[3]] if revenue[each[3]] > 0 else 0.0 for each in said]
                weights = weights if any(weights) else [1.0] * len(said)
                theirs = tuple(sum(w * each[k] for w, each in zip(weights, said, strict=True)) / sum(weights) for k in (0, 1))
            score = (1 - rule.share) * score + rule.share * theirs[0]
            coverage = (1 - rule.share) * coverage + rule.share * theirs[1]
            silent = silent and rule.share < 1
        return score, coverage, not (silent or coverage <= 0 or coverage < 0.3 - 1e-9)

    for p, after in zip(parts, found, strict=True):
        adds_up(after)
        for j, i in enumerate(p.rows):
            score, coverage, known = final(int(i))
            assert after.score[j] == pytest.approx(score, abs=1e-9)
            assert after.coverage[j] == pytest.approx(coverage, abs=1e-9)
            assert (after.band[j] != -1) == known


def test_a_long_chain_is_no_problem():
    n = 400
    everybody = part(range(n), [[i % 100, i % 100] for i in range(n)], MEAN)
    [found] = roll([everybody], [i - 1 for i in range(n)], [1] * n)
    adds_up(found)
