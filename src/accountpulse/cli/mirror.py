"""`accountpulse mirror`: the copy of the facts that metrics run over, where the configuration asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from accountpulse.core.mirror import Mirror
    from accountpulse.hub import Hub


@click.group("mirror", epilog="\b\nExample\n  accountpulse mirror status")
def command() -> None:
    """The Parquet mirror of the facts, over which metrics run many times faster (extra `fast`).

    A sync brings it up to the store, and so does scoring where it is behind: nobody has to.
    """


@declare("refresh", parent=command, example="accountpulse mirror refresh\naccountpulse mirror refresh --rebuild")
@click.option("--rebuild", is_flag=True, help="Read everything again, whatever the folder holds.")
def refresh(run: Run, rebuild: bool) -> int:
    """Bring the mirror up to the store."""
    from accountpulse.cli.display import RowBar

    with run.hub() as hub:
        mirror = _mirror(run, hub)
        with RowBar() as bar:
            done = mirror.refresh(bar, rebuild=rebuild)
        status = mirror.status()
    if run.as_json:
        run.emit({"refreshed": done, "mirror": status})
    else:
        made = "made anew" if done.rebuilt else "brought up to the store"
        click.echo(f"{made}: {done.rows:,} rows read; it holds {status.rows:,} in {status.files} files")
    return 0


@declare("status", parent=command, example="accountpulse mirror status --json")
def status(run: Run) -> int:
    """How the mirror stands: when it was refreshed, how large it is, how far behind."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        found = _mirror(run, hub).status()
    if run.as_json:
        run.emit(found)
        return 0
    rows = [
        ("folder", found.path),
        ("refreshed", instant(found.refreshed)),
        ("rows", f"{found.rows:,}"),
        ("files", f"{found.files:,}"),
        ("size", f"{found.bytes / 1e6:,.1f} MB"),
        ("rows behind", f"{found.behind:,}"),
    ]
    run.out.print(table([Column("mirror"), Column("", wide=True)], rows))
    return 0


def _mirror(run: Run, hub: Hub) -> Mirror:
    from accountpulse.core.errors import SettingsError

    if hub.mirror is None:
        raise SettingsError([f"{run.path}: it asks for no mirror; add `mirror: {{path: mirror}}`, see docs/engines.md"])
    return hub.mirror
