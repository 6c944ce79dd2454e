"""`accountpulse explain`: why an account has its score."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare
from accountpulse.cli.explain_change import NEXT, print_change, print_next_band
from accountpulse.cli.people import about
from accountpulse.cli.score import DAY

if TYPE_CHECKING:
    from rich.table import Table

    from accountpulse.core.scoring.types import Score


@declare(
    "explain",
    example=(
        'accountpulse explain "Northwind Traders"\n'
        "accountpulse explain crm:0015g00001 --as-of 2026-03-31\n"
        "accountpulse explain northwind.example --from 2026-05-01 --to 2026-06-01\n"
        "accountpulse explain northwind.example --to-band next"
    ),
)
@click.argument("account")
@click.option("--as-of", type=DAY, metavar="DATE", help="As things stood on this day.  [default: today]")
@click.option("--from", "start", type=DAY, metavar="DATE", help="Why the score moved since this day, part by part.")
@click.option("--to", "end", type=DAY, metavar="DATE", help="With --from: until this day.  [default: today]")
@click.option("--to-band", "band", metavar="BAND", help=f"What it would take to reach this band; `{NEXT}`: a better one.")
def command(
    run: Run, account: str, as_of: datetime | None, start: datetime | None, end: datetime | None, band: str | None
) -> int:
    """Say why ACCOUNT (id, name, domain or connection:key) has its score, component by component, or why it moved."""
    if end and not start:
        raise click.BadParameter("it goes with --from, the first of the two days", param_hint="'--to'")
    if band and (as_of or start):
        raise click.BadParameter("it is about today, and goes with no other day", param_hint="'--to-band'")
    if as_of and start:
        raise click.BadParameter("give one day, or two with --from and --to", param_hint="'--as-of'")
    if start and end and start >= end:
        raise click.BadParameter("it is not after --from", param_hint="'--to'")
    if start:
        return print_change(run, account, start.date(), end.date() if end else None)
    if band:
        return print_next_band(run, account, band)
    with run.hub() as hub:
        score = hub.explain(account, as_of.date() if as_of else None)
        currency = hub.currency
        money = {name for name, metric in hub.metrics.items() if metric.money}
        said = about(hub, score.account_id) if as_of is None else []
    if run.as_json:
        run.emit(score)
        return 0
    why = "; ".join(f"{each.segment}: {each.why}" for each in score.matched[:1])
    since = f" since {score.band_since.isoformat()}" if score.band_since else ""
    click.echo(f"{account} on {score.day.isoformat()}: {score.score:.1f} ({score.band}{since})")
    if score.steadiness:
        click.echo(f"raw score {score.raw_score:.1f} ({score.raw_band}); published {score.band}{since}: {score.steadiness}")
    click.echo(f"segment {why or score.segment}; model version {score.model_version}")
    components, line = lines(score, currency, money)
    run.out.print(components)
    click.echo(line)
    click.echo(
        f"known: {score.coverage * 100:.0f}% of the weight; what is unknown allows {score.low:.1f} to {score.high:.1f} points"
    )
    for each in said:
        click.echo(each)
    return 0


def lines(score: Score, currency: str, money: set[str]) -> tuple[Table, str]:
    """The table of components, and the sum below it: what is printed adds up."""
    from accountpulse.cli.display import Column, adding_up, number, signed, table
    from accountpulse.core.scoring.words import format_value

    deltas = [component.delta for component in score.components]
    points = [adjustment.points for adjustment in score.adjustments]
    rounded = adding_up([score.reference, *deltas, *points])
    reference, shown, adjusted = rounded[0], rounded[1 : 1 + len(deltas)], rounded[1 + len(deltas) :]

    def value(component_metric: str, unit: str, amount: float | None) -> str:
        if amount is None:
            return "-"
        return format_value(amount, unit, currency=currency, money=component_metric in money)

    made = table(
        [
            Column("component", wide=True),
            Column("state"),
            Column("value", "right"),
            Column("typical", "right"),
            Column("points", "right"),
            Column("reason", wide=True),
        ],
        [
            (
                component.title,
                component.state.label,
                value(component.metric, component.unit, component.value),
                value(component.metric, component.unit, component.typical_value),
                signed(contribution),
                component.reason,
            )
            for component, contribution in zip(score.components, shown, strict=True)
        ],
    )
    parts = [f"typical {score.segment} account {number(reference)}", f"{signed(sum(shown))} from components"]
    parts += [f"{signed(p)} {a.label}" for a, p in zip(score.adjustments, adjusted, strict=True)]
    return made, f"{'  '.join(parts)}  = {number(sum(rounded))}"
