"""What an operator sees of a running AccountPulse: figures, lines and contracts."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from click.testing import Result
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.cli.conftest import WRITE_KEY

from accountpulse.core.observe import trace
from accountpulse.core.observe.meters import REGISTRY

Runs = Callable[..., Result]
PAGE = (Path(__file__).parents[2] / "docs" / "observe.md").read_text(encoding="utf-8")


def test_a_contract_is_told_and_its_breach_too(run: Runs, shop: Path) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("    anchor: true\n", "    anchor: true\n    fresh_within_hours: 0.01\n", 1))
    before = {each["name"]: each for each in json.loads(run("status", "--json").stdout)["connections"]}
    assert (before["files"]["freshness"], before["files"]["fresh_within_hours"]) == ("never", 0.01)
    assert (before["usage"]["freshness"], before["usage"]["fresh_within_hours"]) == ("unpromised", None)
    assert run("sync", "files").exit_code == 0
    after = json.loads(run("status", "--json").stdout)
    files = after["connections"][0]
    assert files["freshness"] == "fresh"
    assert files["late_from"] > files["fresh_at"]
    assert after["outbox"] == {"waiting": 0, "delivered": 0, "dead": 0}
    assert "0.01 h" in run("status").stdout
    assert run("status", "--watch", "--json").exit_code == 2


def test_a_watched_status_is_shown_anew_until_it_is_ended(run: Runs, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def wait(seconds: float) -> None:
        looks.append(seconds)
        assert run("sync", "files").exit_code == 0
        if len(looks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("accountpulse.cli.status.time.sleep", wait)
    told = run("status", "--watch")
    assert looks == [2.0, 2.0]
    assert told.exit_code == 130
    assert "pushed and waiting: 0   outbox: 0 waiting, 0 given up" in told.stdout
    assert " ok " in told.stdout


def test_lines_are_json_where_that_is_asked_for(run: Runs, shop: Path) -> None:
    told = run("sync", "files", "--log-format", "json", "--json").stderr
    lines = [json.loads(line) for line in told.splitlines()]
    (line,) = [line for line in lines if line.get("stream") == "files"]
    assert (line["level"], line["connection"], line["logger"]) == ("info", "files", "accountpulse.sync")
    assert int(line["run"]) >= 1
    wrong = json.loads(run("check", "nope", "--log-format", "json").stderr)
    assert (wrong["level"], wrong["message"].partition(":")[0]) == ("error", "error")


def test_what_serve_and_a_worker_say_is_in_the_log_where_its_lines_are_json(run: Runs, shop: Path) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text().replace("anchor: true", 'anchor: true\n    schedule: "0 3 * * *"', 1))
    for arguments, says in ((("serve", "--port", "0"), "GraphQL at http"), (("worker",), "Working. Read by schedule: files.")):
        command = [sys.executable, "-P", "-m", "accountpulse", *arguments, "--metrics-port", "0", "--log-format", "json"]
        with subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                told = ""
                while "Figures for Prometheus" not in told:
                    line = process.stderr.readline()
                    assert line, told
                    told += line
                process.send_signal(signal.SIGTERM)
                out, rest = process.communicate(timeout=30)
            finally:
                process.kill()
        lines = [json.loads(line) for line in (told + rest).splitlines()]
        assert [line for line in lines if line["message"].startswith(says)], told
        assert out == ""


def test_the_page_names_every_figure(run: Runs, shop: Path) -> None:
    named = {family.name for family in REGISTRY.collect()}
    from accountpulse.core.observe import meters

    source = Path(meters.__file__).read_text(encoding="utf-8")
    named |= set(re.findall(r'"(accountpulse_[a-z_]+)"', source))
    assert [name for name in sorted(named) if f"`{name}" not in PAGE] == []


def test_traces_reach_a_collector_over_otlp(run: Runs, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = shop / "accountpulse.yaml"
    config.write_text(config.read_text() + "\ntraces: true\n")
    with collecting() as (address, taken):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        try:
            assert run("sync", "files").exit_code == run("score").exit_code == 0
        finally:
            trace.switch_off()
    spans = {}
    for path, body in taken:
        assert path == "/v1/traces"
        assert WRITE_KEY.encode() not in body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert names["service.name"] == "accountpulse"
            spans |= {span.name: span for scope in resource.scope_spans for span in scope.spans}
    assert {"sync.stream", "scoring.day", "scoring.measure"} <= set(spans)
    assert spans["scoring.measure"].parent_span_id == spans["scoring.day"].span_id


@contextmanager
def collecting() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector of OpenTelemetry as far as it takes OTLP over HTTP: its address, and what was sent to it."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.slow
def test_serve_answers_prometheus_and_ends_in_order(run: Runs, shop: Path) -> None:
    assert run("sync", "files").exit_code == run("score").exit_code == 0
    token = run("token", "create", "probe").stdout.strip().splitlines()[0]
    command = [sys.executable, "-P", "-m", "accountpulse", "serve", "--port", "0", "--metrics-port", "0", "--json"]
    with subprocess.Popen(
        [*command, "--log-format", "json"],
        cwd=shop,
        env={**os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "}" not in said:
                said += process.stdout.readline()
            address = json.loads(said)
            headers = {"Authorization": f"Bearer {token}"}
            query = {"query": "{ connections { name freshness { state withinSeconds lateFrom } } }"}
            for _ in range(50):
                try:
                    answer = requests.post(address["graphql"], json=query, headers=headers, timeout=60)
                    break
                except requests.ConnectionError:
                    continue
            assert answer.json()["data"]["connections"][0]["freshness"]["state"] == "FRESH"
            assert requests.post(address["graphql"], json=query, timeout=60).status_code == 401
            figures = requests.get(address["metrics"], timeout=60).text
            assert 'accountpulse_request_seconds_count{status="200"} 1.0' in figures
            assert 'accountpulse_requests_refused_total{code="UNAUTHENTICATED"} 1.0' in figures
            assert re.search(r'accountpulse_connection_lag_seconds\{connection="files"\} \d', figures)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
