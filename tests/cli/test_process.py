"""The command line as other programs see it: exit codes, one JSON document, signals, and how soon it is there."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.cli.conftest import WRITE_KEY
from tests.core.notify.receiver import SECRET, receiving

from accountpulse.health import LIVE, READY

COMMAND = [sys.executable, "-P", "-m", "accountpulse"]
PATIENCE = 60.0


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE)


def test_help_imports_nothing_heavy() -> None:
    heavy = ("dbos", "sqlalchemy", "numpy", "strawberry", "pydantic", "requests", "rich", "sqlglot", "ruamel", "uvicorn")
    code = (
        "import sys\nfrom accountpulse.cli.app import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert result.stdout.startswith("Usage:")
    assert result.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["check"], 0), (["check", "nope"], 2), (["frob"], 2), (["--version"], 0), (["check", "--config", "none.yaml"], 2)],
)
def test_exit_codes(shop: Path, arguments: list[str], code: int) -> None:
    result = call(*arguments)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr


def test_a_bug_is_one_message_and_a_traceback_only_on_request(shop: Path) -> None:
    (shop / "accountpulse.db").write_bytes(b"this is no database, whatever it says\n" * 200)
    result = call("status")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    assert "Traceback" in call("status", "--debug").stderr


@pytest.mark.slow
def test_json_is_the_only_thing_on_stdout(shop: Path) -> None:
    for arguments in (["sync"], ["score"], ["status"], ["explain", "Acme"], ["check"]):
        result = call(*arguments, "--json")
        assert result.returncode == 0, result.stderr
        json.loads(result.stdout)


def test_a_closed_pipe_is_no_crash(shop: Path) -> None:
    script = " ".join([*COMMAND, "metrics", "--json", "|", "head", "-1"])
    result = subprocess.run(script, shell=True, capture_output=True, text=True, timeout=PATIENCE)
    assert result.stdout == "{\n"
    assert result.stderr == ""


@pytest.fixture
def server(scored: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`accountpulse serve` on a port of its own choosing, and the address it tells."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = ""
    while not lines.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        lines += line
    address = json.loads(lines)["graphql"].removesuffix("/graphql")
    eventually(lambda: fetch(f"{address}/health/ready")["status"] == "ready")
    try:
        yield process, address
    finally:
        process.kill()
        process.communicate()


def fetch(url: str, body: object = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def eventually(what: Any, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            if what():
                return
        except urllib.error.URLError:
            pass
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def test_serve_answers_takes_events_in_and_ends_on_ctrl_c(server: tuple[subprocess.Popen[str], str]) -> None:
    process, address = server
    token = json.loads(call("token", "create", "test", "--json").stdout)["token"]
    query = "{ accounts(first: 5) { nodes { name score { value band } } } }"
    found = fetch(f"{address}/graphql", {"query": query}, authorization=f"Bearer {token}")
    assert {node["name"] for node in found["data"]["accounts"]["nodes"]} == {"Acme", "Beta [bold]Corp", "Gamma"}

    key = b64encode(f"{WRITE_KEY}:".encode()).decode()
    event = {
        "type": "track", "event": "export", "userId": "u9@acme.example", "messageId": "one",
        "context": {"groupId": "a1"}, "timestamp": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    assert fetch(f"{address}/in/usage/v1/track", event, authorization=f"Basic {key}")["success"] is True
    fresh = "{ connections { name freshAt } }"

    def received() -> bool:
        told = fetch(f"{address}/graphql", {"query": fresh}, authorization=f"Bearer {token}")["data"]["connections"]
        return next(each["freshAt"] for each in told if each["name"] == "usage") is not None

    eventually(received)
    told = fetch(f"{address}/graphql", {"query": fresh}, authorization=f"Bearer {token}")["data"]["connections"]
    status = json.loads(call("status", "--json").stdout)["connections"]
    assert {each["name"]: each["fresh_at"] for each in status} == {each["name"]: each["freshAt"] for each in told}
    eventually(lambda: json.loads(call("sync", "usage", "--json").stdout)["connections"][0]["streams"][0]["read"] == 0)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said.strip() == "interrupted"


@pytest.mark.slow
def test_what_is_scheduled_is_done_and_what_is_to_be_told_is_delivered_until_sigterm_ends_it_in_order(
    shop: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `serve`, which waits for the next minute, and by `worker`, which is seen to do its jobs in tests/core/jobs."""
    monkeypatch.setenv("NOTIFY_SECRET", SECRET)
    file = shop / "accountpulse.yaml"
    text = file.read_text().replace("connector: tabular", 'connector: tabular\n    schedule: "* * * * *"', 1)
    until = str((datetime.now(UTC) + timedelta(days=9)).date())

    def decide(score: str) -> None:
        """Change a band, which is to be told."""
        assert run("override", "set", "Acme", score, "--until", until, "--reason", "I know them").exit_code == 0

    def scored_and_told() -> bool:
        if accounts_scored() < 3:
            return False
        if not decided:
            assert receiver.taken == [], "a first score is no change"
            decided.append("1")
            decide("1")
        return len(receiver.taken) == 1

    decided: list[str] = []

    with receiving() as receiver:
        file.write_text(f'{text}\nnotify: {{url: "{receiver.url}", secret: "${{NOTIFY_SECRET}}"}}\n')
        lives_and_ends_in_order(["serve", "--port", "0"], until=scored_and_told)
        assert (shop / "accountpulse.jobs.db").exists()
        decide("99")
        lives_and_ends_in_order(["worker", "--health-port", "0"], until=lambda: len(receiver.taken) == 2)
        assert [told["score"]["after"] for told in receiver.taken] == [1, 99]


def lives_and_ends_in_order(command: list[str], until: Callable[[], bool]) -> None:
    """Start it, ask whether it is well, wait, and end it as a machine does that is shut down."""
    process = subprocess.Popen([*COMMAND, *command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said_first = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        address = said_first["graphql"].removesuffix("/graphql") if "graphql" in said_first else None
        for path, status in ((LIVE, "alive"), (READY, "ready")):
            with urllib.request.urlopen((address or f"http://127.0.0.1:{said_first['health']}") + path) as answer:
                assert json.load(answer) == {"status": status}
        eventually(lambda: process.poll() is not None or until(), patience=3 * PATIENCE)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, said) == (0, "")


def accounts_scored() -> int:
    with closing(sqlite3.connect("accountpulse.db")) as connection:
        (found,) = connection.execute("select count(*) from score_current").fetchone()
    return int(found)


def test_a_port_that_is_taken_is_told(server: tuple[subprocess.Popen[str], str]) -> None:
    port = server[1].rsplit(":", 1)[1]
    result = call("serve", "--port", port)
    assert result.returncode == 2
    assert f"can't listen on 127.0.0.1 port {port}" in result.stderr


@pytest.mark.slow
def test_the_demo_runs_again_finds_nothing_new_and_its_queries_work_as_they_are_printed(tmp_path: Path) -> None:
    options = ["--days", "10", "--store", str(tmp_path / "demo.db")]
    documents = []
    for _ in range(2):
        result = subprocess.run(
            [*COMMAND, "demo", "--once", "--json", *options],
            capture_output=True,
            text=True,
            timeout=900,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        assert result.returncode == 0, result.stderr
        documents.append(json.loads(result.stdout))
    first, second = documents
    assert set(first) == {"accounts", "segments", "bands", "records", "score_rows_written", "seconds"}
    assert first["accounts"] == sum(first["segments"].values()) == sum(first["bands"].values())
    assert first["accounts"] >= 150
    assert first["score_rows_written"] > 2 * first["accounts"]
    # The made-up company has no disputed payment, asks in the older way, and nobody but its product pushes anything.
    silent = {"billing.disputes", "billing.inbox", "support.inbox", "support.surveys", "surveys.inbox"}
    silent |= {"crm.assets", "crm.contracts"}
    assert {name for name, count in first["records"].items() if not count} == silent
    assert {key: second[key] for key in ("accounts", "segments", "bands")} == {
        key: first[key] for key in ("accounts", "segments", "bands")
    }
    assert second["score_rows_written"] == 0
    assert sum(second["records"].values()) < sum(first["records"].values()) / 100
    queries_work_as_they_are_printed(options)


def queries_work_as_they_are_printed(options: list[str]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        printed = ""
        while "# Since when?" not in printed or not printed.endswith("\n\n"):
            line = process.stdout.readline()
            assert line, printed
            printed += line
        address = next(line.split()[1] for line in printed.splitlines() if line.startswith("GraphQL"))
        token = next(line.split()[1] for line in printed.splitlines() if line.startswith("token"))
        queries = [part.split("\n", 1)[1] for part in printed.split("\n# ")[1:]]
        assert len(queries) == 3
        for query in queries:
            answer = fetch(address, {"query": query}, authorization=f"Bearer {token}")
            assert "errors" not in answer
            assert all(answer["data"].values())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    finally:
        process.kill()
        process.communicate()
