"""Plain Strawberry over ORM rows, as its documentation shows it: no extensions."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import Enum

import anyio.to_thread
import sqlalchemy as sa
import strawberry
from strawberry.asgi import GraphQL
from tests.benchmarks.rivals import rows
from tests.benchmarks.rivals.serve import serve

ENGINE = sa.create_engine(sys.argv[1])


@strawberry.enum
class ComponentState(Enum):
    MEASURED = "measured"
    NO_DATA = "no_data"


@strawberry.type
class Component:
    group: str
    value: float | None
    contribution: float
    reason: str

    @strawberry.field
    def state(self) -> ComponentState:
        return ComponentState(self.state)


@strawberry.type
class Score:
    value: float
    band: str
    components: list[Component]


@strawberry.type
class Account:
    id: strawberry.ID
    name: str
    domain: str | None
    owner: str | None
    plan: str | None
    region: str | None
    employees: int | None
    lifecycle_stage: str | None
    customer_since: datetime | None
    renewal_at: datetime | None
    score: Score | None


@strawberry.type
class Accounts:
    nodes: list[Account]


@strawberry.input
class TextFilter:
    eq: str


@strawberry.input
class AccountFilter:
    owner: TextFilter


@strawberry.type
class Query:
    @strawberry.field
    async def accounts(self, first: int = 50, filter: AccountFilter | None = None) -> Accounts:
        owner = None if filter is None else filter.owner.eq
        return Accounts(nodes=await anyio.to_thread.run_sync(rows.accounts, ENGINE, first, owner))  # type: ignore[arg-type]


serve(GraphQL(strawberry.Schema(Query)))
