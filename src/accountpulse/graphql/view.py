"""GraphQL over HTTP: who asks, what they may ask, the kept answer or a new one, and how it is labelled.

A client that accepts `application/graphql-response+json` gets 400 for a document that can't be executed; with
`application/json`, the older convention, that is 200. A request without JSON content, or without a header that only a script
on our own origin can send, is refused, so that no foreign web page can ask in a viewer's name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import anyio
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from accountpulse.core.errors import Unauthorized, describe_crash
from accountpulse.core.observe.about import about
from accountpulse.core.observe.meters import ANSWERS, REFUSED, REQUESTS
from accountpulse.core.observe.outage import STORE_AWAY
from accountpulse.core.observe.trace import span
from accountpulse.core.store.tokens import MARK, Viewer
from accountpulse.graphql import graphiql
from accountpulse.graphql.answers.again import Way
from accountpulse.graphql.answers.cache import MOST_BYTES, Answer, AnswerCache, question
from accountpulse.graphql.answers.present import Presence, Present
from accountpulse.graphql.auth import MissingScope, authenticate, bearer_of
from accountpulse.graphql.bodies import BodyTooLarge, limited_body
from accountpulse.graphql.context import Context
from accountpulse.graphql.encoding import encode
from accountpulse.graphql.errors import STORE_SILENT, error_body, log, presented
from accountpulse.graphql.execution.prepared import Prepared
from accountpulse.graphql.execution.run import run
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.limits.allowance import Allowances, RateLimited
from accountpulse.graphql.limits.sizes import Sizes
from accountpulse.graphql.limits.trusted import text_of
from accountpulse.graphql.oidc import Oidc
from accountpulse.graphql.provider_keys import ProviderDown
from accountpulse.graphql.replies import Reply
from accountpulse.graphql.requests import (
    PLAIN_JSON,
    RESPONSE_JSON,
    Ask,
    Refused,
    ask_of,
    ask_of_body,
    bad_request,
    headers_of,
    media_type,
    negotiate,
    query_of,
)
from accountpulse.graphql.schema import Schema
from accountpulse.graphql.settings import ApiSettings
from graphql import ExecutionResult, OperationDefinitionNode, OperationType

# A browser sends none of these across origins without asking us first.
SAFE_HEADERS = ("x-accountpulse-client", "apollo-require-preflight", "authorization")

REMAINING = "ratelimit-remaining"
_LASTING = ("vary", "ratelimit-limit")
"""The headers of a kept answer that are the same each time."""
_KEPT, _NEW = ANSWERS.labels("kept"), ANSWERS.labels("new")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose sender is known."""

    method: str
    headers: Mapping[str, str]
    request_id: str
    viewer: Viewer | None
    present: Present


class View:
    """The endpoint `/graphql`. threads: bounds how many reads run at once. kept_bytes: of answers that are kept."""

    def __init__(
        self,
        schema: Schema,
        hub: Hub,
        *,
        threads: anyio.CapacityLimiter,
        require_token: bool,
        kept_bytes: int = MOST_BYTES,
        settings: ApiSettings,
        allowances: Allowances,
        oidc: Oidc | None,
    ) -> None:
        self._schema = schema
        self._hub = hub
        self._threads = threads
        self._previews = anyio.CapacityLimiter(1)
        self._require_token = require_token
        self._presence = Presence(hub, threads)
        self._sizes = Sizes(hub, schema.costs, threads)
        self._answers = AnswerCache(kept_bytes)
        self._settings = settings
        self._allowances = allowances
        self._oidc = oidc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = os.urandom(16).hex()
        begun = perf_counter()
        reply: Reply | Response
        with about(request=request_id), span("graphql.request"):
            try:
                reply = await self._reply(scope, receive, request_id)
            except Refused as refused:
                REFUSED.labels(refused.code).inc()
                body = error_body(refused.code, refused.message, request_id)
                reply = Reply(encode(body), PLAIN_JSON, refused.status, refused.headers)
            except ClientDisconnect:
                return
            except STORE_AWAY as away:
                log.warning("request %s was refused: %s", request_id, describe_crash(away, "AccountPulse"))
                reply = Reply(encode(error_body("UNAVAILABLE", STORE_SILENT, request_id)), PLAIN_JSON, 503)
            except Exception:
                log.exception("request %s failed", request_id)
                message = f"something went wrong here; its details are in the log under {request_id}"
                reply = Reply(encode(error_body("INTERNAL", message, request_id)), PLAIN_JSON, 500)
        status = reply.status if isinstance(reply, Reply) else reply.status_code
        REQUESTS.labels(status).observe(perf_counter() - begun)
        reply.headers["x-request-id"] = request_id
        reply.headers["cache-control"] = reply.headers.get("cache-control", "no-store")
        await reply(scope, receive, send)

    async def _reply(self, scope: Scope, receive: Receive, request_id: str) -> Reply | Response:
        method = scope["method"]
        body: bytes | None = None
        if method == "POST" and (ways := self._answers.ways.of(scope)) is not None:
            body = await _body_of(scope, receive)
            way = ways.get(body)
            if way is not None and (again := self._again(way)) is not None:
                return again
        headers = headers_of(scope)
        if method not in ("GET", "POST"):
            raise Refused(405, "METHOD_NOT_ALLOWED", "GraphQL is asked with POST, or GET", {"allow": "GET, POST"})
        given = query_of(scope) if method == "GET" else {}
        if method == "GET" and not given.keys() & {"query", "documentId"} and "text/html" in headers.get("accept", ""):
            return graphiql.page(require_token=self._require_token)
        viewer, present = await self._authenticated(headers)
        asked = Asked(method, headers, request_id, viewer, present)
        if method == "GET":
            if not any(header in headers for header in SAFE_HEADERS) and media_type(headers) != PLAIN_JSON:
                advice = f"a query by GET needs the header {SAFE_HEADERS[0]}, with any value, or a token"
                raise Refused(400, "CSRF", advice)
            return (await self._answered(asked, ask_of(given)))[0]
        if media_type(headers) != PLAIN_JSON:
            raise Refused(
                415, "UNSUPPORTED_MEDIA_TYPE", "send the query as JSON, with the header Content-Type: application/json"
            )
        if body is None:
            body = await _body_of(scope, receive)
        reply, answer = await self._answered(asked, ask_of_body(body))
        # Another provider's word ends at a time of its own, of which nothing is known here.
        if answer is not None and (self._oidc is None or (bearer_of(headers.get("authorization", "")) or "").startswith(MARK)):
            lasting = [(name.encode(), reply.headers[name].encode()) for name in _LASTING]
            self._answers.lead(scope, body, Way(answer, present, viewer, [*lasting, *reply.common()]))
        return reply

    def _again(self, way: Way) -> Reply | None:
        """The answer to a request that was answered before, if it still holds and the viewer may ask for it."""
        if not self._presence.still(way.present):
            return None
        allowance = self._allowances.of(way.viewer)
        if allowance.take(1) is not None:
            return None  # it is refused on the way of all others
        _KEPT.inc()
        way.answer.used = True
        return Reply(way.answer.body, "", 200, {REMAINING: str(allowance.remaining)}, way.headers)

    async def _answered(self, asked: Asked, ask: Ask) -> tuple[Reply, Answer | None]:
        """The answer that was kept, if it still holds, and itself; else a new one, kept if it may be."""
        text = text_of(ask, self._settings)
        key = None if ask.extended else question(text, ask.operation, ask.variables, asked.viewer)
        kept = key and self._answers.get(key, asked.present, self._hub.clock.now())
        if kept:
            _KEPT.inc()
            self._spend_one(asked)
            return self._labelled(asked, kept), kept
        prepared = await self._schema.documents.prepare_aside(text)
        if prepared.errors:
            self._spend_one(asked)
            return self._spoken(asked, ExecutionResult(None, list(prepared.errors)), None), None
        operation = prepared.operation(ask.operation)
        if operation is None:
            raise bad_request("operationName must name one of the document's operations, and may only be left out of one")
        _require_kind(operation, asked.method)
        if wrong := self._schema.arguments.refusals(prepared, operation, ask.variables, key.variables if key else b""):
            self._spend_one(asked)
            return self._spoken(asked, ExecutionResult(None, list(wrong)), None), None
        cost = self._schema.costs.of(prepared, operation, ask.variables)
        if self._schema.costs.rests_on_models(prepared, operation):
            await self._sizes.renew(asked.present)
            cost = self._schema.costs.of(prepared, operation, ask.variables)
        refusal = self._allowances.of(asked.viewer).refusal(cost)
        if isinstance(refusal, RateLimited):
            self._raise(asked, refusal)
        if refusal is not None:
            REFUSED.labels("TOO_COSTLY").inc()
            return self._spoken(asked, ExecutionResult(None, [refusal]), cost), None
        _NEW.inc()
        context = self._context(asked)
        result = await self._run(prepared, operation, ask, context)
        reply = self._spoken(asked, result, cost)
        if key is None or not context.may_be_kept or result.errors or result.data is None:
            return reply, None
        answer = self._answers.put(key, reply.body, asked.present)
        return self._labelled(asked, answer), answer

    async def _run(self, prepared: Prepared, operation: OperationDefinitionNode, ask: Ask, context: Context) -> ExecutionResult:
        # A change goes on to its end: a time-out would only hide whether it was made.
        seconds = self._settings.timeout if operation.operation is OperationType.QUERY else None
        try:
            with anyio.fail_after(seconds):
                return await run(self._schema, prepared, ask.operation, ask.variables, context)
        except TimeoutError as error:
            message = f"the query took longer than {seconds:g} seconds; ask for less at once"
            raise Refused(503, "TIMEOUT", message) from error

    def _spoken(self, asked: Asked, result: ExecutionResult, cost: int | None) -> Reply:
        """A result as JSON, in the media type and with the status that the client's convention has for it."""
        body: dict[str, Any] = {}
        chosen, status = negotiate(asked.headers.get("accept", "")), 200
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            status = 400 if chosen == RESPONSE_JSON else 200  # execution never began
        else:
            body["data"] = result.data
        if result.errors:
            body["errors"] = [presented(error, asked.request_id).formatted for error in result.errors]
        if cost is not None:
            body["extensions"] = {"cost": {"requestedQueryCost": cost, "maximumQueryCost": self._settings.max_cost}}
        return Reply(encode(body), chosen, status, self._allowance_headers(asked))

    def _labelled(self, asked: Asked, answer: Answer) -> Reply:
        """A kept answer in the media type that the client prefers; without its body where a GET shows that it is known."""
        headers = {"vary": "accept, authorization", **self._allowance_headers(asked)}
        chosen = negotiate(asked.headers.get("accept", ""))
        if asked.method == "GET":
            headers |= {"etag": answer.etag, "cache-control": "private, no-cache"}
            known = asked.headers.get("if-none-match", "").split(",")
            if answer.etag in [each.strip().removeprefix("W/") for each in known]:
                return Reply(b"", chosen, 304, headers)
        return Reply(answer.body, chosen, 200, headers)

    # --- who asks, and how much they may --------------------------------------------------------------------------------

    async def _authenticated(self, headers: Mapping[str, str]) -> tuple[Viewer | None, Present]:
        if not self._require_token:
            return await self._presence.now(None)
        try:
            return await authenticate(headers.get("authorization", ""), self._presence, self._oidc)
        except Unauthorized as error:
            realm = 'Bearer realm="accountpulse"'
            challenge = f'{realm}, error="invalid_token"' if "authorization" in headers else realm
            raise Refused(401, "UNAUTHENTICATED", str(error), {"www-authenticate": challenge}) from error
        except MissingScope as error:
            raise Refused(403, "FORBIDDEN", str(error)) from error
        except ProviderDown as error:
            raise Refused(503, "PROVIDER_UNAVAILABLE", str(error), {"retry-after": "5"}) from error

    def _spend_one(self, asked: Asked) -> None:
        wait = self._allowances.of(asked.viewer).take(1)
        if wait is not None:
            self._raise(asked, RateLimited(wait))

    def _raise(self, asked: Asked, refusal: RateLimited) -> None:
        headers = {"retry-after": str(refusal.wait), **self._allowance_headers(asked)}
        raise Refused(429, "RATE_LIMITED", refusal.message, headers)

    def _allowance_headers(self, asked: Asked) -> dict[str, str]:
        allowance = self._allowances.of(asked.viewer)
        return {"ratelimit-limit": str(allowance.limit), REMAINING: str(allowance.remaining)}

    def _context(self, asked: Asked) -> Context:
        return Context(
            hub=self._hub,
            viewer=asked.viewer,
            request_id=asked.request_id,
            threads=self._threads,
            previews=self._previews,
            allowance=self._allowances.of(asked.viewer),
            as_json=True,
        )


async def _body_of(scope: Scope, receive: Receive) -> bytes:
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    try:
        return await limited_body(announced.decode("latin-1"), receive)
    except BodyTooLarge as error:
        raise Refused(413, "TOO_LARGE", str(error)) from error


def _require_kind(operation: OperationDefinitionNode, method: str) -> None:
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION:
        raise bad_request("a subscription is sent over a WebSocket to /graphql, or as an event stream to /graphql/stream")
    if kind is OperationType.MUTATION and method == "GET":
        raise Refused(405, "METHOD_NOT_ALLOWED", "mutations are sent with POST", {"allow": "POST"})
