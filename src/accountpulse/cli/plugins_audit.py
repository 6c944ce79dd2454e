"""`accountpulse plugins audit` and `plugins page`: how good connectors are, and the pages that are written from their code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accountpulse.cli.app import FAILED, OK
from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare
from accountpulse.cli.model_files import plugin_host

if TYPE_CHECKING:
    from accountpulse.plugins.host import PluginHost
    from accountpulse.testing.quality import Report

TIERS = ("bronze", "silver", "gold", "platinum")


@declare(
    "audit",
    example="accountpulse plugins audit\naccountpulse plugins audit stripe\naccountpulse plugins audit --at-least gold --json",
)
@click.argument("connector", required=False)
@click.option("--at-least", type=click.Choice(TIERS), help="Fail when a connector is below this tier.")
def audit(run: Run, connector: str | None, at_least: str | None) -> int:
    """Say how good connectors are, bronze to platinum: the rules met, missed, or exempt with a reason.

    A connector claims in a quality.yaml; what can be checked is. Exit code 1 when a claim is false, or a tier too low.
    """
    from accountpulse.testing.quality import audit as judge

    host = plugin_host(run)
    named = [_known(host, connector)] if connector else sorted(host.connectors)
    reports = [judge(host.connectors[id]) for id in named]
    if run.as_json:
        run.emit([{"connector": r.connector, "tier": r.tier, "rules": r.rules, "problem": r.problem} for r in reports])
    else:
        _print(run, reports, every_rule=connector is not None)
    low = [r for r in reports if at_least and (r.tier is None or TIERS.index(r.tier) < TIERS.index(at_least))]
    return FAILED if low or any(report.false_claims for report in reports) else OK


@declare(
    "page",
    example="accountpulse plugins page stripe\naccountpulse plugins page stripe --write",
)
@click.argument("connector")
@click.option("--write", is_flag=True, help="Put it into the page that the connector's quality.yaml names.")
def page(run: Run, connector: str, write: bool) -> int:
    """Print the part of a connector's page that is written from its code: streams, limits, and where each field is from."""
    from accountpulse.core.errors import SettingsError
    from accountpulse.testing.quality.audit import gather
    from accountpulse.testing.quality.page import written, written_into

    host = plugin_host(run)
    evidence, problem = gather(host.connectors[_known(host, connector)])
    if evidence is None:
        raise SettingsError([f"connector {connector!r}: {problem}"])
    part, path = written(evidence), evidence.page_path
    if write:
        if path is None:
            raise SettingsError([f"connector {connector!r} has no page to write to: name it in `docs` of its quality.yaml"])
        before = path.read_text(encoding="utf-8") if path.exists() else f"# {evidence.connector.title}\n"
        path.write_text(written_into(before, part), encoding="utf-8")
    if run.as_json:
        run.emit({"connector": connector, "page": None if path is None else str(path), "text": part})
    else:
        click.echo(f"wrote {path}" if write else part)
    return OK


def _known(host: PluginHost, connector: str) -> str:
    from accountpulse.core.errors import NotFound
    from accountpulse.core.scoring.problems import did_you_mean

    if connector not in host.connectors:
        known = ", ".join(sorted(host.connectors)) or "none"
        raise NotFound(f"there is no connector {connector!r}{did_you_mean(connector, host.connectors)}; there are: {known}")
    return connector


def _print(run: Run, reports: list[Report], *, every_rule: bool) -> None:
    """The tiers, and below each connector the rules that are not met; with `every_rule`, all of them with their tests."""
    from accountpulse.cli.display import Column, table

    def count(report: Report, status: str) -> str:
        return str(sum(rule.status == status for rule in report.rules))

    columns = [Column("connector"), Column("tier"), Column("met"), Column("exempt"), Column("missed")]
    counted = [(r.connector, r.tier or "none", *(count(r, s) for s in ("met", "exempt", "missed"))) for r in reports]
    run.out.print(table(columns, counted))
    for report in reports:
        shown = [rule for rule in report.rules if every_rule or rule.status != "met"]
        if report.problem is not None:
            click.echo(f"{report.connector}: {report.problem}")
        elif shown:
            click.echo("")
            titles = [*map(Column, ("connector", "tier", "rule", "status")), Column("why, or which tests", wide=True)]
            rows = [(report.connector, r.tier, r.rule, r.status, r.why or ", ".join(r.tests) or r.text) for r in shown]
            run.out.print(table(titles, rows))
        if not report.source_tree:
            click.echo(f"{report.connector}: installed without its source: its tests and page are not checked")
