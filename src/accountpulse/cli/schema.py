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
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import PluginSettings
    from accountpulse.graphql import sdl
    from accountpulse.plugins.host import PluginHost

    settings = read_plugin_settings(run.path) if run.config or run.path.exists() else PluginSettings()
    text = sdl.export(PluginHost.load(allow=settings.allow).graphql_types)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if run.as_json:
        run.emit({"sdl": text})
    elif output is None:
        click.echo(text, nl=False)
    return 0
