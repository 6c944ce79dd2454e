"""What is told of exceptions that are not ours."""

from __future__ import annotations

import sqlalchemy as sa

from accountpulse.core.errors import describe_crash


def test_a_crash_names_whose_bug_it_is_and_quotes_nothing() -> None:
    try:
        raise KeyError("a secret")
    except KeyError as error:
        told = describe_crash(error, "the metric")
    assert told.startswith("KeyError in test_a_crash_names_whose_bug_it_is_and_quotes_nothing (test_errors.py:")
    assert told.endswith("this is a bug of the metric; please report it to its author")
    assert "secret" not in told


def test_a_store_that_fails_is_nobodys_bug() -> None:
    told = describe_crash(sa.exc.OperationalError("insert", {"name": "a secret"}, OSError("disk")), "the connector")
    assert told.startswith("the store could not be read or written (OSError)")
    assert "connector" not in told
    assert "secret" not in told
