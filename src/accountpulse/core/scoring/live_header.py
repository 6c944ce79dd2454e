"""What a run of the current day rests on, and what the last one left. Where both rest on the same, only what is new differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from accountpulse import __version__
from accountpulse.core.metrics.coverage import Coverage, Provider, Witnesses
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.evaluate import records_of
from accountpulse.core.metrics.features import KeyFeatures, configured_key_features
from accountpulse.core.metrics.money import Conversion
from accountpulse.core.model import Kind
from accountpulse.core.scoring.day import COMPARED_DAYS, Scorecards, Yardstick, names_read
from accountpulse.core.scoring.normalise import Baseline
from accountpulse.core.scoring.stored_frame import Columns, declared
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import metric_frames as store_frames
from accountpulse.core.store.outbox import Event


@dataclass(frozen=True)
class Live:
    """What a run of the current day works with. everybody: measure all, whatever is known. tell: what others are told of."""

    yardstick: Yardstick
    cards: Scorecards
    shadow: Scorecards | None
    day: date
    now: datetime
    everybody: bool = False
    tell: frozenset[Event] = frozenset()

    @property
    def plan(self) -> dict[int, list[Metric]]:
        """The metrics to measure, by how many days before the current one."""
        cards = [self.cards, *([self.shadow] if self.shadow else [])]
        names: dict[int, set[str]] = {0: set().union(*map(names_read, cards)), COMPARED_DAYS: names_read(self.cards)}
        for model in (model for each in cards for model in each.models.values()):
            for line in model.lines:
                if isinstance(line.normaliser, Baseline):
                    for offset in line.normaliser.offsets:
                        names.setdefault(offset, set()).add(line.metric)
        known = self.yardstick.metrics
        return {offset: [known[name] for name in sorted(found) if name in known] for offset, found in names.items()}


@dataclass(frozen=True)
class Header:
    """What the last run left. row: None where there was none, or what it left is of no use."""

    number: int
    history: int
    day: date
    content: Mapping[str, Any]
    sheets: tuple[Columns, ...]


def read_header(connection: sa.Connection, live: Live, *, lock: bool = False) -> tuple[int, Header | None]:
    """The number of the last run (0: there was none), and what it left; None where that is of no use any longer."""
    row = store_frames.header(connection, lock=lock)
    if row is None:
        return 0, None
    content = row.content
    sheets = []
    for sheet in content["sheets"]:
        metrics = [live.yardstick.metrics.get(name) for name, _ in sheet["metrics"]]
        if any(m is None or declared(m) != digits for m, (_, digits) in zip(metrics, sheet["metrics"], strict=True)):
            return row.number, None
        sheets.append(
            Columns(
                sheet["offset"],
                tuple(m for m in metrics if m is not None),
                {name: Kind(kind) for name, kind in sheet["clocks"].items()},
                Conversion(live.yardstick.currency, live.day - timedelta(days=sheet["offset"]), sheet["factors"]),
                None if sheet["features"] is None else KeyFeatures(tuple(sheet["features"])),
            )
        )
    if content["basis"] != _basis(connection, live.yardstick) or row.day > live.day:
        return row.number, None
    return row.number, Header(row.number, row.history, row.day, content, tuple(sheets))


def _basis(connection: sa.Connection, yardstick: Yardstick) -> str:
    """A few digits that differ when everybody's measurements may: who is believed, which days there are, and our own code."""
    believed = sorted((name, list(ids)) for name, ids in yardstick.precedence.items())
    features = configured_key_features(connection)
    named = None if features is None else features.names
    ranks = store_connections.priorities(connection)
    return _digits([__version__, yardstick.zone.key, yardstick.currency, believed, ranks, named])


def _digits(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _cards(cards: Scorecards | None) -> str | None:
    """A few digits for which rules and models these are."""
    if cards is None:
        return None
    return _digits([[rule.content(), cards.model_of(rule).version] for rule in cards.rules])


def rests_on(
    connection: sa.Connection,
    live: Live,
    plan: Mapping[int, Sequence[Metric]],
    providers: Mapping[str, Sequence[Provider]],
) -> dict[str, Any]:
    """What everybody's scores rest on besides facts; where it changes, everybody is scored again."""
    row = store_frames.header(connection)
    return {
        "basis": _basis(connection, live.yardstick),
        "cards": _cards(live.cards),
        "shadow": _cards(live.shadow),
        "answering": _answering(live, plan, providers),
        "history": 0 if row is None else row.history,
    }


def _answering(live: Live, plan: Mapping[int, Sequence[Metric]], providers: Mapping[str, Sequence[Provider]]) -> str:
    """A few digits for who answers for what: which connections, whether they were loaded, whether they are fresh."""
    oldest = live.now - live.yardstick.stale_after
    records = records_of([metric for metrics in plan.values() for metric in metrics])
    nobody = np.empty(0, dtype=np.int64)
    found = Witnesses(providers, {}).coverage(records, nobody, oldest)
    return _digits([[record, *_answers(covered, oldest)] for record, covered in sorted(found.items())])


def _answers(covered: Coverage, oldest: datetime) -> list[object]:
    """Who answers for a record type. When the newest answer came is told where one of them is stale, so it counts there."""
    fresh = [p.pushed or (p.fresh_at is not None and p.fresh_at >= oldest) for p in covered.providers]
    who = [[p.connection_id, p.name, p.pushed, p.loaded, f] for p, f in zip(covered.providers, fresh, strict=True)]
    return [who, None if all(fresh) else covered.fresh_at]
