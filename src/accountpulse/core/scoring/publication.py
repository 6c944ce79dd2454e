"""Which models are in force: a draft is what the files say, and counts once it is published; a shadow is scored beside it.

What is published is a whole, rules and models together, so that a rule never meets a model of another time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from accountpulse.core.errors import ModelError, NotFound
from accountpulse.core.scoring.day import Scorecards
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.segments import Rule, parse_rules
from accountpulse.core.store import scorecards as store
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW, Action, Stage

FIRST = "accountpulse"
"""The author of the first publication, which happens by itself: with nothing in force there would be nothing to score with."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the configuration says: rules in order, and the models by the names that rules use."""

    rules: tuple[Rule, ...]
    models: Mapping[str, ScoringModel]

    @property
    def used(self) -> dict[str, ScoringModel]:
        """The models that rules name."""
        return {rule.model: self.models[rule.model] for rule in self.rules}

    def cards(self) -> Scorecards:
        """To score with what is in no store."""
        return Scorecards(self.rules, self.used, {}, {})

    def is_same(self, cards: Scorecards) -> bool:
        """Whether it means what these scorecards mean."""
        return self.rules == cards.rules and _versions(self.used) == _versions(cards.models)


def _versions(models: Mapping[str, ScoringModel]) -> dict[str, str]:
    return {name: model.version for name, model in models.items()}


def cards_in_force(connection: sa.Connection, stage: Stage = PUBLISHED, at: datetime | None = None) -> Scorecards | None:
    """What was published, or in shadow, at an instant (None: now); None where nothing was.

    Raises ModelError for a row that can't be read.
    """
    rows = store.in_force(connection, stage, at)
    if not rows:
        return None
    rules, problems = parse_rules([row.rule for row in rows])
    if problems:
        raise ModelError("the published segments can't be read: " + "; ".join(map(str, problems)))
    models = {rule.model: model_of(row.content) for rule, row in zip(rules, rows, strict=True)}
    return Scorecards(
        tuple(rules), models, {row.segment: row.segment_id for row in rows}, {row.version: row.model_id for row in rows}
    )


def put_in_force(
    connection: sa.Connection, draft: Draft, stage: Stage, *, author: str, now: datetime, reason: str | None = None
) -> Scorecards:
    """Publish a draft, or have it scored in shadow. What is in force already is left as it is."""
    action: Action = "publish" if stage == PUBLISHED else "shadow"
    return _replace(connection, draft, stage, action, author=author, now=now, reason=reason)


def withdraw_shadow(connection: sa.Connection, *, author: str, now: datetime, reason: str | None = None) -> None:
    """Stop scoring in shadow; what was scored stays. Raises NotFound where there is no shadow."""
    if not store.publish(connection, SHADOW, [], now):
        raise NotFound("nothing is in shadow; `accountpulse model shadow` puts the models of the configuration there")
    store.write_release(connection, stage=SHADOW, action="withdraw", author=author, reason=reason, at=now)


def roll_back(
    connection: sa.Connection, *, author: str, now: datetime, reason: str | None = None, to: int | None = None
) -> Scorecards:
    """Publish again what was in force after release `to`; None means before the newest release.

    Raises NotFound for a release that never was, and where there is nothing to go back to.
    """
    releases = store.releases(connection, PUBLISHED)
    chosen = next((row for row in releases if row.id == to), None) if to is not None else next(iter(releases[1:]), None)
    if chosen is None:
        known = ", ".join(str(row.id) for row in releases) or "none"
        what = f"there is no release {to}" if to is not None else "there is no earlier release to go back to"
        raise NotFound(f"{what}; releases: {known} (`accountpulse model list --releases`)")
    cards = cards_in_force(connection, PUBLISHED, chosen.at)
    if cards is None:
        raise NotFound(f"nothing was published by release {chosen.id}")
    draft = Draft(cards.rules, cards.models)
    return _replace(connection, draft, PUBLISHED, "rollback", author=author, now=now, reason=reason)


def _replace(
    connection: sa.Connection,
    draft: Draft,
    stage: Stage,
    action: Action,
    *,
    author: str,
    now: datetime,
    reason: str | None,
) -> Scorecards:
    segment_ids = store.segment_ids(connection, [rule.name for rule in draft.rules])
    models = draft.used
    model_ids = store.model_ids(connection, {m.version: (m.name, m.content()) for m in models.values()}, now)
    wanted = [
        store.Published(segment_ids[rule.name], model_ids[models[rule.model].version], position, rule.content())
        for position, rule in enumerate(draft.rules)
    ]
    if store.publish(connection, stage, wanted, now):
        store.write_release(connection, stage=stage, action=action, author=author, reason=reason, at=now)
    return Scorecards(draft.rules, models, segment_ids, model_ids)
