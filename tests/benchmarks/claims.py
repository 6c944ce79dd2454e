"""Claims: what is promised, what was measured, and whether that holds. A miss is shown like anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from accountpulse.cli.display import Column, console, table

Direction = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise with its measurement; `value` is None where it could not be measured, and `note` then says why."""

    what: str
    value: float | None
    direction: Direction
    limit: float
    unit: str
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "ok" if (self.value <= self.limit) == (self.direction == "at most") or self.value == self.limit else "misses it"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something else that was measured, without a limit."""

    what: str
    value: float
    unit: str


@dataclass(slots=True)
class Report:
    """What one run measured. setting: what it was run with."""

    setting: Mapping[str, str | int]
    claims: list[Claim] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @property
    def misses(self) -> Sequence[Claim]:
        return [claim for claim in self.claims if claim.verdict == "misses it"]

    def to_json(self) -> str:
        claims = [{**asdict(claim), "verdict": claim.verdict} for claim in self.claims]
        return json.dumps({"setting": dict(self.setting), "claims": claims, "facts": [asdict(f) for f in self.facts]}, indent=2)

    def show(self) -> None:
        """Print it for people."""
        shown = console()
        shown.print(", ".join(f"{name} {value}" for name, value in self.setting.items()))
        rows = [
            (c.what, "-" if c.value is None else f"{c.value:.3g}", f"{c.direction} {c.limit:g}", c.unit, c.verdict, c.note)
            for c in self.claims
        ]
        heads = (
            Column("claim", wide=True),
            Column("measured", "right"),
            Column("limit", "right"),
            Column("unit"),
            Column("verdict"),
            Column("note", wide=True),
        )
        shown.print(table(heads, rows))
        facts = [(f.what, f"{f.value:.3g}", f.unit) for f in self.facts]
        shown.print(table((Column("besides", wide=True), Column("measured", "right"), Column("unit")), facts))
