"""`accountpulse outcome`: what became of an account."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO, group, moment

if TYPE_CHECKING:
    from accountpulse.core.people import OutcomeEntry


@group("outcome", example='accountpulse outcome "Northwind Traders" churned --at 2026-05-01 --amount 1200.00')
def command() -> None:
    """Say what became of an account: `outcome ACCOUNT KIND`. Audits compare scores with it."""


@declare("add", parent=command, example="accountpulse outcome add acme.example contracted --amount 300 --currency EUR")
@click.argument("account")
@click.argument("kind")
@click.option("--at", metavar="DATE", help="The day, or the instant, on which it happened.  [default: now]")
@click.option("--amount", help="The monthly revenue concerned, such as 1200.00.")
@click.option("--currency", metavar="CODE", help="Its currency.  [default: the reporting currency]")
@click.option("--author", "name", metavar="NAME", help=f"Who says so.  {WHO}")
def add(run: Run, account: str, kind: str, at: str | None, amount: str | None, currency: str | None, name: str | None) -> int:
    """Note what became of ACCOUNT (id, name, domain or connection:key). KIND: renewed, churned, contracted or expanded."""
    if currency is not None and amount is None:
        raise click.BadParameter("it needs --amount: a currency of nothing means nothing", param_hint="'--currency'")
    money = _decimal(amount) if amount is not None else None
    asker = asking(name)
    with run.hub() as hub:
        when = moment("at", at, hub.zone) if at is not None else None
        entry = hub.people.enter_outcome(account, kind, at=when, amount=money, currency=currency or hub.currency, asker=asker)
    if run.as_json:
        run.emit({"outcome": entry})
        return 0
    click.echo(f"outcome {entry.id}: {entry.kind}{_worth(entry)}, says {entry.author}")
    return 0


@declare("list", parent=command, example="accountpulse outcome list acme.example")
@click.argument("account")
def listing(run: Run, account: str) -> int:
    """List what became of ACCOUNT, the newest first."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        found = hub.people.outcomes(account)
    if run.as_json:
        run.emit({"outcomes": found})
        return 0
    if not found:
        click.echo("no outcome is known")
        return 0
    columns = [Column("outcome"), Column("entered in"), Column("at (UTC)"), Column("kind"), Column("amount", "right")]
    columns.append(Column("author"))
    rows = [
        (each.id, each.connection, instant(each.at), each.kind, _worth(each).strip() or "-", each.author or "-")
        for each in found
    ]
    run.out.print(table(columns, rows))
    return 0


@declare("remove", parent=command, example="accountpulse outcome remove 12")
@click.argument("outcome")
@click.option("--author", "name", metavar="NAME", help=f"Who removes it.  {WHO}")
def remove(run: Run, outcome: str, name: str | None) -> int:
    """Take an outcome back. OUTCOME is its number in `outcome list`; what another source brought can't be removed here."""
    with run.hub() as hub:
        hub.people.remove_entry("outcome", outcome, asker=asking(name))
    if run.as_json:
        run.emit({"removed": outcome})
        return 0
    click.echo("removed")
    return 0


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"found {text!r}; allowed is a number such as 1200.00", param_hint="'--amount'") from None


def _worth(entry: OutcomeEntry) -> str:
    if entry.amount is None or entry.currency is None:
        return ""
    from accountpulse.core.model.money import minor_digits

    digits = minor_digits(entry.currency)
    return f" {entry.currency} {Decimal(entry.amount).scaleb(-digits):,.{digits}f}"
