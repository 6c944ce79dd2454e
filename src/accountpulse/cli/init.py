"""`accountpulse init`: write a configuration to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@declare("init", example="accountpulse init\naccountpulse init customer-health && cd customer-health")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".", required=False)
@click.option("--force", is_flag=True, help="Overwrite files that are there already.")
def command(run: Run, directory: Path, force: bool) -> int:
    """Write a commented accountpulse.yaml and the default models into DIRECTORY."""
    from accountpulse.config.template import write_template

    written = write_template(directory, run.config, force=force)
    if run.as_json:
        run.emit({"written": [str(path) for path in written]})
        return 0
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"\nNext: edit {written[0]}, then run `accountpulse check`.")
    return 0
