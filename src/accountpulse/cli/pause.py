"""`accountpulse pause`: let a connection rest."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import EXAMPLES, WHO


@declare("pause", example='accountpulse pause support --until 2026-12-31 --reason "their migration"')
@click.argument("connection")
@click.option("--until", metavar="WHEN", help=f"When it may run again, {EXAMPLES}.  [default: when somebody resumes it]")
@click.option("--reason", help="Why; it is kept and shown.")
@click.option("--by", "name", metavar="NAME", help=f"Who says so.  {WHO}")
def command(run: Run, connection: str, until: str | None, reason: str | None, name: str | None) -> int:
    """Let CONNECTION rest: no run of it begins. One that is going on ends first, and what is pushed is still taken.

    Where it rests already, until when and why are replaced.
    """
    from accountpulse.cli.display import resting
    from accountpulse.cli.people import moment
    from accountpulse.operations import until_when

    with run.hub() as hub:
        when = None if until is None else moment("until", until, hub.zone)
        replaced = hub.operations.pause(connection, until=when, reason=reason, asker=asking(name))
    if run.as_json:
        run.emit({"connection": connection, "state": "paused", "until": when, "replaced": replaced})
        return 0
    click.echo(resting(connection, when, None))
    if replaced is not None:
        former = f"it was paused{until_when(replaced.until)}"
        click.echo(f"{former}{f' ({replaced.message})' if replaced.message else ''}; this replaces that")
    return 0
