"""`accountpulse history`: how much of the scores' history is kept."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@click.group("history", epilog="\b\nExample\n  accountpulse history thin --dry-run")
def command() -> None:
    """Keep the history of scores within bounds."""


@declare("thin", parent=command, example="accountpulse history thin --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say how much would be removed.")
def thin(run: Run, dry_run: bool) -> int:
    """Remove what the configuration's `history` says is no longer kept. `accountpulse score` does so once a day by itself.

    Days that are kept weekly keep every change of band; what is forgotten can be scored again from the facts, as restated.
    """
    with run.hub() as hub:
        policy, report = hub.settings.retention, hub.thin_history(dry_run=dry_run)
    if run.as_json:
        run.emit({"dry_run": dry_run, "policy": policy, "thinned": report.thinned, "forgotten": report.forgotten})
        return 0
    if policy.daily_days is None and policy.keep_days is None:
        click.echo("everything is kept: the configuration has no `history`")
        return 0
    verb = "would be removed" if dry_run else "removed"
    click.echo(
        f"{report.thinned + report.forgotten} rows {verb}: {report.thinned} thinned to weeks, {report.forgotten} forgotten"
    )
    return 0
