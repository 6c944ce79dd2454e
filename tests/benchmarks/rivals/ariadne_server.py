"""Ariadne over the same ORM rows."""

from __future__ import annotations

import sys
from typing import Any

import anyio.to_thread
import sqlalchemy as sa
from ariadne import EnumType, QueryType, ScalarType, make_executable_schema
from ariadne.asgi import GraphQL
from tests.benchmarks.rivals import rows
from tests.benchmarks.rivals.serve import serve

ENGINE = sa.create_engine(sys.argv[1])
SCHEMA = """
scalar DateTime
enum ComponentState { MEASURED NO_DATA }
type Component { group: String! state: ComponentState! value: Float contribution: Float! reason: String! }
type Score { value: Float! band: String! components: [Component!]! }
type Account {
  id: ID! name: String! domain: String owner: String plan: String region: String employees: Int lifecycleStage: String
  customerSince: DateTime renewalAt: DateTime score: Score
}
type Accounts { nodes: [Account!]! }
input TextFilter { eq: String! }
input AccountFilter { owner: TextFilter! }
type Query { accounts(first: Int = 50, filter: AccountFilter): Accounts! }
"""
query = QueryType()
moment = ScalarType("DateTime", serializer=lambda value: value.isoformat())


@query.field("accounts")
async def accounts(_: Any, __: Any, first: int, filter: Any = None) -> dict[str, Any]:
    owner = None if filter is None else filter["owner"]["eq"]
    return {"nodes": await anyio.to_thread.run_sync(rows.accounts, ENGINE, first, owner)}


state = EnumType("ComponentState", {"MEASURED": "measured", "NO_DATA": "no_data"})
serve(GraphQL(make_executable_schema(SCHEMA, query, moment, state, convert_names_case=True)))
