"""What a person sees of erasing, retention, back-up and restore; and the page names the fields that are personal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from accountpulse.cli.app import cli
from accountpulse.core.model import schemas
from accountpulse.core.store.age import AGEING

Runs = Callable[..., Result]
PAGE = (Path(__file__).parents[2] / "docs" / "data-care.md").read_text(encoding="utf-8")


def test_the_page_names_every_personal_field_and_every_key() -> None:
    for name, schema in schemas().items():
        marked = [field.name for field in schema.fields if field.personal]
        row = re.search(rf"^\| {name} \| (.*) \|$", PAGE, re.MULTILINE)
        assert (row is not None) == bool(marked), name
        assert row is None or all(f"`{field}`" in row[1] for field in marked), name
    assert all(f"`{name}`" in PAGE for name in AGEING)


def test_erase_asks_first_backs_up_and_restores_elsewhere(run: Runs, shop: Path) -> None:
    assert run("sync").exit_code == run("score").exit_code == 0
    backed = json.loads(run("backup", "b.db", "--json").stdout)
    assert backed["scores"] == 3
    assert run("backup", "b.db").exit_code == 2, "it is there already"
    refused = run("erase", "contact", "u0@a1.example")
    assert refused.exit_code == 130
    assert "fact_usage_day: removed: 59" in refused.stderr
    done = json.loads(
        run("erase", "contact", "u0@a1.example", "--yes", "--json", "--reason", "request 17", "--certificate", "c.json").stdout
    )
    assert done == json.loads((shop / "c.json").read_text())
    assert done["removed"] == {"fact_usage_day: removed": 59}
    assert run("erase", "account", "Gamma", "--yes").exit_code == 0
    assert json.loads(run("export", "account_current", "--format", "json").stdout)[-1]["name"] == "Beta [bold]Corp"
    again = run("sync", "files", "--reset", "--debug")
    assert again.exit_code == 0, again.output
    assert "Gamma" not in run("export", "account_current").stdout
    assert len(json.loads(run("erase", "list", "--json").stdout)["erasures"]) == 2
    assert run("erase", "release", "2").exit_code == 0
    assert run("erase", "release", "9").exit_code == 2

    assert "in use" in run("restore", "b.db").stderr
    config = shop / "accountpulse.yaml"
    text = config.read_text().replace("store: {url: accountpulse.db}", "store: {url: other.db}")
    config.write_text(text + "\nretention: {usage_day: 200}\n")
    assert run("restore", "b.db").exit_code == 0
    names = [row["name"] for row in json.loads(run("export", "account_current", "--format", "json").stdout)]
    assert names == ["Acme", "Beta [bold]Corp", "Gamma"]
    assert json.loads(run("retention", "--dry-run", "--json").stdout)["removed"] == {"usage_day": 0}


def test_a_certificate_is_never_replaced_unasked_and_nothing_is_erased_then(run: Runs, scored: Path) -> None:
    proof = scored / "c.json"
    proof.write_text("the proof of an earlier erasure")
    erase = ("erase", "account", "Gamma", "--yes", "--certificate", "c.json")
    refused = run(*erase)
    assert refused.exit_code == 2
    assert "c.json is there already; name another file, or say --force" in refused.stderr
    assert proof.read_text() == "the proof of an earlier erasure"
    elsewhere = run(*erase[:-1], "missing/c.json")
    assert (elsewhere.exit_code, "no folder missing" in elsewhere.stderr) == (2, True)
    assert json.loads(run("erase", "list", "--json").stdout) == {"erasures": []}
    assert run(*erase, "--dry-run").exit_code == 0, "it writes none"
    assert run(*erase, "--force").exit_code == 0
    assert json.loads(proof.read_text())["kind"] == "account"


def test_who_says_no_is_told_that_nothing_was_done(run: Runs, scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accountpulse.cli.sync.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    for command, said in (
        (["erase", "account", "Gamma"], "nothing was erased"),
        (["sync", "files", "--reset", "--purge"], "nothing was forgotten or read"),
    ):
        refused = CliRunner().invoke(cli, command, input="n\n")
        assert refused.exit_code == 1
        assert refused.stderr.endswith(f"{said}\n")
    assert "Gamma" in run("export", "account_current").stdout
    assert json.loads(run("erase", "list", "--json").stdout) == {"erasures": []}


def test_a_certificate_reads_as_english(run: Runs, scored: Path) -> None:
    assert "this would be removed of an account:" in run("erase", "account", "Gamma", "--dry-run").stdout
    one = run("erase", "contact", "u0@a1.example", "--yes").stdout
    assert re.match(r"erasure 1 of a contact at ", one)
    assert "no sync brings back: 1 name, kept as a hash\n" in one


def test_a_store_that_was_only_looked_at_is_empty_for_a_restore(run: Runs, scored: Path) -> None:
    assert run("backup", "b.db").exit_code == 0
    (scored / "accountpulse.db").unlink()
    for command in (["status"], ["check"], ["runs"], ["outbox", "list"], ["links"], ["query", "{ viewer { name } }"]):
        run(*command)
    assert (scored / "accountpulse.db").exists()
    restored = run("restore", "b.db")
    assert restored.exit_code == 0, restored.stderr
    assert "Gamma" in run("export", "account_current").stdout
