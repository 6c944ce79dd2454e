"""`accountpulse sync`: read what changed at the sources."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from accountpulse.cli.app import FAILED, OK, PARTIAL
from accountpulse.cli.common import Run, say
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from rich.table import Table

    from accountpulse.core.sync.results import RunResult


@declare("sync", example="accountpulse sync\naccountpulse sync support tickets\naccountpulse sync support --reset")
@click.argument("connection", required=False)
@click.argument("stream", required=False)
@click.option("--reset", is_flag=True, help="Read everything again, from the start; history stays, what is gone is deleted.")
@click.option("--purge", is_flag=True, help="With --reset: first forget all that was read, its history too.")
@click.option("--yes", is_flag=True, help="With --purge: do not ask.")
@click.option(
    "--confirm-deletes", is_flag=True, help="Delete what a complete read lacked, also where that is more than a fifth."
)
def command(
    run: Run,
    connection: str | None,
    stream: str | None,
    reset: bool,
    purge: bool,
    yes: bool,
    confirm_deletes: bool,
) -> int:
    """Read what changed: of all connections, one CONNECTION, or one STREAM of it. Then link accounts.

    With --reset the connection is read from the start: what is unchanged keeps its versions, so scores and their history stay.
    With --reset --purge all that it brought is forgotten first, and read as if for the first time.
    """
    from accountpulse.cli.display import StreamBars
    from accountpulse.core.errors import SettingsError

    if purge and not reset:
        raise click.UsageError("--purge goes with --reset: accountpulse sync CONNECTION --reset --purge")
    if (reset or confirm_deletes) and connection is None:
        option = "--reset" if reset else "--confirm-deletes"
        raise click.UsageError(f"{option} is of one connection; name it: accountpulse sync CONNECTION {option}")
    if purge and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("--purge forgets for good; where nobody can be asked, add --yes")
        what = f"{connection}'s {stream}" if stream else f"connection {connection}"
        if not click.confirm(f"Forget all that was read of {what}, its history too?", err=True):
            click.echo("nothing was forgotten or read", err=True)
            return FAILED
    with run.hub() as hub:
        if not hub.settings.connections:
            raise SettingsError([f"{run.path}: it has no connections yet; describe one under `connections:`"])
        run.notice(hub)
        with StreamBars() as bars:
            results = hub.sync(connection, stream, reset=reset, purge=purge, delete_vanished=confirm_deletes, on_progress=bars)
    if run.as_json:
        run.emit({"state": overall(results), "connections": [with_totals(result) for result in results]})
    else:
        run.out.print(stream_table(results))
        for result in results:
            if said := _said(result):
                say(said, err=True, level=logging.WARNING)
            for each in result.streams:
                if each.message:
                    say(f"{result.connection}.{each.stream}: {each.message}", err=True, level=logging.WARNING)
    return {"ok": OK, "failed": FAILED}.get(overall(results), PARTIAL)


def _said(result: RunResult) -> str | None:
    """What is said of a run as a whole: nothing where it is what one of its streams says. What was pushed is a stream, too."""
    if any(result.message == f"{each.stream}: {each.message}" for each in result.streams):
        return None
    if result.state == "paused":
        from accountpulse.cli.display import resting

        return resting(result.connection, result.paused_until, result.message)
    return f"{result.connection}: {result.state}: {result.message}" if result.message else None


def overall(results: Sequence[RunResult]) -> str:
    """`ok` when every run is, `failed` when none brought anything, else `partial`."""
    states = {result.state for result in results}
    if states <= {"ok"}:
        return "ok"
    return "partial" if states & {"ok", "partial", "paused"} else "failed"


def with_totals(result: RunResult) -> dict[str, object]:
    """A run as JSON data, with the records changed."""
    from accountpulse.cli.common import plain

    data: dict[str, object] = plain(result)
    return data | {"changed": result.changed}


def stream_table(results: Sequence[RunResult]) -> Table:
    """What was read, stream by stream."""
    from accountpulse.cli.display import Column, table

    numbers = [Column(name, "right") for name in ("read", "changed", "unchanged", "quarantined")]
    return table(
        [Column("stream"), *numbers, Column("state")],
        [
            (
                f"{result.connection}.{each.stream}",
                f"{each.read:,}",
                f"{each.opened + each.closed:,}",
                f"{each.unchanged:,}",
                f"{each.quarantined:,}",
                each.state,
            )
            for result in results
            for each in result.streams
        ],
    )
