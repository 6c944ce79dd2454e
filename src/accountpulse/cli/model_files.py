"""`accountpulse model validate`, `diff` and `schema`: what model files say, before anything is done with them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accountpulse.cli.app import FAILED, OK
from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accountpulse.core.scoring.diff import WeightChange
    from accountpulse.core.scoring.lint import Finding
    from accountpulse.core.scoring.model import ScoringModel
    from accountpulse.core.store.database import Store
    from accountpulse.drafts import Checked
    from accountpulse.plugins.host import PluginHost
    from accountpulse.releases import InForce


@declare("validate", example="accountpulse model validate\naccountpulse model validate new.yaml")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
def validate(run: Run, files: tuple[Path, ...]) -> int:
    """Say what is wrong with model files, all of it at once, and what is allowed but hardly meant.

    Without FILE, of the configuration's models. With a configuration and a store, today's accounts are looked at too.
    Nothing is published or stored.
    """
    from accountpulse.core.scoring.lint import lint_steadiness, lint_weights, ordered

    host = plugin_host(run)
    if not files:
        settings, _ = run.settings()
        files = tuple(settings.model_files.values())
    models = load_models(files, host)
    checked, why_not = _checked(run, host, models)
    documents = []
    for i, (file, model) in enumerate(zip(files, models, strict=True)):
        weights = model.make_scorer(host.scorers).weights()
        met = checked[i] if checked else None
        findings = ordered([*lint_weights(model, weights), *lint_steadiness(model), *(met.findings if met else ())])
        shares = [(spec.group, spec.metric, float(weight)) for spec, weight in zip(model.components, weights, strict=True)]
        if run.as_json:
            documents.append(_document(file, model, shares, met, findings))
        else:
            _print(run, file, model, shares, met, findings)
    if run.as_json:
        run.emit({"ok": True, "models": documents, "not_checked_against_accounts": why_not})
    elif why_not:
        click.echo(f"not checked against accounts: {why_not}")
    return OK


@declare("diff", example="accountpulse model diff old.yaml new.yaml\naccountpulse model diff standard new.yaml")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
def diff(run: Run, before: str, after: str) -> int:
    """Say how B differs from A in what it means. Each is a file, or the name or version of a published model.

    The exit code is 0 where they mean the same, and 1 where they do not.
    """
    from accountpulse.cli.display import Column, table
    from accountpulse.core.scoring.diff import changes, weight_changes

    host = plugin_host(run)
    a, b = (_file_or_published(run, host, name) for name in (before, after))
    found = changes(a, b)
    weights = weight_changes(a, a.make_scorer(host.scorers).weights(), b, b.make_scorer(host.scorers).weights())
    if run.as_json:
        versions = {"before": a.version, "after": b.version}
        run.emit({"same": not found, **versions, "changes": found, "weights": weights})
        return FAILED if found else OK
    if not found:
        click.echo(f"the same: version {a.version}")
        return OK
    click.echo(f"{before} (version {a.version}) and {after} (version {b.version}) differ:")
    columns = [Column("what", wide=True), Column("before", wide=True), Column("after", wide=True)]
    run.out.print(table(columns, [(change.place, change.before, change.after) for change in found]))
    moved = [each for each in weights if each.before != each.after]
    if moved:
        _print_weights(run, moved)
    return FAILED


@declare("schema", example="accountpulse model schema --output models/model.schema.json")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file to write.  [default: stdout]")
@click.option("--plain", is_flag=True, help="Without the names of the metrics and scorers installed here.")
def schema(run: Run, output: Path | None, plain: bool) -> int:
    """Print the JSON Schema of model files, by which editors complete and check them."""
    from accountpulse.config.model_json_schema import schema_text

    host = None if plain else plugin_host(run)
    text = schema_text(host.metrics, host.scorers) if host else schema_text()
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if run.as_json:
        import json

        run.emit({"schema": json.loads(text)})
    elif output is None:
        click.echo(text, nl=False)
    return OK


# --- reading ------------------------------------------------------------------------------------------------------------


def plugin_host(run: Run) -> PluginHost:
    """What is installed, with or without a configuration."""
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import PluginSettings
    from accountpulse.plugins.host import PluginHost

    settings = read_plugin_settings(run.path) if run.config or run.path.exists() else PluginSettings()
    return PluginHost.load(allow=settings.allow, strict=settings.strict)


def load_models(files: Sequence[Path], host: PluginHost) -> list[ScoringModel]:
    """The models of the files. Raises SettingsError with the problems of all of them."""
    from accountpulse.config.model_schema import load_model
    from accountpulse.core.errors import SettingsError

    models, problems = [], []
    for file in files:
        try:
            models.append(load_model(file, metrics=host.metrics, scorers=host.scorers))
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return models


def _checked(run: Run, host: PluginHost, models: Sequence[ScoringModel]) -> tuple[list[Checked] | None, str | None]:
    """What the models meet among the accounts; or None, and why there is no saying."""
    from accountpulse.core.clock import SystemClock
    from accountpulse.core.errors import SettingsError
    from accountpulse.core.store.database import Store
    from accountpulse.drafts import check, has_store

    if run.config is None and not run.path.exists():
        return None, f"there is no configuration {run.path}; name one with --config PATH"
    try:
        settings, _ = run.settings()
    except SettingsError:
        if run.config is not None:
            raise
        return None, f"the configuration {run.path} has mistakes; `accountpulse check` tells them"
    if not has_store(settings):
        return None, "there is no store yet; run `accountpulse sync` first"
    with opened(Store.open(settings.store_url)) as store:
        return check(store, SystemClock(), settings, host, models), None


def _file_or_published(run: Run, host: PluginHost, name: str) -> ScoringModel:
    if Path(name).exists() or name.endswith((".yaml", ".yml")) or "/" in name:
        return load_models([Path(name)], host)[0]
    from accountpulse.core.errors import NotFound
    from accountpulse.core.scoring.parse import model_of

    in_force = _in_force(run)
    for each in in_force:
        if name in (each.model, each.version):
            return model_of(each.content)
    known = ", ".join(dict.fromkeys(f"{each.model} ({each.version})" for each in in_force)) or "none"
    raise NotFound(f"there is no file and no published model {name!r}; published: {known}")


def _in_force(run: Run) -> list[InForce]:
    from accountpulse.core.store.database import Store
    from accountpulse.drafts import has_store
    from accountpulse.releases import in_force

    if run.config is None and not run.path.exists():
        return []
    settings, _ = run.settings()
    if not has_store(settings):
        return []
    with opened(Store.open(settings.store_url)) as store, store.read() as connection:
        return in_force(connection)


@contextmanager
def opened(store: Store) -> Iterator[Store]:
    """Close a store in the end."""
    try:
        yield store
    finally:
        store.close()


# --- showing ------------------------------------------------------------------------------------------------------------


def _document(
    file: Path, model: ScoringModel, shares: list[tuple[str, str, float]], met: Checked | None, findings: list[Finding]
) -> dict[str, object]:
    return {
        "file": str(file),
        "name": model.name,
        "version": model.version,
        "scorer": model.scorer,
        "weights": [{"group": group, "metric": metric, "share": share} for group, metric, share in shares],
        "accounts": met.accounts if met else None,
        "segments": met.segments if met else None,
        "findings": findings,
    }


def _print(
    run: Run,
    file: Path,
    model: ScoringModel,
    shares: list[tuple[str, str, float]],
    met: Checked | None,
    findings: list[Finding],
) -> None:
    from accountpulse.cli.display import Column, table

    who = f", {met.accounts} accounts today in {', '.join(met.segments)}" if met else ""
    click.echo(f"{file}: ok: model {model.name}, version {model.version}, {len(model.lines)} metrics{who}")
    columns = [Column("group"), Column("metric"), Column("weight", "right"), Column("unknown counts as")]
    lines = zip(shares, model.lines, strict=True)
    run.out.print(table(columns, [(group, metric, f"{share:.1%}", line.missing) for (group, metric, share), line in lines]))
    for finding in findings:
        click.echo(f"{'note' if finding.note else 'warning'}: {finding.place}: {finding.message}")
    click.echo("")


def _print_weights(run: Run, moved: Sequence[WeightChange]) -> None:
    from accountpulse.cli.display import Column, table

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    columns = [Column("share of the score"), Column("before", "right"), Column("after", "right")]
    run.out.print(table(columns, [(each.metric, share(each.before), share(each.after)) for each in moved]))
