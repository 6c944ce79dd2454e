"""Records are listed, linked, unlinked and released by hand, and count for the scores at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]


@pytest.fixture
def stray(shop: Path, run: Runs, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scored shop, some of whose usage is of an account `zz` that nobody describes."""
    monkeypatch.setenv("ACCOUNTPULSE_USER", "Ann")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    with (shop / "usage.csv").open("a") as file:
        file.writelines(f"zz,u{n}@zz.example,login,{yesterday},3,100\n" for n in range(2))
    assert run("sync").exit_code == 0
    assert run("score").exit_code == 0
    return shop


def active_days(answer: Answers) -> float:
    components = answer("explain", "Beta [bold]Corp")["components"]
    return next(float(c["value"]) for c in components if c["metric"] == "active_days_30d")


def test_a_stray_record_is_listed_linked_unlinked_and_released(run: Runs, answer: Answers, stray: Path) -> None:
    (left,) = answer("links")["unlinked"]
    assert (left["connection"], left["key"], left["account_id"], left["candidates"]) == ("files", "zz", None, [])
    assert "files:zz" in run("links").stdout
    assert answer("links", "list", "usage")["unlinked"] == []
    before = active_days(answer)

    made = answer("links", "link", "files:zz", "beta.example", "--reason", "their [holding]")
    assert made["scored"] is True
    assert (made["record"]["method"], made["record"]["evidence"]) == ("manual", "Ann linked it: their [holding]")
    assert active_days(answer) == before + 1
    assert run("links").stdout == "every record belongs to an account\n"
    assert "their [holding]" in run("links", "of", "Beta [bold]Corp").stdout

    told = run("links", "unlink", "files:zz", "--author", "Bob")
    assert told.stdout == "files:zz: belongs to no account (Bob unlinked it)\n"
    assert active_days(answer) == before
    released = answer("links", "release", "files:zz")["record"]
    assert (released["decided"], released["reason"]) == (False, "nothing it says of itself matches an account")


def test_what_cannot_be_done_says_what_to_do(run: Runs, scored: Path) -> None:
    for arguments, words in (
        (["link", "files:nope", "Acme"], "there is no record 'files:nope'"),
        (["unlink", "files:a1"], "files:a1 founded Acme, and can't be taken from it"),
        (["release", "files:a1"], "its evidence decides already"),
        (["of", "Acne"], "did you mean Acme?"),
    ):
        result = run("links", *arguments)
        assert result.exit_code in (1, 2)
        assert words in result.stderr


def test_linking_before_anything_was_scored_publishes_nothing(run: Runs, answer: Answers, shop: Path) -> None:
    assert run("sync").exit_code == 0
    assert answer("links", "link", "files:a2", "Acme")["scored"] is False
    assert len(answer("score")["accounts"]) == 2
