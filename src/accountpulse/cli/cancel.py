"""`accountpulse cancel`: stop what is being read."""

from __future__ import annotations

from contextlib import nullcontext

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO


@declare("cancel", example="accountpulse cancel support")
@click.argument("connection")
@click.option("--by", "name", metavar="NAME", help=f"Who says so.  {WHO}")
def command(run: Run, connection: str, name: str | None) -> int:
    """Stop what is being read of CONNECTION, in whatever process, within seconds; and forget what waits to be read.

    What has been stored stays, and the next run goes on from there. To keep the next one from beginning: accountpulse pause.
    """
    from accountpulse.working import asking_workers, has_workers

    with run.hub() as hub, asking_workers(hub) if has_workers(hub) else nullcontext():
        cancelled = hub.operations.cancel(connection, asker=asking(name))
    if run.as_json:
        run.emit({"connection": connection, "cancelled": cancelled})
    else:
        click.echo(f"{connection}: {'it stops at its next record' if cancelled else 'nothing is being read or waits'}")
    return 0
