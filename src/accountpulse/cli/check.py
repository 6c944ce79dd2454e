"""`accountpulse check`: is the configuration right, and do the credentials work?"""

from __future__ import annotations

import click

from accountpulse.cli.app import FAILED, OK, PARTIAL
from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("check", example="accountpulse check\naccountpulse check crm --json\naccountpulse check crm --diagnostics")
@click.argument("connection", required=False)
@click.option("--diagnostics", is_flag=True, help="Print all that helps to find a fault, as JSON without anything private.")
@click.option("--accept", is_flag=True, help="Whom it is connected to now is the account that was read before, renamed.")
def command(run: Run, connection: str | None, diagnostics: bool, accept: bool) -> int:
    """Check the configuration and log in to every connection, or to one.

    With --diagnostics, what others need to know in order to help: versions, states and faults, but no secret, no address and
    no name of a customer, so that it can be pasted into an issue.
    """
    if accept and connection is None:
        raise click.UsageError("--accept is of one connection: name it, as in: accountpulse check crm --accept")
    if diagnostics:
        return _diagnostics(run, connection)
    from accountpulse.cli.display import Column, table
    from accountpulse.core.errors import SettingsError

    with run.hub() as hub:
        if not hub.settings.connections:
            raise SettingsError([f"{run.path}: it has no connections yet; describe one under `connections:`"])
        results = hub.check(connection, accept=accept)
    good = sum(result.ok for result in results)
    if run.as_json:
        run.emit({"ok": good == len(results), "connections": results})
    else:
        run.out.print(
            table(
                [Column("connection"), Column("connector"), Column("state"), Column("connected to, or what to do", wide=True)],
                [
                    (
                        result.connection,
                        result.connector,
                        "ok" if result.ok else "failed",
                        f"{result.identity.name} ({result.identity.id})"
                        if result.ok and result.identity
                        else result.message or "",
                    )
                    for result in results
                ],
            )
        )
    return OK if good == len(results) else PARTIAL if good else FAILED


def _diagnostics(run: Run, connection: str | None) -> int:
    from accountpulse.diagnostics import diagnostics

    if connection is None:
        raise click.UsageError("--diagnostics is of one connection: name it, as in: accountpulse check crm --diagnostics")
    with run.hub() as hub:
        run.emit(diagnostics(hub, connection))
    return OK
