"""`accountpulse override`: a person's score against the model's, for a while."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO, group, moment, rescored


@group("override", example='accountpulse override "Northwind Traders" 80 --until 2026-12-31 --reason "signed yesterday"')
def command() -> None:
    """Decide an account's score yourself until a day: `override ACCOUNT SCORE`; list or end what was decided."""


@declare("set", parent=command, example='accountpulse override set acme.example 80 --until 2026-12-31 --reason "renewed early"')
@click.argument("account")
@click.argument("score", type=float)
@click.option("--until", required=True, metavar="DATE", help="The last day, or the instant at which it ends; at most 366 days.")
@click.option("--reason", required=True, help="Why the model is wrong about it just now.")
@click.option("--owner", metavar="NAME", help=f"Who answers for it.  {WHO}")
def set_(run: Run, account: str, score: float, until: str, reason: str, owner: str | None) -> int:
    """Publish SCORE (0 to 100) for ACCOUNT (id, name, domain or connection:key) whatever the model says.

    It ends by itself; until then both numbers are kept. A new one ends the one before.
    """
    from accountpulse.cli.display import instant, number

    with run.hub() as hub:
        end = moment("until", until, hub.zone, through=True)
        made = hub.people.override(account, score, reason=reason, until=end, asker=asking(owner))
        scored = rescored(hub, made.account_id)
        made = next((each for each in hub.people.overrides(str(made.account_id)) if each.id == made.id), made)
    if run.as_json:
        run.emit({"override": made, "scored": scored})
        return 0
    model = "" if made.raw is None else f"; the model alone says {number(made.raw)}"
    click.echo(f"{made.account}: {number(made.score)} until {instant(made.expires_at)} UTC, says {made.owner}{model}")
    return 0


@declare("list", parent=command, example="accountpulse override list\naccountpulse override list acme.example --all")
@click.argument("account", required=False)
@click.option("--all", "former", is_flag=True, help="Also those that expired or were ended.")
def listing(run: Run, account: str | None, former: bool) -> int:
    """List the overrides in force, of ACCOUNT or of all, with both numbers; those that end first at the top."""
    from accountpulse.cli.display import Column, instant, number, table

    with run.hub() as hub:
        found = hub.people.overrides(account, former=former)
    if run.as_json:
        run.emit({"overrides": found})
        return 0
    if not found:
        click.echo("there is no override" if former else "no override is in force")
        return 0
    columns = [
        Column("account"),
        Column("override", "right"),
        Column("published", "right"),
        Column("model", "right"),
        Column("state"),
        Column("until (UTC)"),
        Column("owner"),
        Column("reason", wide=True),
    ]
    rows = [
        (
            each.account,
            number(each.score),
            number(each.published),
            number(each.raw),
            f"ended by {each.ended_by}" if each.ended_by else each.state.value.replace("_", " "),
            instant(each.ended_at or each.expires_at),
            each.owner,
            each.reason,
        )
        for each in found
    ]
    run.out.print(table(columns, rows))
    return 0


@declare("end", parent=command, example="accountpulse override end acme.example")
@click.argument("account")
@click.option("--owner", metavar="NAME", help=f"Who ends it.  {WHO}")
def end(run: Run, account: str, owner: str | None) -> int:
    """End the override of ACCOUNT before it expires: the model's score is published again."""
    with run.hub() as hub:
        ended = hub.people.end_override(account, asker=asking(owner))
        scored = rescored(hub, ended.account_id)
    if run.as_json:
        run.emit({"override": ended, "scored": scored})
        return 0
    click.echo(f"{ended.account}: the override is ended")
    return 0
