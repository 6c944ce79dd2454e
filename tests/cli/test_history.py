"""`accountpulse history`, on a shop that has been scored for months."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., dict[str, Any]]


@pytest.fixture
def old(shop: Path, run: Runs) -> Path:
    today = datetime.now(UTC).date()
    with (shop / "usage.csv").open("a") as file:
        file.writelines(f"a1,late@a1.example,login,{today - timedelta(days=age)},3,100\n" for age in range(100, 125, 3))
    assert run("sync").exit_code == 0
    since = today - timedelta(days=130)
    assert run("score", "--since", since.isoformat()).exit_code == 0
    return shop


def keep(shop: Path, policy: str) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(f"{config.read_text()}\nhistory: {policy}\n")


def test_without_a_policy_everything_is_kept(run: Runs, old: Path) -> None:
    assert run("history", "thin").stdout == "everything is kept: the configuration has no `history`\n"


def test_a_dry_run_removes_nothing(run: Runs, answer: Answers, old: Path) -> None:
    keep(old, "{daily_days: 100, keep_days: 110}")
    would = answer("history", "thin", "--dry-run")
    assert would["policy"] == {"daily_days": 100, "keep_days": 110}
    assert would["forgotten"] > 0
    assert answer("history", "thin", "--dry-run") == would
    shown = run("history", "thin").stdout
    assert f" {would['forgotten']} forgotten" in shown
    assert " rows removed: " in shown
    again = answer("history", "thin")
    assert (again["thinned"], again["forgotten"]) == (0, 0)


def test_scoring_applies_the_policy_once_a_day(run: Runs, answer: Answers, old: Path) -> None:
    keep(old, "{keep_days: 110}")
    assert run("score").exit_code == 0
    assert answer("history", "thin", "--dry-run")["forgotten"] == 0
