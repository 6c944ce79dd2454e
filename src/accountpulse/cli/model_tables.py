"""What a preview and a shadow look like on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accountpulse.cli.display import Column, instant, number, percent, signed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from accountpulse.cli.common import Run
    from accountpulse.core.scoring.preview import Mover, Preview, Shift
    from accountpulse.core.scoring.shadow import ShadowReport

NAMED = 24
"""A longer name of an account is cut."""
CHANGES = 10
"""So many changes of a model are told one by one; `model diff` tells all."""


def show_preview(run: Run, found: Preview) -> None:
    """What would change, who would move, and why."""
    if found.compared:
        for line in _changes(found):
            click.echo(line)
    else:
        click.echo(f"nothing to compare with: {found.why_not}")
    click.echo(f"\n{found.accounts} accounts on {found.day.isoformat()}, before steadiness and overrides:")
    run.out.print(_bands(found))
    if any(shift.before != shift.after for shift in found.segments):
        run.out.print(_shifts("segment", found.segments))
    run.out.print(_tenths(found))
    if not found.compared:
        return
    click.echo(_summary(found))
    told = {each.account_id for each in found.band_changes}
    others = [each for each in found.movers if each.account_id not in told]
    listed = (
        (found.band_changes, found.changed_band, "change band"),
        (found.newly_unknown, found.became_unknown, "become unknown"),
        (others, None, "move furthest without changing band"),
    )
    for movers, of, what in listed:
        if movers:
            among = f" of {of}" if of is not None and of > len(movers) else ""
            run.out.print(_movers(movers, f"{len(movers)}{among} that {what}"))


def _changes(found: Preview) -> list[str]:
    lines = []
    for model in found.models:
        if model.before is None:
            lines.append(f"model {model.model} is new: version {model.after}")
        elif model.after is None:
            lines.append(f"model {model.model} is no longer used (version {model.before})")
        else:
            lines.append(f"model {model.model}: version {model.before} -> {model.after}")
        lines += [f"  {each.place}: {each.before} -> {each.after}" for each in model.changes[:CHANGES]]
        if len(model.changes) > CHANGES:
            lines.append(f"  and {len(model.changes) - CHANGES} changes more")
        if model.weights:
            shares = (f"{each.metric} {_share(each.before)} -> {_share(each.after)}" for each in model.weights)
            lines.append(f"  share of the score: {', '.join(shares)}")
    lines += [f"{each.place}: {each.before} -> {each.after}" for each in found.rules]
    return lines or ["the draft means what is published"]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _bands(found: Preview) -> Table:
    """From which band to which; the sums are the distributions before and after."""
    if not found.compared:
        return _shifts("band", found.bands)
    names = [shift.name for shift in found.bands if shift.before or shift.after]
    cells = {(cell.before, cell.after): cell.accounts for cell in found.matrix}
    columns = [Column("from \\ to"), *(Column(name, "right") for name in names), Column("before", "right")]
    before = {shift.name: shift.before or 0 for shift in found.bands}
    after = {shift.name: shift.after for shift in found.bands}
    rows = [[was, *(_count(cells.get((was, now), 0)) for now in names), f"{before[was]:,}"] for was in names if before[was]]
    rows.append(["after", *(f"{after[name]:,}" for name in names), f"{found.accounts:,}"])
    return table(columns, rows)


def _count(accounts: int) -> str:
    return f"{accounts:,}" if accounts else "."


def _shifts(what: str, shifts: Sequence[Shift]) -> Table:
    columns = [Column(what), Column("before", "right"), Column("after", "right")]
    return table(columns, [(s.name, "-" if s.before is None else f"{s.before:,}", f"{s.after:,}") for s in shifts])


def _tenths(found: Preview) -> Table:
    columns = [Column("score from"), *(Column(str(start), "right") for start in range(0, 100, 10))]
    rows = [("after", *(f"{count:,}" for count in found.tenths_after))]
    if found.tenths_before is not None:
        rows.insert(0, ("before", *(f"{count:,}" for count in found.tenths_before)))
    return table(columns, rows)


def _summary(found: Preview) -> str:
    mean = "" if found.mean_change is None else f"; {signed(found.mean_change)} points on average"
    unknown = f"{found.became_unknown} become unknown, {found.became_known} become known"
    return f"{found.changed_band} would change band, {unknown}{mean}"


def _movers(movers: Sequence[Mover], title: str) -> Table:
    columns = [Column("account"), Column("band"), Column("score", "right"), Column("why", wide=True)]
    rows = [
        (
            _cut(each.name),
            each.band_after if each.band_before == each.band_after else f"{each.band_before} -> {each.band_after}",
            f"{number(each.score_before)} -> {number(each.score_after)}",
            "; ".join(each.reasons) or "many small differences",
        )
        for each in movers
    ]
    return table(columns, rows, title=title)


def _cut(name: str) -> str:
    return name if len(name) <= NAMED else name[: NAMED - 1] + "…"


def show_shadow(run: Run, found: ShadowReport) -> None:
    """How far a shadow is from what is published."""
    why = f": {found.reason}" if found.reason else ""
    click.echo(f"in shadow since {instant(found.since)} UTC, by release {found.release} of {found.author}{why}")
    if found.first is None or found.last is None:
        click.echo("nothing was scored beside what is published yet; `accountpulse score` does, with --since past days too")
        return
    days = "1 day" if found.days == 1 else f"{found.days} days"
    when = found.last.isoformat() if found.first == found.last else f"{found.first.isoformat()} to {found.last.isoformat()}"
    click.echo(f"scored beside what is published on {days}, {when}; {found.accounts} accounts on the last")
    click.echo(
        f"on average {signed(found.mean_difference)} points from what is published, {number(found.mean_distance)} either way; "
        f"another band for {percent(found.other_band)} of accounts and days, {percent(found.other_band_now)} on the last day"
    )
    if found.movers:
        columns = [
            Column("furthest apart"),
            Column("published", "right"),
            Column("shadow", "right"),
            Column("difference", "right"),
            Column("band"),
        ]
        rows = [
            (
                _cut(each.name),
                number(each.published),
                number(each.shadow),
                signed(each.shadow - each.published),
                each.shadow_band if each.shadow_band == each.published_band else f"{each.published_band} -> {each.shadow_band}",
            )
            for each in found.movers
        ]
        run.out.print(table(columns, rows))
