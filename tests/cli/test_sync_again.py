"""Reading again from the start and starting over, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]


def test_a_connection_is_read_again_and_is_purged_only_when_told_so(run: Runs, answer: Answers, scored: Path) -> None:
    (again,) = answer("sync", "files", "--reset")["connections"]
    (stream,) = again["streams"]
    assert (again["changed"], stream["unchanged"]) == (0, stream["read"])
    accounts = scored / "accounts.csv"
    accounts.write_text("\n".join(accounts.read_text().splitlines()[:-1]) + "\n")

    unasked = run("sync", "files", "--reset", "--purge")
    assert unasked.exit_code == 2
    assert "add --yes" in unasked.stderr
    (anew,) = answer("sync", "files", "--reset", "--purge", "--yes")["connections"]
    assert anew["streams"][0]["opened"] == anew["streams"][0]["read"] < stream["read"]
    assert {each["name"] for each in answer("score")["accounts"]} == {"Acme", "Beta [bold]Corp"}

    for arguments, words in (
        (["--reset"], "name it: accountpulse sync CONNECTION --reset"),
        (["--confirm-deletes"], "name it: accountpulse sync CONNECTION --confirm-deletes"),
        (["files", "--purge"], "--purge goes with --reset"),
        (["usage", "--reset", "--purge", "--yes"], "everything is pushed to it"),
        (["files", "nope", "--reset", "--purge", "--yes"], "has no stream 'nope'"),
    ):
        result = run("sync", *arguments)
        assert result.exit_code in (1, 2)
        assert words in result.stderr.replace("\n", " ")
