"""`accountpulse model audit`: do scores foretell what became of customers? The verdict first, then the figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from rich.table import Table

    from accountpulse.core.audit.calibration import Calibration
    from accountpulse.core.audit.figures import Interval
    from accountpulse.core.audit.report import AuditReport, Figures

DAY = click.DateTime(formats=["%Y-%m-%d"])
EXAMPLE = "accountpulse model audit --horizon 90\naccountpulse model audit --scores shadow --against published"


@click.option(
    "--horizon", type=click.IntRange(min=1), default=90, show_default=True, help="Foretell leaving within so many days."
)
@click.option("--gap", type=click.IntRange(min=0), default=0, show_default=True, help="Leave out the first so many of them.")
@click.option("--segment", metavar="NAME", help="Look at one segment only.")
@click.option("--since", type=DAY, metavar="DATE", help="First day to look at.  [default: a year before the last]")
@click.option("--until", type=DAY, metavar="DATE", help="Last day to look at.  [default: the last whose horizon is over]")
@click.option(
    "--scores", type=click.Choice(["published", "shadow"]), default="published", show_default=True, help="Which scores."
)
@click.option("--against", metavar="WHAT", help="What they must beat: published, shadow, or a metric of the model by itself.")
@click.option("--capacity", type=click.IntRange(min=1), metavar="N", help="How many accounts can be looked after at a time.")
@click.option(
    "--persisted-only", is_flag=True, help="Only scores that were said live; evaluate no day from what was known then."
)
def audit(
    run: Run,
    horizon: int,
    gap: int,
    segment: str | None,
    since: datetime | None,
    until: datetime | None,
    scores: str,
    against: str | None,
    capacity: int | None,
    persisted_only: bool,
) -> int:
    """Say whether scores foretold who left: an AUC with its interval, what each band came to, and a verdict in words.

    Scores that were said live are used where there are any; other days are evaluated from what was known then, never from what
    is known now. Nothing is stored.
    """
    from accountpulse.cli.display import DayBar
    from accountpulse.core.audit.audit import AuditRequest

    request = AuditRequest(
        horizon=horizon,
        gap=gap,
        segment=segment,
        since=since.date() if since else None,
        until=until.date() if until else None,
        scores=scores,
        against=against,
        capacity=capacity,
        recompute=not persisted_only,
    )
    with run.hub() as hub, DayBar() as bar:
        report = hub.audit(request, on_progress=bar)
    if run.as_json:
        run.emit(report)
        return 0
    click.echo(f"{report.verdict.sentence}\n")
    for part in _parts(report):
        if isinstance(part, str):
            click.echo(part)
        else:
            run.out.print(part)
    return 0


def add_to(parent: click.Group) -> None:
    """Make it a command of `accountpulse model`."""
    declare("audit", parent=parent, example=EXAMPLE)(audit)


def _parts(report: AuditReport) -> Iterator[str | Table]:
    yield from _figures(report)
    if report.bands:
        yield _bands(report)
        yield f"{_ORDER[report.band_order]}\n"
    if len(report.segments) > 1:
        yield _segments(report)
    yield from _early(report)
    yield from _probability(report)
    yield from _sources(report)
    yield "Be careful"
    for sentence in (*report.leaks, *report.cautions):
        yield f"  * {sentence}"


def _figures(report: AuditReport) -> Iterator[str | Table]:
    from accountpulse.cli.display import Column, number, percent, table

    f, days = report.figures, report.days
    among = f"segment {report.segment}, " if report.segment else ""
    gap = f", after a gap of {report.gap}" if report.gap else ""
    rows = [
        ("customers, snapshots", f"{f.customers:,}, {f.snapshots:,} on {len(days)} days a horizon apart"),
        ("left within the horizon", f"{f.churned:,} customers: {_rate(f.rate)} of snapshots"),
        ("AUC", f"{_interval(f.auc, 3)}; within a day {number(f.auc_within, 3)}"),
        ("AUC of weekly snapshots", f"{_interval(report.weekly_auc, 3)}, {report.weekly_snapshots:,} snapshots"),
        ("lowest 10 % of scores", f"{number(f.lift_10)} times as many leave; {percent(f.recall_10)} of all who left"),
        ("lowest 20 % of scores", f"{number(f.lift_20)} times as many leave; {percent(f.recall_20)} of all who left"),
    ]
    if f.recall_capacity is not None:
        rows.append(("looking after your capacity", f"finds {percent(f.recall_capacity)} of all who left"))
    if (found := report.comparison) is not None:
        rows.append(
            (
                f"gain over {found.incumbent}",
                f"{_interval(found.difference, 3)} in AUC ({number(found.auc, 3)} against {number(found.incumbent_auc, 3)})",
            )
        )
    if report.components:
        best = ", ".join(f"{name} {value:.2f}" for name, value in list(report.components.items())[:3])
        rows.append(("best single components", f"AUC {best}"))
    title = f"{report.scores} scores, {among}leaving within {report.horizon} days{gap}, {report.since} to {report.until}"
    yield table([Column("figure"), Column("value", wide=True)], rows, title=title)


_ORDER = {
    "apart": "The bands are in order, and their intervals don't overlap: a better band does mean fewer who leave.",
    "ordered": "The bands are in order, but their intervals overlap: it may be luck.",
    "not ordered": "The bands are not in order: a better band did not mean fewer who leave.",
    "too few": "There are too few bands with snapshots to compare.",
}


def _bands(report: AuditReport) -> Table:
    from accountpulse.cli.display import Column, percent, table

    rows = [
        (
            row.band,
            f"{row.customers:,}",
            f"{row.snapshots:,}",
            f"{row.events:,}",
            _rate(row.rate),
            percent(row.share_of_events),
            _money(row.mrr, report.currency),
            f"{_money(row.mrr_lost, report.currency)} ({percent(row.revenue_rate)})",
        )
        for row in report.bands
    ]
    names = ("customers", "snapshots", "left", "rate", "share of all", f"MRR {report.currency}", "of it lost")
    return table([Column("band"), *(Column(name, "right") for name in names)], rows, title="What became of each band")


def _segments(report: AuditReport) -> Table:
    from accountpulse.cli.display import Column, number, table

    def row(name: str, f: Figures, word: str) -> tuple[str, ...]:
        return (name, f"{f.customers:,}", f"{f.churned:,}", _interval(f.auc, 2), number(f.lift_10), word)

    columns = [
        Column("segment"),
        Column("customers", "right"),
        Column("left", "right"),
        Column("AUC"),
        Column("lift 10 %", "right"),
    ]
    rows = [row(s.segment, s.figures, s.verdict.word) for s in report.segments]
    return table([*columns, Column("verdict", wide=True)], rows, title="Each segment by itself")


def _early(report: AuditReport) -> Iterator[str]:
    from accountpulse.cli.display import number, percent

    lead = report.lead
    if lead.customers:
        ahead = ", ".join(f"{percent(share)} {days} days ahead or more" for days, share in lead.ahead.items())
        median = f", for {number(lead.median_days, 0)} days in the median" if lead.median_days is not None else ""
        yield f"How early: of {lead.customers} who left, {lead.warned} were in the worst band at the end{median} ({ahead})."
    yield f"How steady: {number(report.flips, 2)} changes of band for each account and quarter."
    if report.drift is not None:
        word = "the same" if report.drift < 0.1 else "somewhat different" if report.drift <= 0.25 else "quite different"
        yield f"How alike: scores of the later half are {word} (population stability index {report.drift:.3f})."
    yield ""


def _probability(report: AuditReport) -> Iterator[str | Table]:
    from accountpulse.cli.display import Column, number, table

    if report.calibration is not None:
        yield _calibrated(report.calibration)
    elif report.figures.events:
        yield "As a probability: too few left to fit one on an earlier half and judge it on a later. What each tenth came to:"
        rows = [
            (f"{number(r.low)} to {number(r.high)}", f"{r.snapshots:,}", f"{r.events:,}", _rate(r.rate))
            for r in report.reliability
        ]
        yield table([Column("score"), *(Column(name, "right") for name in ("snapshots", "left", "rate"))], rows)


def _calibrated(c: Calibration) -> str:
    from accountpulse.cli.display import number

    luck = "no more than luck would show" if c.ece <= c.floor_p95 else "more than luck would show"
    return (
        f"As a probability (fitted after Platt on the earlier {c.fitted_on:,} snapshots, of which {c.fitted_events} left; "
        f"judged on the later {c.judged_on:,}, of which {c.judged_events} left):\n"
        f"  Brier score {c.brier:.4f}, skill {number(c.skill, 3)}; slope {number(c.slope, 2)} (1 is right), "
        f"intercept {number(c.intercept, 2)} (0 is right)\n"
        f"  calibration error {c.ece:.4f}: {luck} (a perfect model shows {c.floor:.4f}, at most {c.floor_p95:.4f})\n"
    )


def _sources(report: AuditReport) -> Iterator[str]:
    from accountpulse.cli.display import percent

    c, a = report.counted, report.assumed
    yield f"Scores: {c.live:,} snapshots were said live, {c.as_known:,} evaluated from what was known then."
    if a.facts:
        yield f"  assumed facts behind the evaluated days: {percent(a.share)} of {a.facts:,}"
    young = f"of {c.immature_weeks:,} weeks whose {report.horizon} days are not over"
    yield (
        f"  not used: {c.immature:,} too young ({young}), {c.departed:,} of customers who had left, {c.noticed:,} who had "
        f"given notice, {c.in_gap:,} who left within the gap, {c.unknown:,} of accounts no longer known, "
        f"{c.restated_rows:,} restated rows"
    )
    counts = [
        f"{o.entered + o.derived:,} {o.kind.replace('_', ' ')} ({o.entered:,} entered, {o.derived:,} derived)"
        for o in report.outcomes
    ]
    yield f"Outcomes since {report.since}: {'; '.join(counts) or 'none'}.\n"


def _interval(interval: Interval, digits: int) -> str:
    from accountpulse.cli.display import number

    value = number(interval.value, digits)
    if interval.low is None or interval.high is None:
        return value
    return f"{value} ({number(interval.low, digits)} to {number(interval.high, digits)})"


def _rate(interval: Interval) -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return "-"
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def _money(minor: int, currency: str) -> str:
    from accountpulse.core.model.money import minor_digits

    return f"{minor / 10 ** minor_digits(currency):,.0f}"
