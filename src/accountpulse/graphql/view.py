"""GraphQL over HTTP: what Strawberry's view leaves open of the specification, and the checks before a document is read.

A client that accepts `application/graphql-response+json` gets 400 for a document that can't be executed; with
`application/json`, the older convention, that is 200. A request without JSON content, or without a header that only a script
on our own origin can send, is refused, so that no foreign web page can ask in a viewer's name.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import anyio
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult

from accountpulse.core.errors import Unauthorized
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql import graphiql
from accountpulse.graphql.answers.cache import MOST_BYTES, Answer, AnswerCache, question
from accountpulse.graphql.answers.present import Presence, Present
from accountpulse.graphql.auth import MissingScope, authenticate
from accountpulse.graphql.bodies import BodyTooLarge, limited_body
from accountpulse.graphql.context import Context
from accountpulse.graphql.encoding import encode
from accountpulse.graphql.errors import error_body, log, presented
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.schema import Schema

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
# A browser sends none of these across origins without asking us first.
SAFE_HEADERS = ("x-accountpulse-client", "apollo-require-preflight", "authorization")
# Strawberry's answer carries our choice of media type to `create_response` in this header.
_CHOSEN = "content-type"


class Refused(Exception):
    """A request that GraphQL never sees."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


class View(GraphQL[Context, None]):
    """The endpoint `/graphql`. threads: bounds how many reads run at once. kept_bytes: of answers that are kept."""

    def __init__(
        self, schema: Schema, hub: Hub, *, threads: anyio.CapacityLimiter, require_token: bool, kept_bytes: int = MOST_BYTES
    ) -> None:
        super().__init__(schema, graphql_ide=None, subscription_protocols=(), multipart_uploads_enabled=False)
        self._hub = hub
        self._threads = threads
        self._previews = anyio.CapacityLimiter(1)
        self._require_token = require_token
        self._presence = Presence(hub, threads)
        self._answers = AnswerCache(kept_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await WebSocket(scope, receive=receive, send=send).close(code=1008)
            return
        request = Request(scope, receive)
        request.state.request_id = request_id = uuid4().hex
        try:
            response = await self._answer(request)
        except Refused as refused:
            body = error_body(refused.code, refused.message, request_id)
            response = JSONResponse(body, status_code=refused.status, headers=refused.headers)
        except HTTPException as refused:
            response = JSONResponse(error_body("BAD_REQUEST", refused.reason, request_id), status_code=refused.status_code)
        except Exception:
            log.exception("request %s failed", request_id)
            message = f"something went wrong here; its details are in the log under {request_id}"
            response = JSONResponse(error_body("INTERNAL", message, request_id), status_code=500)
        response.headers["x-request-id"] = request_id
        response.headers["cache-control"] = response.headers.get("cache-control", "no-store")
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "POST"):
            raise Refused(405, "METHOD_NOT_ALLOWED", "GraphQL is asked with POST, or GET", {"allow": "GET, POST"})
        if request.method == "GET" and "query" not in request.query_params and "text/html" in request.headers.get("accept", ""):
            return graphiql.page(require_token=self._require_token)
        request.state.viewer, request.state.present = await self._authenticated(request)
        if request.method == "GET":
            if not any(header in request.headers for header in SAFE_HEADERS) and _media_type(request) != PLAIN_JSON:
                advice = f"a query by GET needs the header {SAFE_HEADERS[0]}, with any value, or a token"
                raise Refused(400, "CSRF", advice)
            return await self._kept(request, request, self._asked_by_get(request))
        if _media_type(request) != PLAIN_JSON:
            raise Refused(
                415, "UNSUPPORTED_MEDIA_TYPE", "send the query as JSON, with the header Content-Type: application/json"
            )
        try:
            body = await limited_body(request)
        except BodyTooLarge as error:
            raise Refused(413, "TOO_LARGE", str(error)) from error

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return await self._kept(request, Request(request.scope, replay), self.parse_json(body))

    def _asked_by_get(self, request: Request) -> dict[str, Any]:
        given = dict(request.query_params)
        if "variables" in given:
            given["variables"] = self.parse_json(given["variables"])
        return given

    async def _kept(self, request: Request, replayed: Request, asked: dict[str, Any]) -> Response:
        """The answer that was kept, if it still holds; else the one that Strawberry computes, kept if it may be."""
        state = request.state
        asked_for = question(asked, state.viewer)
        if asked_for is not None:
            answer = self._answers.get(asked_for, state.present, self._hub.clock.now())
            if answer is not None:
                return _labelled(request, answer)
        response = await self.run(replayed)
        context: Context | None = getattr(state, "context", None)
        if asked_for is None or context is None or not context.may_be_kept or not getattr(state, "clean", False):
            return response
        return _labelled(request, self._answers.put(asked_for, bytes(response.body), state.present))

    async def _authenticated(self, request: Request) -> tuple[Viewer | None, Present]:
        if not self._require_token:
            return await self._presence.now(None)
        try:
            return await authenticate(request, self._presence)
        except Unauthorized as error:
            realm = 'Bearer realm="accountpulse"'
            challenge = f'{realm}, error="invalid_token"' if "authorization" in request.headers else realm
            raise Refused(401, "UNAUTHENTICATED", str(error), {"www-authenticate": challenge}) from error
        except MissingScope as error:
            raise Refused(403, "FORBIDDEN", str(error)) from error

    # --- Strawberry's hooks ---------------------------------------------------------------------------------------------

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002  # Strawberry's signature
    ) -> Context:
        state = request.state
        state.context = Context(
            hub=self._hub,
            viewer=state.viewer,
            request_id=state.request_id,
            threads=self._threads,
            previews=self._previews,
        )
        return state.context  # type: ignore[no-any-return]

    def decode_json(self, data: str | bytes) -> object:
        try:
            decoded = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, "the body is not JSON in UTF-8") from error
        return decoded

    def parse_json(self, data: str | bytes) -> Any:
        """The request's JSON; Strawberry calls this for the body, and for `variables` and `extensions` of a GET."""
        parsed = self.decode_json(data)
        if isinstance(parsed, list):
            raise HTTPException(400, "send one operation at a time; batches are not taken")
        if not isinstance(parsed, dict):
            raise HTTPException(400, 'a JSON object is needed, such as {"query": "{ viewer { name } }"}')
        if not isinstance(parsed.get("operationName"), str | None):
            raise HTTPException(400, "operationName must be text or null")
        return parsed

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        response = await super().get_sub_response(request)
        response.headers[_CHOSEN] = _negotiate(request.headers.get("accept", ""))
        return response

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        # Not a schema extension: those don't see an error that another extension raises, as the parser's cache does.
        request.state.clean = not result.errors and result.data is not None
        if result.errors:
            result.errors = [presented(error, request.state.request_id) for error in result.errors]
        return await super().process_result(request, result)

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        assert isinstance(response_data, dict)  # batches are refused above
        media_type = sub_response.headers[_CHOSEN]
        status = 200
        if _never_began(response_data):
            response_data.pop("data", None)
            status = 400 if media_type == RESPONSE_JSON else 200
        return Response(encode(response_data), status, media_type=f"{media_type}; charset=utf-8")


def _labelled(request: Request, answer: Answer) -> Response:
    """A kept answer in the media type that the client prefers; without its body where a GET shows that the client has it."""
    headers = {"etag": answer.etag, "vary": "accept, authorization"}
    if request.method == "GET":
        headers["cache-control"] = "private, no-cache"
        if answer.etag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
    media_type = f"{_negotiate(request.headers.get('accept', ''))}; charset=utf-8"
    return Response(answer.body, headers=headers, media_type=media_type)


def _never_began(data: GraphQLHTTPResponse) -> bool:
    """Whether execution never began: nothing came back, and no error says where in the answer it happened."""
    errors: list[Any] = data.get("errors") or []
    return data.get("data") is None and bool(errors) and not any(error.get("path") for error in errors)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _negotiate(accept: str) -> str:
    """The media type to answer with: the specification's own where the client prefers it, else plain JSON."""
    quality = {RESPONSE_JSON: 0.0, PLAIN_JSON: 0.0}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name in quality:
            given = [p.removeprefix("q=") for p in parameters if p.startswith("q=")]
            try:
                quality[name] = float(given[0]) if given else 1.0
            except ValueError:
                quality[name] = 0.0
    return RESPONSE_JSON if 0 < quality[RESPONSE_JSON] >= quality[PLAIN_JSON] else PLAIN_JSON
