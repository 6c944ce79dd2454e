"""The web application: GraphQL, the events that sources push, and whether it is alive."""

from __future__ import annotations

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from accountpulse.graphql import graphiql
from accountpulse.graphql.answers.cache import MOST_BYTES
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.inbound import Inbound
from accountpulse.graphql.limits.allowance import Allowances
from accountpulse.graphql.live.endpoint import PATH as STREAM
from accountpulse.graphql.live.endpoint import Live
from accountpulse.graphql.oidc import Oidc
from accountpulse.graphql.replies import guarded
from accountpulse.graphql.schema import build_schema
from accountpulse.graphql.settings import ApiSettings
from accountpulse.graphql.view import View

PATH = "/graphql"
_ASKED_WITH = ["authorization", "content-type", "x-accountpulse-client", "apollo-require-preflight", "if-none-match"]
_SHOWN = ["etag", "retry-after", "ratelimit-limit", "ratelimit-remaining", "x-request-id"]


def create_app(
    hub: Hub, *, require_token: bool = True, kept_bytes: int = MOST_BYTES, settings: ApiSettings | None = None
) -> ASGIApp:
    """The application of a hub.

    require_token: False lets everybody read; for a machine of one's own, never for a network. kept_bytes: how much memory kept
    answers may take; 0 keeps none. Raises PluginError when a plugin's GraphQL type can't be merged, MissingExtra when the
    identity provider's tokens can't be read.
    """
    settings = settings or ApiSettings()
    threads = anyio.CapacityLimiter(hub.store.threads)
    schema = build_schema(hub.graphql_types)
    oidc = None if settings.provider is None else Oidc(settings.provider, hub.clock, threads)
    allowances = Allowances(settings.max_cost, settings.bucket, settings.refill)
    view = View(
        schema,
        hub,
        threads=threads,
        require_token=require_token,
        kept_bytes=kept_bytes,
        settings=settings,
        allowances=allowances,
        oidc=oidc,
    )
    watched = Live(
        schema, hub, threads=threads, require_token=require_token, allowances=allowances, settings=settings, oidc=oidc
    )
    app = _App(view, _others(hub, watched))
    if not settings.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=("GET", "POST"),
        allow_headers=_ASKED_WITH,
        expose_headers=_SHOWN,
        max_age=600,
    )


class _App:
    """Hands GraphQL to its view without a detour: to find the way to a kept answer must not cost more than the answer."""

    def __init__(self, view: View, others: ASGIApp) -> None:
        self._view, self._others = view, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) == PATH:
            await self._view(scope, receive, send)
        else:
            await self._others(scope, receive, guarded(send))


def _others(hub: Hub, watched: Live) -> Starlette:
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
            WebSocketRoute(PATH, watched),
            Route(STREAM, watched, methods=["POST"]),
        ]
    )
