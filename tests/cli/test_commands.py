"""Every command, for people and for programs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.cli.conftest import WRITE_KEY

from accountpulse.cli.app import COMMANDS

Runs = Callable[..., Result]
Answers = Callable[..., Any]
GROUPS = ("token", "schema", "model", "history", "erase", "mirror", "outbox", "override", "target", "note", "pulse", "outcome")
GROUPED = [["token", "create"], ["token", "list"], ["token", "revoke"], ["schema", "export"], ["schema", "diff"]]
MODEL_COMMANDS = [
    ["model", name] for name in ("validate", "diff", "preview", "shadow", "publish", "rollback", "list", "schema", "audit")
]
PEOPLE_COMMANDS = [
    *([group, name] for group in ("override", "target") for name in ("set", "list", "end")),
    *([group, name] for group in ("note", "pulse", "outcome") for name in ("add", "list", "remove")),
]


@pytest.mark.parametrize(
    "arguments", [*([name] for name in COMMANDS), *GROUPED, *MODEL_COMMANDS, *PEOPLE_COMMANDS], ids=" ".join
)
def test_every_command_has_help_with_an_example(run: Runs, arguments: list[str]) -> None:
    result = run(*arguments, "--help")
    assert result.exit_code == 0
    assert f"Example\n    accountpulse {' '.join(arguments)}" in result.stdout
    if arguments not in ([name] for name in GROUPS):
        for option in ("--config", "--json", "--debug"):
            assert option in result.stdout


def test_help_names_every_command(run: Runs) -> None:
    listed = run("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name}  +\S", listed, re.MULTILINE)


def test_an_unknown_command_is_a_usage_error_with_a_hint(run: Runs) -> None:
    result = run("snyc")
    assert result.exit_code == 2
    assert "there is no command 'snyc'; did you mean 'sync'?" in result.stderr


# --- the configuration ----------------------------------------------------------------------------------------------------


def test_init_then_check_says_what_is_still_missing(run: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("init", "here")
    assert made.exit_code == 0
    assert (tmp_path / "here" / "models" / "standard.yaml").exists()
    checked = run("check", "--config", "here/accountpulse.yaml")
    assert checked.exit_code == 2
    assert "it has no connections yet" in checked.stderr


def test_init_overwrites_only_with_force(run: Runs, answer: Answers, shop: Path) -> None:
    before = (shop / "accountpulse.yaml").read_text()
    refused = run("init")
    assert refused.exit_code == 2
    assert "accountpulse.yaml: is there already; overwrite it with --force" in refused.stderr
    assert (shop / "accountpulse.yaml").read_text() == before
    assert len(answer("init", "--force")["written"]) == 5


def test_every_mistake_is_printed_once_and_is_a_usage_error(run: Runs, shop: Path) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("currency: USD", "currency: dollars").replace("port: 8000", "port: -1"))
    result = run("check")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "error: 2 problems in the configuration" in result.stderr
    assert result.stderr.count("found 'dollars'") == 1
    assert "Traceback" not in result.stderr


def test_with_json_an_error_is_a_document_too(run: Runs, shop: Path) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("currency: USD", "currency: dollars"))
    error = json.loads(run("check", "--json").stdout)["error"]
    assert error["type"] == "SettingsError"
    assert len(error["problems"]) == 1


def test_the_configuration_can_be_named_by_the_environment(
    run: Runs, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNTPULSE_CONFIG", str(shop / "accountpulse.yaml"))
    monkeypatch.chdir("/")
    assert run("check").exit_code == 0


def test_no_command_prints_a_secret(run: Runs, scored: Path) -> None:
    for arguments in (["check"], ["sync"], ["status"], ["check", "--debug"], ["status", "--json"]):
        assert WRITE_KEY not in run(*arguments).output


# --- reading and scoring --------------------------------------------------------------------------------------------------


def test_check_says_who_is_there(run: Runs, answer: Answers, shop: Path) -> None:
    assert "2 files" in run("check").stdout
    document = answer("check")
    assert document["ok"] is True
    assert [each["connection"] for each in document["connections"]] == ["files", "usage"]


def test_a_connection_that_fails_makes_the_check_partial(run: Runs, shop: Path) -> None:
    (shop / "usage.csv").unlink()
    result = run("check")
    assert result.exit_code == 3
    assert "failed" in result.stdout
    assert run("check", "files").exit_code == 1


def test_sync_reports_each_stream(answer: Answers, run: Runs, shop: Path) -> None:
    document = answer("sync")
    assert document["state"] == "ok"
    streams = {f"{c['connection']}.{s['stream']}": s for c in document["connections"] for s in c["streams"]}
    assert streams["files.files"]["read"] == streams["files.files"]["opened"] == 3 + 2 * (59 + 30 + 14)
    again = run("sync", "files")
    assert re.search(r"files\.files +0 +0 +0 +0 +ok", again.stdout)
    assert "files.files: 0 read, ok" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sync", "nope"], "there is no connection 'nope'; there are: files, usage"),
        (["sync", "files", "nope"], "connection 'files' has no stream 'nope'; it has: files"),
        (["check", "nope"], "there is no connection 'nope'"),
        (["explain", "Nobody"], "there is no account 'Nobody'"),
        (["explain", "Nobody", "--from", "2026-01-01"], "there is no account 'Nobody'"),
        (["explain", "Nobody", "--to-band", "next"], "there is no account 'Nobody'"),
        (["explain", "²"], "there is no account '²'"),
        (["explain", "99999999999999999999"], "there is no account '99999999999999999999'"),
        (["token", "revoke", "ap_nothing0"], "there is no token that begins with ap_nothing"),
        (["score", "--as-of", "2999-01-01"], "2999-01-01 has not come yet"),
        (["score", "--as-of", "yesterday"], "'yesterday' does not match"),
        (["score", "--since", "2024-02-01", "--as-of", "2024-01-01"], "it is after --as-of"),
        (["serve", "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_an_argument_that_names_nothing_is_a_usage_error(run: Runs, shop: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_score_prints_the_worst_first_and_a_summary(run: Runs, answer: Answers, scored: Path) -> None:
    shown = run("score").stdout
    assert "Beta [bold]Corp" in shown  # as it is: nothing from outside is read as markup
    assert re.search(r"3 accounts on \d{4}-\d\d-\d\d: ", shown)
    document = answer("score")
    assert document["report"]["accounts"] == len(document["accounts"]) == 3
    assert document["report"]["segments"] == {"new": 1, "enterprise": 1, "standard": 1}
    assert document["report"]["rows_written"] == 0  # nothing changed since the first scoring


def test_score_as_of_a_past_day_prints_that_day(answer: Answers, scored: Path) -> None:
    document = answer("score", "--as-of", "2024-07-01")
    assert document["report"]["day"] == "2024-07-01"
    assert {each["name"] for each in document["accounts"]} == {"Acme", "Beta [bold]Corp"}  # Gamma was no customer yet
    assert {each["trend_28d"] for each in document["accounts"]} == {None}


def test_score_limits_what_it_prints(run: Runs, scored: Path) -> None:
    assert "... and 2 more; --limit 3 shows all" in run("score", "--limit", "1").stdout


def test_explain_adds_up_as_printed(run: Runs, answer: Answers, scored: Path) -> None:
    for account in ("Acme", "beta.example", "files:a3"):
        shown = run("explain", account).stdout
        line = next(each for each in shown.splitlines() if each.startswith("typical ") and "  = " in each)
        parts, total = line.split("  = ")
        numbers = [float(each) for each in re.findall(r"(?:account |  )([+-]?\d+\.\d)", parts)]
        assert round(sum(numbers), 1) == float(total)
        document = answer("explain", account)
        contributions = sum(each["delta"] for each in document["components"])
        adjustments = sum(each["points"] for each in document["adjustments"])
        assert document["reference"] + contributions + adjustments == pytest.approx(document["score"], abs=1e-9)


def test_explain_says_since_when_and_what_is_raw_where_something_else_is_published(
    run: Runs, answer: Answers, scored: Path
) -> None:
    before = answer("explain", "Acme")
    assert f"{before['score']:.1f} ({before['band']} since {before['band_since']})" in run("explain", "Acme").stdout
    assert "raw score" not in run("explain", "Acme").stdout
    last = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert run("override", "Acme", "12", "--until", last, "--reason", "they leave", "--owner", "Ann").exit_code == 0
    shown, today = run("explain", "Acme").stdout, answer("explain", "Acme")
    assert (today["raw_score"], today["raw_band"]) == (pytest.approx(before["raw_score"]), before["raw_band"])
    assert f"12.0 (red since {today['band_since']})" in shown
    raw = f"raw score {before['raw_score']:.1f} ({before['raw_band']}); published red since {today['band_since']}"
    assert f"{raw}: an override is in force" in shown
    assert f"Override (12.0 by Ann through {last}: they leave; " in shown


def test_explain_goes_back_in_time(answer: Answers, scored: Path) -> None:
    today = answer("explain", "Acme")
    past = answer("explain", "Acme", "--as-of", "2025-01-01")
    assert past["day"] == "2025-01-01"
    assert past["score"] != today["score"]


def test_status_shows_state_and_freshness(run: Runs, answer: Answers, scored: Path) -> None:
    assert re.search(r"files +tabular +ok +\d{4}-", run("status").stdout)
    assert [each["state"] for each in answer("status")["connections"]] == ["ok", "ok"]


def test_status_says_why_a_record_is_in_quarantine(run: Runs, answer: Answers, shop: Path) -> None:
    with (shop / "usage.csv").open("a") as file:
        file.writelines(f"a1,u{n}@a1.example,login,not-a-day,1,1\n" for n in range(7))
    assert run("sync").exit_code == 0
    found = answer("status")["connections"][0]["quarantine"]
    assert len(found) == 7
    assert "usage.csv" in found[0]["reason"]
    assert "'not-a-day'" in found[0]["reason"]
    shown = run("status").stdout
    assert f"files.files: {found[0]['source_id']} is in quarantine: {found[0]['reason']}\n" in shown
    assert "files: and 2 more in quarantine; --json lists all\n" in shown


# --- the rest -------------------------------------------------------------------------------------------------------------


def test_tokens_are_made_listed_and_revoked(run: Runs, answer: Answers, shop: Path) -> None:
    made = run("token", "create", "weekly report", "--days", "30", "--author", "Ann")
    token = made.stdout.strip()
    assert re.fullmatch(r"ap_\w{40}", token)
    assert "only time it is shown" in made.stderr
    (listed,) = answer("token", "list")["tokens"]
    assert listed["name"] == "weekly report"
    assert token not in json.dumps(listed)
    assert run("token", "revoke", token[:11], "--author", "Bob").exit_code == 0
    assert "revoked 2" in run("token", "list").stdout
    (file,) = shop.glob("*.db")
    with closing(sqlite3.connect(file)) as store:
        noted = store.execute("select action, actor from trail order by id").fetchall()
    assert noted == [("token.create", "Ann"), ("token.revoke", "Bob")]
    assert run("token", "create", "x", "--scope", "everything").exit_code == 2


def test_a_token_for_some_accounts_says_which(run: Runs, answer: Answers, shop: Path) -> None:
    limits = ("--owner", "Ann", "--owner", "Bob", "--segment", "standard")
    rows = {"owners": ["Ann", "Bob"], "segments": ["standard"]}
    assert answer("token", "create", "Ann's", *limits)["rows"] == rows
    assert answer("token", "list")["tokens"][0]["rows"] == rows
    assert "owners: Ann, Bob; segments: standard" in " ".join(run("token", "list").stdout.split())
    assert run("token", "create", "x", "--owner", " ").exit_code != 0


def test_plugins_and_metrics_need_no_configuration(
    run: Runs, answer: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACCOUNTPULSE_CONFIG", raising=False)
    assert {"salesforce", "stripe"} <= {each["name"] for each in answer("plugins")["plugins"]}
    assert "loaded" in run("plugins").stdout
    metrics = {each["name"]: each for each in answer("metrics")["metrics"]}
    assert metrics["tenure_days"]["window"] is None
    assert metrics["ticket_trend_30d"] == {
        "name": "ticket_trend_30d",
        "title": "Ticket trend",
        "group": "support",
        "unit": "change",
        "better": "lower",
        "window": 60,
        "description": metrics["ticket_trend_30d"]["description"],
    }
    shown = run("metrics").stdout
    assert all(name in shown for name in metrics)
    assert "window" in shown


def test_how_the_schema_changed_is_told(run: Runs, answer: Answers, tmp_path: Path) -> None:
    assert run("schema", "diff").exit_code == 0
    before = tmp_path / "before.graphql"
    text = answer("schema", "export")["sdl"]
    before.write_text(text)
    assert run("schema", "diff", str(before)).stdout.strip() == "nothing changed"
    before.write_text(text + "\nextend type Query { gone: Int }\n")
    told = run("schema", "diff", str(before), "--json")
    assert told.exit_code == 1
    (change,) = json.loads(told.stdout)["changes"]
    assert (change["danger"], change["kind"]) == ("breaking", "FIELD_REMOVED")
    before.write_text("type Query {")
    assert run("schema", "diff", str(before)).exit_code == 2


def test_the_schema_is_exported(run: Runs, answer: Answers, tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    assert run("schema", "export", "--output", str(file)).exit_code == 0
    assert "type Query {" in file.read_text()
    assert answer("schema", "export")["sdl"] == file.read_text()


def test_tables_fit_into_a_terminal(run: Runs, scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["score"], ["explain", "Acme"], ["check"], ["sync"], ["status"], ["plugins"], ["metrics"]):
        tables = [line for line in run(*arguments).stdout.splitlines() if line.startswith(" ")]
        assert max(map(len, tables)) <= 80, arguments


def test_output_that_is_no_terminal_has_no_colours(run: Runs, scored: Path) -> None:
    assert "\x1b" not in run("score").output
