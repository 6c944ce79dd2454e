"""Answers as JSON: what the fast encoder refuses is still written, and the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountpulse.graphql.encoding import Encoded, encode, encoded_part
from accountpulse.graphql.scalars import instant

ZONES = st.sampled_from([UTC, None, timezone(timedelta(hours=-3, minutes=-30)), timezone(timedelta(seconds=61))])


@pytest.mark.parametrize("data", [{"a": [1, 2.5, None, True, "\u00e9\n"]}, {"big": 2**70}, {"half": "\ud800"}, {1: "a"}])
def test_what_is_written_reads_the_same(data: Any) -> None:
    assert json.loads(encode(data)) == json.loads(json.dumps(data))


def test_what_is_not_finite_becomes_null() -> None:
    assert encode({"a": float("nan")}) == b'{"a":null}'


@pytest.mark.parametrize("beside", [1, 2**70])
def test_a_part_that_is_json_already_is_written_as_it_is(beside: int) -> None:
    part = {"name": "\u00e9", "rows": [1.5, None], "at": datetime(2026, 1, 2, tzinfo=UTC)}
    data = {"parts": [Encoded(encoded_part(part)), part], "beside": beside}
    said = {"name": "\u00e9", "rows": [1.5, None], "at": "2026-01-02T00:00:00+00:00"}
    assert json.loads(encode(data)) == {"parts": [said, said], "beside": beside}


def test_what_no_json_has_words_for_is_refused() -> None:
    with pytest.raises(TypeError):
        encode({"a": object()})


def test_what_is_not_finite_is_null_beside_what_is_too_large() -> None:
    assert json.loads(encode({"a": [float("inf"), 2**70]})) == {"a": [None, 2**70]}


@given(at=st.datetimes(timezones=ZONES))
def test_an_instant_is_said_as_iso_8601_has_it(at: datetime) -> None:
    assert instant(at) == at.isoformat()
    if at.tzinfo is UTC:
        assert encode(at).decode().strip('"') == instant(at)
