"""`accountpulse model preview`, `shadow`, `publish`, `rollback` and `list`: a file counts once it is published."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]
NOTICE = "notice: the models in accountpulse.yaml differ from the published ones"


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTPULSE_USER", "ann")


def edit(folder: Path, found: str, put: str, name: str = "standard.yaml") -> None:
    """Change a model file."""
    file = folder / "models" / name
    assert found in file.read_text()
    file.write_text(file.read_text().replace(found, put))


def versions(answer: Answers) -> list[str]:
    return [row["published"]["version"] for row in answer("model", "list")["segments"]]


def of_scores(answer: Answers) -> set[str]:
    return {answer("explain", name)["model_version"] for name in ("Acme", "beta.example", "Gamma")}


def test_the_first_score_publishes_the_configuration_and_says_so(run: Runs, answer: Answers, shop: Path) -> None:
    run("sync")
    assert [row["published"] for row in answer("model", "list")["segments"]] == [None] * 3
    assert NOTICE not in run("status").stderr, "there is nothing to differ from"
    first = run("score")
    assert "nothing was published yet: published the configuration as release 1" in first.stderr
    assert "release" not in run("score").stderr
    (release,) = answer("model", "list", "--releases")["releases"]
    assert (release["id"], release["action"], release["author"]) == (1, "publish", "accountpulse")


def test_an_edited_file_counts_once_it_is_published(run: Runs, answer: Answers, scored: Path) -> None:
    before, scores = versions(answer), of_scores(answer)
    edit(scored, "weight: 45", "weight: 90")
    for command in (["status"], ["sync"], ["score"]):
        told = run(*command)
        assert NOTICE in told.stderr, command
        assert NOTICE not in told.stdout
        assert re.search(r"\(standard: [0-9a-f]{8} -> [0-9a-f]{8}\); `accountpulse model publish` puts them", told.stderr)
    assert json.loads(run("score", "--json").stdout)["report"]["rows_written"] == 0
    assert (versions(answer), of_scores(answer)) == (before, scores)
    result = run("model", "publish", "--reason", "usage counts for more")
    assert result.exit_code == 0
    assert "  usage.weight: 45 -> 90" in result.stdout
    assert "published as release 2 by ann" in result.stdout
    assert NOTICE not in run("status").stderr
    assert of_scores(answer) == scores, "until the next scoring"
    run("score")
    assert versions(answer)[:2] == before[:2]
    assert versions(answer)[2] != before[2]
    assert of_scores(answer) == set(versions(answer))


def test_a_changed_rule_is_noticed_published_and_listed(run: Runs, answer: Answers, scored: Path) -> None:
    config = scored / "accountpulse.yaml"
    config.write_text(config.read_text().replace("tenure_days: {lt: 90}", "tenure_days: {lt: 10}"))
    assert f"{NOTICE} (segment new.when)" in run("status").stderr
    assert [row["state"] for row in answer("model", "list")["segments"]] == ["the rule has changed", "ok", "ok"]
    shown = run("model", "publish").stdout
    assert "segment new.when: {tenure_days: {lt: 90}} -> {tenure_days: {lt: 10}}" in shown
    assert re.search(r"new +1 +0", shown)
    assert answer("score")["report"]["segments"] == {"new": 0, "enterprise": 1, "standard": 2}


def test_segments_that_come_go_and_change_places_are_listed(run: Runs, answer: Answers, scored: Path) -> None:
    config = scored / "accountpulse.yaml"
    lines = config.read_text().splitlines()
    new = next(i for i, line in enumerate(lines) if "{name: new," in line)
    lines[new], lines[new + 1] = lines[new + 1], lines[new]
    lines.insert(new, "  - {name: vip, when: {custom.tier: {eq: gold}}, model: models/enterprise.yaml}")
    config.write_text("\n".join(lines) + "\n")
    found = {row["segment"]: row["state"] for row in answer("model", "list")["segments"]}
    changed = "the rule has changed"
    assert found == {"vip": "not published yet", "enterprise": changed, "new": changed, "standard": "ok"}
    assert answer("model", "publish")["release"] == 2
    assert {row["state"] for row in answer("model", "list")["segments"]} == {"ok"}
    config.write_text("\n".join(line for line in lines if "vip" not in line) + "\n")
    gone = answer("model", "list")["segments"][-1]
    assert (gone["segment"], gone["draft"], gone["state"]) == ("vip", None, "no longer in the configuration")
    assert "vip         enterprise" in run("model", "list").stdout


def test_nothing_to_publish_is_no_mistake(run: Runs, answer: Answers, scored: Path) -> None:
    edit(scored, "goal: churn", "goal: 'churn'  # a comment means nothing")
    result = run("model", "publish")
    assert result.exit_code == 0
    assert result.stdout == "nothing to publish: what is in force is what the configuration says\n"
    assert answer("model", "publish") == {"release": None, "preview": None}
    assert len(answer("model", "list", "--releases")["releases"]) == 1


def test_publishing_before_anything_was_synced_or_scored(run: Runs, answer: Answers, shop: Path) -> None:
    result = run("model", "publish", "--author", "bo")
    assert result.exit_code == 0
    assert "nothing to compare with: nothing is published yet" in result.stdout
    assert "published as release 1 by bo" in result.stdout
    run("sync")
    assert "nothing was published yet" not in run("score").stderr


def test_rollback_goes_back_step_by_step(run: Runs, answer: Answers, scored: Path) -> None:
    seen = [versions(answer)]
    for weight in ("46", "47"):
        edit(scored, "weight: 45" if weight == "46" else "weight: 46", f"weight: {weight}")
        assert answer("model", "publish")["release"] is not None
        seen.append(versions(answer))
    result = run("model", "rollback", "--reason", "too many false alarms")
    assert result.exit_code == 0
    assert "back to what release 2 put in force (" in result.stdout
    assert "rolled back by release 4" in result.stdout
    assert NOTICE in result.stderr, "the files still say something else"
    assert versions(answer) == seen[1]
    document = answer("model", "rollback")
    assert (document["release"], document["restored"], document["preview"]["changed_band"]) == (5, 1, 0)
    assert versions(answer) == seen[0]
    refused = run("model", "rollback")
    assert refused.exit_code == 2
    assert "there is nothing earlier to go back to; releases: 1, 2, 3, 4, 5" in refused.stderr
    assert answer("model", "rollback", "--to", "3")["release"] == 6
    assert versions(answer) == seen[2]
    again = run("model", "rollback", "--to", "3")
    assert again.exit_code == 0
    assert "nothing to do: what release 3 put in force" in again.stdout
    assert run("model", "rollback", "--to", "77").exit_code == 2
    listed = run("model", "list", "--releases").stdout
    assert re.search(r" 4 +rollback to 2 +\d{4}-\d\d-\d\d \d\d:\d\d +ann +too many false alarms", listed)
    assert [row["restored"] for row in answer("model", "list", "--releases")["releases"]] == [3, 1, 2, None, None, None]


def test_a_shadow_is_scored_beside_reported_and_ended(run: Runs, answer: Answers, scored: Path) -> None:
    before = versions(answer)
    assert "nothing is in shadow" in run("model", "shadow").stdout
    assert answer("model", "shadow") == {"shadow": None}
    assert "nothing to try: it means what is published" in run("model", "shadow", "--start").stdout
    text = (scored / "models" / "standard.yaml").read_text()
    (scored / "try.yaml").write_text(text.replace("weight: 45", "weight: 450"))
    assert "in shadow by release 2 of ann" in run("model", "shadow", "try.yaml", "--reason", "a try").stdout
    assert answer("model", "shadow", "try.yaml") == {"release": None}
    assert "nothing was scored beside what is published yet" in run("model", "shadow").stdout
    since = (datetime.now(UTC) - timedelta(days=3)).date()
    scores = {row["name"]: row["score"] for row in answer("score")["accounts"]}
    assert {row["name"]: row["score"] for row in answer("score", "--since", since.isoformat())["accounts"]} == scores
    found = answer("model", "shadow")["shadow"]
    assert (found["release"], found["author"], found["reason"], found["days"]) == (2, "ann", "a try", 4)
    assert (found["first"], found["accounts"]) == (since.isoformat(), 3)
    assert [each["name"] for each in found["movers"]] == ["Beta [bold]Corp"]
    shown = run("model", "shadow").stdout
    assert "by release 2 of ann: a try" in shown
    assert "scored beside what is published on 4 days" in shown
    assert re.search(r"Beta \[bold\]Corp +\d+\.\d +\d+\.\d +-\d+\.\d", shown)
    row = answer("model", "list")["segments"][2]
    assert row["shadow"]["version"] != row["published"]["version"] == row["draft"]["version"] == before[2]
    assert "shadow: last changed" in run("model", "list").stdout
    assert "nothing is in shadow any more (release 3)" in run("model", "shadow", "--stop").stdout
    assert run("model", "shadow", "--stop").exit_code == 2
    assert versions(answer) == before


def test_a_preview_names_who_moves_and_leaves_everything_as_it_is(run: Runs, answer: Answers, scored: Path) -> None:
    before = (versions(answer), of_scores(answer))
    same = run("model", "preview").stdout
    assert "the draft means what is published" in same
    assert "0 would change band, 0 become unknown" in same
    text = (scored / "models" / "standard.yaml").read_text()
    (scored / "try.yaml").write_text(text.replace("weight: 45", "weight: 4500").replace("goal: churn", "goal: renewal"))
    found = answer("model", "preview", "try.yaml")
    assert [(each["model"], each["before"]) for each in found["models"]] == [("standard", before[0][2])]
    (mover,) = found["movers"]
    assert mover["name"] == "Beta [bold]Corp"
    assert mover["score_after"] < mover["score_before"]
    assert mover["reasons"][0].startswith("a typical standard account scores ")
    assert sum(cell["accounts"] for cell in found["matrix"]) == 3
    shown = run("model", "preview", "try.yaml").stdout
    assert "  goal: churn -> renewal" in shown
    assert re.search(r"from \\ to", shown)
    assert "Beta [bold]Corp" in shown
    assert answer("model", "preview", "try.yaml", "--limit", "0")["movers"] == []
    assert (versions(answer), of_scores(answer)) == before
    assert NOTICE not in run("status").stderr


def test_before_anything_is_scored_a_preview_shows_what_would_be(run: Runs, shop: Path) -> None:
    run("sync")
    shown = run("model", "preview", "models/standard.yaml")
    assert shown.exit_code == 0
    assert "nothing to compare with: nothing is published yet" in shown.stdout
    assert re.search(r"new +- +1", shown.stdout)
    assert "would change band" not in shown.stdout


@pytest.mark.parametrize("command", [["model", "preview"], ["model", "shadow"]])
def test_a_file_that_no_segment_names_is_refused(run: Runs, scored: Path, command: list[str]) -> None:
    text = (scored / "models" / "standard.yaml").read_text()
    (scored / "try.yaml").write_text(text.replace("name: standard", "name: mine"))
    result = run(*command, "try.yaml")
    assert result.exit_code == 2
    assert "no segment is scored with a model called 'mine', so it would score nobody; segments name: new, " in result.stderr
    (scored / "try.yaml").write_text(text.replace("goal: churn", "goal: chrn"))
    result = run(*command, "try.yaml")
    assert result.exit_code == 2
    assert re.search(r"try.yaml:\d+: goal: found 'chrn'", result.stderr)


def test_stop_and_start_are_not_asked_for_at_once(run: Runs, scored: Path) -> None:
    assert run("model", "shadow", "--stop", "--start").exit_code == 2
    assert run("model", "shadow", "--stop", "models/standard.yaml").exit_code == 2


def test_who_did_it_is_named_or_who_is_logged_in(
    run: Runs, answer: Answers, scored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCOUNTPULSE_USER")
    monkeypatch.setenv("LOGNAME", "logged-in")
    for weight, arguments in (("46", []), ("47", ["--author", "cy"])):
        edit(scored, f"weight: {int(weight) - 1}", f"weight: {weight}")
        assert run("model", "publish", *arguments).exit_code == 0
    assert [row["author"] for row in answer("model", "list", "--releases")["releases"]] == ["cy", "logged-in", "accountpulse"]


def at_a_terminal(reply: str, *arguments: str) -> tuple[int, str]:
    """Run a command whose stdin is a terminal; its exit code and what it printed."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "accountpulse", *arguments],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(slave)
    os.write(master, reply.encode())
    output, _ = process.communicate(timeout=60)
    os.close(master)
    return process.returncode, output


def test_at_a_terminal_one_is_asked_first(answer: Answers, scored: Path) -> None:
    before = versions(answer)
    edit(scored, "weight: 45", "weight: 90")
    code, output = at_a_terminal("n\n", "model", "publish")
    assert code == 1
    assert "publish this? [y/N]" in output
    assert versions(answer) == before
    code, output = at_a_terminal("y\n", "model", "publish")
    assert code == 0
    assert versions(answer) != before
    code, output = at_a_terminal("", "model", "rollback", "--yes")
    assert code == 0
    assert "[y/N]" not in output
    assert versions(answer) == before


def test_the_list_and_the_preview_fit_into_a_terminal(run: Runs, scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    edit(scored, "weight: 45", "weight: 4500")
    for arguments in (["model", "list"], ["model", "list", "--releases"], ["model", "preview"]):
        tables = [line for line in run(*arguments).stdout.splitlines() if line.startswith(" ")]
        assert max(len(line) for line in tables if not line.startswith("  ")) <= 80, arguments
