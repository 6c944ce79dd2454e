"""`accountpulse score`: score the accounts, today or on past days."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from rich.table import Table

    from accountpulse.core.scoring.service import ScoreReport
    from accountpulse.overview import ScoreRow

DAY = click.DateTime(formats=["%Y-%m-%d"])


@declare("score", example="accountpulse score\naccountpulse score --since 2026-01-01")
@click.option("--as-of", type=DAY, metavar="DATE", help="Score as things stood on this day.  [default: today]")
@click.option("--since", type=DAY, metavar="DATE", help="Score every day from this one on, for the history.")
@click.option("--full", is_flag=True, help="Read the facts of all accounts, not only of those that changed since the last run.")
@click.option("--engine", metavar="NAME", help="Where metrics run: store, duckdb, spark.  [default: as configured]")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=25,
    show_default=True,
    help="How many accounts to print, worst first; 0: none.",
)
def command(run: Run, as_of: datetime | None, since: datetime | None, full: bool, engine: str | None, limit: int) -> int:
    """Score all accounts, and print the worst of them."""
    from accountpulse.cli.display import DayBar, RowBar

    if as_of and since and since > as_of:
        raise click.BadParameter("it is after --as-of", param_hint="'--since'")
    with run.hub(engine) as hub:
        with RowBar() as rows_bar:
            hub.refresh_mirror(rows_bar)
        with DayBar() as bar:
            day, first = as_of.date() if as_of else None, since.date() if since else None
            report = hub.score(day, since=first, full=full, on_progress=bar)
        if report.published is not None:
            click.echo(f"nothing was published yet: published the configuration as release {report.published}", err=True)
        run.notice(hub)
        # Of a past day they are looked at once more, to say what moved them.
        rows = hub.table(as_of.date() if as_of else None) if limit else []
    if run.as_json:
        run.emit({"report": report, "accounts": rows})
        return 0
    if rows and limit:
        run.out.print(score_table(rows[:limit]))
    if len(rows) > limit > 0:
        click.echo(f"... and {len(rows) - limit} more; --limit {len(rows)} shows all\n")
    for line in summary(report):
        click.echo(line)
    if not report.accounts:
        click.echo("nobody was a customer that day, as far as is known; `accountpulse sync` reads who is", err=True)
    return 0


def score_table(rows: Sequence[ScoreRow], *, title: str | None = None) -> Table:
    """Accounts with their score, and the one thing that moves it most."""
    from accountpulse.cli.display import Column, number, percent, signed, table

    columns = [
        Column("account"),
        Column("segment"),
        Column("band"),
        Column("score", "right"),
        Column("coverage", "right"),
        Column("trend", "right"),
        Column("what moves it most", wide=True),
    ]
    return table(
        columns,
        [
            (
                row.name if len(row.name) <= 24 else row.name[:23] + "…",
                row.segment,
                row.band,
                number(row.score),
                percent(row.coverage),
                signed(row.trend_28d),
                _short(row.top_reason or ""),
            )
            for row in rows
        ],
        title=title,
    )


def _short(reason: str) -> str:
    """A reason without the words that are the same in every line."""
    return re.sub(r" against (a typical .* account|what the model calls typical)$", "", reason)


def summary(report: ScoreReport) -> list[str]:
    """How many accounts are where."""

    def counts(found: dict[str, int]) -> str:
        return ", ".join(f"{count} {name}" for name, count in sorted(found.items(), key=lambda item: -item[1]))

    return [
        f"{report.accounts} accounts on {report.day.isoformat()}: {counts(report.bands) or 'none scored'}",
        f"segments: {counts(report.segments) or 'none'}",
        f"facts read of {report.measured} accounts, {report.scored} scored anew; score rows written: {report.rows_written}",
        "coverage: how much of the weight could be measured; trend: points in 28 days",
    ]
