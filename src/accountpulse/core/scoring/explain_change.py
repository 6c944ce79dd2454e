"""Why an account's score moved between two days, from the store: both days told again, and what changed in between."""

from __future__ import annotations

from datetime import date

import numpy as np
import sqlalchemy as sa

from accountpulse.core.clock import day_of
from accountpulse.core.errors import ModelError, NotFound
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.scoring.change import Part, Position, ScoreMove, Step, split
from accountpulse.core.scoring.change_words import ChangeWording, day_words
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.peers import Peers
from accountpulse.core.scoring.retold import Reader, Retold, Saying
from accountpulse.core.store import told as store_told


def explain_change(
    connection: sa.Connection, yardstick: Yardstick, account_id: int, start: date, end: date | None = None
) -> ScoreMove:
    """Split the change of an account's score between two days. end: the last day that was scored on the day, unless given.

    Raises NotFound for days in the wrong order, for one on which the account was no customer, and before anything was scored.
    """
    reader = Reader(connection, yardstick, account_id)
    end = end or reader.newest_day()
    if start >= end:
        raise NotFound(f"the first day, {start}, is not before the second, {end}; give the earlier day first")
    before, after = reader.saying(start), reader.saying(end)
    try:
        second = _told(reader, after) if after.said_at else reader.restated(after, None)
        # A first day of which nothing was said is told from the same knowledge and models: then neither plays a part.
        first = _told(reader, before) if before.said_at else reader.restated(before, after.said_at)
    except ModelError as error:
        if before.row is None or after.row is None:
            raise
        return _not_reproducible(account_id, before, after, str(error))
    for saying, found in ((before, first), (after, second)):
        if saying.forgotten:
            why = f"what {day_words(saying.day)} was scored with is no longer kept (the retention of the history removed it)"
            return _not_reproducible(account_id, before, after, why, first, second)
        if saying.said_at and (differs := reader.difference(found)):
            why = f"on {day_words(saying.day)}, {differs}. {_CAUSES}"
            return _not_reproducible(account_id, before, after, why, first, second)
    steps, notes = _steps(reader, first, second)
    wording = _wording(reader, first, second)
    parts = split(first.position, steps, yardstick.metrics, wording)
    notes = [*_restated(first, second), *_held(first, second), *notes]
    return ScoreMove(account_id, first.told, second.told, parts, notes=tuple(notes))


_CAUSES = "Likely causes: usage of the day that went on after it was scored, facts removed from the store, or changed settings"


def _told(reader: Reader, saying: Saying) -> Retold:
    found = reader.as_said(saying)
    if found is None:
        raise NotFound(f"account {reader.account_id} was not a customer on {saying.day}")
    return found


def _steps(reader: Reader, first: Retold, second: Retold) -> tuple[list[Step], list[str]]:
    """One change after the other, from the first day as told to the second as told."""
    between = _Between(reader, first, second)
    model, segment = first.model, first.segment.rule.name
    peers = first.segment.peers
    steps: list[Step] = []
    if first.mode != between.known:
        steps.append(Step("late_data", between.position(model, segment, peers)))
    if segment != second.segment.rule.name:
        segment = second.segment.rule.name
        # With the model that the segment had: that it has another by now is a change of its own.
        model = next((first.cards.model_of(rule) for rule in first.cards.rules if rule.name == segment), second.model)
        peers = between.peers(segment, model)
        steps.append(Step("segment", between.position(model, segment, peers)))
    if model.version != second.model.version:
        model = second.model
        peers = between.peers(segment, model)
        steps.append(Step("model", between.position(model, segment, peers)))
    steps.append(Step("peers", between.position(model, segment, second.segment.peers)))
    steps.append(Step("behaviour", second.position))
    return steps, between.notes


class _Between:
    """The account on the first day, under models and peers of either day, with what was known on the second."""

    def __init__(self, reader: Reader, first: Retold, second: Retold) -> None:
        self.known = AsCorrected(second.saying.said_at)
        self.notes: list[str] = []
        self._reader, self._first, self._second = reader, first, second

    def position(self, model: ScoringModel, segment: str, peers: Peers) -> Position:
        first = self._first
        if first.mode == self.known and model.version == first.model.version:
            return self._reader.position(model, segment, first.position.evaluation, first.position.row, peers)
        day = first.saying.day
        # Whom later knowledge doesn't make a customer that day, at least the knowledge of the day did.
        found = self._reader.inputs(model, day, self.known) or self._reader.inputs(model, day, first.mode)
        assert found is not None
        return self._reader.position(model, segment, found, 0, peers)

    def peers(self, segment: str, model: ScoringModel) -> Peers:
        peers, stored = self._reader.peers(self._first, self._second.cards, segment, model)
        if not stored:
            day = day_words(self._first.saying.day)
            self.notes.append(
                f"what was typical of segment {segment} in model {model.name} on {day} was not stored; it was worked out anew"
            )
        return peers


# --- words --------------------------------------------------------------------------------------------------------------


def _wording(reader: Reader, first: Retold, second: Retold) -> ChangeWording:
    zone, cards = reader.yardstick.zone, second.cards
    frame = second.scores.frame
    (reasons,) = second.scores.assignment.reasons([int(np.flatnonzero(frame.account_ids == reader.account_id)[0])])
    since = store_told.published_since(
        reader.connection,
        cards.segment_ids[second.segment.rule.name],
        cards.model_ids[second.model.version],
        second.saying.said_at,
    )
    return ChangeWording(
        start=first.saying.day,
        end=second.saying.day,
        currency=reader.yardstick.currency,
        matched=reasons[0].why,
        published=day_of(since, zone) if since is not None else None,
    )


def _restated(first: Retold, second: Retold) -> list[str]:
    """What to know of days that were not scored on the day."""
    days = [day_words(found.saying.day) for found in (first, second) if found.told.restated]
    if not days:
        return []
    verb, one = ("were", "they were") if len(days) == 2 else ("was", "it was")
    known = "now" if second.told.restated else f"on {day_words(second.saying.day)}"
    return [f"{' and '.join(days)} {verb} not scored on the day; {one} evaluated with what was known, and in force, {known}"]


def _held(first: Retold, second: Retold) -> list[str]:
    """Why the band of a day is not the one that its score lies in, which else reads like a mistake."""
    held = ((found, found.segment.steadiness(found.position.row)) for found in (first, second))
    return [f"band {found.told.band} on {day_words(found.saying.day)}: {why}" for found, why in held if why]


def _not_reproducible(
    account_id: int, before: Saying, after: Saying, why: str, first: Retold | None = None, second: Retold | None = None
) -> ScoreMove:
    """What was said, where it was; the change is one part that says why it can't be split."""
    start = before.told if before.row is not None or first is None else first.told
    end = after.told if after.row is not None or second is None else second.told
    reason = f"The change can't be split: {why}"
    part = Part("not_reproducible", "not_reproducible", "Not reproducible", end.score - start.score, reason)
    return ScoreMove(account_id, start, end, (part,), "not_reproducible")
