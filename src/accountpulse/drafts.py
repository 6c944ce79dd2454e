"""Model files against the accounts of the store: what a draft would meet, with nothing published and nothing stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from accountpulse.config.settings import Settings
from accountpulse.core.clock import Clock, day_of
from accountpulse.core.scoring.day import DayScores, Scorecards, Yardstick, score_day
from accountpulse.core.scoring.lint import Finding, lint_population, lint_segments
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.segments import Rule
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import scores_read
from accountpulse.core.store.database import Store
from accountpulse.plugins.host import PluginHost

EVERYBODY = "all accounts"


@dataclass(frozen=True, slots=True)
class Published:
    """A model that a segment is scored with now. since: for how long the segment has had it."""

    segment: str
    model: str
    version: str
    since: datetime
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a model meets today: how many accounts it would score, in which segments, and what to look at."""

    accounts: int
    segments: tuple[str, ...]
    findings: tuple[Finding, ...]


def has_store(settings: Settings) -> bool:
    """Whether there is a store already. To ask must not make one."""
    url = settings.store_url
    if "://" not in url:
        return Path(url).is_file()
    parsed = sa.make_url(url)
    return parsed.get_backend_name() != "sqlite" or bool(parsed.database and Path(parsed.database).is_file())


def published(store: Store) -> list[Published]:
    """The models in force, in the order of their segments."""
    with store.read() as connection:
        segments = scores_read.segments(connection)
        models = {row.id: row for row in scores_read.models(connection, [row.model_id for row in segments])}
    return [
        Published(
            row.name, models[row.model_id].name, models[row.model_id].version, row.known_from, models[row.model_id].content
        )
        for row in segments
    ]


def check(store: Store, clock: Clock, settings: Settings, host: PluginHost, models: Sequence[ScoringModel]) -> list[Checked]:
    """What each model meets among today's accounts, in the segments that name it; where none does, among all accounts."""
    drafts = {model.name: model for model in models}
    configured = Scorecards(settings.segments, {**settings.models, **drafts}, {}, {})
    with store.read() as connection:
        yardstick = _yardstick(connection, settings, host)
        now = clock.now()
        day = day_of(now, yardstick.zone)
        named = score_day(connection, configured, yardstick, day, now=now)
        found = []
        for model in models:
            scores, segments = named, tuple(rule.name for rule in settings.segments if rule.model == model.name)
            extra = lint_segments(named.assignment)
            if not segments or drafts[model.name] is not model:
                everybody = Scorecards((Rule(EVERYBODY, model.name, None),), {model.name: model}, {}, {})
                scores, segments, extra = score_day(connection, everybody, yardstick, day, now=now), (EVERYBODY,), []
            found.append(_checked(scores, segments, extra))
    return found


def _checked(scores: DayScores, names: tuple[str, ...], extra: list[Finding]) -> Checked:
    mine = [segment for segment in scores.segments if segment.rule.name in names]
    findings = [finding for segment in mine for finding in lint_population(segment.rule.name, segment.evaluation)]
    findings += [finding for finding in extra if finding.place in names]
    return Checked(sum(len(segment.rows) for segment in mine), names, tuple(findings))


def _yardstick(connection: sa.Connection, settings: Settings, host: PluginHost) -> Yardstick:
    ids = {row.name: row.id for row in store_connections.listing(connection)}
    return Yardstick(
        zone=settings.zone,
        currency=settings.currency,
        metrics=host.metrics,
        scorers=host.scorers,
        precedence={
            attribute: [ids[name] for name in names if name in ids] for attribute, names in settings.precedence.items()
        },
        stale_after=timedelta(days=settings.stale_after_days),
    )
