"""The built-in connectors on the quality scale: what each claims in its quality.yaml is so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from accountpulse.diagnostics import described_settings
from accountpulse.plugins import Connector
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.quality import audit

CONNECTORS: Mapping[str, type[Connector[Any]]] = PluginHost.load().connectors
GOLD = ("gold", "platinum")
CANARY = "canary-82c1d0"

each_built_in = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS)


@pytest.mark.slow
@each_built_in
def test_what_is_claimed_holds(connector: type[Connector[Any]]) -> None:
    report = audit(connector)
    assert report.source_tree, "the built-ins are audited with their tests and pages at hand"
    assert [f"{each.rule}: {each.why}" for each in report.false_claims] == []


@pytest.mark.slow
@each_built_in
def test_every_gold_rule_names_its_test(connector: type[Connector[Any]]) -> None:
    gold = [rule for rule in audit(connector).rules if rule.tier == "gold" and rule.status == "met"]
    assert [rule.rule for rule in gold if not rule.tests] == []


@each_built_in
def test_diagnostics_hold_no_secret(connector: type[Connector[Any]]) -> None:
    """Every secret that a connector's settings can hold is planted, and looked for in what is shown of them."""
    secret = SecretStr(CANARY)
    planted = {
        name: (secret,) if "tuple" in str(field.annotation) else secret
        for name, field in connector.Config.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    shown = json.dumps(described_settings(connector.Config.model_construct(None, **planted)))
    assert CANARY not in shown
    assert shown.count("***") == len(planted), "and each is said to be there"


@pytest.mark.slow
@each_built_in
def test_every_built_in_is_at_gold_or_better(connector: type[Connector[Any]]) -> None:
    report = audit(connector)
    missed = [f"{each.rule}: {each.why}" for each in report.rules if each.status == "missed" and each.tier != "platinum"]
    assert (report.tier in GOLD, missed) == (True, [])
