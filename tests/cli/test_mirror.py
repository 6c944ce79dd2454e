"""A mirror that the configuration asks for: made by a sync, brought up before scoring, given up with the configuration."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from accountpulse.core.store import mirror as store_mirror
from accountpulse.core.store.database import Store

Runs = Callable[..., Result]
Answers = Callable[..., Any]


@pytest.fixture
def mirrored(shop: Path) -> Path:
    """The shop, whose metrics run over a mirror."""
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text() + "\nmirror: {path: facts}\n")
    return shop


def test_a_sync_makes_the_mirror_and_scores_are_the_same_with_it(run: Runs, answer: Answers, mirrored: Path) -> None:
    synced = run("sync", "files")
    assert synced.exit_code == 0
    assert "mirror.facts: " in synced.stderr
    status = answer("mirror", "status")
    assert (status["behind"], status["rows"] > 0, mirrored / status["path"]) == (0, True, mirrored / "facts")
    with_mirror = answer("score")["accounts"]
    config = mirrored / "accountpulse.yaml"
    config.write_text(config.read_text().replace("\nmirror: {path: facts}\n", ""))
    assert answer("score")["accounts"] == with_mirror
    assert with_mirror


def test_without_the_mirror_in_the_configuration_nothing_is_remembered_for_it(run: Runs, mirrored: Path) -> None:
    run("sync", "files")
    store = Store.open(str(mirrored / "accountpulse.db"))

    def is_on() -> bool:
        with store.read() as connection:
            return store_mirror.is_on(connection)

    assert is_on()
    config = mirrored / "accountpulse.yaml"
    config.write_text(config.read_text().replace("\nmirror: {path: facts}\n", ""))
    run("status")
    assert not is_on()
    store.close()


def test_refresh_says_what_it_did(run: Runs, answer: Answers, mirrored: Path) -> None:
    run("sync", "files")
    assert answer("mirror", "refresh")["refreshed"] == {"rebuilt": False, "rows": 0}
    assert "made anew: " in run("mirror", "refresh", "--rebuild").stdout
    assert "rows behind" in run("mirror", "status").stdout


def test_who_has_no_mirror_is_told_how_to_get_one(run: Runs, shop: Path) -> None:
    result = run("mirror", "status")
    assert result.exit_code == 2
    assert "add `mirror: {path: mirror}`" in result.stderr


def test_a_missing_extra_is_one_sentence(run: Runs, mirrored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = run("status")
    assert result.exit_code != 0
    assert 'pip install "accountpulse[fast]"' in result.stderr


def test_a_folder_that_cannot_be_used_fails_scoring_but_not_the_sync(run: Runs, mirrored: Path) -> None:
    (mirrored / "facts").write_text("in the way")
    assert run("sync", "files").exit_code == 0
    result = run("score")
    assert result.exit_code == 1
    assert "can't be written" in result.stderr


@pytest.mark.parametrize(("block", "message"), [("{}", "name the folder"), ("{path: 3}", "a folder's path")])
def test_mistakes_in_the_configuration(run: Runs, shop: Path, block: str, message: str) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text() + f"\nmirror: {block}\n")
    result = run("check")
    assert result.exit_code == 2
    assert message in result.stderr
