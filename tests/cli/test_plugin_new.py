"""`accountpulse plugin new` and `plugin try`, as an author meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_new_says_what_it_wrote_and_what_comes_next(run: Callable[..., Result]) -> None:
    made = run("plugin", "new", "acme")
    assert made.exit_code == 0
    for line in made.stdout.splitlines():
        if line.startswith("wrote "):
            assert Path(line.removeprefix("wrote ")).is_file()
    assert 'cd accountpulse-acme\n  python -m pip install -e ".[test]"\n  accountpulse plugins\n' in made.stdout


def test_new_for_programs(answer: Callable[..., Any]) -> None:
    told = answer("plugins", "new", "late-bills", "here/it/is", "--kind", "metric", "--license", "MIT", "--author", "Ada")
    assert (told["id"], told["distribution"], told["package"]) == (
        "late_bills",
        "accountpulse-late-bills",
        "accountpulse_late_bills",
    )
    assert all(Path(path).is_file() for path in told["written"])
    assert told["next"][0] == "cd here/it/is"
    assert "Ada" in Path("here/it/is/LICENSE").read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("Acme",), "try 'acme'"),
        (("zendesk",), "there is a connector 'zendesk' already"),
        (("weighted", "--kind", "scorer"), "there is a scorer 'weighted' already"),
        (("logins-30d", "--kind", "metric"), "there is a metric 'logins_30d' already"),
        (("acme", "."), "nothing is overwritten"),
        (("acme", "--kind", "exporter"), "'exporter' is not one of"),
    ],
)
def test_what_can_not_be_made_is_said_and_nothing_is_written(
    arguments: tuple[str, ...], problem: str, run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = run("plugin", "new", *arguments)
    assert refused.exit_code == 2
    assert problem in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_options_stand_behind_the_command_that_they_are_for(run: Callable[..., Result]) -> None:
    refused = run("plugins", "--json", "new", "acme")
    assert refused.exit_code == 2
    assert "put the options behind the command: accountpulse plugins new" in refused.stderr


def test_try_syncs_from_the_stand_in_and_shows_records(
    run: Callable[..., Result], answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("plugin", "new", "acme", ".").exit_code == 0
    monkeypatch.syspath_prepend("src")
    told = answer("plugin", "try", "--rows", "7", "--show", "2")["streams"][0]
    assert (told["connector"], told["stream"]) == ("acme", "customers")
    assert (told["result"]["state"], told["result"]["read"], told["stored"]) == ("ok", 7, 7)
    assert [each["fields"]["name"] for each in told["records"]] == ["Customer 000001", "Customer 000002"]
    shown = run("plugin", "try", "tests/test_acme.py")
    assert "connected to Simulated workspace (workspace-1)" in shown.stdout
    assert "Customer 000005" in shown.stdout


def test_try_says_where_there_is_nothing_to_try(run: Callable[..., Result], tmp_path: Path) -> None:
    assert "there is no ConnectorSuite in tests/test_*.py" in run("plugin", "try").stderr
    (tmp_path / "broken.py").write_text("import a_module_that_is_not_there\n")
    refused = run("plugin", "try", "broken.py")
    assert refused.exit_code == 2
    assert "broken.py can't be imported: ModuleNotFoundError" in refused.stderr
    assert "is not a Python file" in run("plugin", "try", "nowhere.py").stderr
