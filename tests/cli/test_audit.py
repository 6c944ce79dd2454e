"""`accountpulse model audit`: a verdict first, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]


@pytest.fixture
def left(shop: Path, run: Runs) -> Path:
    """A shop whose customers have a past: one of them left 40 days ago, after a silence of a month."""
    today = datetime.now(UTC).date()
    gone = today - timedelta(days=40)
    (shop / "accounts.csv").write_text(
        "id,name,domain,plan,since,churned\n"
        "a1,Acme,acme.example,enterprise,2024-01-05,\n"
        f"a2,Beta,beta.example,starter,2024-06-05,{gone}\n"
    )
    rows = [
        f"{account},u@{account}.example,login,{today - timedelta(days=age)},3,100"
        for account, ages in (("a1", range(1, 200)), ("a2", range(70, 200)))
        for age in ages
    ]
    (shop / "usage.csv").write_text("account_id,user,feature,day,count,seconds\n" + "\n".join(rows) + "\n")
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("customer_since: since}", "customer_since: since, churned_at: churned}"))
    assert run("sync").exit_code == 0
    assert run("score").exit_code == 0
    return shop


def test_the_verdict_comes_first_and_the_figures_after_it(run: Runs, left: Path) -> None:
    result = run("model", "audit", "--horizon", "30", "--capacity", "1")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Insufficient data: 1 customer left within 30 days of a snapshot, and 30 are needed")
    for words in (
        "published scores, leaving within 30 days",
        "AUC",
        "lowest 10 % of scores",
        "looking after your capacity",
        "What became of each band",
        "How early: of 1 who left",
        "What each tenth came to",
        "evaluated from what was known then",
        "assumed facts behind the evaluated days: 100%",
        "not used:",
        "1 churned (0 entered, 1 derived)",
        "Be careful",
        "counts as a false alarm",
    ):
        assert words in result.stdout, words
    assert "nan" not in result.stdout.lower()


def test_the_answer_as_data(answer: Answers, left: Path) -> None:
    found = answer("model", "audit", "--horizon", "30", "--gap", "5", "--against", "active_days_30d")
    assert found["verdict"]["word"] == "insufficient data"
    assert found["verdict"]["sentence"].startswith("Insufficient data: ")
    assert (found["horizon"], found["gap"], found["figures"]["churned"]) == (30, 5, 1)
    assert sum(band["events"] for band in found["bands"]) == found["figures"]["events"]
    assert found["comparison"]["incumbent"] == "active_days_30d alone"
    assert found["counted"]["live"] == 0
    assert found["assumed"]["assumed"] == found["assumed"]["facts"]


def test_nothing_persisted_and_nothing_evaluated_is_nothing(answer: Answers, left: Path) -> None:
    found = answer("model", "audit", "--persisted-only")
    assert found["figures"]["snapshots"] == 0
    assert found["verdict"]["word"] == "insufficient data"


def test_a_store_that_was_never_scored(run: Runs, shop: Path) -> None:
    result = run("model", "audit")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Insufficient data: 0 customers left")
    assert "No customer is known to have left" in result.stdout


def test_what_there_is_none_of_is_named(run: Runs, left: Path) -> None:
    result = run("model", "audit", "--segment", "giants")
    assert result.exit_code == 2
    assert "there is no segment 'giants'; there are enterprise, new, standard" in result.stderr
    result = run("model", "audit", "--since", "2100-01-01")
    assert "Give a shorter --horizon or other days" in result.stderr
    result = run("model", "audit", "--horizon", "0")
    assert result.exit_code == 2
    document = json.loads(run("model", "audit", "--against", "weather", "--json").stdout)
    assert "nothing called 'weather' to compare with" in document["error"]["message"]


def test_the_help_has_an_example(run: Runs) -> None:
    assert "accountpulse model audit --scores shadow --against published" in run("model", "audit", "--help").stdout
