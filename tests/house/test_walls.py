"""The house's rules that a reviewer would otherwise have to repeat."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import accountpulse
import graphql

PACKAGE = Path(accountpulse.__file__).parent
REPOSITORY = Path(__file__).parents[2]
LONGEST_MODULE = 450


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "migrations/versions" not in p.as_posix())


def test_the_import_walls_stand() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_holds_one_concept(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE, "split it: one concept a module"
    assert not text.strip() or text.startswith('"""'), "a module begins by saying what it is"


def test_graphql_is_graphql_core() -> None:
    assert PACKAGE not in Path(graphql.__file__).parents


def test_every_package_of_the_card_is_there() -> None:
    for name in ("core", "connectors", "graphql", "plugins", "config"):
        assert (PACKAGE / name / "__init__.py").is_file()


def test_sql_is_written_in_the_store_and_the_metric_compiler_only() -> None:
    allowed = (PACKAGE / "core" / "store", PACKAGE / "core" / "metrics")
    offenders = [
        p.relative_to(PACKAGE).as_posix()
        for p in modules()
        if not any(a in p.parents for a in allowed)
        and any(f"sa.{word}(" in p.read_text(encoding="utf-8") for word in ("select", "insert", "update", "delete", "text"))
    ]
    assert offenders == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements.spark.lock"])
def test_a_lock_file_names_no_host(name: str) -> None:
    lock = (REPOSITORY / name).read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_pages_that_messages_name_are_there() -> None:
    named = {
        (page, path.name) for path in modules() for page in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert named
    assert not {(page, where) for page, where in named if not (REPOSITORY / page).exists()}


def test_the_command_line_starts_without_heavy_imports() -> None:
    probe = "import sys, accountpulse.cli; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-P", "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "sqlalchemy", "strawberry", "starlette", "stripe", "simple_salesforce", "zenpy", "pydantic"}
    assert not heavy & set(loaded)


def test_built_ins_come_through_entry_points() -> None:
    names = {e.name for e in distribution("accountpulse").entry_points if e.group == "accountpulse"}
    assert names == {
        "salesforce",
        "hubspot",
        "zendesk",
        "intercom",
        "stripe",
        "typeform",
        "surveys",
        "segment",
        "posthog",
        "tabular",
        "scorers",
        "metrics",
    }
