"""`accountpulse retention`: records that are older than the configuration keeps them."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("retention", example="accountpulse retention --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say how much would be removed.")
def command(run: Run, dry_run: bool) -> int:
    """Remove records older than the configuration's `retention` keeps them. `accountpulse score` does so once a week by itself.

    The scores' own history has rules of its own: `accountpulse history thin`.
    """
    with run.hub() as hub:
        days, removed = hub.settings.record_days, hub.care.forget_old(dry_run=dry_run)
    if run.as_json:
        run.emit({"dry_run": dry_run, "days": days, "removed": removed})
        return 0
    if not days:
        click.echo("everything is kept: the configuration has no `retention`")
        return 0
    verb = "would be removed" if dry_run else "removed"
    for name, count in removed.items():
        click.echo(f"{name}: {count:,} older than {days[name]} days {verb}")
    return 0
