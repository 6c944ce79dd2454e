"""The documentation names every key there is, and its examples are good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from accountpulse.config.annotations import keys_of, type_of
from accountpulse.config.model_schema import default_model_text, read_model
from accountpulse.config.reading import KEYS, OPTIONAL
from accountpulse.config.settings import ATTRIBUTES, MERGED
from accountpulse.config.yaml import parse_yaml
from accountpulse.core.scoring import parse, parse_adjust
from accountpulse.core.scoring.adjust import ORDER
from accountpulse.core.scoring.bands import PRESETS
from accountpulse.core.scoring.lint import Code
from accountpulse.core.scoring.model import GOALS, MISSING_POLICIES, ROLL_UPS
from accountpulse.core.scoring.parse_normaliser import BASELINE_KEYS, CHANGES, MIDDLES, NORMALISERS, read_normaliser
from accountpulse.core.scoring.problems import Reader
from accountpulse.core.scoring.segments import OPERATORS
from accountpulse.plugins.host import PluginHost

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
MODELS = Path(__file__).parents[2] / "docs" / "models.md"
CONNECTORS = PluginHost.load().connectors
LANGUAGE = (
    parse.MODEL_KEYS,
    parse.POINTS_METRIC_KEYS,
    BASELINE_KEYS,
    parse_adjust.CAP_KEYS,
    parse_adjust.WORST_OF_KEYS,
    parse_adjust.ROLL_UP_KEYS,
    parse_adjust.STEADINESS_KEYS,
)


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


def test_every_word_of_the_model_language_is_described() -> None:
    text = MODELS.read_text()
    words = {key for keys in LANGUAGE for part in keys.values() for key in part} - {
        "name",
        "weight",
        "from",
        "to",
        "scores",
    }
    words |= {*NORMALISERS, *GOALS, *MISSING_POLICIES, *PRESETS, *ROLL_UPS, *MIDDLES, *CHANGES, *get_args(Code)}
    assert [word for word in sorted(words) if not re.search(rf"`{word}`|\b{word}:", text)] == []
    assert [prefix for prefix in ORDER if prefix not in text] == [], "every adjustment that there is"


def test_every_example_of_a_model_is_good() -> None:
    host = PluginHost.load()
    blocks = re.findall(r"```yaml\n(.*?)```", MODELS.read_text(), re.DOTALL)
    whole, parts = [b for b in blocks if b.startswith("name:")], [b for b in blocks if not b.startswith("name:")]
    assert len(whole) == 1
    assert len(parts) == 4
    read_model(parse_yaml(whole[0], "docs/models.md"), metrics=host.metrics, scorers=host.scorers)
    for part in parts:
        # Two ways to write one key are two examples.
        for example in re.split(r"\n(?=worst_of:)", part):
            text = f"{default_model_text('standard')}\n{example}"
            read_model(parse_yaml(text, "docs/models.md"), metrics=host.metrics, scorers=host.scorers)
    table = MODELS.read_text().partition("## Normalisers")[2]
    for normaliser in re.findall(r"\| `(\{\w+: .*\})` \|", table):
        read = Reader()
        read_normaliser(read, parse_yaml(normaliser, "docs/models.md").data, (), None)
        assert read.problems == []
