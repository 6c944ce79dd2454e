"""Whether a store holds what its sources have, once each, and a score for everybody."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from tests.reliability.company import Contents, differing

from accountpulse.core.model import Record
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import connection as connection_table
from accountpulse.core.store.tables import score_current
from accountpulse.hub import Hub


@dataclass(slots=True)
class Verdict:
    """lost: records and scores that are missing or are not as at their source. doubled: what is there more than once, or should
    not be. examples: some of both, in words."""

    lost: int = 0
    doubled: int = 0
    records: int = 0
    scores: int = 0
    examples: list[str] = field(default_factory=list)

    def lose(self, what: str) -> None:
        self.lost += 1
        self.examples.append(f"lost: {what}")

    def double(self, what: str) -> None:
        self.doubled += 1
        self.examples.append(f"doubled: {what}")


def judge(store: Store, expected: Contents) -> Verdict:
    """Compare a store with what it must hold."""
    verdict = Verdict()
    with store.read() as connection:
        ids = dict(connection.execute(sa.select(connection_table.c.name, connection_table.c.id)).all())
        for (name, record), wanted in expected.items():
            fact = FACTS[record]
            query = sa.select(fact).where(fact.c.connection_id == ids[name])
            rows = connection.execute(query.order_by(fact.c.source_id, fact.c.known_from, fact.c.id))
            _compare(verdict, name, record, wanted, [dict(row._mapping) for row in rows])
    return verdict


def judge_scores(hub: Hub, accounts: int, verdict: Verdict) -> None:
    """Everybody has one score, and it is what scoring everybody anew gives."""
    before = _scores(hub)
    hub.score(full=True)
    after = _scores(hub)
    verdict.scores = len(after)
    for key, score in after.items():
        if before.get(key) != score:
            verdict.lose(f"the score of account {key} is {before.get(key)}, and anew {score}")
    for _ in range(accounts - len(after)):
        verdict.lose("the score of an account")
    for key in before.keys() - after.keys():
        verdict.double(f"the score of account {key}")


def _compare(verdict: Verdict, name: str, record: str, wanted: Mapping[str, Record], rows: list[dict[str, Any]]) -> None:
    current = [row for row in rows if row["known_to"] is None]
    for id, many in Counter(str(row["source_id"]) for row in current).items():
        if many > 1 or id not in wanted:
            verdict.double(f"{record} {id} of {name} ({many} times)")
    found = {str(row["source_id"]): row for row in current}
    verdict.records += len(found)
    for id, said in wanted.items():
        if id not in found:
            verdict.lose(f"{record} {id} of {name}")
        elif other := differing(said, found[id]):
            verdict.lose(f"{record} {id} of {name}: {', '.join(other)}")
    for before, after in itertools.pairwise(rows):
        same = before["source_id"] == after["source_id"] and before["hash"] == after["hash"]
        if same and before["known_to"] == after["known_from"]:
            verdict.double(f"a version of {record} {after['source_id']} of {name}")


def _scores(hub: Hub) -> dict[int, tuple[float, str]]:
    with hub.store.read() as connection:
        rows = connection.execute(sa.select(score_current.c.account_id, score_current.c.score, score_current.c.band))
        return {row.account_id: (round(row.score, 9), row.band) for row in rows}
