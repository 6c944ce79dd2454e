"""The schema: the domains' root fields composed, with what plugins add, and the limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext
from strawberry.types.base import has_object_definition

from accountpulse.core.errors import PluginError
from accountpulse.graphql.accounts.queries import AccountQueries, account_node, unlinked_node
from accountpulse.graphql.accounts.types import Account, UnlinkedAccount
from accountpulse.graphql.connections.queries import ConnectionQueries, connection_node
from accountpulse.graphql.connections.types import SourceConnection
from accountpulse.graphql.context import Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.execution.executor import compiled_executor
from accountpulse.graphql.execution.prepared import Documents, FromPrepared
from accountpulse.graphql.explaining.queries import ExplainingQueries
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.limits.arguments import Arguments
from accountpulse.graphql.limits.cost import Costs
from accountpulse.graphql.limits.plugged import hold_to_cost
from accountpulse.graphql.live.subscriptions import LiveSubscriptions
from accountpulse.graphql.models.queries import ModelQueries, metric_node, model_node, segment_node
from accountpulse.graphql.models.types import Metric, Model, Segment
from accountpulse.graphql.operations.links import LinkMutations
from accountpulse.graphql.operations.mutations import OperationMutations
from accountpulse.graphql.operations.queries import OperationQueries
from accountpulse.graphql.people.mutations import PeopleMutations
from accountpulse.graphql.portfolio.queries import PortfolioQueries
from accountpulse.graphql.records.queries import RecordQueries
from accountpulse.graphql.records.types import RECORDS
from accountpulse.graphql.relay import LISTED, ListedArg, Node, listed, parse_id, row_number
from accountpulse.graphql.rows import VisibleRows
from accountpulse.graphql.scalars import SCALARS
from graphql import GraphQLError

_NODES: dict[str, Callable[[Info, str, str], Awaitable[Node | None]]] = {
    "Account": account_node,
    "UnlinkedAccount": unlinked_node,
    "SourceConnection": connection_node,
    "Model": model_node,
    "Segment": segment_node,
    "Metric": metric_node,
}

MOST_NODES = 100
IdsArg = Annotated[list[strawberry.ID], strawberry.argument(description="Up to 100 `id`s from earlier answers.")]
IdArg = Annotated[strawberry.ID, strawberry.argument(description="An `id` from an earlier answer.")]


@strawberry.type(description="Who is asking.")
class Viewer:
    name: str = strawberry.field(description="The token's name; `anonymous` where the server runs without tokens.")
    scopes: list[str] = strawberry.field(description="What the token may do: read, write, admin.")
    rows: VisibleRows = strawberry.field(description="The accounts that the token may see.")


@strawberry.type(description="An installed plugin.")
class Plugin:
    name: str = strawberry.field(description="The distribution's name, or the module's for what is built in.")
    version: str | None = strawberry.field(description="Its version; null where the module tells none.")
    status: str = strawberry.field(description="loaded, broken, or left out by the allow-list.")
    reason: str | None = strawberry.field(description="Why it is broken or left out, in words.")
    hooks: list[str] = strawberry.field(description="The hooks it implements.")


async def node_of(info: Info, id: str) -> Node | None:
    """What has an id; None where it is gone. Raises BadInput for what is no id."""
    type_name, key = check_node(id)
    return await _NODES[type_name](info, id, key)


def check_node(id: str) -> tuple[str, str]:
    """The type and key of an id. Raises BadInput for what is none of something that can be fetched."""
    type_name, key = parse_id(id)
    if type_name not in _NODES:
        raise BadInput(f"there is no type {type_name[:40]!r} to fetch by id; there are: {', '.join(sorted(_NODES))}")
    if type_name != "Metric":
        row_number(id, key)
    return type_name, key


def check_nodes(ids: list[str]) -> None:
    """Raises BadInput for too many ids, or what is none."""
    if len(ids) > MOST_NODES:
        raise BadInput(f"{len(ids)} ids were sent; at most {MOST_NODES} are allowed")
    for id in ids:
        check_node(id)


@strawberry.type(description="How much a viewer may ask for. What a query costs stands in `extensions.cost` of its answer.")
class RateLimit:
    limit: int = strawberry.field(description="The points that can be saved up.")
    remaining: int = strawberry.field(description="The points that can be spent now, this query already paid.")
    restore_rate: int = strawberry.field(description="The points that come back in a second.")
    full_at: datetime = strawberry.field(description="When nothing will be missing any longer.")


@strawberry.type
class RootQueries:
    @resolver("Anything by its id; null where it is gone.", check=check_node)
    async def node(self, info: Info, id: IdArg) -> Node | None:
        return await node_of(info, id)

    @resolver("Things by their ids, in that order; null in the place of what is gone.", check=check_nodes)
    async def nodes(self, info: Info, ids: IdsArg) -> list[Node | None]:
        check_nodes(list(ids))
        return list(await asyncio.gather(*(node_of(info, id) for id in ids)))

    @resolver("Who is asking, and what they may do.")
    def viewer(self, info: Info) -> Viewer:
        viewer = info.context.viewer
        if viewer is None:
            return Viewer(name="anonymous", scopes=["read"], rows=VisibleRows.of(info.context.scope))
        return Viewer(name=viewer.name, scopes=sorted(viewer.scopes), rows=VisibleRows.of(viewer.rows))

    @resolver("What the viewer may still ask for, in points. Each process of the API counts for itself.", rests_on_more=True)
    def rate_limit(self, info: Info) -> RateLimit:
        allowance = info.context.allowance
        now = info.context.hub.clock.now()
        return RateLimit(
            limit=allowance.limit,
            remaining=allowance.remaining,
            restore_rate=allowance.refill,
            full_at=now + timedelta(seconds=allowance.full_in),
        )

    @resolver("The installed plugins, broken ones included.", check=listed)
    def plugins(self, info: Info, first: ListedArg = LISTED) -> list[Plugin]:
        return [
            Plugin(name=p.name, version=p.version, status=p.status, reason=p.reason, hooks=list(p.hooks))
            for p in info.context.hub.plugins[: listed(first)]
        ]


_DOMAINS: tuple[type, ...] = (
    RootQueries,
    AccountQueries,
    ModelQueries,
    ConnectionQueries,
    PortfolioQueries,
    RecordQueries,
    OperationQueries,
    ExplainingQueries,
)
_MUTATIONS: tuple[type, ...] = (PeopleMutations, LinkMutations, OperationMutations)
_TYPES: tuple[type, ...] = (Account, UnlinkedAccount, SourceConnection, Model, Segment, Metric, *RECORDS.values())


class Schema(strawberry.Schema):
    """Strawberry logs every error with the document's text by default; `errors.presented` logs ours, without it."""

    @cached_property
    def documents(self) -> Documents:
        """The documents read for this schema."""
        return Documents(self._schema)

    @cached_property
    def costs(self) -> Costs:
        """What operations on this schema cost."""
        return Costs(self._schema)

    @cached_property
    def arguments(self) -> Arguments:
        """What is wrong with the arguments of operations on this schema."""
        return Arguments(self, self._schema)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: the view passes every error through `errors.presented`."""


def build_schema(plugin_types: Sequence[type] = ()) -> Schema:
    """The schema, with the fields of plugins' Strawberry types merged into Query.

    Raises PluginError when a plugin's type is none, or names a root field that exists already.
    """
    taken = {field.python_name for domain in _DOMAINS for field in _fields(domain)}
    for plugin_type in plugin_types:
        for field in _fields(plugin_type):
            if field.python_name in taken:
                raise PluginError(
                    f"{plugin_type.__module__}.{plugin_type.__qualname__}: Query has a field {field.python_name!r} already; "
                    "give the plugin's field a name of its own"
                )
            taken.add(field.python_name)
    merged = type("Query", (*_DOMAINS, *plugin_types), {"__doc__": None})
    query = strawberry.type(merged, description="What can be asked.")
    mutation = strawberry.type(
        type("Mutation", _MUTATIONS, {"__doc__": None}), description="What can be changed, with a token that may."
    )
    subscription = strawberry.type(
        type("Subscription", (LiveSubscriptions,), {"__doc__": None}), description="What can be watched as it changes."
    )
    schema = Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=_TYPES,
        extensions=[FromPrepared],
        execution_context_class=compiled_executor(),
        config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALARS),
    )
    if plugin_types:
        hold_to_cost(schema._schema)
    return schema


def _fields(cls: type) -> list[Any]:
    if not has_object_definition(cls):
        raise PluginError(f"{cls.__module__}.{cls.__qualname__} is not a Strawberry type; decorate it with @strawberry.type")
    return list(cls.__strawberry_definition__.fields)
