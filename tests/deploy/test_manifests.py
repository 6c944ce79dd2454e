"""The files in `deploy` are what Compose, Kubernetes and systemd take, and start what there is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import jsonschema
import kubernetes_validate
import pytest
import yaml

from accountpulse.cli.app import cli
from accountpulse.health import LIVE, READY

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
UNITS = {path.name: path.read_text() for path in sorted((DEPLOY / "systemd").iterdir())}
PROGRAM = "/srv/accountpulse/venv/bin/accountpulse "
VERSIONS = ("1.29", "1.33")
"""Of Kubernetes: an old one that is still about, and a newer one."""


def compose_schema() -> Any:
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / "compose-spec.json").read_text())


def test_the_compose_file_is_one() -> None:
    jsonschema.validate(COMPOSE, compose_schema())
    broken = {**COMPOSE, "services": {"api": {**COMPOSE["services"]["api"], "comand": []}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, compose_schema())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_kubernetes_objects(version: str) -> None:
    assert [each["kind"] for each in MANIFESTS] == ["Deployment", "Deployment", "Service", "PodDisruptionBudget"]
    for each in MANIFESTS:
        kubernetes_validate.validate(each, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**MANIFESTS[0], "specs": {}}, version, strict=True)


def _commands() -> Iterator[Sequence[str]]:
    for service in COMPOSE["services"].values():
        if service["image"] == "accountpulse":
            yield service["command"]
    for container in _containers():
        yield container["args"]


def _containers() -> Iterator[dict[str, Any]]:
    for each in MANIFESTS:
        if each["kind"] == "Deployment":
            yield from each["spec"]["template"]["spec"]["containers"]


@pytest.mark.parametrize("command", list(_commands()), ids=" ".join)
def test_what_is_started_is_a_command_with_these_options(command: Sequence[str]) -> None:
    name, *options = command
    context = click.Context(cli)
    found = cli.get_command(context, name)
    assert found is not None
    parsed = found.make_context(name, list(options), parent=context)
    assert parsed.params.get("api_only") is True or parsed.params.get("health_port") == 8001


def started(unit: str) -> str:
    (command,) = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert command.startswith(PROGRAM)
    return command.removeprefix(PROGRAM)


def test_units_start_what_there_is_again_and_again_and_differ_in_nothing_else() -> None:
    wanted = {
        "accountpulse.service": "serve",
        "accountpulse-api.service": "serve --api-only",
        "accountpulse-worker@.service": "worker --metrics-port %i",
    }
    assert {name: started(unit) for name, unit in UNITS.items()} == wanted
    context = click.Context(cli)
    for command in wanted.values():
        name, *options = command.replace("%i", "9465").split()
        found = cli.get_command(context, name)
        assert found is not None
        found.make_context(name, options, parent=context)
    own = ("#", "Description=", "ExecStart=")
    alike = {tuple(line for line in unit.splitlines() if not line.startswith(own)) for unit in UNITS.values()}
    (lines,) = alike
    # Without the first systemd gives up after five starts within ten seconds.
    assert {"StartLimitIntervalSec=0", "Restart=always", "RestartSec=5"} <= set(lines)


def test_the_page_shows_the_unit_that_there_is() -> None:
    page = (DEPLOY.parent / "docs" / "operate.md").read_text(encoding="utf-8")
    assert f"```ini\n{UNITS['accountpulse.service']}```" in page
    assert all(name in page for name in UNITS)


def test_what_is_asked_is_answered() -> None:
    ports = {"api": 8000, "worker": 8001}
    for container in _containers():
        (port,) = container["ports"]
        assert port["containerPort"] == ports[container["name"]]
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
        assert {probe["port"] for probe in probes} == {port["name"]}
        assert {probe["path"] for probe in probes} == {LIVE, READY}
    selected = next(each for each in MANIFESTS if each["kind"] == "Service")["spec"]["selector"]
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in MANIFESTS if each["kind"] == "Deployment"]
    assert [selected.items() <= each.items() for each in labels] == [True, False]


def test_the_configuration_lies_where_it_is_looked_for() -> None:
    from accountpulse.config.model_schema import DEFAULT_MODELS

    image = (DEPLOY / "Dockerfile").read_text()
    assert "ACCOUNTPULSE_CONFIG=/config/accountpulse.yaml" in image
    for each in MANIFESTS[:2]:
        sources = each["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
        paths = {item["path"] for item in sources[0]["configMap"]["items"]}
        assert paths == {"accountpulse.yaml", *(f"models/{name}.yaml" for name in DEFAULT_MODELS)}
