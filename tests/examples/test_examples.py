"""The example distributions, as a stranger meets them: installed, listed, and passing their own tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.light import REPOSITORY, Light, light_environment

EXAMPLES = sorted(path.name for path in (REPOSITORY / "examples").iterdir() if (path / "pyproject.toml").is_file())


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Light:
    return light_environment(tmp_path_factory.mktemp("environment"))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_installs_is_listed_and_passes_its_tests(name: str, light: Light, tmp_path: Path) -> None:
    folder = REPOSITORY / "examples" / name
    light.run(f"python -m pip install --quiet -e '{folder}[test]'", tmp_path)
    listed = json.loads(light.run("accountpulse plugins --json", tmp_path))["plugins"]
    mine = [plugin for plugin in listed if plugin["distribution"] == name]
    assert [plugin["status"] for plugin in mine] == ["loaded"], mine
    light.run(f"python -m pytest -q -p no:cacheprovider --basetemp '{tmp_path / 'theirs'}'", folder, offline=False)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_whole(name: str) -> None:
    folder = REPOSITORY / "examples" / name
    assert (folder / "LICENSE").read_text() == (REPOSITORY / "LICENSE").read_text()
    assert (folder / "README.md").read_text().startswith(f"# {name}\n")
    assert list((folder / "src").glob("*/py.typed"))
