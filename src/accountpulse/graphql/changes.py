"""What every mutation has: who may ask, the idempotency key, and what is wrong with the input as data instead of an error.

A mutation answers with a payload. `userErrors` says what to mend, by field; then nothing was done. `errors` of the answer are
for what no form can show: no token, no scope, a document that can't be read, a fault of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import anyio.to_thread
import strawberry

from accountpulse.core.errors import Conflict, InvalidInput, NotFound
from accountpulse.core.store.tokens import SCOPES, Scope
from accountpulse.core.trail import Asker
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import ApiError, BadInput
from accountpulse.graphql.fields import choice

T = TypeVar("T")


@strawberry.enum(description="What is wrong with an input.")
class UserErrorCode(Enum):
    INVALID = choice("invalid", "The value can't be taken; the message says what is allowed.")
    NOT_FOUND = choice("not_found", "What is named does not exist, or no longer.")
    CONFLICT = choice("conflict", "Somebody has changed it since, or the idempotency key belongs to another request.")


@strawberry.type(description="What is wrong with an input, written for the person who filled in the form.")
class UserError:
    field: list[str] = strawberry.field(description='Where in the input, from the outside in: `["input", "until"]`.')
    code: UserErrorCode = strawberry.field(description="What kind of mistake it is.")
    message: str = strawberry.field(description="What was found, and what is allowed.")


@strawberry.interface(description="The answer to a mutation. Where `userErrors` lists something, nothing was done.")
class Payload:
    user_errors: list[UserError] = strawberry.field(description="What is wrong with the input; empty when it was done.")


@strawberry.input
class Asked:
    """What the input of every mutation may hold."""

    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Your own name for this request, up to 200 characters, such as a UUID. Sent again with the same input, "
        "nothing is done twice, and the answer is the same. Keys belong to the token.",
    )


def require_scope(context: Context, scope: Scope) -> None:
    """Raises ApiError with FORBIDDEN where the viewer may not do this. Without tokens nobody may change anything."""
    if context.viewer is None:
        raise ApiError("FORBIDDEN", f"this server runs without tokens, and this needs one with the scope {scope}")
    if scope not in context.viewer.scopes:
        raise ApiError(
            "FORBIDDEN",
            f"the token {context.viewer.name!r} lacks the scope {scope} ({SCOPES[scope]}); "
            f"make one with: accountpulse token create NAME --scope {scope}",
        )


def require_all_accounts(context: Context) -> None:
    """Raises ApiError with FORBIDDEN where the viewer may see some accounts only: what is asked for concerns everybody's."""
    if not context.scope.everything:
        raise ApiError("FORBIDDEN", "this concerns all accounts, and this viewer is limited to some; ask with a token for all")


def asker_of(context: Context, asked: Asked, expected_revision: int | None = None) -> Asker:
    """Who asks, as the trail keeps it. Only after `require_scope`."""
    assert context.viewer is not None
    return Asker(
        name=context.viewer.name,
        token=context.viewer.prefix,
        idempotency_key=given(asked.idempotency_key),
        expected_revision=expected_revision,
        scope=context.scope,
    )


def admitted(info: Info, asked: Asked, scope: Scope) -> tuple[Context, Asker]:
    """The context and who asks, of a mutation that concerns all accounts. Raises ApiError with FORBIDDEN."""
    context = info.context
    require_scope(context, scope)
    require_all_accounts(context)
    return context, asker_of(context, asked)


def given(value: T | None) -> T | None:
    """What an input holds; None where it was left out."""
    return None if value is strawberry.UNSET else value


async def scored_now(context: Context, account_id: int) -> bool:
    """Score an account again; False where that must wait for the next run."""
    return await anyio.to_thread.run_sync(context.hub.score_now, account_id, limiter=context.threads)


async def attempt(context: Context, work: Callable[[], T], field: str | None = None) -> T | UserError:
    """Do the work in a worker thread; what it raises about its input comes back as data. field: as of `user_error`."""
    try:
        return await anyio.to_thread.run_sync(work, limiter=context.threads)
    except (InvalidInput, NotFound, BadInput) as error:
        return user_error(error, field)


def user_error(error: Exception, field: str | None = None) -> UserError:
    """An error about an input as data. field: the part at fault, where the error does not name it."""
    if isinstance(error, Conflict):
        return UserError(field=_path(error.field), code=UserErrorCode.CONFLICT, message=error.problem)
    if isinstance(error, InvalidInput):
        return UserError(field=_path(error.field), code=UserErrorCode.INVALID, message=error.problem)
    code = UserErrorCode.NOT_FOUND if isinstance(error, NotFound) else UserErrorCode.INVALID
    return UserError(field=_path(field), code=code, message=str(error))


def _path(field: str | None) -> list[str]:
    return ["input"] if field is None else ["input", *field.split(".")]
