"""The plugin pages name what there is, exactly; and the tutorial, followed word by word, ends with a passing kit."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from tests.light import REPOSITORY, light_environment

from accountpulse import plugins as door
from accountpulse.core.errors import ConnectorError
from accountpulse.plugins import hookspecs
from accountpulse.plugins.host import GROUP

PAGES = REPOSITORY / "docs" / "plugins"
TUTORIAL = (PAGES / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)
MOST_LINES = 40


def files() -> dict[str, str]:
    """The files that the tutorial writes: each named at the end of the words before it."""
    named = {}
    for block in BLOCK.finditer(TUTORIAL):
        if block["kind"] == "python":
            path = re.search(r"`([\w./]+)`:$", block["before"])
            assert path is not None, f"say where this goes: {block['before']!r}"
            named[path[1]] = block["text"]
    return named


def steps() -> list[str]:
    """What the tutorial does after the environment is made, as shell commands in order."""
    found = []
    for block in BLOCK.finditer(TUTORIAL):
        if block["kind"] == "console":
            found += [line.removeprefix("$ ") for line in block["text"].splitlines()]
        elif block["kind"] == "python":
            path = next(name for name, text in files().items() if text == block["text"])
            found.append(f"cat > {path} <<'THE END OF THE FILE'\n{block['text']}THE END OF THE FILE")
    return found


def code_lines(source: str) -> int:
    """Lines of code: no empty ones, comments or docstrings."""
    tree = ast.parse(source)
    told = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(source.splitlines(), 1)
    return sum(1 for number, line in lines if number not in told and line.strip() and not line.lstrip().startswith("#"))


def test_every_hook_is_documented_with_its_exact_signature() -> None:
    page = (PAGES / "index.md").read_text(encoding="utf-8")
    hooks = {name: each for name, each in vars(hookspecs).items() if hasattr(each, f"{GROUP}_spec")}
    assert hooks
    told = re.findall(r"^### `(.+)`$", page, re.MULTILINE)
    assert told == [f"{name}({', '.join(inspect.signature(each).parameters)})" for name, each in hooks.items()]


def test_the_connectors_page_names_every_error_and_every_option_of_a_stream() -> None:
    page = (PAGES / "connectors.md").read_text(encoding="utf-8")
    errors = [
        name for name in door.__all__ if inspect.isclass(each := getattr(door, name)) and issubclass(each, ConnectorError)
    ]
    assert [name for name in errors if f"`{name}" not in page] == []
    assert [name for name in inspect.signature(door.stream).parameters if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_a_minimal_connector_stays_small() -> None:
    connector = files()["src/accountpulse_acme/__init__.py"]
    template = REPOSITORY / "src" / "accountpulse" / "authoring" / "templates" / "connector" / "plugin.py.tmpl"
    for source in (connector, template.read_text().replace("${class_name}", "Acme")):
        plugin = ast.parse(source)
        begins = next(node.lineno for node in plugin.body if isinstance(node, ast.ClassDef))
        assert code_lines("\n".join(source.splitlines()[begins - 1 :])) < MOST_LINES


@pytest.mark.slow
def test_the_tutorial_followed_word_by_word_ends_with_a_passing_kit(tmp_path: Path) -> None:
    light = light_environment(tmp_path / "environment")
    (tmp_path / "empty").mkdir()
    told = light.run("set -ex\n" + "\n".join(steps()), tmp_path / "empty")
    listing, _, rest = told.partition("acme.customers: connected to")
    assert re.search(r"acme\s+accountpulse-acme\s+0\.1\.0\s+loaded", listing)
    assert "acme.tickets: connected to" in rest
    assert re.search(r"\d+ passed", rest)
    assert "failed" not in rest.split("acme.tickets")[1].splitlines()[-1]
