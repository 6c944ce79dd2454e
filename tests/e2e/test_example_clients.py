"""The example clients, as a front-end developer meets them: generated from the schema without a warning, checked, and run."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.benchmarks.environments import NoEnvironment, python_of
from tests.graphql.client import Api
from tests.graphql.shop import open_shop
from tests.node import NODE, NoPackages, installed
from tests.tokens import token_of

from accountpulse.core.trail import operator
from accountpulse.hub import Hub
from accountpulse.serving import serving
from accountpulse.testing.stores import fresh_store

REPOSITORY = Path(__file__).parents[2]
CLIENTS = REPOSITORY / "examples" / "clients"
SCHEMA = Path("src/accountpulse/graphql/schema.graphql")
REASON = "they told us that they leave"


@dataclass(frozen=True)
class Client:
    """A client's commands. unremarkable: what a line of the generator's says where there is nothing to warn of."""

    generate: Sequence[str]
    unremarkable: str
    check: Sequence[str]
    main: Sequence[str]
    feed: Sequence[str]


def typescript(folder: Path) -> Client:
    place = installed(CLIENTS / "typescript")
    (folder / "node_modules").symlink_to(place / "node_modules")
    node = str(NODE)
    return Client(
        generate=[node, "node_modules/.bin/graphql-codegen"],
        unremarkable=r"\s*[\u276f\u2714] .*",
        check=[node, "node_modules/.bin/tsc"],
        main=[node, "src/main.ts"],
        feed=[node, "src/feed.ts"],
    )


def python(folder: Path) -> Client:
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8").split()
    found = python_of(("clients", tuple(requirements)), make=True)
    strictly = [str(found), "-W", "error"]
    mypy = [str(REPOSITORY / ".venv" / "bin" / "python"), "-P", "-m", "mypy", "--python-executable", str(found)]
    return Client(
        generate=[*strictly, "-m", "ariadne_codegen"],
        unremarkable=r"(?!.*(?i:warn|deprecat|error)).*",
        check=[*mypy, "--cache-dir", str(found.parents[1] / "mypy_cache"), "main.py", "feed.py"],
        main=[*strictly, "main.py"],
        feed=[*strictly, "feed.py"],
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    """A hub that has scores of today and of four weeks ago, and the address of its API."""
    folder = tmp_path_factory.mktemp("served")
    with fresh_store(folder) as store, open_shop(store, folder) as hub:
        hub.score(since=hub.today - timedelta(days=28))
        with serving(hub, "127.0.0.1", 0) as listener:
            yield hub, f"http://127.0.0.1:{listener.port}/graphql"


@pytest.mark.slow
@pytest.mark.parametrize("language", [typescript, python], ids=lambda language: language.__name__)
def test_a_client_is_generated_checked_and_run(
    language: Callable[[Path], Client], served: tuple[Hub, str], tmp_path: Path
) -> None:
    folder = tmp_path / "examples" / "clients" / language.__name__
    # Only what git keeps: a generated client that lies about would hide one that can't be generated.
    left_out = shutil.ignore_patterns("node_modules", "generated", "accountpulse_client", "__pycache__")
    shutil.copytree(CLIENTS / language.__name__, folder, ignore=left_out)
    shutil.copytree(REPOSITORY / "examples" / "queries", tmp_path / "examples" / "queries")
    (tmp_path / SCHEMA.parent).mkdir(parents=True)
    shutil.copy(REPOSITORY / SCHEMA, tmp_path / SCHEMA)
    try:
        client = language(folder)
    except (NoPackages, NoEnvironment) as error:
        pytest.skip(str(error))

    said = _run(client.generate, folder).splitlines()
    assert [line for line in said if line and not re.fullmatch(client.unremarkable, line)] == []
    _run(client.check, folder)

    hub, url = served
    api = Api(hub)  # type: ignore[arg-type]  # the real hub
    asked = "{ portfolio { day accounts } accounts(first: 1, orderBy: [{field: SCORE}]) { nodes { name score { band } } } }"
    expected = api.get(asked)
    [worst] = expected["accounts"]["nodes"]
    token = token_of(hub, "read", "write")
    environment = {"ACCOUNTPULSE_URL": url, "ACCOUNTPULSE_TOKEN": token}
    with _watching(client.feed, folder, environment) as feed:
        try:
            printed = _run(client.main, folder, environment).splitlines()
            told = _first_line(feed, hub, worst["name"])
        finally:
            feed.terminate()
    assert printed[0] == f"{expected['portfolio']['accounts']} accounts on {expected['portfolio']['day']}"
    assert any(re.fullmatch(rf"{worst['name']}: [\d.]+, {worst['score']['band']}", line) for line in printed), printed
    assert any(line.startswith(worst["name"]) and " between " in line for line in printed), printed
    assert printed[-1] == "overridden once: true"
    assert re.fullmatch(rf"{worst['name']}: [\d.]+ -> [\d.]+, red\n", told), told
    now = api.get("query($name: String!) { account(by: {name: $name}) { override { reason } } }", name=worst["name"])
    assert now["account"]["override"]["reason"] == REASON
    hub.people.end_override(worst["name"], asker=operator("Ann"))
    hub.score()


def _run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints. Fails the test when the command does."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=_variables(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def _watching(command: Sequence[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, cwd=folder, env=_variables(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _variables(more: dict[str, str] | None) -> dict[str, str]:
    strange = ("ACCOUNTPULSE_", "PYTHON", "PYTEST_", "NODE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(strange)} | (more or {})


def _first_line(feed: subprocess.Popen[str], hub: Hub, account: str) -> str:
    """The first thing that the feed tells. It may have begun to watch too late for the change: then more is changed."""
    assert feed.stdout is not None
    for score in range(3, 13):
        if select.select([feed.stdout], [], [], 5)[0]:
            break
        until = hub.clock.now() + timedelta(days=1)
        hub.people.override(account, score, reason=REASON, until=until, asker=operator("Ann"))
        hub.score()
    return feed.stdout.readline()
