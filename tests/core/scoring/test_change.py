"""A change between two evaluations, part by part: it adds up, whatever changed, and says what did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scoring.builders import SCORERS, Case, a_metric, cases, line, model_with, models

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.adjust import AdjustmentColumn, Children
from accountpulse.core.scoring.change import KINDS, Part, Position, ScoreMove, Step, Told, split
from accountpulse.core.scoring.change_words import ChangeWording, opening
from accountpulse.core.scoring.evaluate import concluded, evaluate
from accountpulse.core.scoring.model import Cap, WorstOf
from accountpulse.core.scoring.normalise import Baseline, Linear, Percentile
from accountpulse.core.scoring.peers import Peer
from accountpulse.core.scoring.segments import parse_condition

NAN = float("nan")
DAY1, DAY2 = date(2026, 5, 1), date(2026, 6, 1)
WORDS = ChangeWording(DAY1, DAY2, "USD", matched="the default segment", published=date(2026, 5, 10))


def position(model, values, *, peers=None, columns=None, states=None, usual=None, segment="rest", children=None, more=()):
    values = np.array([values], dtype=float)
    states = np.where(np.isnan(values), ComponentState.NO_DATA, 0) if states is None else np.array([states])
    columns = {name: np.array([value]) for name, value in (columns or {}).items()}
    scorer = model.make_scorer(SCORERS)
    usual = None if usual is None else np.array([usual], dtype=float)
    found = evaluate(model, scorer, values, states.astype(np.int8), peers, columns=columns, usual=usual)
    if children is not None:
        found = concluded(found, children)
    for column in more:
        moved = found.score + column.points
        found = replace(found, adjustments=(*found.adjustments, column), score=moved)
    return Position(found, 0, segment, scorer)


def explained(start, *steps):
    names = {name for at in (start, *(step.after for step in steps)) for name in at.evaluation.model.metrics}
    return split(start, steps, {name: a_metric(name) for name in names}, WORDS)


def adds_up(parts, start, end):
    assert sum(part.points for part in parts) == pytest.approx(end.score - start.score, abs=1e-9)


# --- the law ------------------------------------------------------------------------------------------------------------


@st.composite
def situations(draw, model):
    """One account in a model: any value and state, peers, caps, children, limits and overrides."""
    case: Case = draw(cases(model=model, accounts=1))
    scorer = model.make_scorer(SCORERS)
    found = evaluate(model, scorer, case.values, case.states, case.peers, columns=case.columns, usual=case.usual)
    if model.roll_up is not None and draw(st.booleans()):
        tracks = sorted(draw(st.tuples(*[st.floats(0, 100)] * 3)))
        score = np.array([[tracks[1]], [tracks[0]], [tracks[2]]])
        found = concluded(found, Children(score, np.array([draw(st.floats(0, 1))]), np.array([draw(st.integers(0, 3))])))
    for code in draw(st.sets(st.sampled_from(["rate_limit", "override"]))):
        column = AdjustmentColumn(code, code, np.array([draw(st.floats(-50, 50))]))
        found = replace(found, adjustments=(*found.adjustments, column), score=found.score + column.points)
    return Position(found, 0, draw(st.sampled_from(["new", "rest"])), scorer)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_parts_add_up_to_the_change(data):
    """Late data, a move to another segment, another model, other peers, and anything that an account can do."""
    pick = st.sampled_from(["weighted", "points"]).flatmap(models)
    first, between, last = data.draw(pick), data.draw(pick), data.draw(pick)
    start = data.draw(situations(first))
    steps = [Step("late_data", data.draw(situations(first)))]
    if data.draw(st.booleans()):
        steps.append(Step("segment", data.draw(situations(between))))
        first = between
    if data.draw(st.booleans()):
        steps.append(Step("model", data.draw(situations(last))))
        first = last
    steps += [Step("peers", data.draw(situations(first))), Step("behaviour", data.draw(situations(first)))]
    parts = explained(start, *steps)
    adds_up(parts, start, steps[-1].after)
    assert [KINDS.index(part.kind) for part in parts] == sorted(KINDS.index(part.kind) for part in parts)
    assert all(part.points and part.reason for part in parts)
    assert len({(part.kind, part.code, part.label) for part in parts}) == len(parts)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_nothing_changed_is_no_part(data):
    at = data.draw(situations(data.draw(models())))
    assert explained(at, Step("late_data", at), Step("peers", at), Step("behaviour", at)) == ()


# --- one thing at a time ------------------------------------------------------------------------------------------------


def test_behaviour_is_the_difference_of_the_published_deltas():
    model = model_with((3, [line("a"), line("b")]), (1, [line("c")]))
    peers = (Peer(40.0, 40.0, 5), Peer(60.0, 60.0, 5), None)
    start, end = position(model, [50, 20, 10], peers=peers), position(model, [80, 20, 0], peers=peers)
    parts = explained(start, Step("behaviour", end))
    deltas = end.evaluation.deltas[0] - start.evaluation.deltas[0]
    assert {part.code: part.points for part in parts} == {"a": pytest.approx(deltas[0]), "c": pytest.approx(deltas[2])}
    assert [part.code for part in parts] == ["a", "c"], "the largest first"
    assert parts[0].reason == "Logins rose from 50 to 80"


def test_peers_move_ranks_and_what_unknown_counts_as_and_nothing_else():
    ranked = line("rank", normaliser=Percentile("higher"))
    model = model_with((1, [ranked, line("gone"), line("plain")]))
    before = (Peer(50.0, 5.0, 9, ((0.0, 0.0), (10.0, 100.0))), Peer(50.0, 50.0, 9), Peer(50.0, 50.0, 9))
    after = (Peer(50.0, 9.0, 9, ((0.0, 0.0), (20.0, 100.0))), Peer(80.0, 80.0, 9), Peer(90.0, 90.0, 9))
    start, end = position(model, [5, NAN, 70], peers=before), position(model, [5, NAN, 70], peers=after)
    parts = explained(start, Step("peers", end))
    adds_up(parts, start, end)
    assert {part.code: round(part.points, 9) for part in parts} == {"gone": 10, "rank": round(-25 / 3, 9)}
    assert [part.reason for part in parts] == [
        "Logins, of which nothing is known here, got better among other rest accounts",
        "Logins at 5 was ahead of 50% of rest accounts and is now ahead of 25%",
    ]


def test_late_data_names_what_was_said_and_what_was_so():
    model = model_with((1, [line("a"), line("b"), line("c")]))
    start, after = position(model, [30, NAN, 50]), position(model, [50, 70, NAN])
    parts = {part.code: part for part in explained(start, Step("late_data", after))}
    assert parts["a"].reason == "Logins on 1 May was 50, not 30: facts arrived or were corrected after that day"
    assert parts["b"].reason == "Logins on 1 May was 70: nothing was known of it that day"
    assert "c" not in parts, "what is typical of an unknown one is what it had"
    assert {part.kind for part in parts.values()} == {"late_data"}


def test_a_move_to_another_segment_and_another_model():
    small, large = model_with((1, [line("a")])), model_with((3, [line("a")]), (1, [line("b", typical=90)]))
    start = position(small, [40], segment="new")
    moved, changed = position(large, [40, NAN]), position(model_with((1, [line("b", typical=20)])), [NAN])
    parts = explained(start, Step("segment", moved), Step("model", changed))
    adds_up(parts, start, changed)
    segment, model = parts
    assert (segment.kind, segment.code, segment.points) == ("segment", "rest", moved.score - 40)
    assert segment.reason == "It moved from segment new to rest (the default segment), where other things count"
    assert (model.kind, model.code) == ("model", changed.evaluation.model.version)
    assert model.reason.startswith("Model tested was changed on 10 May, from version ")


def test_a_value_that_comes_or_goes_says_why():
    model = model_with((1, [line("logins_30d", missing="worst"), line("b")]))
    stale = int(ComponentState.STALE)
    known, unknown = position(model, [80, 50]), position(model, [NAN, 50], states=[stale, 0])
    lost = explained(known, Step("behaviour", unknown))
    assert [(part.kind, round(part.points, 9), part.reason) for part in lost] == [
        ("behaviour", -15, "Logins was 80, and its source is out of date"),
        ("adjustment", -25, "Logins is unknown: counted as 0 of 100"),
    ]
    found = explained(unknown, Step("behaviour", known))
    assert [part.reason for part in found] == [
        "Logins is 80, where its source was out of date before",
        'The rule "Logins is unknown: counted as 0 of 100" no longer applies',
    ]


def test_what_is_usual_may_move_while_the_value_stays():
    shape = Linear(((-100.0, 0.0), (100.0, 100.0)))
    model = model_with((1, [line("a", normaliser=Baseline(shape, 30, 30, change="absolute"))]))
    start, end = position(model, [20], usual=[20]), position(model, [20], usual=[60])
    [part] = explained(start, Step("behaviour", end))
    assert part.reason == "Logins stayed at 20, but what is usual in this account moved from 20 to 60"
    assert part.points == -20


CAP = Cap(parse_condition({"overdue_days": {"gt": 60}})[0], 40.0, "overdue")


def test_caps_come_go_and_take_more_than_before():
    model = model_with((1, [line("a")]), caps=(CAP,))
    free, capped = position(model, [90], columns={"overdue_days": 5.0}), position(model, [90], columns={"overdue_days": 61.0})
    [part] = explained(free, Step("behaviour", capped))
    assert (part.code, part.points, part.reason) == (
        "cap:1",
        -50,
        'The rule "At most 40: overdue" applies now (overdue_days 61 > 60)',
    )
    [part] = explained(capped, Step("behaviour", free))
    assert (part.points, part.reason) == (50, 'The rule "At most 40: overdue" no longer applies (overdue_days 61 > 60)')
    worse = position(model, [60], columns={"overdue_days": 70.0})
    behaviour, part = explained(capped, Step("behaviour", worse))
    assert (behaviour.points, part.points) == (-30, 30)
    assert part.reason == 'The rule "At most 40: overdue" takes less than before (overdue_days 70 > 60)'


def test_the_first_cap_of_one_model_is_not_that_of_another():
    other = Cap(CAP.condition, 20.0, "another cause")
    start = position(model_with((1, [line("a")]), caps=(CAP,)), [90], columns={"overdue_days": 99.0})
    end = position(model_with((1, [line("a")]), caps=(other,)), [90], columns={"overdue_days": 99.0})
    parts = explained(start, Step("model", end))
    assert [(part.code, part.label, part.points) for part in parts] == [
        ("cap:1", "At most 20: another cause", -70),
        ("cap:1", "At most 40: overdue", 50),
    ]


def test_limits_and_overrides_are_adjustments_like_others():
    model = model_with((1, [line("a"), line("b")]), worst_of=WorstOf(("b",)))
    limit = AdjustmentColumn("rate_limit", "No more than 2 points a day", np.array([3.0]), lambda i: "60.0 without the limit")
    word = AdjustmentColumn("override", "Override", np.array([27.0]), lambda i: "90.0 by Ann until 2026-07-01: renewed")
    start, end = position(model, [60, 60]), position(model, [60, 60], more=(limit, word))
    parts = explained(start, Step("behaviour", end))
    adds_up(parts, start, end)
    assert {part.code: part.reason for part in parts} == {
        "override": "The override applies now (90.0 by Ann until 2026-07-01: renewed)",
        "rate_limit": 'The rule "No more than 2 points a day" applies now (60.0 without the limit)',
    }


# --- in a sentence ------------------------------------------------------------------------------------------------------


def told(score, band, day=DAY1):
    return Told(day, datetime(2026, 6, 1, tzinfo=UTC), False, "rest", "small", "abc", score, band)


def part(points, reason, kind="behaviour"):
    return Part(kind, "x", "X", points, reason)


def sentence(start, end, *parts):
    return opening("Northwind", told(*start), told(*end, day=DAY2), parts)


def test_a_sentence_one_would_say_in_a_meeting():
    said = sentence(
        (71.4, "green"),
        (58.9, "yellow"),
        part(-8.0, "Logins fell from 42 to 9"),
        part(-4.0, "NPS fell from 9 to 3"),
        part(-0.6, "Seats fell from 9 to 8"),
        part(0.1, "Tickets fell from 2 to 1"),
    )
    assert said == (
        "Northwind fell from 71.4 (green) to 58.9 (yellow) between 1 May and 1 June 2026, "
        "mostly because logins fell from 42 to 9."
    )


def test_it_names_as_many_parts_as_tell_most_of_it_and_what_stood_against_it():
    said = sentence(
        (50, "yellow"),
        (56, "yellow"),
        part(4, "Logins rose from 1 to 2"),
        part(4, "Seats rose from 1 to 2"),
        part(4, "Visits rose from 1 to 2"),
        part(-6, "NPS fell from 9 to 3"),
    )
    assert said.endswith(
        "mostly because logins rose from 1 to 2 and seats rose from 1 to 2; against that, NPS fell from 9 to 3."
    )


def test_one_cause_is_the_cause():
    assert "2026, because logins fell." in sentence((50, "yellow"), (40, "yellow"), part(-10, "Logins fell"))


def test_a_score_that_stayed_says_what_balanced():
    said = sentence((50, "yellow"), (50.01, "yellow"), part(5, "Logins rose"), part(-4.99, "Seats fell"))
    assert said == "Northwind stayed at 50.0 (yellow) between 1 May and 1 June 2026: logins rose, but seats fell."
    assert sentence((50, "red"), (50, "yellow")).startswith("Northwind stayed at 50.0, but its band went from red to yellow")


def test_too_little_known_is_said_in_words():
    assert "fell from 50.0 to 40.0, both with too little known for a band, between" in sentence(
        (50, "unknown"), (40, "unknown")
    )
    assert "fell from 50.0 (red) to 40.0 (too little known for a band) between" in sentence((50, "red"), (40, "unknown"))
    assert "stayed at 50.0 (too little known for a band) between" in sentence((50, "unknown"), (50, "unknown"))


def test_what_parts_have_in_common_is_said_once():
    alike = ", of which nothing is known here, got worse among other rest accounts"
    parts = [part(-3, f"Logins{alike}"), part(-3, f"Seats{alike}"), part(-2, "NPS fell from 9 to 3")]
    said = sentence((50, "red"), (41, "red"), *parts)
    assert said.endswith(f"because logins and seats{alike}.")


def test_two_years_are_both_named():
    said = opening("N", told(1, "red", date(2025, 12, 31)), told(2, "red", DAY2), ())
    assert said == "N rose from 1.0 to 2.0, still red, between 31 December 2025 and 1 June 2026."


def test_as_json_it_adds_up_too():
    move = ScoreMove(7, told(70, "green"), told(60, "yellow", DAY2), (part(-10.0, "Logins fell"),), notes=("so",))
    data = move.to_json()
    assert data["points"] == -10 == sum(each["points"] for each in data["parts"])
    assert (data["state"], data["from"]["day"], data["to"]["band"], data["notes"]) == (
        "explained",
        "2026-05-01",
        "yellow",
        ["so"],
    )
