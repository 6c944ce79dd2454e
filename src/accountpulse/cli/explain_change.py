"""What `accountpulse explain` prints of two days, and of what it would take to reach a band."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run

if TYPE_CHECKING:
    from rich.table import Table

    from accountpulse.core.scoring.change import ScoreMove
    from accountpulse.core.scoring.counterfactual import Needed
    from accountpulse.core.scoring.next_band import NextBand

NEXT = "next"
"""What a person writes for the next better band."""


# --- why it moved -------------------------------------------------------------------------------------------------------


def print_change(run: Run, account: str, start: date, end: date | None) -> int:
    """Say why a score moved: in one sentence, part by part, and the sum."""
    from accountpulse.core.scoring.change_words import opening
    from accountpulse.core.store.scope import EVERYTHING

    with run.hub() as hub, run.err.status("evaluating both days"):
        name, move = hub.explain_change(account, start, end, scope=EVERYTHING)
    said = opening(name, move.start, move.end, move.parts)
    if run.as_json:
        run.emit({"account": name, "summary": said, **move.to_json()})
        return 0
    click.echo(said)
    parts, line = change_lines(move)
    run.out.print(parts)
    click.echo(line)
    for note in move.notes:
        click.echo(f"note: {note}")
    return 0


def change_lines(move: ScoreMove) -> tuple[Table, str]:
    """The table of parts, and the sum below it: what is printed adds up. Parts that round to nothing are only counted."""
    from accountpulse.cli.display import Column, adding_up, number, signed, table

    first, *shown = adding_up([move.start.score, *(part.points for part in move.parts)])
    told = [(part, points) for part, points in zip(move.parts, shown, strict=True) if points]
    rows = [(_kind(part.kind), part.label, signed(points), part.reason) for part, points in told]
    if left := len(move.parts) - len(told):
        rows.append(("", f"{left} more", number(0.0), "less than a tenth of a point each"))
    columns = [Column("part"), Column("what", wide=True), Column("points", "right"), Column("because", wide=True)]
    sums: dict[str, float] = {}
    for part, points in told:
        sums[part.kind] = sums.get(part.kind, 0.0) + points
    steps = [f"{signed(points)} {_kind(kind)}" for kind, points in sums.items()]
    line = "  ".join([f"{number(first)} on {move.start.day}", *steps])
    return table(columns, rows), f"{line}  = {number(first + sum(shown))} on {move.end.day}"


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


# --- what it would take -------------------------------------------------------------------------------------------------


def print_next_band(run: Run, account: str, band: str) -> int:
    """Say what it would take to reach a band."""
    from accountpulse.core.store.scope import EVERYTHING

    with run.hub() as hub, run.err.status("trying other values"):
        name, found = hub.counterfactual(account, None if band == NEXT else band, scope=EVERYTHING)
        currency = hub.currency
    if run.as_json:
        run.emit({"account": name, **found.to_json()})
        return 0
    for line in next_band_lines(name, found, currency):
        click.echo(line)
    if found.answer is not None and found.answer.alone:
        run.out.print(alone_table(found, currency))
    for note in found.notes:
        click.echo(f"note: {note}")
    if found.answer is not None and found.answer.state == "reachable":
        from accountpulse.core.scoring.next_band import CAVEAT

        click.echo(f"note: {CAVEAT}")
    return 0


def next_band_lines(name: str, found: NextBand, currency: str) -> list[str]:
    """The answer in a few sentences."""
    from accountpulse.cli.display import number
    from accountpulse.core.scoring.change_words import listed, lowered

    answer = found.answer
    if answer is None:
        return [f"{name} is {found.band}" + ("." if found.target else ", and there is no better band.")]
    lead = f"{name} is at {answer.score:.1f} ({found.band})"
    if answer.state == "already_there":
        return [f"{lead}: that is enough for {found.target}, which begins at {answer.target:.1f}. Nothing has to change."]
    gap = number(max(answer.target - answer.score, 0.1))
    lines = [f"{lead}. To become {found.target} it needs {answer.target:.1f}, which is {gap} points more."]
    lines += [
        f"First this must end, which holds it at {cap.at:g} at most: {cap.because}{f' ({why})' if why else ''}."
        for cap, why in answer.must_end
    ]
    if answer.state == "out_of_reach":
        best = f"Even with everything that is measured at its best it would be at {answer.reaches:.1f}"
        return [*lines, f"{best}{', once that has ended' if answer.must_end else ''}: no change of these metrics is enough."]
    if not answer.together:
        return [*lines, "Nothing else has to change."]
    steps = [
        f"{lowered(metric.title)} from {_amount(found, each.column, each.value, currency)} to {_enough(found, each, currency)}"
        for each in answer.together
        for metric in [found.metrics[each.column]]
    ]
    number_of = "one metric is enough" if len(steps) == 1 else f"no fewer than {len(steps)} metrics together are enough"
    return [*lines, f"The smallest change ({number_of}): {listed(steps)}."]


def alone_table(found: NextBand, currency: str) -> Table:
    """What each metric could do alone."""
    from accountpulse.cli.display import Column, number, table

    assert found.answer is not None
    rows = [
        (
            found.metrics[each.column].title,
            _amount(found, each.column, each.value, currency),
            _enough(found, each.needed, currency) if each.needed else "not alone",
            f"{number(each.reaches)} with {_amount(found, each.column, each.best, currency)}",
        )
        for each in sorted(found.answer.alone, key=lambda each: (each.needed is None, -each.reaches))
    ]
    return table(
        [Column("metric", wide=True), Column("now", "right"), Column("alone", "right"), Column("at best", "right")], rows
    )


def _enough(found: NextBand, needed: Needed, currency: str) -> str:
    """The value needed, rounded the way that is enough."""
    from math import ceil, floor

    from accountpulse.core.scoring.words import SHARES, SIGNED

    scale = 100 if found.metrics[needed.column].unit in SHARES | SIGNED else 1
    digits = 1 if abs(needed.needed * scale) < 100 else 0
    unit = scale * 10**digits
    rounded = (ceil if needed.needed > needed.value else floor)(round(needed.needed * unit, 6)) / unit
    return _amount(found, needed.column, rounded, currency)


def _amount(found: NextBand, column: int, value: float, currency: str) -> str:
    from accountpulse.core.scoring.words import format_value

    metric = found.metrics[column]
    return format_value(value, metric.unit, currency=currency, money=metric.money)
