"""A bridge over a tap that does what a test tells it to."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accountpulse.plugins import Context, Window
from accountpulse_singer.config import SingerConfig
from accountpulse_singer.source import Singer, SingerSnapshot

HERE = Path(__file__).parent
SECRET = "canary-51f0c2"
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
MAPPING = """\
streams:
  customers:
    record: account
    fields:
      source_id: id
      name: name
"""


def schema(stream: str = "customers") -> dict[str, Any]:
    return {"say": {"type": "SCHEMA", "stream": stream, "schema": SCHEMA, "key_properties": ["id"]}}


def row(id: str, **more: Any) -> dict[str, Any]:
    return {"say": {"type": "RECORD", "stream": "customers", "record": {"id": id, "name": "Acme"}, **more}}


def state(value: Any) -> dict[str, Any]:
    return {"say": {"type": "STATE", "value": value}}


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., SingerConfig]:
    """Settings of a connection whose tap takes these steps."""

    def make(*steps: dict[str, Any], mapping: str = MAPPING, **more: Any) -> SingerConfig:
        (tmp_path / "mapping.yaml").write_text(mapping)
        settings = {"steps": json.loads(json.dumps(steps)), **more.pop("settings", {})}
        given = {"secrets": {"token": SECRET}, "catalog": "none", "silence": 30, **more}
        command = (sys.executable, "-S", "-E", str(HERE / "tap_odd.py"))
        return SingerConfig.model_validate(
            {"command": command, "settings": settings, "mapping": str(tmp_path / "mapping.yaml"), **given}
        )

    return make


@pytest.fixture
def singer(config: Callable[..., SingerConfig]) -> Callable[..., Singer]:
    def make(*steps: dict[str, Any], context: Context | None = None, **more: Any) -> Singer:
        return Singer(config(*steps, **more), context or Context("test"))

    return make


@pytest.fixture
def snapshot(config: Callable[..., SingerConfig]) -> Callable[..., SingerSnapshot]:
    def make(*steps: dict[str, Any]) -> SingerSnapshot:
        return SingerSnapshot(config(*steps), Context("test"))

    return make


def window(context: Context, cursor: Any = None) -> Window:
    return Window(since=None, until=context.clock.now(), cursor=cursor)


def read(connector: Singer | SingerSnapshot, cursor: Any = None) -> list[Any]:
    """Everything that it yields."""
    return list(connector.rows(window(connector.context, cursor)))
