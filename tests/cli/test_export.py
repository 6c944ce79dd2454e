"""What is exported is what the program says, in every form; and a document is answered without a server."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import Result

Runs = Callable[..., Result]


@pytest.fixture
def scored(run: Runs, shop: Path) -> Path:
    """The shop, synced and scored."""
    assert run("sync").exit_code == 0
    assert run("score").exit_code == 0
    return shop


def test_one_view_in_every_form_says_the_same(run: Runs, scored: Path) -> None:
    text = run("export", "account_current", "--format", "csv")
    assert text.exit_code == 0, text.stderr
    rows = list(csv.DictReader(io.StringIO(text.stdout)))
    assert [row["name"] for row in rows] == ["Acme", "Beta [bold]Corp", "Gamma"]
    table = json.loads(run("score", "--json").stdout)["accounts"]
    assert {row["name"]: row["band"] for row in rows} == {row["name"]: row["band"] for row in table}
    as_json = json.loads(run("export", "account_current", "--format", "json").stdout)
    assert [row["score"] for row in as_json] == [float(row["score"]) for row in rows]
    assert as_json[0]["customer_since"] == rows[0]["customer_since"] == "2024-01-05T00:00:00Z"
    told = run("export", "account_current", "--output", "out/accounts.parquet", "--json")
    assert json.loads(told.stdout)["written"] == [{"name": "account_current", "path": "out/accounts.parquet", "rows": 3}]
    file = scored / "out" / "accounts.parquet"
    assert pq.read_table(file)["score"].to_pylist() == [row["score"] for row in as_json]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["accounts.parquet"]


def test_everything_is_a_file_each_without_secrets_and_facts_are_read_by_duckdb(run: Runs, scored: Path) -> None:
    secret = run("token", "create", "bi").stdout.strip().splitlines()[0]
    told = json.loads(run("export", "everything", "--output", "all", "--format", "json", "--json").stdout)["written"]
    rows = {each["name"]: each["rows"] for each in told}
    assert rows["fact_account"] == 3
    assert rows["score_daily"] == 3
    assert rows["component_daily"] > 3
    assert rows["fact_usage_day"] > 100
    assert {path.stem for path in (scored / "all").iterdir()} == set(rows)
    whole = "".join(path.read_text() for path in (scored / "all").iterdir())
    assert "api_token" not in rows
    assert secret not in whole
    assert run("export", "facts", "--output", "lake").exit_code == 0
    manifest = json.loads((scored / "lake" / "manifest.json").read_text())
    files = [str(scored / "lake" / part["file"]) for part in manifest["facts"]["usage_day"]["parts"]]
    (counted,) = duckdb.connect().execute("select count(*) from read_parquet(?)", [files]).fetchone() or (None,)
    assert counted == rows["fact_usage_day"]
    again = run("export", "facts", "--output", "lake")
    assert again.exit_code == 0, "an export may be made anew in its folder"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score_dayly"], "there is nothing called 'score_dayly' to export"),
        (["nope"], "; or several as files of a folder: views, facts, everything"),
        (["score_daily", "--format", "parquet"], "name a file with --output"),
        (["score_daily", "--output", "scores.xlsx"], "--format csv, json or parquet"),
        (["everything"], "name their folder with --output"),
        (["score_daily", "--output", "accounts.csv/in/no.csv"], "can't be written: Not a directory"),
    ],
)
def test_what_can_not_be_exported_says_why(run: Runs, shop: Path, arguments: list[str], said: str) -> None:
    result = run("export", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr


def test_a_document_is_answered_with_variables_and_errors_have_an_exit_code(run: Runs, scored: Path) -> None:
    document = "query Q($n: Int!) { accounts(first: $n, orderBy: {field: NAME}) { totalCount nodes { name } } }"
    (scored / "q.graphql").write_text(document)
    good = run("query", "q.graphql", "--variables", '{"n": 2}')
    assert good.exit_code == 0, good.stdout
    answer: Any = json.loads(good.stdout)["data"]["accounts"]
    assert (answer["totalCount"], len(answer["nodes"])) == (3, 2)
    (scored / "v.json").write_text('{"n": 1}')
    assert len(json.loads(run("query", "q.graphql", "--variables", "@v.json").stdout)["data"]["accounts"]["nodes"]) == 1
    bad = run("query", "q.graphql", "--variables", '{"n": "two"}')
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["errors"]
    (scored / "wrong.graphql").write_text("{ acounts { nodes { name } } }")
    assert run("query", "wrong.graphql").exit_code == 1
    assert run("query", "q.graphql", "--variables", "[]").exit_code == 2
    (scored / "change.graphql").write_text(
        'mutation { addNote(input: {account: {domain: "acme.example"}, text: "called"}) { userErrors { message } } }'
    )
    assert run("query", "change.graphql").exit_code == 0
    assert "called" in run("note", "list").stdout
