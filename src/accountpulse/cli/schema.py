"""`accountpulse schema`: the API's schema."""

from __future__ import annotations

from pathlib import Path

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare


@click.group("schema", epilog="\b\nExample\n  accountpulse schema export --output schema.graphql")
def command() -> None:
    """The schema of the GraphQL API."""


@declare("export", parent=command, example="accountpulse schema export --output schema.graphql")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file to write.  [default: stdout]")
def export(run: Run, output: Path | None) -> int:
    """Print the schema (SDL), with what plugins add."""
    text = _text(run)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if run.as_json:
        run.emit({"sdl": text})
    elif output is None:
        click.echo(text, nl=False)
    return 0


@declare("diff", parent=command, example="accountpulse schema diff\naccountpulse schema diff last-year.graphql")
@click.argument("before", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def diff(run: Run, before: Path | None) -> int:
    """Say how the schema changed since BEFORE, a file, or since it was delivered: what breaks clients first.

    Exit code 1: something breaks clients that was not announced to them.
    """
    from accountpulse.cli.display import Column, table
    from accountpulse.graphql import evolution

    told = evolution.announcements()
    found = evolution.changes((before or evolution.DELIVERED).read_text(encoding="utf-8"), _text(run), told)
    if run.as_json:
        run.emit({"changes": found})
    elif found:
        run.out.print(
            table(
                [Column("danger"), Column("kind"), Column("change", wide=True), Column("announced for")],
                [(c.danger, c.kind.lower(), c.description, str(c.announced or "")) for c in found],
            )
        )
    else:
        click.echo("nothing changed")
    return 1 if any(c.danger == "breaking" and c.announced is None for c in found) else 0


def _text(run: Run) -> str:
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import PluginSettings
    from accountpulse.graphql import sdl
    from accountpulse.plugins.host import PluginHost

    settings = read_plugin_settings(run.path) if run.config or run.path.exists() else PluginSettings()
    return sdl.export(PluginHost.load(allow=settings.allow).graphql_types)
