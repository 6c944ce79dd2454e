"""The web application: GraphQL, the events that sources push, and whether it is alive."""

from __future__ import annotations

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute

from accountpulse.graphql import graphiql
from accountpulse.graphql.answers.cache import MOST_BYTES
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.inbound import Inbound
from accountpulse.graphql.live.endpoint import PATH as STREAM
from accountpulse.graphql.live.endpoint import Live
from accountpulse.graphql.schema import build_schema
from accountpulse.graphql.view import View


def create_app(hub: Hub, *, require_token: bool = True, kept_bytes: int = MOST_BYTES) -> Starlette:
    """The application of a hub.

    require_token: False lets everybody read; for a machine of one's own, never for a network. kept_bytes: how much memory kept
    answers may take; 0 keeps none. Raises PluginError when a
    plugin's GraphQL type can't be merged.
    """
    threads = anyio.CapacityLimiter(hub.store.threads)
    schema = build_schema(hub.graphql_types)
    view = View(schema, hub, threads=threads, require_token=require_token, kept_bytes=kept_bytes)
    watched = Live(schema, hub, threads=threads, require_token=require_token)

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> JSONResponse:
        if await anyio.to_thread.run_sync(hub.store.answers):
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "the store does not answer"}, status_code=503)

    return Starlette(
        routes=[
            Route("/health/live", live),
            Route("/health/ready", ready),
            Route("/in/{connection}/{path:path}", Inbound(hub).__call__, methods=["POST", "PUT"]),
            Mount(graphiql.PATH, graphiql.files()),
            Route("/graphql", view),
            WebSocketRoute("/graphql", watched),
            Route(STREAM, watched, methods=["POST"]),
        ]
    )
