"""`plugins audit` and `plugins page`, and the diagnostics of a connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result
from tests.cli.conftest import WRITE_KEY


def test_the_audit_as_a_list_for_programs(answer: Callable[..., Any], run: Callable[..., Result]) -> None:
    (typeform,) = answer("plugins", "audit", "typeform")
    assert {"connector", "tier", "rules"} <= set(typeform)
    assert typeform["tier"] == "gold"
    assert {rule["status"] for rule in typeform["rules"]} == {"met", "missed", "exempt"}
    table = run("plugins", "audit", "typeform").stdout
    assert "Typeform does not tell of deleted responses" in " ".join(table.split())


def test_an_audit_that_fails(run: Callable[..., Result]) -> None:
    assert run("plugins", "audit", "typeform", "--at-least", "platinum").exit_code == 1
    result = run("plugins", "audit", "typefrom")
    assert result.exit_code == 2
    assert "did you mean 'typeform'?" in result.stderr


def test_a_page_is_printed(run: Callable[..., Result]) -> None:
    part = run("plugins", "page", "typeform").stdout.strip()
    assert part in (Path(__file__).parents[2] / "docs" / "connectors" / "typeform.md").read_text()


def test_diagnostics_show_faults_and_nothing_private(shop: Path, run: Callable[..., Result]) -> None:
    (shop / "accounts.csv").write_text("id,name,domain,plan,since\na1,Acme,acme.example,basic,someday\n")
    run("sync")
    result = run("check", "files", "--diagnostics")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["connector"]["id"] == "tabular"
    assert {stream["name"] for stream in found["streams"]} == {"files"}
    assert found["runs"][0]["streams"][0]["quarantined"] == 1
    assert "accountpulse" in found["versions"]
    for private in (str(shop), "acme.example", "someday", "accounts.csv"):
        assert private not in result.stdout
    result = run("check", "usage", "--diagnostics")
    assert json.loads(result.stdout)["settings"]["write_keys"] == ["***"]
    assert WRITE_KEY not in result.stdout


def test_diagnostics_are_of_one_connection(shop: Path, run: Callable[..., Result]) -> None:
    assert "name it" in run("check", "--diagnostics").stderr
