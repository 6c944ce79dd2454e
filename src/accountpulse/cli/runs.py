"""`accountpulse runs`: what was read when, and what came of it."""

from __future__ import annotations

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("runs", example="accountpulse runs\naccountpulse runs support --last 50 --json")
@click.argument("connection", required=False)
@click.option("--last", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many of each connection.")
def command(run: Run, connection: str | None, last: int) -> int:
    """List the latest runs of CONNECTION or of all, newest first: how each ended, and how many records each stream brought."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        found = hub.runs(connection, last)
    if run.as_json:
        run.emit({"runs": found})
        return 0
    if not found:
        click.echo("nothing has been read yet; `accountpulse sync` does it once, a `schedule` in the configuration by itself")
        return 0
    numbers = [Column(name, "right") for name in ("read", "changed", "quarantined", "retries")]
    lines = []
    for each in found:
        took = "-" if each.finished_at is None else f"{(each.finished_at - each.started_at).total_seconds():,.0f} s"
        lines.append((each.connection, instant(each.started_at), took, "", "", "", "", each.state))
        lines += [
            (f"  {s.name}", "", "", f"{s.read:,}", f"{s.changed:,}", f"{s.quarantined:,}", f"{s.retries:,}", s.state)
            for s in each.streams
        ]
    columns = [Column("connection"), Column("began (UTC)"), Column("took", "right"), *numbers, Column("state")]
    run.out.print(table(columns, lines))
    for each in found:
        if each.message:
            click.echo(f"{each.connection} {instant(each.started_at)}: {each.message}")
    return 0
