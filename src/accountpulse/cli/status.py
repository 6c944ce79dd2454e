"""`accountpulse status`: how the connections stand."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

SHOWN = 5
"""How many records in quarantine a person is shown of each connection."""


@declare("status", example="accountpulse status\naccountpulse status --json | jq '.connections[] | select(.state != \"ok\")'")
def command(run: Run) -> int:
    """Show every connection: its state and since when, how fresh its data is, and what is in quarantine."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        connections = hub.status()
        run.notice(hub)
    if run.as_json:
        run.emit({"connections": connections})
        return 0
    run.out.print(
        table(
            [Column("connection"), Column("connector"), Column("state"), Column("since (UTC)"), Column("fresh as of (UTC)")],
            [(each.name, each.connector, each.state, instant(each.since), instant(each.fresh_at)) for each in connections],
        )
    )
    for each in connections:
        if each.message:
            click.echo(f"{each.name}: {each.message}")
        for record in each.quarantine[:SHOWN]:
            click.echo(f"{each.name}.{record.stream}: {record.source_id} is in quarantine: {record.reason}")
        if len(each.quarantine) > SHOWN:
            click.echo(f"{each.name}: and {len(each.quarantine) - SHOWN:,} more in quarantine; --json lists all")
    return 0
