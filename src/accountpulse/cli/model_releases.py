"""`accountpulse model publish`, `rollback` and `list`: which models are in force, since when, by whom and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from accountpulse.cli.app import FAILED, OK
from accountpulse.cli.common import Run, author
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from collections.abc import Callable

    from accountpulse.config.settings import Settings
    from accountpulse.releases import InForce

AUTHOR = "Who does it.  [default: $ACCOUNTPULSE_USER, else who is logged in]"
BRIEF = 5
"""How many accounts of each list are shown before a question."""


def signed_by(function: Callable[..., int]) -> Callable[..., int]:
    """The options of a command that is noted with who did it and why."""
    named = click.option("--author", "named", metavar="NAME", help=AUTHOR)
    return named(click.option("--reason", metavar="TEXT", help="Why: kept with the release.")(function))


YES = click.option("--yes", is_flag=True, help="Don't ask. Nothing is asked where nobody is at a terminal, either.")


@declare(
    "publish", example='accountpulse model publish --reason "usage counts for more"\naccountpulse model publish --yes --json'
)
@signed_by
@YES
def publish(run: Run, named: str | None, reason: str | None, yes: bool) -> int:
    """Put the configuration's segments and models in force, after showing what that would change.

    Scores follow with the next `accountpulse score`. What is in force already is left as it is.
    """
    from accountpulse.cli.display import working
    from accountpulse.cli.model_tables import show_preview
    from accountpulse.core.store.scope import EVERYTHING

    who = author(named)
    with run.hub() as hub:
        difference = hub.releases.difference()
        if difference is not None and not difference:
            if run.as_json:
                run.emit({"release": None, "preview": None})
            else:
                click.echo("nothing to publish: what is in force is what the configuration says")
            return OK
        with working("scoring with what is published, and with what would be"):
            found = hub.releases.preview(limit=BRIEF, scope=EVERYTHING)
        if not run.as_json:
            show_preview(run, found)
        if not _agreed("publish this?", yes):
            return FAILED
        release = hub.releases.publish(author=who, reason=reason)
    if run.as_json:
        run.emit({"release": release, "preview": found})
    else:
        click.echo(f"published as release {release} by {who}; `accountpulse score` scores with it")
    return OK


@declare("rollback", example='accountpulse model rollback --reason "too many false alarms"\naccountpulse model rollback --to 3')
@click.option("--to", type=click.IntRange(min=1), metavar="N", help="Back to what release N put in force.")
@signed_by
@YES
def rollback(run: Run, to: int | None, named: str | None, reason: str | None, yes: bool) -> int:
    """Put back what the release in force replaced; once more goes further back. The files stay as they are."""
    from accountpulse.cli.display import instant, working
    from accountpulse.cli.model_tables import show_preview
    from accountpulse.core.store.scope import EVERYTHING

    who = author(named)
    with run.hub() as hub:
        target = hub.releases.rollback_target(to)
        with working("scoring with what is published, and with what was before"):
            found = hub.releases.preview(target.draft, limit=BRIEF, scope=EVERYTHING)
        what = f"what release {target.release} put in force ({instant(target.at)} UTC, by {target.author})"
        if found.changes_nothing:
            if run.as_json:
                run.emit({"release": None, "restored": target.release, "preview": found})
            else:
                click.echo(f"nothing to do: {what} is in force")
            return OK
        if not run.as_json:
            click.echo(f"back to {what}")
            show_preview(run, found)
        if not _agreed("put it back?", yes):
            return FAILED
        release, target = hub.releases.roll_back(target.release, author=who, reason=reason)
        if run.as_json:
            run.emit({"release": release, "restored": target.release, "preview": found})
        else:
            click.echo(f"rolled back by release {release}; `accountpulse score` scores with it")
        run.notice(hub)
    return OK


def _agreed(question: str, yes: bool) -> bool:
    """Whether to go on: asked only of somebody at a terminal."""
    if yes or not sys.stdin.isatty():
        return True
    return click.confirm(question, err=True)


@declare("list", example="accountpulse model list\naccountpulse model list --releases")
@click.option("--releases", is_flag=True, help="List every change of what is in force, newest first.")
def listing(run: Run, releases: bool) -> int:
    """Show the drafts, the shadow and what is published side by side: since when, by whom and why."""
    from accountpulse.cli.model_files import opened
    from accountpulse.core.store.database import Store
    from accountpulse.core.store.scorecards import PUBLISHED, SHADOW
    from accountpulse.core.store.scorecards import releases as stored_releases
    from accountpulse.drafts import has_store
    from accountpulse.releases import in_force

    settings, _ = run.settings()
    published: list[InForce] = []
    shadow: list[InForce] = []
    history: list[dict[str, object]] = []
    if has_store(settings):
        with opened(Store.open(settings.store_url)) as store, store.read() as connection:
            published, shadow = in_force(connection), in_force(connection, SHADOW)
            history = [dict(row._mapping) for row in stored_releases(connection)]
    if releases:
        return _list_releases(run, history)
    rows = _segments(settings, published, shadow)
    if run.as_json:
        run.emit({"segments": rows})
        return OK
    _print_segments(run, rows)
    for stage, there in ((PUBLISHED, published), (SHADOW, shadow)):
        if newest := max(there, key=lambda each: each.since, default=None):
            click.echo(_since(stage, newest))
    states = {str(row["state"]) for row in rows}
    if published and states != {"ok"}:
        click.echo("`accountpulse model publish` puts the drafts in force")
    return OK


def _segments(settings: Settings, published: list[InForce], shadow: list[InForce]) -> list[dict[str, object]]:
    """A row for each segment, with what each stage says of it; None where it says nothing."""
    drafts = {rule.name: rule for rule in settings.segments}
    in_force, beside = ({each.segment: each for each in there} for there in (published, shadow))
    # The order in which rules are tried counts among those that are in both.
    tried = [name for name in in_force if name in drafts], [name for name in drafts if name in in_force]
    rows: list[dict[str, object]] = []
    for name in dict.fromkeys((*drafts, *in_force, *beside)):
        rule, there = drafts.get(name), in_force.get(name)
        model = settings.models[rule.model] if rule is not None else None
        state = "ok"
        if rule is None or model is None:
            state = "no longer in the configuration"
        elif there is None:
            state = "not published yet"
        elif there.version != model.version or there.model != model.name:
            state = "the model has changed"
        elif there.rule != rule.content() or tried[0].index(name) != tried[1].index(name):
            state = "the rule has changed"
        rows.append(
            {
                "segment": name,
                "draft": {"model": model.name, "version": model.version} if model is not None else None,
                "shadow": _placed(beside.get(name)),
                "published": _placed(there),
                "state": state,
            }
        )
    return rows


def _placed(found: InForce | None) -> dict[str, object] | None:
    if found is None:
        return None
    names = ("model", "version", "since", "release", "author", "reason")
    return {name: getattr(found, name) for name in names}


def _print_segments(run: Run, rows: list[dict[str, object]]) -> None:
    from accountpulse.cli.display import Column, table

    def said(row: dict[str, object], stage: str) -> str:
        found = row[stage]
        if not isinstance(found, dict):
            return "-"
        return str(found["version"]) if found["model"] == _model(row) else f"{found['model']} {found['version']}"

    stages = ("draft", "shadow", "published")
    columns = [Column("segment"), Column("model"), *(Column(stage) for stage in stages), Column("state", wide=True)]
    made = [(str(row["segment"]), _model(row), *(said(row, stage) for stage in stages), str(row["state"])) for row in rows]
    run.out.print(table(columns, made))


def _model(row: dict[str, object]) -> str:
    """The name of a segment's model: that of the draft, where there is one."""
    found = next(each for stage in ("draft", "published", "shadow") if isinstance(each := row[stage], dict))
    return str(found["model"])


def _since(stage: str, newest: InForce) -> str:
    from accountpulse.cli.display import instant

    release = f"by release {newest.release} of {newest.author}" if newest.release is not None else "by no noted release"
    why = f": {newest.reason}" if newest.reason else ""
    return f"{stage}: last changed {instant(newest.since)} UTC {release}{why}"


def _list_releases(run: Run, releases: list[dict[str, object]]) -> int:
    from datetime import datetime

    from accountpulse.cli.display import Column, instant, table

    if run.as_json:
        run.emit({"releases": releases})
        return OK
    columns = [Column("release", "right"), Column("what"), Column("when (UTC)"), Column("by"), Column("why", wide=True)]
    rows = []
    for row in releases:
        what = f"{row['action']} to {row['restored']}" if row["restored"] is not None else str(row["action"])
        if row["action"] == "withdraw":
            what = "shadow ends"
        at = row["at"]
        when = instant(at) if isinstance(at, datetime) else "-"
        rows.append((str(row["id"]), what, when, str(row["author"]), str(row["reason"] or "-")))
    run.out.print(table(columns, rows))
    return OK
