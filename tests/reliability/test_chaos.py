"""A short round of `python3 dev.py chaos`, which is run at length by hand."""

from __future__ import annotations

import random

import pytest
from tests.postgres import PostgresUnavailable
from tests.reliability.__main__ import POSTGRESQL, SQLITE, chaos


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SQLITE, POSTGRESQL])
def test_workers_that_are_killed_lose_double_and_leave_nothing(kind: str) -> None:
    try:
        outcome = chaos(kind, 2, 800, 2.0, random.Random(3))
    except PostgresUnavailable as unavailable:
        pytest.skip(str(unavailable))
    assert outcome.verdict.examples == []
    assert (outcome.killed, outcome.stuck) == (2, 0)
    assert outcome.verdict.records > 700
    assert outcome.verdict.scores == 16
