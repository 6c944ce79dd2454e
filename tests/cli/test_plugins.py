"""Commands that plugins add, and secrets that nothing shows."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.cli.conftest import WRITE_KEY

from accountpulse.cli import app
from accountpulse.cli.app import CommandLine, cli
from accountpulse.connectors.segment.source import Segment

PLUGIN = """\
import click
from accountpulse.plugins import hookimpl

@hookimpl
def register_commands(cli):
    @cli.command("greet")
    def greet():
        "Say hello."
        click.echo("hello from a plugin")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greeting_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "entry_points", lambda group: [EntryPoint("greeting", "greeting_plugin", group)])
    monkeypatch.setattr(CommandLine, "_plugins_added", False)
    monkeypatch.setattr(cli, "commands", {})
    cli.__dict__.pop("_plugins_added", None)


def test_a_plugins_command_is_listed_and_runs(plugin: None, run: Callable[..., Result]) -> None:
    assert "greet" in run("--help").stdout
    assert run("greet").stdout == "hello from a plugin\n"


def test_a_plugin_that_is_not_allowed_adds_nothing(plugin: None, run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "accountpulse.yaml").write_text("plugins: {allow: [stripe]}\n")
    assert run("greet").exit_code == 2


def test_not_even_a_traceback_shows_a_secret(shop: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(self: Segment) -> None:
        raise KeyboardInterrupt(f"refused {self.config.write_keys[0].get_secret_value()}")

    monkeypatch.setattr(Segment, "check", leak)
    result = run("check", "--debug")
    assert result.exit_code == 130
    assert WRITE_KEY not in result.output

    def leak_differently(self: Segment) -> None:
        raise SystemError(f"refused {self.config.write_keys[0].get_secret_value()}")

    monkeypatch.setattr("accountpulse.hub.Hub.check", lambda hub, name, **_: leak_differently(hub.sources["usage"].connector))
    result = run("check", "--debug")
    assert result.exit_code == 1
    assert "refused ***" in result.stderr
    assert WRITE_KEY not in result.output


def test_plugin_and_plugins_are_one_group_that_lists_when_nothing_else_is_asked(answer: Callable[..., Any]) -> None:
    listed = answer("plugins")
    assert {"zendesk", "scorers"} <= {each["name"] for each in listed["plugins"]}
    assert answer("plugin") == listed
