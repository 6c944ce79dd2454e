"""`accountpulse backup`: the whole store as one file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from accountpulse.cli.common import Run, require_new
from accountpulse.cli.common import command as declare


@declare("backup", example='accountpulse backup "backups/$(date +%F).db"\naccountpulse backup latest.db --force')
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE where there is one already, once the new one is whole.")
def command(run: Run, file: Path, force: bool) -> int:
    """Write the whole store into FILE, while others go on working with it.

    FILE is an SQLite store itself, from PostgreSQL too, readable by you alone. It holds everything but the configuration, the
    secrets in the environment, and the Parquet mirror, which is made anew. `accountpulse restore FILE` brings it back.
    """
    from accountpulse.core.store.backup import back_up
    from accountpulse.core.store.database import Store

    require_new(file, force=force)
    settings, _ = run.settings()
    with closing(Store.open(settings.store_url)) as store, run.err.status(f"writing {file}"):
        done = back_up(store, file)
    if run.as_json:
        run.emit({"file": str(file), **{name: getattr(done, name) for name in ("rows", "scores", "bytes")}})
    else:
        click.echo(f"{file}: {done.rows:,} rows, {done.scores:,} scores, {done.bytes / 1e6:,.1f} MB")
    return 0
