"""The accounts that GraphQL servers are asked for: profiles and scores with six components each, as core writes them.

Servers that are compared with read the same profiles and scores, and the components from a table of their own, with a row each
and the sentence written out, as somebody who keeps them with an ORM would have it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from tests.benchmarks.rivals.tables import RIVAL_COMPONENT

from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.scoring.bands import PRESETS, band_name
from accountpulse.core.scoring.evaluate import Evaluation, evaluate
from accountpulse.core.scoring.explain import Setting, kept_of
from accountpulse.core.scoring.model import MetricGroup, MetricLine, ScoringModel
from accountpulse.core.scoring.normalise import Linear
from accountpulse.core.scoring.peers import peers_of
from accountpulse.core.scoring.publication import Draft, put_in_force
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.stored import details
from accountpulse.core.scoring.types import Matched
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import links, profiles, scorecards, scores
from accountpulse.core.store.database import Store
from accountpulse.core.store.metric_frames import KEPT
from accountpulse.core.store.scorecards import PUBLISHED

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)
LIST = """query($owner: String!) { accounts(first: 100, filter: {owner: {eq: $owner}}) { nodes {
  id name domain owner plan region employees lifecycleStage customerSince renewalAt
  score { value band components { group state value contribution reason } }
} } }"""
SMALL = "{ accounts(first: 1) { nodes { name plan score { value } } } }"
METRICS = {metric.name: metric for metric in BUILTIN}
SCALES = {
    "logins_30d": (0, 90),
    "features_used_90d": (0, 12),
    "tickets_30d": (20, 0),
    "first_reply_hours_90d": (48, 0),
    "overdue_invoices": (4, 0),
    "nps_latest": (0, 10),
}
"""The metrics of the model, each with the values that are worst and best."""
GROUPS = ("usage", "usage", "support", "support", "billing", "feedback")


def fill(store: Store, accounts: int) -> None:
    """Fill an empty store."""
    model = _model()
    rules, _ = parse_rules([{"name": "standard", "model": model.name, "default": True}])
    with store.write() as connection:
        put_in_force(connection, Draft(tuple(rules), {model.name: model}), PUBLISHED, author="benchmark", now=NOW)
        ids = links.create_accounts(connection, accounts, NOW)
        profiles.write(connection, _profiles(ids))
        _write_scores(connection, model, ids)
    RIVAL_COMPONENT.create(store.engine)
    with store.write() as connection:
        connection.execute(sa.insert(RIVAL_COMPONENT), _rows_of_components(connection))


def _model() -> ScoringModel:
    groups = [
        MetricGroup(
            group,
            1.0,
            tuple(
                MetricLine(name, 1.0, _curve(*SCALES[name]), 50.0, "typical")
                for name, place in zip(SCALES, GROUPS, strict=True)
                if place == group
            ),
        )
        for group in dict.fromkeys(GROUPS)
    ]
    return ScoringModel("standard", "churn", "weighted", 0.4, PRESETS["red-yellow-green"], tuple(groups))


def _curve(worst: float, best: float) -> Linear:
    return Linear(tuple(sorted(((float(worst), 0.0), (float(best), 100.0)))))


def _profiles(ids: list[int]) -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    return [
        {
            "account_id": id,
            "name": f"Account {id:06}",
            "domain": f"account-{id}.example",
            "owner": owner_of(number, len(ids)),
            "plan": ("starter", "team", "enterprise")[rng.integers(3)],
            "industry": None,
            "region": ("EMEA", "AMER", None)[rng.integers(3)],
            "employees": int(rng.integers(1, 5_000)),
            "lifecycle_stage": "customer",
            "parent_account_id": None,
            "customer_since": NOW - timedelta(days=int(rng.integers(30, 2_000))),
            "renewal_at": NOW + timedelta(days=int(rng.integers(1, 365))),
            "churned_at": None,
            "custom": {},
            "origins": {"name": "crm"},
        }
        for number, id in enumerate(ids)
    ]


def owners(accounts: int) -> list[str]:
    """Who looks after accounts: each has a hundred, so that each list is of accounts that no other has."""
    return sorted({owner_of(number, accounts) for number in range(accounts)})


def owner_of(number: int, accounts: int) -> str:
    """The owner of an account, by its place among so many."""
    return f"owner-{number % max(1, accounts // 100):03}@us.example"


def _evaluation(model: ScoringModel, n: int) -> tuple[Evaluation, np.ndarray[Any, Any]]:
    """Scores of n accounts, and the values of 30 days before."""
    rng = np.random.default_rng(8)
    low, high = np.array([sorted(SCALES[name]) for name in model.metrics], dtype=np.float64).T
    values = np.rint(rng.uniform(low, high, (n, len(low))))
    measured = rng.random(values.shape) < 0.9
    states = np.where(measured, ComponentState.MEASURED, ComponentState.NO_DATA).astype(np.int8)
    before = np.where(rng.random(values.shape) < 0.5, np.nan, np.rint(rng.uniform(low, high, values.shape)))
    scorer = model.make_scorer({"weighted": WeightedScorer})
    return evaluate(model, scorer, values, states, peers_of(model, values, states)), before


def _write_scores(connection: sa.Connection, model: ScoringModel, ids: list[int]) -> None:
    evaluation, before = _evaluation(model, len(ids))
    kept = kept_of(
        evaluation,
        Setting(TODAY, "standard", METRICS, "USD"),
        previous=before,
        matched=[[Matched("standard", "the default segment")]] * len(ids),
        cause=lambda _, __: None,
        steadiness=lambda _: None,
    )
    shared = {
        "day": TODAY,
        "segment_id": scorecards.segment_ids(connection, ["standard"])["standard"],
        "model_id": scorecards.known_models(connection, [model.version])[model.version],
        "reference": evaluation.reference,
        "scored_at": NOW,
        "backdrop": kept.backdrop.digest,
        "band_since": TODAY - timedelta(days=20),
        "trend_28d": None,
        "trend_90d": None,
        **dict.fromkeys(KEPT),
    }
    rows = [
        {
            **shared,
            "account_id": id,
            "score": float(evaluation.score[i]),
            "raw_score": float(evaluation.score[i]),
            "band": band_name(model.bands, int(evaluation.band[i])),
            "raw_band": band_name(model.bands, int(evaluation.band[i])),
            "coverage": float(evaluation.coverage[i]),
            "low": float(evaluation.low[i]),
            "high": float(evaluation.high[i]),
            **kept.rows[i],
        }
        for i, id in enumerate(ids)
    ]
    scores.write_current(connection, rows, {}, {kept.backdrop.digest: kept.backdrop.content}, kept_anew=())


def _rows_of_components(connection: sa.Connection) -> list[dict[str, Any]]:
    return [
        {
            "account_id": id,
            "group": part.group,
            "state": part.state.label,
            "value": part.value,
            "contribution": part.delta,
            "reason": part.reason,
        }
        for id, detail in sorted(details(connection).items())
        for part in detail.components
    ]
