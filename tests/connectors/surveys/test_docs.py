"""What docs/connectors/surveys.md shows works as it says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
from tests.connectors.surveys.test_receiver import NOW, RAW, SECRET, applied, signed

from accountpulse.connectors.surveys.mapping import responses_of
from accountpulse.connectors.surveys.source import Surveys, SurveysConfig
from accountpulse.connectors.tabular.source import Tabular, TabularConfig
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import Account, Context, InboundRequest, SurveyResponse, Window

PAGE = (Path(__file__).parents[3] / "docs" / "connectors" / "surveys.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def settings(block: str) -> tuple[str, dict[str, Any]]:
    ((_, connection),) = ruamel.yaml.YAML(typ="safe").load(block).items()
    return connection["connector"], connection["config"]


def test_the_documented_response_is_understood() -> None:
    connector = Surveys(SurveysConfig.model_validate({"webhook_secrets": [SECRET]}), Context("s", clock=FixedClock(NOW)))
    raw = blocks("json")[0].encode()
    items = applied(connector, connector.receive(InboundRequest("POST", "responses", signed(raw), raw, NOW)))
    assert [type(item) for item in items] == [Account, SurveyResponse]
    assert (items[1].account, items[1].score) == ("001A000001XyZ", 9.0)


def test_the_documented_mapping_fits_the_documented_shape() -> None:
    connector, config = settings(blocks("yaml")[1])
    assert connector == "surveys"
    (found,) = responses_of(json.loads(blocks("json")[1]), SurveysConfig.model_validate(config))
    assert found == {
        "id": "t-1",
        "kind": "csat",
        "score": 4.0,
        "scale_min": 1.0,
        "scale_max": 5.0,
        "comment": "Quick help",
        "account": "001A000001XyZ",
        "email": "ann@acme.example",
        "responded_at": "2026-11-21T10:00:00+00:00",
    }


def test_the_documented_import_reads_the_documented_file(tmp_path: Path) -> None:
    connector, config = settings(blocks("yaml")[2])
    assert connector == "tabular"
    (tmp_path / "nps-2025.csv").write_text(blocks("csv")[0], encoding="utf-8")
    read = Tabular(
        TabularConfig.model_validate(config, context={"folder": tmp_path}), Context("history", clock=FixedClock(NOW))
    )
    records = [item for item in read.files(Window(None, NOW)) if isinstance(item, SurveyResponse)]
    assert [(r.source_id, r.account, r.kind, r.score, r.respondent) for r in records] == [
        ("r-1", "001A000001XyZ", "nps", 9.0, "ann@acme.example"),
        ("r-2", "001B000002XyZ", "nps", 3.0, "bob@globex.example"),
    ]
    assert records[1].comment == "Slow, and dear"
    assert records[0].responded_at == datetime(2025, 11, 21, 9, tzinfo=UTC)


def test_the_documented_headers_are_the_defaults() -> None:
    config = SurveysConfig.model_validate({"webhook_secrets": [SECRET]})
    for header in (config.signature_header, config.timestamp_header):
        assert f"| `{header}` |" in PAGE
        assert f'-H "{header}: ' in PAGE
    assert set(signed(RAW)) == {str(config.signature_header).lower(), str(config.timestamp_header).lower()}


@pytest.mark.parametrize("name", ["webhook_secrets", "signature_header", "timestamp_header", "responses", "fields", "scores"])
def test_every_setting_has_its_use(name: str) -> None:
    assert f"`{name}" in PAGE or f"{name}:" in PAGE
