"""SurveyMonkey for AccountPulse."""

from __future__ import annotations

from typing import Any

from accountpulse.plugins import Connector, hookimpl
from accountpulse_surveymonkey.source import SurveyMonkey


@hookimpl
def register_connectors() -> list[type[Connector[Any]]]:
    return [SurveyMonkey]
