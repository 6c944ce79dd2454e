"""Scoring of the current day in a store with three months of history: after a sync, and after a change of the model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from tests.benchmarks.measure import Region
from tests.benchmarks.scorecard import DAILY_MOVE
from tests.benchmarks.world import AS_OF, BILLING, CONNECTIONS, PRODUCT, SUPPORT, T

from accountpulse.config.model_schema import default_models
from accountpulse.core.clock import FixedClock
from accountpulse.core.identity.profiles import refresh_profiles
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.population import population
from accountpulse.core.model import Invoice, Record, Ticket, UsageDay, schema_of
from accountpulse.core.scoring.bands import band_index
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.points import PointsScorer
from accountpulse.core.scoring.publication import Draft, put_in_force
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.scoring.service import ScoringService
from accountpulse.core.scoring.weighted import WeightedScorer
from accountpulse.core.store import metric_frames
from accountpulse.core.store import tables as t
from accountpulse.core.store.chunks import chunked
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.scorecards import PUBLISHED
from accountpulse.core.store.scores import LIVE
from accountpulse.core.store.writes import AccountKeys, write_records
from accountpulse.core.sync.connector import usage_key
from accountpulse.core.sync.rows import to_row

SEED = 7
ZONE = ZoneInfo("UTC")
DAYS = 90
NOW = T - timedelta(hours=6)
SHARES = {"usage_day": 0.8, "ticket": 0.1, "invoice": 0.1}
"""Of the accounts that a sync touches, how many get which record: most that can change within a day is usage."""

RULES = [
    {"name": "new", "model": "new", "when": {"tenure_days": {"lt": 90}}},
    {"name": "enterprise", "model": "enterprise", "when": {"plan": {"in": ["enterprise"]}}},
    {"name": "standard", "model": "standard", "default": True},
]
SCORERS = {"weighted": WeightedScorer, "points": PointsScorer}
SYNCS = 6
"""In a row, in one process."""
WARM = 20
"""Accounts of the run that nothing is measured of."""
FIRST = 1_000_000
"""Above the numbers of the syncs that are measured."""
_METRIC_QUERY = "\nfrom population"
_INSERTS = 100_000


def prepare(source: str, url: str) -> None:
    """Copy a store and score it: the current day by its facts, the 89 days before with scores that move as real ones did."""
    shutil.copyfile(source, url)
    store = Store.open(url)
    with store.write() as connection:
        everyone = population(connection, day=AS_OF, zone=ZONE, mode=AsCorrected(), include_churned=True)
        refresh_profiles(connection, everyone)
    service = _service(store)
    service.run(AS_OF)
    with store.write() as connection:
        _past(connection)
        metric_frames.note_history(connection)
    service.run(AS_OF)
    store.close()


def incremental(url: str, accounts: int, number: int) -> dict[str, float]:
    """Sync new facts of some accounts, again and again, and measure the runs that score them. number: its facts are new.

    As a worker does all day. `cpu` and the others are of the runs but the first, in the middle; `first_cpu` is of that one, for
    each account. A run of a few before it has the process know the queries.
    """
    store = Store(url)
    service = _service(store)
    _touch(store, WARM, FIRST + number)
    service.run(AS_OF)
    found: list[dict[str, float]] = []
    for sync in range(SYNCS):
        _touch(store, accounts, number * SYNCS + sync)
        region = Region()
        with region.measured():
            report = service.run(AS_OF)
        found.append({"cpu": region.cpu, "wall": region.wall, "measured": report.measured, "scored": report.scored})
    store.close()
    first, *others = found
    return {name: median(run[name] for run in others) for name in first} | {"first_cpu": first["cpu"] / first["scored"]}


def model_change(url: str, number: int) -> dict[str, float]:
    """Publish other weights, and measure the run that scores everybody with them. number: other for other weights."""
    store = Store(url)
    draft = _draft()
    models = {name: _heavier(model, number) for name, model in draft.models.items()}
    with store.write() as connection:
        put_in_force(connection, replace(draft, models=models), PUBLISHED, author="benchmark", now=NOW)
    service = _service(store)
    region = Region()
    with _statements(store) as asked, region.measured():
        report = service.run(AS_OF)
    store.close()
    queries = sum(_METRIC_QUERY in statement for statement in asked)
    return {"cpu": region.cpu, "wall": region.wall, "metric_queries": queries, "scored": report.scored}


def _heavier(model: ScoringModel, number: int) -> ScoringModel:
    first, *others = model.groups
    return replace(model, groups=(replace(first, weight=first.weight + number), *others))


def _draft() -> Draft:
    rules, problems = parse_rules(RULES)
    assert not problems
    metrics = {metric.name: metric for metric in BUILTIN}
    return Draft(tuple(rules), default_models(metrics=metrics, scorers=SCORERS))


def _service(store: Store) -> ScoringService:
    metrics = {metric.name: metric for metric in BUILTIN}
    yardstick = Yardstick(ZONE, "USD", metrics, SCORERS, {}, timedelta(days=9))
    return ScoringService(store, FixedClock(NOW), yardstick, _draft())


@contextmanager
def _statements(store: Store) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)


# --- what happens ---------------------------------------------------------------------------------------------------------


def _past(connection: sa.Connection) -> None:
    """History of the days before: a walk that ends in today's score, and a row where it moved by a point since the last."""
    h = t.score_history
    rng = np.random.default_rng(SEED)
    today = connection.execute(sa.select(h).where(h.c.basis == LIVE, h.c.day == AS_OF)).all()
    bands = next(iter(_draft().models.values())).bands
    back = np.cumsum(rng.normal(0, DAILY_MOVE, (DAYS - 1, len(today))), axis=0)[::-1]
    scores = np.clip(np.array([row.score_centi for row in today]) / 100 + back, 0, 100)
    written = np.full(len(today), np.inf)
    for i, score in enumerate(scores):
        day = AS_OF - timedelta(days=DAYS - 1 - i)
        moved = np.flatnonzero(np.abs(score - written) >= 1)
        written[moved] = score[moved]
        band = band_index(bands, score).tolist()
        rows = [
            {**today[place]._mapping, "day": day, "score_centi": round(score[place] * 100), "band": band[place]}
            for place in moved.tolist()
        ]
        for start in range(0, len(rows), _INSERTS):
            connection.execute(sa.insert(h), rows[start : start + _INSERTS])
        done = {"day": day, "basis": LIVE, "scored_at": NOW, "accounts": len(today)}
        connection.execute(sa.insert(t.scored_day), [done])


def _touch(store: Store, accounts: int, number: int) -> None:
    """One new record for each of some accounts, such as the world is made of: a day's usage for most, a ticket, an invoice."""
    rng = np.random.default_rng(SEED + number)
    with store.write() as connection:
        every = connection.execute(sa.select(t.score_current.c.account_id).order_by(t.score_current.c.account_id)).scalars()
        chosen = (rng.permutation(np.array(list(every)))[:accounts] - 1).tolist()
        users = _users(connection, chosen)
        begin = 0
        for record, share in SHARES.items():
            end = begin + round(share * accounts)
            records = [_record(record, place, number, users.get(place, "user-0"), rng) for place in chosen[begin:end]]
            begin = end
            connection_id = {"usage_day": PRODUCT, "ticket": SUPPORT, "invoice": BILLING}[record]
            write_records(
                connection,
                record,
                [to_row(each) for each in records],
                keys=AccountKeys(connection_id),
                now=NOW,
                assumed=False,
                open_day=AS_OF if record == "usage_day" else None,
            )


def _users(connection: sa.Connection, places: Sequence[int]) -> dict[int, str]:
    """Who used the product last, of each account that is used, by its place."""
    keys = {f"{CONNECTIONS[PRODUCT]}-{place}": place for place in places}
    sources, usage = t.source_account, FACTS["usage_day"]
    last = (
        sa.select(usage.c.user)
        .where(usage.c.source_account_id == sources.c.id, usage.c.known_to.is_(None), usage.c.day < AS_OF)
        .order_by(usage.c.day.desc())
        .limit(1)
        .scalar_subquery()
    )
    found: dict[int, str] = {}
    for chunk in chunked(list(keys)):
        rows = sa.select(sources.c.key, last).where(sources.c.connection_id == PRODUCT, sources.c.key.in_(chunk))
        found |= {keys[key]: user for key, user in connection.execute(rows) if user is not None}
    return found


def _record(record: str, place: int, number: int, user: str, rng: np.random.Generator) -> Record:
    at: datetime = NOW - timedelta(hours=1)
    if record == "usage_day":
        account = f"{CONNECTIONS[PRODUCT]}-{place}"
        feature = f"feature-{min(rng.geometric(0.25), 12) - 1}"
        id = usage_key(account, user, feature, AS_OF)
        count = int(1 + rng.poisson(4))
        made: Record = UsageDay(source_id=id, account=account, user=user, feature=feature, day=AS_OF, count=count)
    elif record == "ticket":
        account = f"{CONNECTIONS[SUPPORT]}-{place}"
        priority = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.5, 0.15, 0.05]))
        made = Ticket(source_id=f"new-{place}-{number}", account=account, opened_at=at, priority=priority)
    else:
        account, due = f"{CONNECTIONS[BILLING]}-{place}", at + timedelta(days=30)
        made = Invoice(
            source_id=f"new-{place}-{number}", account=account, issued_at=at, due_at=due, amount=5_000, currency="USD"
        )
    assert schema_of(type(made)).name == record
    return made
