"""Which models are in force: a draft is what the files say, and counts once it is published; a shadow is scored beside it.

What is published is a whole, rules and models together, so that a rule never meets a model of another time. Every change is a
release. To roll back is to undo: from the release in force to the one that it replaced, and again to the one before that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from accountpulse.core.errors import ModelError, NotFound
from accountpulse.core.metrics.population import ATTRIBUTES
from accountpulse.core.scoring.day import Scorecards
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.segments import Rule, parse_rules
from accountpulse.core.store import scorecards as store
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW, Action, Stage

FIRST = "accountpulse"
"""The author of the first publication, which happens by itself: with nothing in force there would be nothing to score with."""

_STEP = timedelta(microseconds=1)


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

    def with_models(self, models: Sequence[ScoringModel]) -> Draft:
        """The same rules with these models in the places of those of their names.

        Raises NotFound for one that no rule names: it would score nobody.
        """
        for model in models:
            if model.name not in self.used:
                raise NotFound(
                    f"no segment is scored with a model called {model.name!r}, so it would score nobody; "
                    f"segments name: {', '.join(self.used) or 'none'}"
                )
        return replace(self, models={**self.models, **{model.name: model for model in models}})


def _versions(models: Mapping[str, ScoringModel]) -> dict[str, str]:
    return {name: model.version for name, model in models.items()}


# --- what is in force -----------------------------------------------------------------------------------------------------


def cards_in_force(connection: sa.Connection, stage: Stage = PUBLISHED, at: datetime | None = None) -> Scorecards | None:
    """What was published, or in shadow, at an instant (None: now); None where nothing was.

    Raises ModelError for a row that can't be read.
    """
    rows = store.in_force(connection, stage, at)
    if not rows:
        return None
    rules, problems = parse_rules([row.rule for row in rows])
    if problems:
        raise ModelError(f"the segments that are {_IN_STAGE[stage]} can't be read: " + "; ".join(map(str, problems)))
    models = {rule.model: model_of(row.content) for rule, row in zip(rules, rows, strict=True)}
    return Scorecards(
        tuple(rules), models, {row.segment: row.segment_id for row in rows}, {row.version: row.model_id for row in rows}
    )


_IN_STAGE = {PUBLISHED: "published", SHADOW: "in shadow"}


def not_installed(cards: Scorecards, metrics: Collection[str], scorers: Collection[str]) -> list[str]:
    """What these scorecards need and is not installed, in words; empty where they can be scored with.

    A rule that reads such a metric counts too: nobody would match it, and accounts would change segment without a word.
    """

    def unknown(names: Collection[str]) -> list[str]:
        known = (*metrics, *ATTRIBUTES)
        return sorted(name for name in names if name not in known and not name.startswith("custom."))

    found = []
    for rule in cards.rules:
        for name in unknown(rule.condition.fields() if rule.condition is not None else ()):
            found.append(f"segment {rule.name!r} reads {name!r}")
    for model in cards.models.values():
        if model.scorer not in scorers:
            found.append(f"model {model.name!r} needs the scorer {model.scorer!r}")
        for name in [*(n for n in model.metrics if n not in metrics), *unknown(model.cap_fields)]:
            found.append(f"model {model.name!r} needs the metric {name!r}")
    return list(dict.fromkeys(found))


def require_installed(
    connection: sa.Connection, cards: Scorecards, stage: Stage, metrics: Collection[str], scorers: Collection[str]
) -> None:
    """Raises ModelError, naming the release, where what is in force can't be scored with here."""
    missing = not_installed(cards, metrics, scorers)
    if missing:
        newest = next(iter(store.releases(connection, stage)), None)
        what = (
            f"release {newest.id}, {_IN_STAGE[stage]} {newest.at:%Y-%m-%d} by {newest.author},"
            if newest
            else "what is in force"
        )
        advice = "`accountpulse model shadow --stop`" if stage == SHADOW else "`accountpulse model publish` or `model rollback`"
        raise ModelError(
            f"{what} can't be scored with: {'; '.join(missing)}; not installed here. "
            f"Install the plug-in that brings it (`accountpulse plugins` says what is broken), or change what is in force "
            f"with {advice}"
        )


# --- changing it ----------------------------------------------------------------------------------------------------------


def publish_first(connection: sa.Connection, draft: Draft, now: datetime) -> int | None:
    """Publish a draft where nothing is published yet; returns the release, None where another process was faster."""
    store.lock(connection)
    if store.in_force(connection, PUBLISHED):
        return None
    reason = "nothing was published yet: the configuration as it was found"
    return put_in_force(connection, draft, PUBLISHED, author=FIRST, now=now, reason=reason)


def put_in_force(
    connection: sa.Connection, draft: Draft, stage: Stage, *, author: str, now: datetime, reason: str | None = None
) -> int | None:
    """Publish a draft, or have it scored in shadow; returns the release, None where the draft is in force already.

    A shadow ends when it is published.
    """
    store.lock(connection)
    action: Action = "publish" if stage == PUBLISHED else "shadow"
    release = _replace(connection, draft, stage, action, author=author, now=now, reason=reason)
    if stage == PUBLISHED and release is not None:
        shadow = cards_in_force(connection, SHADOW)
        if shadow is not None and draft.is_same(shadow):
            withdraw_shadow(connection, author=author, now=now, reason=f"published by release {release}")
    return release


def withdraw_shadow(connection: sa.Connection, *, author: str, now: datetime, reason: str | None = None) -> int:
    """Stop scoring in shadow; what was scored stays. Returns the release. Raises NotFound where there is no shadow."""
    store.lock(connection)
    at = _moment(connection, now)
    if not store.publish(connection, SHADOW, [], at):
        raise NotFound("nothing is in shadow; `accountpulse model shadow --start` puts the configuration there")
    return store.write_release(connection, stage=SHADOW, action="withdraw", author=author, reason=reason, at=at)


@dataclass(frozen=True, slots=True)
class Target:
    """What a rollback goes back to: a release, and what was in force after it."""

    release: int
    at: datetime
    author: str
    draft: Draft


def rollback_target(connection: sa.Connection, to: int | None = None) -> Target:
    """Where a rollback leads: to what was in force after release `to`; None is what the release in force replaced.

    Raises NotFound for a release that never was, and where there is nothing to go back to.
    """
    releases = {row.id: row for row in reversed(store.releases(connection, PUBLISHED))}
    chosen = releases.get(to) if to is not None else _before(releases)
    if chosen is None:
        known = ", ".join(map(str, releases)) or "none"
        what = f"there is no release {to} of published models" if to is not None else "there is nothing earlier to go back to"
        raise NotFound(f"{what}; releases: {known} (`accountpulse model list --releases`)")
    made = releases[chosen.restored or chosen.id]
    cards = cards_in_force(connection, PUBLISHED, made.at)
    if cards is None:
        raise NotFound(f"nothing is known of what release {made.id} published")
    return Target(made.id, made.at, made.author, Draft(cards.rules, cards.models))


def _before(releases: Mapping[int, sa.Row[Any]]) -> sa.Row[Any] | None:
    """What the release in force replaced. A rollback counts as the release that it put back, so that two go further back."""
    if not releases:
        return None
    newest = releases[max(releases)]
    made = newest.restored or newest.id
    return releases.get(max((id for id in releases if id < made), default=0))


def roll_back(
    connection: sa.Connection,
    target: Target,
    *,
    author: str,
    now: datetime,
    metrics: Collection[str],
    scorers: Collection[str],
    reason: str | None = None,
) -> int | None:
    """Put a `rollback_target` of the same transaction in force; returns the release, None where it is in force already.

    Raises ModelError where it needs what is not installed: metrics, scorers by name.
    """
    missing = not_installed(target.draft.cards(), metrics, scorers)
    if missing:
        raise ModelError(f"release {target.release} can't be put back: {'; '.join(missing)}; not installed here")
    store.lock(connection)
    return _replace(
        connection, target.draft, PUBLISHED, "rollback", author=author, now=now, reason=reason, restored=target.release
    )


def _replace(
    connection: sa.Connection,
    draft: Draft,
    stage: Stage,
    action: Action,
    *,
    author: str,
    now: datetime,
    reason: str | None,
    restored: int | None = None,
) -> int | None:
    at = _moment(connection, now)
    segment_ids = store.segment_ids(connection, [rule.name for rule in draft.rules])
    models = draft.used
    model_ids = store.model_ids(connection, {m.version: (m.name, m.content()) for m in models.values()}, at)
    wanted = [
        store.Published(segment_ids[rule.name], model_ids[models[rule.model].version], position, rule.content())
        for position, rule in enumerate(draft.rules)
    ]
    if not store.publish(connection, stage, wanted, at):
        return None
    return store.write_release(connection, stage=stage, action=action, author=author, reason=reason, at=at, restored=restored)


def _moment(connection: sa.Connection, now: datetime) -> datetime:
    """Now, but after every release: what was in force after each must be told apart, however the clock is set."""
    last = store.last_release_at(connection)
    return now if last is None or now > last else last + _STEP
