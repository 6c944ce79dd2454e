"""`accountpulse model validate`, `diff` and `schema`: files checked and compared, with and without accounts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Runs = Callable[..., Result]
Answers = Callable[..., Any]


def changed(folder: Path, found: str, put: str, name: str = "changed.yaml") -> str:
    text = (folder / "models" / "standard.yaml").read_text()
    assert found in text
    (folder / "models" / name).write_text(text.replace(found, put))
    return f"models/{name}"


def codes(document: Any, at: int = 0) -> set[tuple[str, str]]:
    return {(finding["code"], finding["place"]) for finding in document["models"][at]["findings"]}


def test_a_good_file_is_ok_with_its_weights_and_needs_no_configuration(
    run: Runs, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    result = run("model", "validate", str(shop / "models" / "standard.yaml"))
    assert result.exit_code == 0
    assert re.search(r"standard.yaml: ok: model standard, version [0-9a-f]{12}, \d+ metrics\n", result.stdout)
    assert re.search(r"usage +usage_trend_30d +15\.0% +typical", result.stdout)
    assert "not checked against accounts: there is no configuration" in result.stdout
    assert list(empty.iterdir()) == []


def test_without_a_file_the_configured_models_are_looked_at(run: Runs, answer: Answers, shop: Path, tmp_path: Path) -> None:
    document = answer("model", "validate")
    named = ["models/new.yaml", "models/enterprise.yaml", "models/standard.yaml"]
    assert [model["file"] for model in document["models"]] == named
    assert document == answer("model", "validate", *named)
    changed(shop, "weight: 45", "weight: -1", "standard.yaml")
    result = run("model", "validate")
    assert result.exit_code == 2
    assert "models/standard.yaml:20: groups[0].weight: found -1" in result.stderr
    result = run("model", "validate", "--config", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "none.yaml" in result.stderr


def test_the_problems_of_all_files_are_told_at_once(run: Runs, shop: Path) -> None:
    one, two = changed(shop, "goal: churn", "goal: chrn", "a.yaml"), changed(shop, "weight: 45", "weight: -1", "b.yaml")
    result = run("model", "validate", one, "models/new.yaml", two, "models/none.yaml")
    assert result.exit_code == 2
    assert "models/a.yaml:8: goal: found 'chrn' (did you mean 'churn'?); allowed: churn, growth, renewal" in result.stderr
    assert "models/b.yaml:20: groups[0].weight: found -1; allowed: a number of at least 0" in result.stderr
    assert "models/none.yaml: there is no such file" in result.stderr
    assert result.stdout == ""
    problems = json.loads(run("model", "validate", one, two, "--json").stdout)["error"]["problems"]
    assert len(problems) == 2


def test_to_validate_makes_no_store_and_publishes_nothing(run: Runs, answer: Answers, shop: Path) -> None:
    (shop / "accountpulse.db").unlink()
    document = answer("model", "validate", "models/standard.yaml")
    assert document["not_checked_against_accounts"] == "there is no store yet; run `accountpulse sync` first"
    assert not list(shop.glob("*.db"))
    assert document["models"][0]["accounts"] is None
    run("sync")
    run("score")
    before = answer("model", "list")["segments"]
    changed(shop, "weight: 45", "weight: 46", "standard.yaml")
    answer("model", "validate", "models/standard.yaml")
    after = answer("model", "list")["segments"]
    assert [row["published"] for row in after] == [row["published"] for row in before]
    assert [row["state"] for row in after] == ["ok", "ok", "the model has changed"]


def test_a_configuration_with_mistakes_is_only_in_the_way_where_it_was_named(run: Runs, shop: Path) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("currency: USD", "currency: dollars"))
    result = run("model", "validate", "models/standard.yaml")
    assert result.exit_code == 0
    assert "accountpulse.yaml has mistakes; `accountpulse check` tells them" in result.stdout
    assert run("model", "validate", "models/standard.yaml", "--config", str(config)).exit_code == 2


def test_weights_that_hardly_matter_and_one_that_dominates(answer: Answers, shop: Path) -> None:
    file = changed(
        shop,
        "      - metric: active_days_30d # days of the last 30 on which somebody used it\n        weight: 2",
        "      - metric: active_days_30d\n        weight: 900",
    )
    found = codes(answer("model", "validate", file))
    assert ("negligible_weight", "usage_trend_30d") in found
    file = changed(shop, "weight: 45", "weight: 4500")
    assert ("dominating_weight", "active_days_30d") not in codes(answer("model", "validate", file))
    text = (
        (shop / file)
        .read_text()
        .replace(
            "        weight: 2\n        normalise: {linear: [[0, 0], [4",
            "        weight: 99\n        normalise: {linear: [[0, 0], [4",
        )
    )
    (shop / file).write_text(text)
    assert ("dominating_weight", "active_days_30d") in codes(answer("model", "validate", file))


def test_accounts_are_looked_at_where_there_are_any(run: Runs, answer: Answers, scored: Path) -> None:
    document = answer(
        "model", "validate", "models/standard.yaml", "models/enterprise.yaml", changed(scored, "name: standard", "name: mine")
    )
    standard, enterprise, mine = document["models"]
    assert (standard["accounts"], standard["segments"]) == (1, ["standard"])
    assert (enterprise["accounts"], enterprise["segments"]) == (1, ["enterprise"])
    assert (mine["accounts"], mine["segments"]) == (3, ["all accounts"]), "no segment names it yet"
    assert ("no_data", "overdue_days") in codes(document)
    assert ("default_only", "standard") in codes(document)
    assert ("default_only", "standard") not in codes(document, 1)
    assert document["not_checked_against_accounts"] is None
    shown = run("model", "validate", "models/standard.yaml").stdout
    assert "warning: overdue_days: it is measured for none of the 1 accounts of standard (mostly not_connected)" in shown
    assert "note: standard: 1 of 3 accounts are caught by no other segment" in shown


def test_diff_is_about_meaning(run: Runs, answer: Answers, shop: Path) -> None:
    same = changed(shop, "goal: churn", "goal: 'churn' # it is")
    result = run("model", "diff", "models/standard.yaml", same)
    assert result.exit_code == 0
    assert result.stdout.startswith("the same: version ")
    other = changed(shop, "weight: 45", "weight: 90")
    result = run("model", "diff", "models/standard.yaml", other)
    assert result.exit_code == 1
    assert re.search(r"usage.weight +45 +90", result.stdout)
    assert re.search(r"usage_trend_30d +15\.0% +20\.7%", result.stdout)
    document = json.loads(run("model", "diff", "models/standard.yaml", other, "--json").stdout)
    assert document["changes"] == [{"place": "usage.weight", "before": "45", "after": "90"}]
    assert document["same"] is False
    assert len(document["weights"]) == 12


def test_a_file_is_compared_with_what_is_published(run: Runs, answer: Answers, scored: Path) -> None:
    version = {row["segment"]: row["published"]["version"] for row in answer("model", "list")["segments"]}["standard"]
    assert run("model", "diff", "standard", "models/standard.yaml").exit_code == 0
    changed(scored, "weight: 45", "weight: 90", "standard.yaml")
    assert run("model", "diff", "standard", "models/standard.yaml").exit_code == 1
    assert run("model", "diff", version, "standard").exit_code == 0
    result = run("model", "diff", "nope", "standard")
    assert result.exit_code == 2
    assert "there is no file and no published model 'nope'; published: new (" in result.stderr


def test_the_schema_knows_what_is_installed(run: Runs, answer: Answers, shop: Path) -> None:
    file = shop / "models" / "own.json"
    assert run("model", "schema", "--output", str(file)).exit_code == 0
    assert "usage_trend_30d" in file.read_text()
    plain = run("model", "schema", "--plain").stdout
    assert plain == (shop / "models" / "model.schema.json").read_text()
    assert answer("model", "schema", "--plain")["schema"] == json.loads(plain)
    assert (shop / "models" / "new.yaml").read_text().startswith("# yaml-language-server: $schema=model.schema.json\n")
