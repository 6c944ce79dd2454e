"""What an operator does with runs from the command line: look back at them, let a connection rest, end what is being read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]


def test_runs_are_listed_and_a_connection_rests_until_it_is_resumed(run: Runs, answer: Answers, scored: Path) -> None:
    (first,) = answer("runs", "files")["runs"]
    assert (first["connection"], first["state"], first["streams"][0]["state"]) == ("files", "ok", "ok")
    assert first["streams"][0]["read"] == first["streams"][0]["changed"] > 0
    assert run("pause", "files", "--reason", "their migration").exit_code == 0
    paused = run("sync", "files")
    assert (paused.exit_code, "their migration" in paused.stderr) == (3, True)
    assert (
        "it must be" in run("pause", "files", "--until", "2020-01-01").stderr
        or run("pause", "files", "--until", "2020-01-01").exit_code == 2
    )
    assert answer("resume", "files")["resumed"] is True
    answer("sync", "files")
    assert [each["state"] for each in answer("runs", "--last", "5")["runs"] if each["connection"] == "files"] == ["ok", "ok"]
    shown = run("runs").stdout
    assert "files" in shown
    assert "quarantined" in shown


def test_nothing_to_cancel_is_told(run: Runs, answer: Answers, scored: Path) -> None:
    assert answer("cancel", "files")["cancelled"] is False
    assert "nothing is being read" in run("cancel", "files").stdout
    assert run("cancel", "nope").exit_code in (1, 2)


@pytest.mark.parametrize("name", ["files", "usage"])
def test_a_sync_of_what_rests_says_so_also_where_it_is_pushed_to(run: Runs, scored: Path, name: str) -> None:
    paused = f"{name}: paused until 2999-12-31 00:00 UTC: mia paused it: their migration"
    for options, said in (
        (["--until", "2999-12-31", "--reason", "their migration"], paused),
        ([], f"{name}: paused: mia paused it"),
    ):
        assert run("pause", name, "--by", "mia", *options).exit_code == 0
        for command in (["sync", name], ["sync"]):
            refused = run(*command)
            assert refused.exit_code == 3
            assert f"{said}; `accountpulse resume {name}` ends that\n" in refused.stderr, command


def test_until_when_a_connection_rests_is_shown_and_what_a_second_pause_replaces(
    run: Runs, answer: Answers, scored: Path
) -> None:
    first = run("pause", "files", "--by", "mia", "--until", "2999-12-31", "--reason", "their migration").stdout
    assert first == "files: paused until 2999-12-31 00:00 UTC; `accountpulse resume files` ends that\n"
    status = run("status").stdout
    assert re.search(r"^ files +tabular +paused until 2999-12-31 00:00 ", status, re.MULTILINE), status
    assert "\nfiles: paused until 2999-12-31 00:00 UTC: mia paused it: their migration; `accountpulse resume" in status
    second = run("pause", "files", "--by", "ben").stdout
    assert "files: paused; " in second
    assert "it was paused until 2999-12-31 00:00 UTC (mia paused it: their migration); this replaces that" in second
    assert answer("pause", "files", "--by", "mia")["replaced"] == {"until": None, "message": "ben paused it"}
    assert re.search(r"^ files +tabular +paused  ", run("status").stdout, re.MULTILINE)
    answer("resume", "files")
    assert answer("pause", "files")["replaced"] is None
