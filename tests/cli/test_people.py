"""The commands for people's input, on a real shop: what is said counts at once, and what can't be taken is refused."""

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
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def someone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTPULSE_USER", "Ann")


def day(offset: int) -> str:
    return (datetime.now(UTC) + offset * DAY).date().isoformat()


# --- a life ---------------------------------------------------------------------------------------------------------------


def test_an_override_counts_at_once_and_the_model_again_when_it_is_ended(run: Runs, answer: Answers, scored: Path) -> None:
    before = answer("explain", "Beta [bold]Corp")
    assert before["score"] != 88
    made = answer("override", "Beta [bold]Corp", "88", "--until", day(30), "--reason", "signed [yesterday]")
    assert made["scored"] is True
    assert (made["override"]["score"], made["override"]["owner"], made["override"]["published"]) == (88, "Ann", 88)
    assert made["override"]["raw"] == pytest.approx(before["raw_score"])
    assert made["override"]["expires_at"].startswith(day(31)), "through the end of the day named"

    after = answer("explain", "Beta [bold]Corp")
    assert (after["score"], after["raw_score"]) == (88, pytest.approx(before["raw_score"]))
    parts = [after["reference"], *(c["delta"] for c in after["components"]), *(a["points"] for a in after["adjustments"])]
    assert sum(parts) == pytest.approx(88, abs=1e-9)

    shown = run("override", "list").stdout
    assert "Beta [bold]Corp" in shown
    assert "signed [yesterday]" in shown
    (listed,) = answer("override", "list")["overrides"]
    assert (listed["published"], listed["raw"]) == (88, pytest.approx(before["raw_score"]))

    ended = answer("override", "end", "beta.example", "--owner", "Bob")
    assert (ended["override"]["state"], ended["override"]["ended_by"], ended["scored"]) == ("ended", "Bob", True)
    assert answer("explain", "Beta [bold]Corp")["score"] == pytest.approx(before["score"])
    assert run("override", "list").stdout == "no override is in force\n"
    assert "ended by Bob" in run("override", "list", "--all").stdout


def test_a_pulse_counts_at_once_and_survives_a_sync(run: Runs, answer: Answers, scored: Path) -> None:
    def pulse() -> tuple[str, float | None]:
        components = answer("explain", "Acme")["components"]
        return next((c["state"], c["value"]) for c in components if c["metric"] == "pulse_latest")

    assert pulse() == ("not_connected", None)
    made = answer("pulse", "Acme", "35", "--reason", "the meeting was cold", "--author", "Cyd")
    assert made["scored"] is True
    assert pulse() == ("measured", 35)
    assert run("sync").exit_code == 0
    assert run("score").exit_code == 0
    assert pulse() == ("measured", 35)
    assert "the meeting was cold" in run("pulse", "list", "files:a1").stdout
    assert "people" in run("status").stdout
    assert answer("status")["connections"][-1]["fresh_at"] is not None
    answer("pulse", "remove", made["pulse"]["id"])
    assert pulse() == ("no_data", None)
    assert run("pulse", "list", "Acme").stdout == "nobody has judged it\n"


def test_an_outcome_is_given_in_major_units_and_shown_so(run: Runs, answer: Answers, scored: Path) -> None:
    made = answer("outcome", "Acme", "churned", "--at", "2026-05-01", "--amount", "1200.50", "--currency", "EUR")["outcome"]
    assert (made["amount"], made["currency"], made["at"]) == (120_050, "EUR", "2026-05-01T00:00:00+00:00")
    yen = run("outcome", "Acme", "expanded", "--at", "2026-04-01T10:00+02:00", "--amount", "5000", "--currency", "JPY")
    assert yen.stdout == "outcome 2: expanded JPY 5,000, says Ann\n"
    assert run("outcome", "Acme", "renewed", "--amount", "1").stdout == "outcome 3: renewed USD 1.00, says Ann\n"
    shown = run("outcome", "list", "Acme").stdout
    assert "EUR 1,200.50" in shown
    assert "2026-04-01 08:00" in shown
    answer("outcome", "remove", "1")
    assert [each["id"] for each in answer("outcome", "list", "Acme")["outcomes"]] == ["3", "2"]


def test_a_target_stands_as_the_score_does(run: Runs, answer: Answers, scored: Path) -> None:
    score = answer("explain", "Beta [bold]Corp")["score"]
    open_ = answer("target", "Beta [bold]Corp", "99.5", "--by", day(30), "--reason", "after onboarding")["target"]
    assert (open_["state"], open_["short"]) == ("open", pytest.approx(99.5 - score))
    assert (
        f"target 99.5 by {day(30)} (Ann): open, {99.5 - score:.1f} points lack"
        in run("target", "Beta [bold]Corp", "99.5", "--by", day(30)).stdout
    )
    assert answer("target", "Beta [bold]Corp", "0", "--by", day(0))["target"]["state"] == "met"
    assert answer("target", "list", "--missed") == {"targets": []}
    assert run("target", "list", "--missed").stdout == "no target is missed\n"
    assert "Ann" in run("target", "list").stdout
    assert answer("target", "end", "Beta [bold]Corp")["target"]["state"] == "ended"
    assert run("target", "list").stdout == "there is no target\n"
    assert len(answer("target", "list", "--all")["targets"]) == 3


def test_explain_tells_of_target_and_notes_where_there_are_any(run: Runs, scored: Path) -> None:
    assert "target" not in run("explain", "Beta [bold]Corp").stdout
    run("target", "Beta [bold]Corp", "99.5", "--by", day(30))
    run("note", "add", "Beta [bold]Corp", "quiet")
    told = run("explain", "Beta [bold]Corp").stdout
    assert f"target 99.5 by {day(30)} (Ann): open, " in told
    assert "one note: `accountpulse note list 2`" in told
    run("note", "add", "Beta [bold]Corp", "still quiet")
    assert "2 notes: `accountpulse note list 2`" in run("explain", "Beta [bold]Corp").stdout
    assert "target" not in run("explain", "Beta [bold]Corp", "--as-of", day(-1)).stdout


def test_notes_are_kept_as_they_were_written(run: Runs, answer: Answers, scored: Path) -> None:
    assert run("note", "add", "Acme", "call [red]them", "--author", "Cyd").stdout == "Acme: note 1 is kept\n"
    assert "call [red]them" in run("note", "list").stdout
    assert [each["author"] for each in answer("note", "list", "acme.example")["notes"]] == ["Cyd"]
    assert answer("note", "remove", "1") == {"removed": 1}
    assert run("note", "list").stdout == "there is no note\n"


def test_before_anything_is_scored_the_word_is_kept_for_later(run: Runs, answer: Answers, shop: Path) -> None:
    assert run("sync").exit_code == 0
    result = run("override", "Acme", "80", "--until", day(5), "--reason", "signed")
    assert result.exit_code == 0
    assert "the account has no score yet" in result.stderr
    assert "Acme: 80.0 until" in result.stdout
    assert answer("score")["accounts"]
    assert answer("explain", "Acme")["score"] == 80


def test_who_it_was_is_named_else_from_the_environment(answer: Answers, scored: Path) -> None:
    assert answer("note", "add", "Acme", "one")["note"]["author"] == "Ann"
    assert answer("note", "add", "Acme", "two", "--author", "Bob")["note"]["author"] == "Bob"


# --- what can't be taken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["override", "Acme", "101", "--until", "2999-01-01", "--reason", "x"], "score: found 101; allowed are 0 to 100"),
        (["override", "Acme", "nan", "--until", "2999-01-01", "--reason", "x"], "score: found nan; allowed are 0 to 100"),
        (["override", "Acme", "much", "--until", "2999-01-01", "--reason", "x"], "'much' is not a valid float"),
        (
            ["override", "Acme", "80", "--until", "2020-01-01", "--reason", "x"],
            "until: 2020-01-02 00:00 UTC is not in the future",
        ),
        (["override", "Acme", "80", "--until", "2999-01-01", "--reason", "x"], "is more than 366 days away"),
        (["override", "Acme", "80", "--until", "9999-12-31", "--reason", "x"], "until: found '9999-12-31'; allowed is a day"),
        (["override", "Acme", "80", "--until", "soon", "--reason", "x"], "until: found 'soon'; allowed is a day, such as"),
        (
            ["override", "Acme", "80", "--until", "2020-01-01T10:00", "--reason", "x"],
            "has no time zone; write it with an offset",
        ),
        (["override", "Acme", "80", "--until", "2020-01-01", "--reason", " "], "reason: it is empty; write a few words"),
        (["override", "Acme", "80", "--until", "2020-01-01"], "Missing option '--reason'"),
        (["override", "Acme", "80", "--reason", "x"], "Missing option '--until'"),
        (["override", "Acmee", "80", "--until", "2020-01-01", "--reason", "x"], "no account 'Acmee'; did you mean Acme?"),
        (["override", "end", "Acme"], "no override is in force for account"),
        (["override", "list", "Acmee"], "did you mean Acme?"),
        (["target", "Acme", "-1", "--by", "2999-01-01"], "No such option"),
        (["target", "Acme", "101", "--by", "2999-01-01"], "score: found 101; allowed are 0 to 100"),
        (["target", "Acme", "75", "--by", "2020-01-01"], "by: 2020-01-01 is past"),
        (["target", "Acme", "75", "--by", "1 May"], "'1 May' does not match"),
        (["target", "end", "Acme"], "has no target"),
        (["note", "add", "Acme", " "], "text: it is empty"),
        (["note", "remove", "7"], "there is no note 7"),
        (["note", "remove", "99999999999999999999"], "is not in the range"),
        (["pulse", "Acme", "101", "--reason", "x"], "value: found 101; allowed are 0 to 100"),
        (["pulse", "remove", "7"], "nobody entered pulse 7"),
        (["outcome", "Acme", "lost"], "kind: found 'lost'; allowed are renewed, churned, contracted, expanded"),
        (["outcome", "Acme", "churned", "--at", "2999-01-01"], "at: 2999-01-01 00:00 UTC has not come yet"),
        (["outcome", "Acme", "churned", "--amount", "1.234"], "amount: found 1.234; USD has 2 decimals"),
        (["outcome", "Acme", "churned", "--amount", "lots"], "found 'lots'; allowed is a number"),
        (
            ["outcome", "Acme", "churned", "--amount", "5", "--currency", "EURO"],
            "currency: found 'EURO'; allowed is an ISO 4217",
        ),
        (["outcome", "Acme", "churned", "--currency", "EUR"], "it needs --amount"),
    ],
)
def test_what_can_not_be_taken_is_a_usage_error(run: Runs, scored_once: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.fixture
def scored_once(shop: Path, run: Runs) -> Path:
    assert run("sync").exit_code == 0
    return shop


def test_with_json_a_refusal_is_a_document_too(run: Runs, scored_once: Path) -> None:
    error = json.loads(run("pulse", "Acme", "101", "--reason", "x", "--json").stdout)["error"]
    assert error == {"type": "InvalidInput", "message": "value: found 101; allowed are 0 to 100"}


def test_the_name_of_peoples_connection_is_reserved(run: Runs, shop: Path) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("  usage: {connector", "  people: {connector", 1))
    result = run("check")
    assert result.exit_code == 2
    assert "the name 'people' is reserved: what people enter themselves is kept under it" in result.stderr


@pytest.mark.parametrize("group", ["override", "target", "pulse", "outcome"])
def test_the_commonest_command_needs_no_word(run: Runs, group: str) -> None:
    first = "set" if group in ("override", "target") else "add"
    assert run(group, "Acme", "--help").stdout.startswith(f"Usage: accountpulse {group} {first} [OPTIONS] ACCOUNT")
    assert run(group, "list", "--help").stdout.startswith(f"Usage: accountpulse {group} list")
