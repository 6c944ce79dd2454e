"""The configuration file of `settings_texts.py` in a folder of its own, and what reading a changed one gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.config.settings_texts import ENVIRONMENT

from accountpulse.config.model_schema import default_model_text
from accountpulse.config.settings import Settings
from accountpulse.core.errors import SettingsError
from accountpulse.plugins.host import PluginHost

Problems = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return PluginHost.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    for name in ("new", "standard"):
        (tmp_path / "models" / f"{name}.yaml").write_text(default_model_text(name))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "two").write_text("two-key\n")
    return tmp_path


@pytest.fixture
def load(folder: Path, host: PluginHost) -> Callable[[str], Settings]:
    def load(text: str) -> Settings:
        file = folder / "accountpulse.yaml"
        file.write_text(text)
        return Settings.load(file, host, environment=ENVIRONMENT)

    return load


@pytest.fixture
def problems(load: Callable[[str], Settings], folder: Path) -> Problems:
    """The problems of a file, without the folder in which it lies."""

    def problems(text: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(text)
        return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]

    return problems
