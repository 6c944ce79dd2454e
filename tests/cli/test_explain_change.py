"""`accountpulse explain --from --to` and `--to-band`: what is printed adds up, and JSON says the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]


def ago(days: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


@pytest.mark.parametrize("account", ["Acme", "beta.example", "files:a3"])
def test_a_change_adds_up_as_printed_and_as_json(run: Runs, answer: Answers, scored: Path, account: str) -> None:
    shown = run("explain", account, "--from", ago(15))
    assert shown.exit_code == 0, shown.output
    first, *_ = shown.stdout.splitlines()
    assert re.search(
        r" (rose|fell) from \d+\.\d( \([\w ]+\) to \d+\.\d \([\w ]+\) | to \d+\.\d, [\w ]+, )between | stayed at ", first
    )
    line = next(each for each in shown.stdout.splitlines() if "  = " in each)
    parts, total = line.split("  = ")
    numbers = [float(each) for each in re.findall(r"(?:^|  )([+-]?\d+\.\d) ", parts)]
    assert round(sum(numbers), 1) == float(total.split()[0])
    cells = re.findall(
        r"^ (?:late data|segment|model|peers|behaviour|adjustment) .*? ([+-]?\d+\.\d) ", shown.stdout, re.MULTILINE
    )
    assert round(sum(map(float, cells)) + numbers[0], 1) == float(total.split()[0])
    document = answer("explain", account, "--from", ago(15))
    assert document["state"] == "explained"
    assert document["summary"] == first
    assert sum(each["points"] for each in document["parts"]) == pytest.approx(document["points"], abs=1e-9)
    assert document["points"] == document["to"]["score"] - document["from"]["score"]
    assert document["to"]["score"] == pytest.approx(answer("explain", account)["score"], abs=1e-9)
    assert "was not scored on the day" in shown.stdout
    assert document["from"]["restated"]
    assert not document["to"]["restated"]


def test_both_days_can_be_given(answer: Answers, scored: Path) -> None:
    document = answer("explain", "Acme", "--from", ago(20), "--to", ago(10))
    assert (document["from"]["day"], document["to"]["day"]) == (ago(20), ago(10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", ago(1)], "it goes with --from"),
        (["--from", ago(1), "--to", ago(2)], "it is not after --from"),
        (["--from", ago(2), "--as-of", ago(1)], "give one day, or two"),
        (["--to-band", "next", "--as-of", ago(1)], "it is about today"),
        (["--to-band", "next", "--from", ago(1)], "it is about today"),
    ],
)
def test_options_that_contradict_each_other(run: Runs, scored: Path, options: list[str], message: str) -> None:
    result = run("explain", "Acme", *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_it_would_take(run: Runs, answer: Answers, scored: Path) -> None:
    said = answer("explain", "beta.example", "--to-band", "next")
    shown = run("explain", "beta.example", "--to-band", "next").stdout
    assert shown.startswith(f"Beta [bold]Corp is at {said['score']:.1f} ({said['band']}). To become {said['target']} it needs ")
    assert said["state"] == "reachable"
    assert said["together"]
    for each in said["together"]:
        assert each["title"].lower() in shown.lower()
    assert said["caveat"] in shown
    assert {each["metric"] for each in said["together"]} <= {each["metric"] for each in said["alone"]}


def test_a_band_that_is_there_already_and_one_that_does_not_exist(run: Runs, scored: Path) -> None:
    assert "Nothing has to change." in run("explain", "beta.example", "--to-band", "red").stdout
    missing = run("explain", "beta.example", "--to-band", "gold")
    assert missing.exit_code == 2
    assert "has no band 'gold'" in missing.stderr
