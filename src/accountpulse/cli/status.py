"""`accountpulse status`: how the connections stand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from accountpulse.hub import Hub
    from accountpulse.overview import ConnectionStatus

SHOWN = 5
"""How many records in quarantine a person is shown of each connection."""
EVERY = 2.0


@declare("status", example="accountpulse status\naccountpulse status --json | jq '.connections[] | select(.state != \"ok\")'")
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl-C.")
def command(run: Run, watch: bool) -> int:
    """Show every connection: its state and since when, how fresh its data is, and what is in quarantine.

    Exit code 0, however they stand: `--json` is for those who decide by it.
    """
    if watch and run.as_json:
        raise click.UsageError("--watch shows a table to people; ask again for another --json")
    with run.hub() as hub:
        if watch:
            return _watch(run, hub)
        connections, queues, now = hub.status(), _queues(hub), hub.clock.now()
        run.notice(hub)
    if run.as_json:
        run.emit({"connections": connections, **queues})
        return 0
    from accountpulse.cli.display import resting

    run.out.print(_table(connections))
    if queues["outbox"]["waiting"] or queues["outbox"]["dead"]:
        click.echo(f"{_undelivered(queues['outbox'])}; see `accountpulse outbox list`")
    for each in connections:
        if each.paused_until is not None and each.paused_until > now:
            click.echo(resting(each.name, each.paused_until, each.message))
        elif each.message:
            click.echo(f"{each.name}: {each.message}")
        for record in each.quarantine[:SHOWN]:
            click.echo(f"{each.name}.{record.stream}: {record.source_id} is in quarantine: {record.reason}")
        if len(each.quarantine) > SHOWN:
            click.echo(f"{each.name}: and {len(each.quarantine) - SHOWN:,} more in quarantine; --json lists all")
    return 0


def _watch(run: Run, hub: Hub) -> int:
    from rich.console import Group
    from rich.live import Live

    with Live(console=run.out, auto_refresh=False, transient=False) as live:
        while True:
            queues = _queues(hub)
            waiting = sum(queues["waiting"].values())
            line = f"{hub.clock.now():%H:%M:%S} UTC   pushed and waiting: {waiting:,}   {_undelivered(queues['outbox'])}"
            live.update(Group(_table(hub.status()), line), refresh=True)
            time.sleep(EVERY)


def _undelivered(outbox: Mapping[str, int]) -> str:
    return f"outbox: {outbox['waiting']:,} waiting, {outbox['dead']:,} given up"


def _queues(hub: Hub) -> Mapping[str, Mapping[str, int]]:
    from accountpulse.core.store import figures

    with hub.store.read() as connection:
        found = figures.read(connection)
    return {"waiting": {each.name: each.waiting for each in found.connections}, "outbox": found.outbox}


def _table(connections: Sequence[ConnectionStatus]) -> Table:
    from accountpulse.cli.display import Column, instant, table
    from accountpulse.operations import until_when

    names = ("connection", "connector", "state", "since (UTC)", "fresh as of (UTC)", "promised", "kept")
    return table(
        [Column(name) for name in names],
        [
            (
                each.name,
                each.connector,
                f"{each.state}{until_when(each.paused_until)}".removesuffix(" UTC"),
                instant(each.since),
                instant(each.fresh_at),
                "-" if each.fresh_within_hours is None else f"{each.fresh_within_hours:g} h",
                each.freshness if each.freshness != "late" else f"late since {instant(each.late_from)}",
            )
            for each in connections
        ],
    )
