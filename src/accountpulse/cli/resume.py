"""`accountpulse resume`: let a connection run again."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO


@declare("resume", example="accountpulse resume support")
@click.argument("connection")
@click.option("--by", "name", metavar="NAME", help=f"Who says so.  {WHO}")
def command(run: Run, connection: str, name: str | None) -> int:
    """Let CONNECTION run again, whether somebody paused it or its vendor asked for quiet."""
    with run.hub() as hub:
        hub.operations.resume(connection, asker=asking(name))
    if run.as_json:
        run.emit({"connection": connection, "resumed": True})
    else:
        click.echo(f"{connection} may run again; its schedule or `accountpulse sync {connection}` reads it")
    return 0
