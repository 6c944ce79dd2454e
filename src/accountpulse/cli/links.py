"""`accountpulse links`: which records belong to which account, and saying so by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run, asking, group
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO

if TYPE_CHECKING:
    from accountpulse.core.identity.service import LinkChange, LinkedRecord
    from accountpulse.hub import Hub


@group("links", example='accountpulse links\naccountpulse links link support:4711 "Northwind Traders"')
def command(run: Run) -> int:
    """List the records that belong to no account, with the accounts that come into question; link and unlink by hand."""
    return _list_unlinked(run, None)


@declare("list", parent=command, example="accountpulse links list support")
@click.argument("connection", required=False)
def listing(run: Run, connection: str | None) -> int:
    """List the records that belong to no account, of CONNECTION or of all, with the accounts that come into question."""
    return _list_unlinked(run, connection)


@declare("of", parent=command, example='accountpulse links of "Northwind Traders"')
@click.argument("account")
def of(run: Run, account: str) -> int:
    """List the records that belong to ACCOUNT (id, name, domain or connection:key), why, and since when."""
    from accountpulse.cli.display import Column, instant, table
    from accountpulse.core.store.types import EPOCH

    with run.hub() as hub:
        found = hub.links.of_account(account)
    if run.as_json:
        run.emit({"records": found})
        return 0
    rows = [
        (
            each.place,
            each.name or "-",
            each.method or "-",
            "ever" if each.since == EPOCH or each.since is None else instant(each.since),
            each.evidence or "",
        )
        for each in found
    ]
    columns = [Column("record"), Column("called"), Column("by"), Column("since (UTC)"), Column("evidence", wide=True)]
    run.out.print(table(columns, rows))
    return 0


@declare("link", parent=command, example='accountpulse links link support:4711 "Northwind Traders" --reason "their holding"')
@click.argument("record")
@click.argument("account")
@click.option("--reason", help="How you know.")
@click.option("--author", "name", metavar="NAME", help=f"Who says so.  {WHO}")
def link(run: Run, record: str, account: str, reason: str | None, name: str | None) -> int:
    """Say that RECORD (connection:key) belongs to ACCOUNT (id, name, domain or connection:key), whatever its evidence says.

    Nothing is copied: what the record brought counts for the account. One that founded an account of its own brings that along.
    """
    with run.hub() as hub:
        made = hub.links.link(record, account, asker=asking(name), reason=reason)
        scored = _rescored(hub)
    return _told(run, made, scored)


@declare("unlink", parent=command, example="accountpulse links unlink support:4711")
@click.argument("record")
@click.option("--reason", help="How you know.")
@click.option("--author", "name", metavar="NAME", help=f"Who says so.  {WHO}")
def unlink(run: Run, record: str, reason: str | None, name: str | None) -> int:
    """Say that RECORD (connection:key) does not belong where it is. No rule links it again: only you do, or `links release`."""
    with run.hub() as hub:
        made = hub.links.unlink(record, asker=asking(name), reason=reason)
        scored = _rescored(hub)
    return _told(run, made, scored)


@declare("release", parent=command, example="accountpulse links release support:4711")
@click.argument("record")
@click.option("--author", "name", metavar="NAME", help=f"Who takes it back.  {WHO}")
def release(run: Run, record: str, name: str | None) -> int:
    """Take back what was said by hand about RECORD (connection:key): its evidence decides again."""
    with run.hub() as hub:
        made = hub.links.release(record, asker=asking(name))
        scored = _rescored(hub)
    return _told(run, made, scored)


def _list_unlinked(run: Run, connection: str | None) -> int:
    from accountpulse.cli.display import Column, table

    with run.hub() as hub:
        found = hub.links.unlinked(connection)
    if run.as_json:
        run.emit({"unlinked": found})
        return 0
    if not found:
        click.echo("every record belongs to an account")
        return 0
    columns = [Column("record"), Column("called"), Column("why", wide=True), Column("candidates", wide=True)]
    run.out.print(table(columns, [(each.place, each.name or "-", each.reason or "", _candidates(each)) for each in found]))
    return 0


def _candidates(record: LinkedRecord) -> str:
    names = [f"{each.account_id} {each.name or 'nameless'} ({each.evidence})" for each in record.candidates]
    return "\n".join(names) or "-"


def _rescored(hub: Hub) -> bool:
    """Score again at once those who gained or lost something."""
    from accountpulse.cli.display import DayBar

    with DayBar() as bar:
        return hub.rescore_changed(on_progress=bar)


def _told(run: Run, made: LinkChange, scored: bool) -> int:
    record = made.record
    if run.as_json:
        run.emit({"record": record, "accounts": sorted(made.accounts), "scored": scored})
        return 0
    if record.account_id is None:
        click.echo(f"{record.place}: belongs to no account ({record.reason})")
    else:
        click.echo(f"{record.place}: belongs to {record.account} ({record.evidence})")
    return 0
