"""Answers as JSON: what the fast encoder refuses is still written, and the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accountpulse.graphql.encoding import encode


@pytest.mark.parametrize("data", [{"a": [1, 2.5, None, True, "\u00e9\n"]}, {"big": 2**70}, {"half": "\ud800"}, {1: "a"}])
def test_what_is_written_reads_the_same(data: Any) -> None:
    assert json.loads(encode(data)) == json.loads(json.dumps(data))


def test_what_is_not_finite_becomes_null() -> None:
    assert encode({"a": float("nan")}) == b'{"a":null}'
