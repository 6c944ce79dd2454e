"""`accountpulse model preview` and `shadow`: what would happen under other models, at once and over days."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accountpulse.cli.app import OK
from accountpulse.cli.common import Run, author
from accountpulse.cli.common import command as declare
from accountpulse.cli.model_releases import signed_by

if TYPE_CHECKING:
    from accountpulse.core.scoring.publication import Draft
    from accountpulse.hub import Hub

FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")


@declare(
    "preview", example="accountpulse model preview models/standard.yaml\naccountpulse model preview new.yaml --limit 50 --json"
)
@FILES
@click.option(
    "--limit", type=click.IntRange(0, 10_000), default=20, show_default=True, help="How many accounts each list names at most."
)
def preview(run: Run, files: tuple[Path, ...], limit: int) -> int:
    """Say who would change band, and why, if FILEs took the places of the models of their names. Nothing is stored.

    Without FILE it is the configuration as it stands. Today's accounts are scored with it and with what is published, both
    before steadiness and overrides.
    """
    from accountpulse.cli.display import working
    from accountpulse.cli.model_tables import show_preview
    from accountpulse.core.store.scope import EVERYTHING

    with run.hub() as hub, working("scoring with what is published, and with the draft"):
        found = hub.releases.preview(_draft(hub, files), limit=limit, scope=EVERYTHING)
    if run.as_json:
        run.emit(found)
    else:
        show_preview(run, found)
    return OK


@declare(
    "shadow",
    example="accountpulse model shadow models/standard.yaml\naccountpulse model shadow\naccountpulse model shadow --stop",
)
@FILES
@click.option("--start", is_flag=True, help="Put the configuration in shadow as it stands.")
@click.option("--stop", is_flag=True, help="Score nothing in shadow any more; what was scored is kept.")
@click.option("--limit", type=click.IntRange(min=0), default=10, show_default=True, help="How many accounts the report names.")
@signed_by
def shadow(
    run: Run,
    files: tuple[Path, ...],
    start: bool,
    stop: bool,
    limit: int,
    named: str | None,
    reason: str | None,
) -> int:
    """Have the configuration, with FILEs in the places of the models of their names, scored beside what is published.

    Every `accountpulse score` scores both from then on, with --since past days too; only what is published is shown as the
    score. Without FILE or option: how far apart the two are so far.
    """
    if stop and (start or files):
        raise click.UsageError("--stop ends the shadow; leave out FILE and --start")
    with run.hub() as hub:
        if stop:
            return _stop(run, hub, author(named), reason)
        if start or files:
            return _start(run, hub, _draft(hub, files), author(named), reason)
        return _report(run, hub, limit)


def _draft(hub: Hub, files: tuple[Path, ...]) -> Draft:
    from accountpulse.cli.model_files import load_models

    return hub.releases.draft.with_models(load_models(files, hub.host))


def _start(run: Run, hub: Hub, draft: Draft, who: str, reason: str | None) -> int:
    if hub.releases.is_published(draft):
        words = "nothing to try: it means what is published"
        release = None
    else:
        release = hub.releases.shadow(draft, author=who, reason=reason)
        words = f"in shadow by release {release} of {who}; the next `accountpulse score` scores both, --since past days too"
        if release is None:
            words = "nothing to do: it is in shadow already"
    if run.as_json:
        run.emit({"release": release})
    else:
        click.echo(words)
    return OK


def _stop(run: Run, hub: Hub, who: str, reason: str | None) -> int:
    release = hub.releases.stop_shadow(author=who, reason=reason)
    if run.as_json:
        run.emit({"release": release})
    else:
        click.echo(f"nothing is in shadow any more (release {release}); what was scored is kept")
    return OK


def _report(run: Run, hub: Hub, limit: int) -> int:
    from accountpulse.cli.model_tables import show_shadow

    found = hub.releases.shadow_report(limit=limit)
    if run.as_json:
        run.emit({"shadow": found})
    elif found is None:
        click.echo("nothing is in shadow; `accountpulse model shadow FILE...` or `--start` puts models there")
    else:
        show_shadow(run, found)
    return OK
