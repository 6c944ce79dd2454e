"""dev.py: what it says where it can't work, and what it runs where it can."""

from __future__ import annotations

import builtins
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """dev.py as a module, with a virtual environment of its own that isn't there yet."""
    spec = importlib.util.spec_from_file_location("dev_under_test", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "MARKER", tmp_path / ".venv" / "marker")
    monkeypatch.setattr(module, "SPARK_MARKER", tmp_path / ".venv" / "spark-marker")
    return module


@pytest.mark.parametrize("version", [(3, 9), (3, 14)])
def test_a_python_that_does_not_fit_gets_advice(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: tuple[int, int]
) -> None:
    monkeypatch.setattr(dev.sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        dev.prepare()
    assert ended.value.code == 2
    assert f"this is Python 3.{version[1]}; AccountPulse needs 3.11 to 3.13; install one" in capsys.readouterr().err


def test_a_python_without_venv_gets_debians_advice(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "ensurepip":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemExit):
        dev.prepare()
    assert f"apt install python3.{sys.version_info[1]}-venv" in capsys.readouterr().err


def test_nothing_is_installed_where_nothing_changed(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(dev, "runs", lambda python: True)
    monkeypatch.setattr(dev.subprocess, "run", lambda command, **_: ran.append(command) or type("Done", (), {"returncode": 0}))
    dev.VENV.mkdir()
    dev.prepare()
    assert [command[1:3] for command in ran] == [["-m", "pip"]] * 2
    assert "--require-hashes" in ran[0]
    ran.clear()
    dev.prepare()
    assert ran == []
    dev.MARKER.write_text("another lock")
    dev.prepare()
    assert len(ran) == 2


def test_spark_is_installed_once(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(dev.subprocess, "run", lambda command, **_: ran.append(command) or type("Done", (), {"returncode": 0}))
    dev.VENV.mkdir()
    for _ in range(2):
        dev.prepare_spark()
    assert [command[-3:] for command in ran] == [["--require-hashes", "-r", str(ROOT / "requirements.spark.lock")]]


@pytest.mark.parametrize(
    ("arguments", "for_pytest"),
    [([], ["-m", "not slow"]), (["--all"], []), (["--all", "--", "-x", "tests/cli"], ["-x", "tests/cli"])],
)
def test_test_runs_every_check_and_passes_arguments_on(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str], for_pytest: list[str]
) -> None:
    steps: list[tuple[str, list[str]]] = []
    asked: list[str] = []
    monkeypatch.setattr(dev, "run_all", steps.extend)
    monkeypatch.setattr(dev, "prepare_spark", lambda: asked.append("spark"))
    dev.test(arguments)
    assert asked == ["spark"] * ("--all" in arguments)
    assert [name for name, _ in steps] == ["ruff check", "ruff format --check", "lint-imports", "mypy", "pytest"]
    assert all(command[1] == "-P" for _, command in steps)
    assert steps[-1][1][4:] == ["-n", "auto", "--dist", "worksteal", *for_pytest]


def test_the_first_failure_is_the_exit_code_and_the_rest_still_runs(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter([0, 3, 0, 4])
    monkeypatch.setattr(dev.subprocess, "run", lambda *_, **__: type("Done", (), {"returncode": next(codes)}))
    with pytest.raises(SystemExit) as ended:
        dev.run_all([(name, [name]) for name in "abcd"])
    assert ended.value.code == 3
    assert next(codes, "all ran") == "all ran"
