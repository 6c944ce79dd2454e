"""What is published and what is in shadow, compared with the configuration; publishing, trying and undoing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from accountpulse.core.clock import Clock, day_of
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.diff import Change, ModelChange, model_changes, rule_changes
from accountpulse.core.scoring.preview import LISTED, Preview, preview
from accountpulse.core.scoring.publication import (
    Draft,
    Target,
    cards_in_force,
    put_in_force,
    roll_back,
    rollback_target,
    withdraw_shadow,
)
from accountpulse.core.scoring.shadow import ShadowReport, shadow_report
from accountpulse.core.store import scorecards as store_scorecards
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.scorecards import PUBLISHED, SHADOW, Stage


@dataclass(frozen=True, slots=True)
class InForce:
    """A segment as it is published, or in shadow: since when it has this rule, place and model, by whom, and why."""

    segment: str
    model: str
    version: str
    rule: Mapping[str, object]
    since: datetime
    release: int | None
    author: str | None
    reason: str | None
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a draft differs from what is in force. Both are empty where it means the same."""

    models: tuple[ModelChange, ...]
    rules: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.models or self.rules)

    def __str__(self) -> str:
        """In a few words: `standard: 1a2b -> 3c4d; segment new.when`."""
        models = [f"{each.model}: {_short(each.before)} -> {_short(each.after)}" for each in self.models]
        return "; ".join([*models, *(change.place for change in self.rules)])


def _short(version: str | None) -> str:
    return version[:8] if version else "none"


class Releases:
    """The models and segments of one store. draft: what the configuration says; file: where it says so."""

    def __init__(self, store: Store, clock: Clock, yardstick: Yardstick, draft: Draft, file: Path | None = None) -> None:
        self.draft = draft
        self._store = store
        self._clock = clock
        self._yardstick = yardstick
        self._file = file

    # --- asking -------------------------------------------------------------------------------------------------------

    def difference(self, stage: Stage = PUBLISHED) -> Difference | None:
        """How the configuration differs from what is in force; None where nothing is."""
        with self._store.read() as connection:
            cards = cards_in_force(connection, stage)
        if cards is None:
            return None
        models = model_changes(cards.models, self.draft.used, self._yardstick.scorers)
        return Difference(tuple(models), tuple(rule_changes(cards.rules, self.draft.rules)))

    def is_published(self, draft: Draft) -> bool:
        """Whether a draft means what is published."""
        with self._store.read() as connection:
            cards = cards_in_force(connection)
        return cards is not None and draft.is_same(cards)

    def notice(self) -> str | None:
        """One line for whoever changed the files and has not published them; None where there is nothing to say."""
        difference = self.difference()
        if not difference:
            return None
        where = self._file.name if self._file is not None else "the configuration"
        return (
            f"the models in {where} differ from the published ones ({difference}); "
            "`accountpulse model publish` puts them in force"
        )

    def preview(self, draft: Draft | None = None, *, limit: int = LISTED, scope: RowScope) -> Preview:
        """What would happen under a draft, the configuration's unless given, to the accounts of a scope.

        limit: of each list of accounts.
        """
        now = self._clock.now()
        with self._store.read() as connection:
            day = day_of(now, self._yardstick.zone)
            return preview(connection, draft or self.draft, self._yardstick, day, now, limit=limit, scope=scope)

    def rollback_target(self, to: int | None = None) -> Target:
        """Where a rollback would lead. Raises NotFound, see `publication.rollback_target`."""
        with self._store.read() as connection:
            return rollback_target(connection, to)

    def shadow_report(self, *, limit: int = 10) -> ShadowReport | None:
        """How far the shadow is from what is published; None where nothing is in shadow."""
        with self._store.read() as connection:
            return shadow_report(connection, limit=limit)

    # --- changing what is in force --------------------------------------------------------------------------------------

    def publish(self, *, author: str, reason: str | None = None) -> int | None:
        """Put the configuration in force; returns the release, None where it is in force already."""
        with self._store.write() as connection:
            return put_in_force(connection, self.draft, PUBLISHED, author=author, now=self._clock.now(), reason=reason)

    def shadow(self, draft: Draft, *, author: str, reason: str | None = None) -> int | None:
        """Have a draft scored beside what is published; returns the release, None where it is in shadow already."""
        with self._store.write() as connection:
            return put_in_force(connection, draft, SHADOW, author=author, now=self._clock.now(), reason=reason)

    def stop_shadow(self, *, author: str, reason: str | None = None) -> int:
        """Score nothing in shadow any more; returns the release. Raises NotFound where nothing is in shadow."""
        with self._store.write() as connection:
            return withdraw_shadow(connection, author=author, now=self._clock.now(), reason=reason)

    def roll_back(self, to: int | None = None, *, author: str, reason: str | None = None) -> tuple[int | None, Target]:
        """Put in force again what release `to` published, or what the release in force replaced.

        Returns the release, None where that is in force already, and what it put back. Raises NotFound and ModelError, see
        `publication.roll_back`.
        """
        with self._store.write() as connection:
            target = rollback_target(connection, to)
            release = roll_back(
                connection,
                target,
                author=author,
                now=self._clock.now(),
                reason=reason,
                metrics=self._yardstick.metrics,
                scorers=self._yardstick.scorers,
            )
        return release, target


def in_force(connection: sa.Connection, stage: Stage = PUBLISHED) -> list[InForce]:
    """The segments of a stage, in the order of their rules."""
    releases = list(reversed(store_scorecards.releases(connection, stage)))
    found = []
    for row in store_scorecards.in_force(connection, stage):
        # What was in force before releases were noted belongs to the one that notes it, which is later.
        release = next((each for each in releases if each.at >= row.known_from), None)
        found.append(
            InForce(
                segment=row.segment,
                model=row.content["name"],
                version=row.version,
                rule=row.rule,
                since=row.known_from,
                release=release.id if release else None,
                author=release.author if release else None,
                reason=release.reason if release else None,
                content=row.content,
            )
        )
    return found
