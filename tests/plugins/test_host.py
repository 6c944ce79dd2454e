"""The host loads every plugin in its own try: a broken one costs only itself, and says why."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from accountpulse.core.errors import PluginError
from accountpulse.core.identity import Candidate, SourceAccount
from accountpulse.plugins import Account, Connector, ConnectorConfig, Identity, Window, hookimpl, stream
from accountpulse.plugins.host import PluginHost


class Config(ConnectorConfig):
    pass


class Sample(Connector[Config]):
    id, title = "sample", "Sample"

    def check(self) -> Identity:
        return Identity("1", "one")

    @stream(Account)
    def accounts(self, window: Window) -> Iterator[Account]:
        """Nothing."""
        yield from ()


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes an importable plugin module and returns its entry point."""

    def make(name: str, **members: Any) -> EntryPoint:
        module = types.ModuleType(f"plugin_{name}")
        for key, value in members.items():
            setattr(module, key, value)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EntryPoint(name, module.__name__, "accountpulse")

    return make


def register(*classes: type) -> Any:
    @hookimpl
    def register_connectors() -> list[type]:
        return list(classes)

    return register_connectors


def listed(host: PluginHost, name: str) -> Any:
    return next(p for p in host.plugins if p.name == name)


def test_the_built_in_connectors_come_through_the_entry_points() -> None:
    host = PluginHost.load()
    assert {"salesforce", "hubspot", "zendesk", "stripe", "typeform", "surveys", "segment", "tabular"} <= host.connectors.keys()
    assert "weighted" in host.scorers
    assert all(p.status == "loaded" for p in host.plugins), host.plugins


@pytest.mark.parametrize("line", ["raise RuntimeError('boom')", "import sys; sys.exit('boom')"])
def test_a_plugin_that_raises_or_exits_at_import_costs_only_itself(
    plugin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """R42."""
    (tmp_path / "exploding_plugin.py").write_text(f"{line}\n")
    monkeypatch.delitem(sys.modules, "exploding_plugin", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    host = PluginHost.load(
        found=[EntryPoint("bad", "exploding_plugin", "accountpulse"), plugin("good", register_connectors=register(Sample))]
    )
    assert listed(host, "bad").status == "broken"
    assert "boom" in listed(host, "bad").reason
    assert host.connectors == {"sample": Sample}


@pytest.mark.parametrize("error", [ValueError("no luck"), SystemExit("no luck")])
def test_a_hook_that_raises_or_exits_costs_only_its_plugin(plugin: Any, error: BaseException) -> None:
    """R42."""

    @hookimpl
    def register_connectors() -> list[type]:
        raise error

    host = PluginHost.load(
        found=[plugin("bad", register_connectors=register_connectors), plugin("good", register_connectors=register(Sample))]
    )
    assert "no luck" in listed(host, "bad").reason
    assert list(host.connectors) == ["sample"]


def test_a_misspelt_hook_is_an_error_with_a_suggestion(plugin: Any) -> None:
    @hookimpl
    def register_conectors() -> list[type]:
        return []

    host = PluginHost.load(found=[plugin("typo", register_conectors=register_conectors)])
    assert "did you mean 'register_connectors'?" in listed(host, "typo").reason


def test_two_plugins_with_one_connector_id_are_both_refused_and_named(plugin: Any) -> None:
    class Other(Sample):
        pass

    host = PluginHost.load(
        found=[plugin("one", register_connectors=register(Sample)), plugin("two", register_connectors=register(Other))]
    )
    assert host.connectors == {}
    assert "'two'" in listed(host, "one").reason
    assert "'one'" in listed(host, "two").reason


def test_what_is_not_a_connector_is_refused(plugin: Any) -> None:
    host = PluginHost.load(found=[plugin("odd", register_connectors=register(int))])
    assert "not a Connector class" in listed(host, "odd").reason


def test_strict_mode_raises(plugin: Any) -> None:
    with pytest.raises(PluginError, match="plugin 'odd'"):
        PluginHost.load(strict=True, found=[plugin("odd", register_connectors=register(int))])


def test_the_allow_list_leaves_others_out(plugin: Any) -> None:
    host = PluginHost.load(allow=["other"], found=[plugin("good", register_connectors=register(Sample))])
    assert listed(host, "good").status == "left out"
    assert host.connectors == {}


def test_an_observer_that_raises_is_logged_and_passed_over(plugin: Any, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[object] = []

    @hookimpl
    def bad(change: object) -> None:
        raise RuntimeError("deaf")

    @hookimpl
    def good(change: object) -> None:
        seen.append(change)

    host = PluginHost.load(found=[plugin("a", score_changed=bad), plugin("b", score_changed=good)])
    host.observe_score("moved")
    assert seen == ["moved"]
    assert "plugin a failed" in caplog.text


def test_a_plugins_match_is_one_of_the_candidates_also_where_two_systems_use_one_key(
    plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    crm = Candidate(1, "crm", "001", "Acme", "domain", "")
    billing = Candidate(2, "billing", "001", "Acme", "domain", "")
    record = SourceAccount(id=3, connection="desk", rank=2, anchor=False, key="9")

    @hookimpl
    def the_key(candidates: list[Candidate]) -> Any:
        return candidates[0].key

    @hookimpl
    def the_last(source_account: SourceAccount, candidates: list[Candidate]) -> Candidate | None:
        return candidates[-1] if source_account.connection == "desk" else None

    host = PluginHost.load(found=[plugin("a", match_account=the_last)])
    assert host.match_account(record, [crm, billing]) is billing
    host = PluginHost.load(found=[plugin("b", match_account=the_key)])
    assert host.match_account(record, [crm, billing]) is None
    assert "plugin b: match_account returned something else" in caplog.text
