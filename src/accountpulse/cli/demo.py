"""`accountpulse demo`: a made-up company with 228 customers, from its vendors to the API, in one command."""

from __future__ import annotations

import shlex
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from accountpulse.core.scoring.service import ScoreReport
    from accountpulse.core.sync.results import RunResult
    from accountpulse.demo import Demo
    from accountpulse.hub import Hub
    from accountpulse.overview import ScoreRow
    from accountpulse.serving import Listener

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
WORST, BEST = 15, 5


@declare("demo", example="accountpulse demo\naccountpulse demo --once --json --store demo.db")
@click.option("--once", is_flag=True, help="Don't keep serving: end when everything has been scored.")
@click.option("--store", metavar="URL", help="A file or URL to keep and go on from.  [default: a temporary file]")
@click.option("--days", type=click.IntRange(1, 540), default=90, show_default=True, help="How many days to score.")
@click.option("--port", type=click.IntRange(0, 65535), help="The API's port, 0 for any.  [default: 8000 if it is free]")
def command(run: Run, once: bool, store: str | None, days: int, port: int | None) -> int:
    """Sync simulated vendors, score their customers, and serve the API, all on this machine.

    Needs no configuration, but the vendors' SDKs: pip install "accountpulse[demo]", of which zenpy is GPL-3.0.
    """
    from accountpulse.arriving import draining
    from accountpulse.cli.display import DayBar, StreamBars
    from accountpulse.core.garbage import settle
    from accountpulse.core.store.scope import EVERYTHING
    from accountpulse.demo import open_demo

    # A stopped demo tidies up after itself however it is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun = time.monotonic()
    with open_demo(store) as demo:
        _say("simulated Salesforce, Zendesk, Stripe and Typeform are there")
        for result in demo.hub.check():
            _say(f"  {result.connection}: {result.identity.name if result.identity else result.message}")
        with StreamBars() as bars:
            results = demo.sync(bars)
        with _serving(demo.hub, 0 if once else port) as listener:
            address = f"http://{listener.host}:{listener.port}"
            _say(f"sending three days of product usage to {address}/in/usage with Segment's own client")
            with StreamBars() as bars:
                results += demo.send_usage(address, bars)
            with DayBar() as bar:
                report = demo.score(days, bar)
            rows = demo.hub.table()
            if run.as_json:
                run.emit(_document(results, report, rows, time.monotonic() - begun))
            else:
                _show(run, demo, report, rows)
                click.echo(f"done in {time.monotonic() - begun:.0f} seconds")
            if once:
                if store and not run.as_json:
                    _go_on(demo, rows)
                return 0
            with draining(demo.hub):
                made = demo.hub.operations.create_token("demo", ["read", "write"], None, rows=EVERYTHING, asker=asking(None))
                _invite(f"{address}/graphql", str(made.token), rows[0].name if rows else "", report.day, to_stderr=run.as_json)
                settle()
                threading.Event().wait()
    return 0


@contextmanager
def _serving(hub: Hub, port: int | None) -> Iterator[Listener]:
    """Serve on a port; where none is named, on the usual one if it is free."""
    from accountpulse.core.errors import SettingsError
    from accountpulse.serving import bound, serving

    if port is None:
        try:
            with bound(HOST, DEFAULT_PORT):
                port = DEFAULT_PORT
        except SettingsError:
            port = 0
    with serving(hub, HOST, port) as listener:
        yield listener


def _document(results: Sequence[RunResult], report: ScoreReport, rows: Sequence[ScoreRow], seconds: float) -> dict[str, object]:
    """What `--json` prints."""
    records: Counter[str] = Counter()
    for result in results:
        for stream in result.streams:
            records[f"{result.connection}.{stream.stream}"] += stream.read
    return {
        "accounts": len(rows),
        "segments": report.segments,
        "bands": report.bands,
        "records": dict(records),
        "score_rows_written": report.rows_written,
        "seconds": round(seconds, 1),
    }


def _show(run: Run, demo: Demo, report: ScoreReport, rows: Sequence[ScoreRow]) -> None:
    from accountpulse.cli.score import score_table, summary
    from accountpulse.core.names import UNKNOWN_NAME

    known = [row for row in rows if row.band != UNKNOWN_NAME]
    worst, best = known[:WORST], known[WORST:][-BEST:]
    run.out.print(score_table(worst, title=f"The {len(worst)} customers to worry about"))
    if best:
        run.out.print(score_table(best, title=f"The {len(best)} best"))
    for line in summary(report):
        click.echo(line)
    if demo.resumed:
        click.echo("this store was known: only what changed since was read")


def _go_on(demo: Demo, rows: Sequence[ScoreRow]) -> None:
    """What else can be asked of a demo that is kept."""
    config = f"--config {shlex.quote(str(demo.hub.settings.path))}"
    then = demo.hub.today - timedelta(days=30)
    click.echo("\nthe store is kept; go on with:")
    if rows:
        click.echo(f"  accountpulse explain {shlex.quote(rows[0].name)} --from {then} {config}")
    for command in ("model list", "model audit"):
        click.echo(f"  accountpulse {command} {config}")


def _invite(address: str, token: str, account: str, day: date, *, to_stderr: bool) -> None:
    """Where to go, what to show there, and three questions to begin with."""
    click.echo(f"\nGraphQL  {address}\ntoken    {token}\nGraphiQL {address}#token={token}\n", err=to_stderr)
    for title, query in queries(account, day):
        click.echo(f"# {title}\n{query}\n", err=to_stderr)
    click.echo("Ctrl-C ends the demo.", err=True)


def queries(account: str, day: date) -> list[tuple[str, str]]:
    """Three questions that can be pasted into GraphiQL as they are."""
    name = account.replace("\\", "\\\\").replace('"', '\\"')
    return [
        (
            "Who needs help first?",
            "{ accounts(first: 5, filter: {churnedAt: {null: true}}, orderBy: [{field: SCORE}]) {\n"
            "    totalCount nodes { name owner score { value band coverage trend28d } } } }",
        ),
        (
            "Why is this score what it is? reference + contributions + adjustments = value",
            f'{{ account(by: {{name: "{name}"}}) {{ name score {{ value reference bounds {{ low high }}\n'
            "    components { metric { title } state contribution reason } adjustments { label points } } } }",
        ),
        (
            "Since when? And how fresh is what we know?",
            f'{{ account(by: {{name: "{name}"}}) {{ history(from: "{day - timedelta(days=60)}", to: "{day}") {{\n'
            "    points { day score band } } }\n  connections { name state freshAt } }",
        ),
    ]


def _say(text: str) -> None:
    click.echo(text, err=True)
