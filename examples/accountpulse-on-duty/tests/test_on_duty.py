"""The field as a client asks for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import strawberry

from accountpulse_on_duty import VARIABLE, OnDuty, register_graphql_types

QUERY = 'query($day: Date) { onDuty(owner: "ann", day: $day) { owner person until } }'
README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.fixture(autouse=True)
def absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "absences.csv"
    file.write_text("owner,from,to,deputy\nbob,2026-01-01,2026-12-31,eve\nann,2026-07-01,2026-07-14,bob\n")
    monkeypatch.setenv(VARIABLE, str(file))


def on_duty(day: str) -> dict[str, object]:
    answer = strawberry.Schema(query=OnDuty).execute_sync(QUERY, variable_values={"day": day})
    assert answer.errors is None
    assert answer.data is not None
    return answer.data["onDuty"]


@pytest.mark.parametrize("day", ["2026-07-01", "2026-07-14"])
def test_a_deputy_is_on_duty_while_the_owner_is_away(day: str) -> None:
    assert on_duty(day) == {"owner": "ann", "person": "bob", "until": "2026-07-14"}


@pytest.mark.parametrize("day", ["2026-06-30", "2026-07-15"])
def test_an_owner_who_is_there_is_on_duty(day: str) -> None:
    assert on_duty(day) == {"owner": "ann", "person": "ann", "until": None}


def test_without_a_file_nobody_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    assert on_duty("2026-07-01")["person"] == "ann"


def test_the_documented_query_runs() -> None:
    answer = strawberry.Schema(query=OnDuty).execute_sync(README.split("```graphql\n")[1].split("```")[0])
    assert answer.errors is None
    assert answer.data is not None
    assert answer.data["onDuty"]["owner"] == "ann"


def test_accountpulse_has_the_field(tmp_path: Path) -> None:
    assert register_graphql_types() == [OnDuty]
    command = [sys.executable, "-m", "accountpulse", "schema", "export", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=True)
    sdl = json.loads(done.stdout)["sdl"]
    assert "onDuty(" in sdl
    assert "Who looks after the accounts of an owner on a day." in sdl
