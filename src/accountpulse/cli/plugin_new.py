"""`accountpulse plugin new` and `plugin try`: from nothing to a connector that syncs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accountpulse.cli.app import FAILED, OK
from accountpulse.cli.common import Run, author
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from collections.abc import Collection

    from accountpulse.authoring.sample import Look

KINDS = ("connector", "scorer", "metric")
LICENSES = ("Apache-2.0", "MIT", "none")


@declare("new", example="accountpulse plugin new acme\naccountpulse plugin new churn-risk --kind scorer --license MIT")
@click.argument("name")
@click.argument("directory", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option("--kind", type=click.Choice(KINDS), default="connector", show_default=True, help="What the plugin brings.")
@click.option("--title", help="Its name for people.  [default: made from NAME]")
@click.option("--license", "licence", type=click.Choice(LICENSES), default="Apache-2.0", show_default=True, help="Its licence.")
@click.option("--author", "named", help="Who writes it.  [default: $ACCOUNTPULSE_USER or who is logged in]")
def new(run: Run, name: str, directory: Path | None, kind: str, title: str | None, licence: str, named: str | None) -> int:
    """Make a distribution for a plugin NAME, in DIR or ./accountpulse-NAME: it installs, works and passes its tests."""
    from typing import cast

    from accountpulse.authoring.create import Kind, create
    from accountpulse.authoring.names import names
    from accountpulse.core.clock import SystemClock

    found = names(name, title, _taken(kind), kind)
    folder = directory or Path(found.distribution)
    year = SystemClock().now().year
    written = create(found, cast(Kind, kind), folder, license=licence, author=author(named), year=year)
    steps = [f"cd {folder}", 'python -m pip install -e ".[test]"', "accountpulse plugins", *_TRY[kind], "python -m pytest"]
    if run.as_json:
        document = {"name": found.name, "kind": kind, "id": found.id, "distribution": found.distribution}
        run.emit({**document, "package": found.package, "written": [str(path) for path in written], "next": steps})
        return OK
    for path in written:
        click.echo(f"wrote {path}")
    click.echo("\nNext:")
    for step in steps:
        click.echo(f"  {step}")
    click.echo(f"Then make it yours, from {folder / 'README.md'}.")
    return OK


_TRY = {
    "connector": ["accountpulse plugin try"],
    "scorer": ["accountpulse model validate model.yaml"],
    "metric": ["accountpulse metrics"],
}


@declare("try", example="accountpulse plugin try\naccountpulse plugin try tests/test_acme.py --rows 100 --json")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--rows", type=click.IntRange(1, 10_000), default=12, show_default=True, help="How many rows the vendor has.")
@click.option(
    "--show", type=click.IntRange(min=0), default=5, show_default=True, help="How many records of each stream to show."
)
def attempt(run: Run, files: tuple[Path, ...], rows: int, show: int) -> int:
    """Sync a connector from the stand-in for its vendor that its tests describe, and show what came.

    FILEs are test modules with a ConnectorSuite, by default tests/test_*.py. The engine is the real one; the store is not kept.
    """
    try:
        from accountpulse.authoring.sample import look, suites
    except ModuleNotFoundError as missing:
        raise click.ClickException(f"this needs {missing.name}: run python -m pip install {missing.name}") from None

    looks = [each for suite in suites(files or sorted(Path("tests").glob("test_*.py"))) for each in look(suite, rows, show)]
    if run.as_json:
        run.emit({"streams": [_document(each) for each in looks]})
    else:
        for each in looks:
            _print(run, each)
    return OK if all(each.result.state == "ok" for each in looks) else FAILED


def _document(look: Look) -> dict[str, object]:
    records = [{"record": type(record).__name__, "fields": record} for record in look.records]
    identity = {"id": look.identity.id, "name": look.identity.name}
    return {
        "connector": look.connector,
        "stream": look.stream,
        "identity": identity,
        "result": look.result,
        "stored": look.stored,
        "records": records,
    }


def _print(run: Run, look: Look) -> None:
    from dataclasses import fields

    from accountpulse.cli.display import Column, table

    result = look.result
    click.echo(f"{look.connector}.{look.stream}: connected to {look.identity.name} ({look.identity.id})")
    click.echo(f"read {result.read}, stored {look.stored}, in quarantine {result.quarantined}: {result.state}")
    if result.message:
        click.echo(result.message, err=True)
    for kind in dict.fromkeys(type(record) for record in look.records):
        records = [record for record in look.records if type(record) is kind]
        shown = [f.name for f in fields(kind) if any(getattr(record, f.name) not in (None, (), {}) for record in records)]
        rows = [[_text(getattr(record, name)) for name in shown] for record in records]
        run.out.print(table([Column(name, wide=True) for name in shown], rows, title=f"the first of {kind.__name__}"))


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def _taken(kind: str) -> Collection[str]:
    """The ids of that kind that are installed."""
    from accountpulse.plugins.host import PluginHost

    host = PluginHost.load()
    found: dict[str, Collection[str]] = {"connector": host.connectors, "scorer": host.scorers, "metric": host.metrics}
    return found[kind]
