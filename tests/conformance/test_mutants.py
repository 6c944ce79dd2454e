"""The kit is no decoration: each connector with one fault is killed by the test named for it."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest
import tests.conformance.mutants
from tests.conformance.test_acme import TestAcme as Correct

from accountpulse.testing.connectors import ConnectorSuite
from accountpulse.testing.kit.rules import rules_of

MUTANTS = sorted(each.name for each in pkgutil.iter_modules(tests.conformance.mutants.__path__))
RULES = {rule.test: rule for rule in rules_of(ConnectorSuite)}


def mutant(name: str) -> ModuleType:
    return importlib.import_module(f"tests.conformance.mutants.{name}")


def suite_of(name: str) -> type[ConnectorSuite]:
    module = mutant(name)
    members = {"connector": module.Mutant, "flood": 5_000, **getattr(module, "DECLARED", {})}
    return type(f"Test_{name}", (Correct,), members)


def run(suite: type[ConnectorSuite], test: str, folder: Path) -> None:
    stream = {"stream": "customers"} if RULES[test].by_stream else {}
    getattr(suite(), test)(**stream, tmp_path=folder)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_connector_is_killed_by_the_test_named_for_it(name: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)) as killed:
        run(suite_of(name), mutant(name).KILLED_BY, tmp_path)
    assert len(str(killed.value).split()) > 5, "what the test says must help"


def test_every_rule_kills_some_mutant() -> None:
    assert {mutant(name).KILLED_BY for name in MUTANTS} == set(RULES)


def test_the_kit_has_24_rules_and_each_says_what_to_do() -> None:
    assert [rule.number for rule in rules_of(ConnectorSuite)] == list(range(1, 25))
    assert all(rule.text.endswith(".") and len(rule.text) > 40 for rule in RULES.values())
