"""`accountpulse target`: the score an account is to have by a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO, group, standing
from accountpulse.cli.score import DAY

if TYPE_CHECKING:
    from datetime import datetime


@group("target", example='accountpulse target "Northwind Traders" 75 --by 2026-12-31')
def command() -> None:
    """Promise a score by a day: `target ACCOUNT SCORE`; list promises and which were missed; give one up."""


@declare("set", parent=command, example='accountpulse target set acme.example 75 --by 2026-12-31 --reason "after onboarding"')
@click.argument("account")
@click.argument("score", type=float)
@click.option("--by", "due", required=True, type=DAY, metavar="DATE", help="The last day on which it may still lack.")
@click.option("--owner", metavar="NAME", help=f"Who promises it.  {WHO}")
@click.option("--reason", help="Why, or how.")
def set_(run: Run, account: str, score: float, due: datetime, owner: str | None, reason: str | None) -> int:
    """Promise that ACCOUNT (id, name, domain or connection:key) has at least SCORE by a day. Ends the promise before."""
    with run.hub() as hub:
        made = hub.people.set_target(account, score, due=due.date(), reason=reason, asker=asking(owner))
    if run.as_json:
        run.emit({"target": made})
        return 0
    click.echo(f"{made.account}: {standing(made)}")
    return 0


@declare("list", parent=command, example="accountpulse target list\naccountpulse target list --missed")
@click.argument("account", required=False)
@click.option("--missed", is_flag=True, help="Only those that were missed.")
@click.option("--all", "former", is_flag=True, help="Also those that were ended.")
def listing(run: Run, account: str | None, missed: bool, former: bool) -> int:
    """List the targets, of ACCOUNT or of all, and how each stands today; the first due at the top."""
    from accountpulse.cli.display import Column, number, table
    from accountpulse.core.people import TargetState

    with run.hub() as hub:
        found = hub.people.targets(account, former=former)
    found = [each for each in found if not missed or each.state is TargetState.MISSED]
    if run.as_json:
        run.emit({"targets": found})
        return 0
    if not found:
        click.echo("no target is missed" if missed else "there is no target")
        return 0
    columns = [
        Column("account"),
        Column("target", "right"),
        Column("by"),
        Column("score now", "right"),
        Column("state"),
        Column("lacks", "right"),
        Column("missed since"),
        Column("owner"),
        Column("reason", wide=True),
    ]
    rows = [
        (
            each.account,
            number(each.score),
            each.due.isoformat(),
            number(each.published),
            each.state.value,
            number(each.short),
            each.missed_since.isoformat() if each.missed_since else "-",
            each.owner,
            each.reason or "",
        )
        for each in found
    ]
    run.out.print(table(columns, rows))
    return 0


@declare("end", parent=command, example="accountpulse target end acme.example")
@click.argument("account")
@click.option("--owner", metavar="NAME", help=f"Who gives it up.  {WHO}")
def end(run: Run, account: str, owner: str | None) -> int:
    """Give up the target of ACCOUNT."""
    with run.hub() as hub:
        ended = hub.people.end_target(account, asker=asking(owner))
    if run.as_json:
        run.emit({"target": ended})
        return 0
    click.echo(f"{ended.account}: the target is ended")
    return 0
