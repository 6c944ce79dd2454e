"""What was said of an account on a day, evaluated again: with what was known then, the models of then, the stored peers.

A day that was scored on the day itself is told as it was then. Any other is restated: evaluated as a backfill would, with what
is known later. What is evaluated again is held against what the history says; where they differ, no more is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import sqlalchemy as sa

from accountpulse.core.clock import start_of_day
from accountpulse.core.errors import ModelError, NotFound
from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.population import population
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.change import Position, Told
from accountpulse.core.scoring.day import DayScores, Scorecards, SegmentDay, Yardstick, score_day, stored_peers
from accountpulse.core.scoring.evaluate import Evaluation, evaluate
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.packing import MAX_ERROR, unpack
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.peers import Peers
from accountpulse.core.scoring.publication import cards_in_force, not_installed
from accountpulse.core.scoring.segments import Rule
from accountpulse.core.scoring.steady import steadied
from accountpulse.core.store import told as store_told
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.scores import LIVE

ACCURACY = 1.0
"""How many points the history may be off: it keeps what moved by as much. And the rounding of both numbers to a hundredth."""
_ROUNDING = 0.011


@dataclass(frozen=True)
class Saying:
    """What the history says of an account on a day.

    said_at: when it was said; None where nothing was, on the day itself. row: that of `store.told`; None before there is any.
    forgotten: something was said, but when, and against which peers, is no longer kept.
    """

    day: date
    said_at: datetime | None
    row: HistoryRow | None
    forgotten: bool

    @property
    def told(self) -> Told:
        """As a person is told; only where there is a row."""
        assert self.row is not None
        model = model_of(self.row.content)
        return Told(
            day=self.day,
            said_at=self.said_at,
            restated=False,
            segment=self.row.segment,
            model=model.name,
            model_version=model.version,
            score=self.row.score_centi / 100,
            band=band_name(model.bands, self.row.band),
        )


@dataclass(frozen=True)
class Retold:
    """An account on a day, evaluated again. cards, mode: with which models, and what was known.

    raw: before the days before and people have their say; scores: after.
    """

    saying: Saying
    cards: Scorecards
    mode: Mode
    raw: DayScores
    scores: DayScores
    segment: SegmentDay
    position: Position

    @property
    def model(self) -> ScoringModel:
        return self.segment.model

    @property
    def told(self) -> Told:
        found, row = self.position.evaluation, self.position.row
        return Told(
            day=self.saying.day,
            said_at=self.saying.said_at if isinstance(self.mode, AsKnown) else None,
            restated=not isinstance(self.mode, AsKnown),
            segment=self.segment.rule.name,
            model=self.model.name,
            model_version=self.model.version,
            score=float(found.score[row]),
            band=band_name(self.model.bands, int(found.band[row])),
        )


@dataclass(frozen=True)
class Reader:
    """Reads days of one account. connection: one transaction, so that both days are of one state of the store."""

    connection: sa.Connection
    yardstick: Yardstick
    account_id: int

    # --- what was said ---

    def saying(self, day: date) -> Saying:
        """What was said of a day on that day, if anything was."""
        row = store_told.said_on(self.connection, self.account_id, day)
        if row is None:
            return Saying(day, None, None, forgotten=False)
        # Where the history begins, a row stays in force that is older than the days which are still known.
        return Saying(day, row.scored_at, row, forgotten=row.scored_at is None and row.written_at is None)

    def newest_day(self) -> date:
        """The last day that was scored on the day itself. Raises NotFound before there is one."""
        day = store_told.last_said(self.connection)
        if day is None:
            raise NotFound("nothing has been scored yet; run `accountpulse score`")
        return day

    # --- the same, evaluated again ---

    def as_said(self, saying: Saying) -> Retold | None:
        """A day as it was scored on the day. None for an account that was no customer then, as far as was known.

        Raises ModelError where it needs what is no longer installed.
        """
        assert saying.said_at is not None
        return self._retold(saying, self._cards(saying.said_at), AsKnown(saying.said_at), now=saying.said_at)

    def restated(self, saying: Saying, at: datetime | None) -> Retold:
        """A day that was not scored on the day, from what was known at an instant (None: now) with the models in force then.

        Raises NotFound for an account that was no customer then, ModelError where something is no longer installed.
        """
        found = self._retold(saying, self._cards(at), AsCorrected(at))
        if found is None:
            raise NotFound(f"account {self.account_id} was not a customer on {saying.day}")
        return found

    def _cards(self, at: datetime | None) -> Scorecards:
        cards = cards_in_force(self.connection, at=at)
        if cards is None:
            raise NotFound("nothing is published yet; run `accountpulse score`")
        missing = not_installed(cards, self.yardstick.metrics, self.yardstick.scorers)
        if missing:
            raise ModelError(f"{'; '.join(missing)}; not installed here any more")
        return cards

    def _retold(self, saying: Saying, cards: Scorecards, mode: Mode, now: datetime | None = None) -> Retold | None:
        family = self._family(saying.day, cards, mode)
        raw = score_day(self.connection, cards, self.yardstick, saying.day, mode=mode, now=now, accounts=family)
        if _place(raw, self.account_id) is None:
            return None
        if not all(_is_known(segment.peers, mode) for segment in raw.segments if len(segment.rows)):
            # What is typical is not stored: it is learnt from everybody, as on the day.
            raw = score_day(self.connection, cards, self.yardstick, saying.day, mode=mode, now=now)
        at = now or start_of_day(saying.day + timedelta(days=1), self.yardstick.zone)
        scores = steadied(self.connection, raw, cards, self.yardstick, basis=LIVE, at=at)
        place = _place(scores, self.account_id)
        assert place is not None
        segment, row = place
        scorer = segment.model.make_scorer(self.yardstick.scorers)
        position = Position(segment.evaluation, row, segment.rule.name, scorer)
        return Retold(saying, cards, mode, raw, scores, segment, position)

    def _family(self, day: date, cards: Scorecards, mode: Mode) -> list[int]:
        """The account and, where parents are rolled up, its children, theirs, and so on."""
        if not any(model.roll_up for model in cards.models.values()):
            return [self.account_id]
        everyone = population(
            self.connection, day=day, zone=self.yardstick.zone, mode=mode, precedence=self.yardstick.precedence
        )
        children: dict[object, list[int]] = {}
        for id, parent in zip(everyone.account_ids, everyone.values["parent"], strict=True):
            children.setdefault(parent, []).append(int(id))
        family = {self.account_id: None}
        waiting = [self.account_id]
        while waiting:
            for child in children.get(waiting.pop(), ()):
                if child not in family:
                    family[child] = None
                    waiting.append(child)
        return list(family)

    # --- in between ---

    def inputs(self, model: ScoringModel, day: date, mode: Mode) -> Evaluation | None:
        """The account alone in a model on a day: its values and states there. None when it was no customer."""
        cards = Scorecards((Rule("alone", model.name, None),), {model.name: model}, {}, {})
        scores = score_day(self.connection, cards, self.yardstick, day, mode=mode, accounts=[self.account_id])
        place = _place(scores, self.account_id)
        return None if place is None else place[0].evaluation

    def position(self, model: ScoringModel, segment: str, inputs: Evaluation, row: int, peers: Peers) -> Position:
        """The account with some values, compared with some peers."""
        scorer = model.make_scorer(self.yardstick.scorers)
        at = slice(row, row + 1)
        found = evaluate(model, scorer, inputs.values[at], inputs.states[at], peers, usual=inputs.usual[at])
        return Position(found, 0, segment, scorer)

    def peers(self, end: Retold, others: Scorecards, segment: str, model: ScoringModel) -> tuple[Peers, bool]:
        """What was typical of a segment in a model on the day of `end`, and whether that was stored.

        Else it is learnt from those who were in the segment. others: the scorecards that know it, where those of `end` don't.
        """
        if (segment, model.version) == (end.segment.rule.name, end.model.version):
            return end.segment.peers, True
        cards = end.cards if any(rule.name == segment for rule in end.cards.rules) else others
        for known in (end.cards, others):
            found = stored_peers(self.connection, known, segment, model, end.saying.day)
            if any(peer is not None for peer in found):
                return found, True
        tried = Scorecards(
            tuple(Rule(rule.name, rule.name, rule.condition) for rule in cards.rules),
            {rule.name: model if rule.name == segment else cards.model_of(rule) for rule in cards.rules},
            {},
            {},
        )
        scores = score_day(self.connection, tried, self.yardstick, end.saying.day, mode=end.mode)
        return next(each.peers for each in scores.segments if each.rule.name == segment), False

    # --- whether it is the same ---

    def difference(self, retold: Retold) -> str | None:
        """How what was evaluated again differs from what was said, in words; None where it is the same."""
        said, row = retold.saying.told, retold.saying.row
        assert row is not None
        found = retold.told
        if (found.segment, found.model_version) != (said.segment, said.model_version):
            return (
                f"it was scored in segment {said.segment} with model {said.model} {said.model_version}, and would now be in "
                f"segment {found.segment} with model {found.model} {found.model_version}"
            )
        close = abs(found.score - said.score) <= ACCURACY + _ROUNDING
        if close and found.band == said.band:
            return None
        named = [self._title(name) for name in self._changed(retold, row.components)]
        about = f"; what differs: {', '.join(named)}" if named else ""
        return f"{said.score:.1f} ({said.band}) was said, and is {found.score:.1f} ({found.band}) when evaluated again{about}"

    def _title(self, metric: str) -> str:
        return self.yardstick.metrics[metric].title

    def _changed(self, retold: Retold, packed: bytes) -> list[str]:
        """The metrics whose component or state is not the one that the history holds, beyond its accuracy."""
        components, states = unpack([packed])
        found, at = retold.position.evaluation, retold.position.row
        apart = np.abs(components[0] - found.components[at]) > MAX_ERROR + ACCURACY
        other = states[0] != found.states[at]
        return [name for name, a, o in zip(retold.model.metrics, apart, other, strict=True) if a or o]


def _is_known(peers: Peers, mode: Mode) -> bool:
    """Whether a segment's peers were stored: of a day that was scored, what nobody was measured in has none for good."""
    some = [peer is not None for peer in peers]
    return any(some) if isinstance(mode, AsKnown) else all(some)


def _place(scores: DayScores, account_id: int) -> tuple[SegmentDay, int] | None:
    """An account's segment and its row there."""
    for segment in scores.segments:
        rows = np.flatnonzero(scores.frame.account_ids[segment.rows] == account_id)
        if len(rows):
            return segment, int(rows[0])
    return None
