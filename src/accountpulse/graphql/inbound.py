"""Pushed events: `/in/<connection>/<path>`. They are stored before they are answered, and applied later."""

from __future__ import annotations

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse

from accountpulse.core.errors import AuthError, InvalidRecord, NotFound, RateLimited, Transient
from accountpulse.core.observe.outage import STORE_AWAY
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.graphql.bodies import BodyTooLarge, limited_body
from accountpulse.graphql.errors import log
from accountpulse.graphql.hub import Hub

THREADS = 4
RETRY_SECONDS = 5


class Inbound:
    """The endpoint. It has threads of its own, so that a burst of events can't hold up the people who ask."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._threads = anyio.CapacityLimiter(THREADS)

    async def __call__(self, request: Request) -> JSONResponse:
        try:
            body = await limited_body(request.headers.get("content-length", ""), request.receive)
        except BodyTooLarge as error:
            return _refusal(413, str(error))
        name: str = request.path_params["connection"]
        inbound = InboundRequest(
            method=request.method,
            path=request.path_params["path"],
            headers={key.lower(): value for key, value in request.headers.items()},
            body=body,
            received_at=self._hub.clock.now(),
        )
        try:
            await anyio.to_thread.run_sync(self._hub.receive, name, inbound, limiter=self._threads)
        except NotFound as error:
            return _refusal(404, str(error))
        except AuthError as error:
            return _refusal(401, str(error))
        except InvalidRecord as error:
            return _refusal(400, error.reason)
        except RateLimited as error:
            wait = RETRY_SECONDS if error.retry_after is None else max(1, round(error.retry_after.total_seconds()))
            return _refusal(429, str(error), retry_after=wait)
        except (Transient, *STORE_AWAY):
            log.warning("an event for connection %r could not be stored", name, exc_info=True)
            return _refusal(503, "the event could not be stored now; send it again", retry_after=RETRY_SECONDS)
        except Exception:
            log.exception("an event for connection %r could not be taken", name)
            return _refusal(500, "the event could not be taken; the log says why")
        return JSONResponse({"success": True})


def _refusal(status: int, message: str, *, retry_after: int | None = None) -> JSONResponse:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return JSONResponse({"success": False, "error": message}, status_code=status, headers=headers)
