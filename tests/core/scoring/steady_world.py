"""Accounts whose raw score is given day by day, so that what is published of it can be foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from tests.core.scoring.test_service import METRICS, NOW, TODAY, ZONE, World, company, ids

from accountpulse.core.metrics.declare import metric, total
from accountpulse.core.model import UsageDay
from accountpulse.core.people.overrides import set_override
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.types import Score
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import connections
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store.database import Store
from accountpulse.core.store.history_rows import HistoryRow
from accountpulse.core.store.tables import portfolio_daily, score_current, score_detail, score_history, scored_day
from accountpulse.core.sync.connector import usage_key

# What was counted on a day is the score of that day.
DAILY = metric(
    "daily", "n", title="Daily", group="usage", unit="count", better="higher", n=total("usage_day", "count", window=1)
)
YARDSTICK = Yardstick(ZONE, "USD", {**METRICS, "daily": DAILY}, {"weighted": WeightedScorer}, {}, timedelta(days=9999))
MODEL = {
    "name": "daily",
    "goal": "churn",
    "groups": [
        {"name": "all", "weight": 1, "metrics": [{"metric": "daily", "normalise": {"linear": [[0, 0], [100, 100]]}}]},
    ],
}
Row = sa.Row[Any]

SERIES: dict[str, list[int | None]] = {
    "steep": [80, 20, 80, 80, 80, 80, 30, 60, 60, 90, 90, 90, 90, 90],
    "flapping": [72, 68, 71, 69, 72, 66, 74, 69, 71, 65, 75, 64, 76, 71],
    "rising": [10, 44, 46, 47, 48, 60, 74, 75, 76, 77, 78, 79, 80, 81],
    "gaps": [80, None, 75, 75, None, None, 20, 90, None, 90, 90, 90, 90, 90],
    "silent": [None] * 14,
    "broken": [50, 76, 77, 60, 76, 77, 60, 76, 77, 78, 66, 65, 64, 90],
}
DAYS = 14


class Several(dict[str, object]):
    """Rules of steadiness by name, to be tried side by side in one store."""


RULES_OF_STEADINESS = Several(
    usual={"rise_after": 3},
    none="none",
    dwell={"dwell": 3, "rise_after": 2},
    limit={"points_per_day": 0.4},  # less than what a row of the history is written for otherwise
    all={"dead_band": 2, "rise_after": 2, "dwell": 2, "points_per_day": 12},
)


class Series(World):
    """Accounts whose raw score is given day by day; the last of the days is today.

    said: the steadiness of their model. Of a `Several`, each has a model of its own, and accounts of every series.
    """

    def __init__(self, store: Store, said: object = None, *, missing: str = "typical", series: Any = SERIES) -> None:
        super().__init__(store)
        early = NOW - timedelta(days=400)
        with store.write() as connection:
            for name, stream in (("crm", "a"), ("app", "u"), ("desk", "t")):
                connections.update_stream(connection, self.ids[name], stream, first_loaded_at=early, last_success_at=early)
        several = said if isinstance(said, Several) else Several({"daily": said})
        steadiness = {name: {} if one is None else {"steadiness": one} for name, one in several.items()}
        self.models = {name: model_of({**MODEL, "name": name, "missing": missing, **one}) for name, one in steadiness.items()}
        self.service = ScoringService(store, self.clock, YARDSTICK, self.draft(*self.models.values()), self.changes.append)
        self.series: dict[str, Sequence[int | None]] = {}
        self.model_of: dict[str, ScoringModel] = {}
        for rule, model in self.models.items():
            names = {name: name if len(several) == 1 else f"{name}-{rule}" for name in series}
            self.series |= {names[name]: scores for name, scores in series.items()}
            self.model_of |= dict.fromkeys(names.values(), model)
        plans = {name: model.name for name, model in self.model_of.items()}
        self.put("crm", *(replace(company(name), plan=plan) for name, plan in plans.items()))
        counts = [(name, number, score) for name, scores in self.series.items() for number, score in enumerate(scores)]
        self.put("app", *(counted(name, day_number(number), score) for name, number, score in counts if score is not None))
        self.account = {name.lower(): id for name, id in ids(self).items()}

    @property
    def model(self) -> ScoringModel:
        (model,) = self.models.values()
        return model

    @staticmethod
    def draft(*models: ScoringModel) -> Draft:
        """Each model for the accounts whose plan is its name, the last for all others."""
        rules = [{"name": model.name, "model": model.name, "when": {"plan": {"eq": model.name}}} for model in models[:-1]]
        rules.append({"name": models[-1].name, "model": models[-1].name, "default": True})
        return Draft(tuple(parse_rules(rules)[0]), {model.name: model for model in models})

    def count(self, name: str, day: date, score: int) -> None:
        self.put("app", counted(name, day, score))

    def forget(self) -> None:
        """As if nothing had ever been scored."""
        with self.store.write() as connection:
            for table in (score_history, scored_day, score_detail, score_current, portfolio_daily):
                connection.execute(sa.delete(table))

    def live(self, number: int) -> None:
        """Score a day on the day itself."""
        at = datetime.combine(day_number(number), time(12), UTC)
        self.clock.advance(at - self.clock.now())
        self.service.run(day_number(number))

    def said(self, basis: int) -> dict[tuple[str, int], HistoryRow]:
        """The row of the history in force on each day."""
        names = {id: name for name, id in self.account.items()}
        found = {}
        with self.store.read() as connection:
            for number in range(DAYS):
                rows = store_scores.in_force(connection, basis, before=day_number(number + 1))  # type: ignore[arg-type]
                found |= {(names[id], number): row for id, row in rows.items()}
        return found

    def told(self, name: str, number: int) -> Score:
        return self.service.explain(self.account[name], day_number(number))


def counted(name: str, day: date, score: int) -> UsageDay:
    key = usage_key(name, "u", "login", day)
    return UsageDay(source_id=key, account=name, user="u", feature="login", day=day, count=score)


def day_number(number: int) -> date:
    return TODAY - timedelta(days=DAYS - 1 - number)


def meaning(rows: dict[tuple[str, int], HistoryRow]) -> dict[tuple[str, int], tuple[object, ...]]:
    columns = ("day", "score_centi", "band", "raw_centi", "raw_band", "steady_centi", "steady_band", "rising_since")
    return {key: tuple(getattr(row, column) for column in columns) for key, row in rows.items()}


def decide(world: Series, name: str, score: float, *, until: int) -> None:
    with world.store.write() as connection:
        expires = datetime.combine(day_number(until), time(0), UTC)
        set_override(
            connection,
            world.account[name],
            score,
            owner="Ann",
            reason="exec sponsor confirmed renewal",
            until=expires,
            now=world.clock.now(),
        )
