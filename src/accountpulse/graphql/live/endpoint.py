"""The doors of subscriptions: WebSocket (graphql-transport-ws) at /graphql, event streams (graphql-sse) at /graphql/stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import anyio
import anyio.to_thread
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from accountpulse.core.errors import Unauthorized
from accountpulse.core.store import tokens
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.auth import bearer_of
from accountpulse.graphql.encoding import encode
from accountpulse.graphql.errors import error_body
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.limits.allowance import Allowances
from accountpulse.graphql.limits.sizes import Sizes
from accountpulse.graphql.live.context import LiveContext
from accountpulse.graphql.live.door import Door
from accountpulse.graphql.live.feed import Feed
from accountpulse.graphql.live.guests import NOBODY, Guests
from accountpulse.graphql.live.shared import SharedStreams
from accountpulse.graphql.oidc import Oidc
from accountpulse.graphql.provider_keys import ProviderDown
from accountpulse.graphql.schema import Schema
from accountpulse.graphql.settings import ApiSettings

PATH = "/graphql/stream"
INIT_TIMEOUT = timedelta(seconds=10)
LARGEST = 100_000
_AUTHORIZATION = "authorization"


class Live(GraphQL[LiveContext, None]):
    """Strawberry's protocols over shared executions.

    A WebSocket says who it is when it connects: `{"authorization": "Bearer ap_..."}` as the payload of `connection_init`, or
    in the header; an event stream in the header. When that token ends, the one is closed with 4403, the other with an error.
    """

    def __init__(
        self,
        schema: Schema,
        hub: Hub,
        *,
        threads: anyio.CapacityLimiter,
        require_token: bool,
        allowances: Allowances,
        settings: ApiSettings,
        oidc: Oidc | None = None,
        feed: Feed | None = None,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=INIT_TIMEOUT,
        )
        self._hub, self._threads, self._require_token = hub, threads, require_token
        self._previews = anyio.CapacityLimiter(1)
        self._allowances = allowances
        self._oidc = oidc
        self._feed = feed or Feed(hub, threads)
        self._guests = Guests(hub, threads)
        sizes = Sizes(hub, schema.costs, threads)
        self.schema = SharedStreams(schema, self._context, settings, self._guests, sizes)  # type: ignore[assignment]  # it answers what the protocols ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with Door(self._guests, send) as door:
                scope.setdefault("state", {})["door"] = door
                await super().__call__(scope, receive, door.send)
            return
        response = await self._streamed(Request(scope, receive))
        await response(scope, receive, send)

    async def _streamed(self, request: Request) -> Response:
        id = uuid4().hex
        if "text/event-stream" not in request.headers.get("accept", ""):
            message = "subscriptions are read as an event stream: send the header Accept: text/event-stream"
            return JSONResponse(error_body("NOT_ACCEPTABLE", message, id), status_code=406)
        if int(request.headers.get("content-length") or LARGEST + 1) > LARGEST:
            message = f"the body must have a length, of at most {LARGEST:,} bytes"
            return JSONResponse(error_body("TOO_LARGE", message, id), status_code=413)
        try:
            request.state.viewer = await self._viewer(request.headers)
        except Unauthorized as error:
            headers = {"www-authenticate": 'Bearer realm="accountpulse"'}
            return JSONResponse(error_body("UNAUTHENTICATED", str(error), id), status_code=401, headers=headers)
        except ProviderDown as error:
            return JSONResponse(
                error_body("PROVIDER_UNAVAILABLE", str(error), id), status_code=503, headers={"retry-after": "5"}
            )
        try:
            return await self.run(request)
        except HTTPException as refused:
            return JSONResponse(error_body("BAD_REQUEST", refused.reason, id), status_code=refused.status_code)

    async def _viewer(self, given: Mapping[str, Any]) -> Viewer | None:
        """Who it is. Raises Unauthorized without a token that may read, ProviderDown when nobody can tell."""
        if not self._require_token:
            return None
        token = bearer_of(str(given.get(_AUTHORIZATION, "")))
        if token is None:
            raise Unauthorized("send a token as authorization: Bearer ap_...; make one with: accountpulse token create")

        def verify() -> Viewer:
            with self._hub.store.read() as connection:
                return tokens.verify(connection, token, self._hub.clock.now())

        if self._oidc is not None and not token.startswith(tokens.MARK):
            viewer = await self._oidc.viewer(token)
        else:
            viewer = await anyio.to_thread.run_sync(verify, limiter=self._threads)
        if "read" not in viewer.scopes:
            raise Unauthorized(f"the token {viewer.name!r} lacks the scope read")
        return viewer

    def _context(self, viewer: Viewer | None) -> LiveContext:
        return LiveContext(
            hub=self._hub,
            viewer=viewer,
            request_id=uuid4().hex,
            threads=self._threads,
            previews=self._previews,
            allowance=self._allowances.of(viewer),
            feed=self._feed,
        )

    # --- Strawberry's hooks ---------------------------------------------------------------------------------------------

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> LiveContext:  # noqa: ARG002
        if not isinstance(request, WebSocket):
            return self._context(request.state.viewer)
        context = self._context(NOBODY)
        context.door = request.state.door
        context.header = request.headers.get(_AUTHORIZATION)
        return context

    async def on_ws_connect(self, context: LiveContext) -> Any:
        """Raises ConnectionRejectionError, which closes with 4403 without a good token, with 1013 where nobody can tell."""
        given = {key.lower(): value for key, value in (context.connection_params or {}).items()}
        if _AUTHORIZATION not in given and context.header is not None:
            given[_AUTHORIZATION] = context.header
        try:
            context.viewer = await self._viewer(given)
            if context.door is not None:
                context.door.let_in(context.viewer)
        except ProviderDown as error:
            if context.door is not None:
                context.door.put_off()
            raise ConnectionRejectionError from error
        except Unauthorized as error:
            raise ConnectionRejectionError from error
        return await super().on_ws_connect(context)

    def encode_json(self, data: object) -> str:
        return encode(data).decode()  # text: browsers' clients don't read binary frames

    def decode_json(self, data: str | bytes) -> object:
        return json.loads(data)
