"""A history in even steps says what the days within them said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from accountpulse.core.scoring.buckets import Away, Step, buckets, start_of

BEGIN = date(2026, 1, 28)


@dataclass(frozen=True)
class Row:
    day: date
    basis: int
    score_centi: int


def _day(number: int) -> date:
    return BEGIN + timedelta(days=number)


ROWS = st.dictionaries(st.integers(-40, 70), st.tuples(st.integers(0, 1), st.integers(0, 10_000)), max_size=8)
SPANS = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 60), st.none() | st.integers(1, 30)), max_size=2)
STEPS = st.sampled_from(["day", "week", "month"])


@given(ROWS, SPANS, STEPS, st.integers(0, 60))
@settings(max_examples=60)
def test_each_step_says_what_its_days_say(
    rows: dict[int, tuple[int, int]], spans: list[tuple[int, int, int | None]], step: Step, length: int
) -> None:
    moves = [Row(_day(number), *rows[number]) for number in sorted(rows)]
    away = [Away(basis, _day(begin), None if days is None else _day(begin + days)) for basis, begin, days in spans]
    end = _day(length)
    by_step: dict[date, list[tuple[date, int]]] = {}
    for number in range(length + 1):
        day = _day(number)
        row = next((move for move in reversed(moves) if move.day <= day), None)
        gone = any(a.basis == row.basis and a.day <= day and (not a.until or day < a.until) for a in away) if row else True
        if row is not None and not gone:
            by_step.setdefault(start_of(day, step), []).append((day, row.score_centi))
    found = buckets(moves, away, BEGIN, end, step)
    assert [b.start for b in found] == list(by_step)
    for bucket in found:
        days, scores = zip(*by_step[bucket.start], strict=True)
        assert (bucket.first, bucket.last, bucket.days) == (days[0], days[-1], len(days))
        assert (bucket.opening.score_centi, bucket.closing.score_centi) == (scores[0], scores[-1])
        assert (bucket.low, bucket.high, bucket.total) == (min(scores), max(scores), sum(scores))


def test_steps_begin_where_calendars_do() -> None:
    wednesday = date(2026, 11, 18)
    assert [start_of(wednesday, step) for step in ("day", "week", "month")] == [
        wednesday,
        date(2026, 11, 16),
        date(2026, 11, 1),
    ]
