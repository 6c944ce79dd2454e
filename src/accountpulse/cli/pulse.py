"""`accountpulse pulse`: a person's own judgement of an account."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO, group, rescored


@group("pulse", example='accountpulse pulse "Northwind Traders" 80 --reason "their new director is a fan"')
def command() -> None:
    """Say how an account feels to you: `pulse ACCOUNT VALUE`. Models use it as the metric pulse_latest, marked subjective."""


@declare("add", parent=command, example='accountpulse pulse add acme.example 35 --reason "the meeting was cold"')
@click.argument("account")
@click.argument("value", type=float)
@click.option("--reason", required=True, help="Why you think so.")
@click.option("--author", "name", metavar="NAME", help=f"Whose judgement it is.  {WHO}")
def add(run: Run, account: str, value: float, reason: str, name: str | None) -> int:
    """Judge ACCOUNT (id, name, domain or connection:key): VALUE from 0, about to leave, to 100, delighted."""
    from accountpulse.cli.display import number

    with run.hub() as hub:
        entry = hub.people.enter_pulse(account, value, reason=reason, asker=asking(name))
        scored = rescored(hub, entry.account_id)
    if run.as_json:
        run.emit({"pulse": entry, "scored": scored})
        return 0
    click.echo(f"pulse {entry.id}: {number(entry.value)}, says {entry.author}")
    return 0


@declare("list", parent=command, example="accountpulse pulse list acme.example")
@click.argument("account")
def listing(run: Run, account: str) -> int:
    """List the judgements of ACCOUNT, the newest first."""
    from accountpulse.cli.display import Column, instant, number, table

    with run.hub() as hub:
        found = hub.people.pulses(account)
    if run.as_json:
        run.emit({"pulses": found})
        return 0
    if not found:
        click.echo("nobody has judged it")
        return 0
    columns = [
        Column("pulse"),
        Column("entered in"),
        Column("at (UTC)"),
        Column("value", "right"),
        Column("author"),
        Column("reason", wide=True),
    ]
    rows = [(each.id, each.connection, instant(each.at), number(each.value), each.author, each.reason) for each in found]
    run.out.print(table(columns, rows))
    return 0


@declare("remove", parent=command, example="accountpulse pulse remove 12")
@click.argument("pulse")
@click.option("--author", "name", metavar="NAME", help=f"Who removes it.  {WHO}")
def remove(run: Run, pulse: str, name: str | None) -> int:
    """Take a judgement back. PULSE is its number in `pulse list`; what another source brought can't be removed here."""
    with run.hub() as hub:
        account_id = hub.people.remove_entry("pulse", pulse, asker=asking(name))
        scored = account_id is not None and rescored(hub, account_id)
    if run.as_json:
        run.emit({"removed": pulse, "scored": scored})
        return 0
    click.echo("removed")
    return 0
