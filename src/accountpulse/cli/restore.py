"""`accountpulse restore`: a back-up becomes the store."""

from __future__ import annotations

from pathlib import Path

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("restore", example="accountpulse restore backups/2026-06-30.db")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def command(run: Run, file: Path) -> int:
    """Make the configured store what FILE, written by `accountpulse backup`, holds.

    The store must be empty or not there yet: nothing in use is ever replaced. One that was only looked at is empty. It may be
    SQLite or PostgreSQL, whatever the back-up came from. A back-up of an older AccountPulse is brought up to date, one of a
    newer one refused.
    """
    from accountpulse.core.store.backup import restore

    settings, _ = run.settings()
    with run.err.status(f"reading {file}"):
        done = restore(file, settings.store_url)
    if run.as_json:
        run.emit({"rows": done.rows, "scores": done.scores})
    else:
        click.echo(f"restored {done.rows:,} rows and {done.scores:,} scores; go on with `accountpulse status`")
    return 0
