"""`accountpulse note`: what somebody wrote about an account."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO


@click.group("note", epilog='\b\nExample\n  accountpulse note add "Northwind Traders" "their champion leaves in May"')
def command() -> None:
    """Write, list and remove notes about accounts."""


@declare("add", parent=command, example='accountpulse note add acme.example "their champion leaves in May"')
@click.argument("account")
@click.argument("text")
@click.option("--author", "name", metavar="NAME", help=f"Who writes it.  {WHO}")
def add(run: Run, account: str, text: str, name: str | None) -> int:
    """Write TEXT about ACCOUNT (id, name, domain or connection:key)."""
    with run.hub() as hub:
        note = hub.people.add_note(account, text, asker=asking(name))
    if run.as_json:
        run.emit({"note": note})
        return 0
    click.echo(f"{note.account}: note {note.id} is kept")
    return 0


@declare("list", parent=command, example="accountpulse note list acme.example")
@click.argument("account", required=False)
def listing(run: Run, account: str | None) -> int:
    """List the notes about ACCOUNT, or about all, the latest first."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        found = hub.people.notes(account)
    if run.as_json:
        run.emit({"notes": found})
        return 0
    if not found:
        click.echo("there is no note")
        return 0
    columns = [Column("note", "right"), Column("account"), Column("written (UTC)"), Column("author"), Column("text", wide=True)]
    run.out.print(
        table(columns, [(str(each.id), each.account, instant(each.written_at), each.author, each.text) for each in found])
    )
    return 0


@declare("remove", parent=command, example="accountpulse note remove 12")
@click.argument("note", type=click.IntRange(min=1, max=2**63 - 1))
@click.option("--author", "name", metavar="NAME", help=f"Who removes it.  {WHO}")
def remove(run: Run, note: int, name: str | None) -> int:
    """Take a note away. NOTE is its number in `note list`."""
    with run.hub() as hub:
        hub.people.remove_note(note, asker=asking(name))
    if run.as_json:
        run.emit({"removed": note})
        return 0
    click.echo("removed")
    return 0
