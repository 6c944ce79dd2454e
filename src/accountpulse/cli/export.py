"""`accountpulse export`: what is known and scored, as files that other programs read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from accountpulse.core.mirror import Mirror
    from accountpulse.exports import Format
    from accountpulse.hub import Hub

EXAMPLE = (
    "accountpulse export account_current --format csv > accounts.csv\n"
    "accountpulse export score_daily --format parquet --output scores.parquet\n"
    "accountpulse export everything --output folder\n"
    "accountpulse export facts --output lake"
)
SEVERAL = ("views", "facts", "everything")
"""What is exported as several files, into a folder."""
SUFFIX: dict[str, Format] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


@declare("export", example=EXAMPLE)
@click.argument("what")
@click.option(
    "--format", "form", type=click.Choice(["csv", "json", "parquet"]), help="The form of files.  [default: that of --output]"
)
@click.option("--output", type=click.Path(path_type=Path), metavar="PATH", help="A file, or the folder of several.")
def command(run: Run, what: str, form: Format | None, output: Path | None) -> int:
    """Write WHAT as a file: a view (account_current, score_daily, component_daily), a table (fact_ticket, link, ...), `views`
    or `everything` as one file each, or `facts`: the facts as Parquet files in the layout that DuckDB and Spark read.

    Without --output, CSV and JSON go to stdout. Files are readable by you alone: they hold personal data.
    """
    if what == "facts" and form in (None, "parquet"):
        return _facts(run, output)
    if what in SEVERAL:
        return _folder(run, what, form or "csv", output)
    form = form or _form_of(output)
    if output is None and form == "parquet":
        raise click.UsageError("Parquet is not written to a terminal; name a file with --output")
    from accountpulse.core.errors import NotFound
    from accountpulse.core.store.export import dataset
    from accountpulse.exports import write_file, write_text

    try:
        wanted = dataset(what)
    except NotFound as error:
        raise NotFound(f"{error}; or several as files of a folder: {', '.join(SEVERAL)}") from None
    with run.hub() as hub:
        if output is None:
            if run.as_json:
                raise click.UsageError("--json tells what was written to --output; for the table as JSON say --format json")
            write_text(hub.store, wanted, form, sys.stdout)
            return 0
        rows = write_file(hub.store, wanted, form, output)
    _tell(run, [(what, output, rows)])
    return 0


def _form_of(output: Path | None) -> Format:
    found = SUFFIX[".csv"] if output is None else SUFFIX.get(output.suffix.lower())
    if found is None:
        raise click.UsageError(f"say which form {output} is to have: --format csv, json or parquet")
    return found


def _required(output: Path | None, what: str) -> Path:
    if output is None:
        raise click.UsageError(f"{what} are several files; name their folder with --output")
    return output


def _folder(run: Run, what: str, form: Format, output: Path | None) -> int:
    from accountpulse.core.store.export import datasets
    from accountpulse.core.store.views import VIEWS
    from accountpulse.exports import write_file

    folder = _required(output, what)
    wanted = {
        name: each
        for name, each in datasets().items()
        if what == "everything" or (name in VIEWS if what == "views" else name.startswith("fact_"))
    }
    written = []
    with run.hub() as hub:
        for name, each in wanted.items():
            path = folder / f"{name}.{form}"
            with run.err.status(f"writing {path}"):
                written.append((name, path, write_file(hub.store, each, form, path)))
    _tell(run, written)
    return 0


def _facts(run: Run, output: Path | None) -> int:
    folder = _required(output, "facts")
    from accountpulse.cli.display import RowBar

    with run.hub() as hub, RowBar() as bar:
        done = _mirror(hub, folder).export(bar)
    if run.as_json:
        run.emit({"folder": str(folder), "rows": done.rows})
    else:
        click.echo(f"{done.rows:,} rows written to {folder}; {folder / 'manifest.json'} names the files")
    return 0


def _mirror(hub: Hub, folder: Path) -> Mirror:
    from accountpulse.core.errors import MissingExtra

    try:
        from accountpulse.core.mirror import Mirror
    except ModuleNotFoundError as error:
        raise MissingExtra("An export of the facts as Parquet", "fast") from error
    return Mirror(folder, hub.store, hub.clock)


def _tell(run: Run, written: list[tuple[str, Path, int]]) -> None:
    if run.as_json:
        run.emit({"written": [{"name": name, "path": str(path), "rows": rows} for name, path, rows in written]})
        return
    for _, path, rows in written:
        click.echo(f"{path}: {rows:,} rows")
