"""A distribution that `accountpulse plugin new` made, as its author meets it: installed, listed, tried, passing its tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.light import Light, light_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Light:
    return light_environment(tmp_path_factory.mktemp("environment"))


@pytest.mark.parametrize("kind", ["scorer", "metric", "connector"])
def test_what_is_made_works_before_anything_is_changed(kind: str, light: Light, tmp_path: Path) -> None:
    made = json.loads(light.run(f"accountpulse plugin new my-{kind} --kind {kind} --author Ada --json", tmp_path))
    told = light.run("set -e\n" + "\n".join(made["next"]), tmp_path)
    assert f"accountpulse-my-{kind}" in told
    assert " passed" in told
    listed = json.loads(light.run("accountpulse plugins --json", tmp_path))["plugins"]
    assert [plugin["status"] for plugin in listed if plugin["name"] == f"my_{kind}"] == ["loaded"]
