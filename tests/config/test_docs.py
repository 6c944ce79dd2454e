"""The documentation names every key there is, and its examples are good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from accountpulse.config.annotations import keys_of, type_of
from accountpulse.config.reading import KEYS, OPTIONAL
from accountpulse.config.settings import ATTRIBUTES, MERGED
from accountpulse.core.scoring.segments import OPERATORS
from accountpulse.plugins.host import PluginHost

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
CONNECTORS = PluginHost.load().connectors


def every_key(model: type[BaseModel]) -> Iterator[str]:
    """The keys of a connector's settings, with those of the blocks inside."""
    for name, field in model.model_fields.items():
        yield name
        yield from keys_of(field.annotation)
        yield from keys_of(type_of(field.annotation, 0))


@pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS)
def test_every_setting_of_every_connector_is_described(connector: Any) -> None:
    section = re.search(rf"^### {connector.id}\n(.*?)(?=^##)", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    assert section
    assert [key for key in every_key(connector.Config) if f"`{key}`" not in section[1]] == []


def test_every_key_of_the_file_is_described() -> None:
    text = DOCS.read_text()
    words = [*KEYS, *OPTIONAL, *MERGED, *ATTRIBUTES, *OPERATORS["any"]]
    assert [word for word in words if not re.search(rf"`{word}[`.]", text)] == []
