"""The rows as SQLAlchemy's ORM maps them: an account, its score, and the score's components, with `selectinload`.

For the Python servers that are compared with; needs nothing of ours but the tables.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from tests.benchmarks.rivals.tables import RIVAL_COMPONENT

from accountpulse.core.store.tables import account_profile, score_current


class Component:
    """A row of `rival_component`."""

    group: str
    state: str


class Score:
    """A row of `score_current`."""

    score: float
    components: list[Component]

    @property
    def value(self) -> float:
        return self.score


class Profile:
    """A row of `account_profile`."""

    account_id: int
    name: str
    score: Any

    @property
    def id(self) -> str:
        return urlsafe_b64encode(f"Account:{self.account_id}".encode()).decode().rstrip("=")


_registry = orm.registry()
_registry.map_imperatively(Component, RIVAL_COMPONENT)
_registry.map_imperatively(
    Score,
    score_current,
    properties={
        "components": orm.relationship(
            Component,
            primaryjoin=score_current.c.account_id == orm.foreign(RIVAL_COMPONENT.c.account_id),
            order_by=RIVAL_COMPONENT.c.id,
            viewonly=True,
        )
    },
)
_registry.map_imperatively(
    Profile,
    account_profile,
    properties={
        "score": orm.relationship(
            Score,
            primaryjoin=account_profile.c.account_id == orm.foreign(score_current.c.account_id),
            uselist=False,
            viewonly=True,
        )
    },
)
_QUERY = (
    sa.select(Profile)
    .options(orm.selectinload(Profile.score).selectinload(Score.components))
    .order_by(account_profile.c.name, account_profile.c.account_id)
)


def accounts(engine: sa.Engine, first: int, owner: str | None) -> list[Profile]:
    """The first accounts by name, of an owner or of all, with their scores and what those are made of."""
    query = _QUERY if owner is None else _QUERY.where(account_profile.c.owner == owner)
    with orm.Session(engine) as session:
        found = list(session.scalars(query.limit(first)))
        session.expunge_all()
    return found
