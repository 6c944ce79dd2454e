"""The mutations about which account a source account belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import strawberry

from accountpulse.core.errors import NotFound
from accountpulse.core.identity.service import LinkChange
from accountpulse.core.store import accounts
from accountpulse.core.trail import Asker
from accountpulse.graphql.accounts.inputs import SourceKey
from accountpulse.graphql.accounts.queries import account_now, find_account
from accountpulse.graphql.accounts.types import UnlinkedAccount
from accountpulse.graphql.changes import Asked, UserError, asker_of, attempt, given, require_scope, scored_now, user_error
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.errors import BadInput
from accountpulse.graphql.fields import mutation
from accountpulse.graphql.operations.inputs import LinkRecordInput, ReleaseRecordInput, UnlinkRecordInput
from accountpulse.graphql.operations.types import LinkPayload

Input = strawberry.argument(description="What is to be done.")


@strawberry.type
class LinkMutations:
    @mutation(
        "Say which account a source account belongs to, whatever its evidence says: its facts count for it from then on, and "
        "for all time before. Needs the scope `write`."
    )
    async def link_record(self, info: Info, input: Annotated[LinkRecordInput, Input]) -> LinkPayload:
        context = info.context
        require_scope(context, "write")
        try:
            id = await find_account(context, input.account)
        except BadInput as error:
            return LinkPayload(user_errors=[user_error(error, "account")])
        if id is None:
            return LinkPayload(user_errors=[user_error(NotFound("there is no such account"), "account")])
        reason, expected = given(input.reason), given(input.expected_revision)

        def work(record: str, asker: Asker) -> LinkChange:
            return context.hub.links.link(record, str(id), asker=asker, reason=reason)

        return await _change(context, input, input.record, work, expected)

    @mutation("Say that a source account belongs to no account, whatever its evidence says. Needs the scope `write`.")
    async def unlink_record(self, info: Info, input: Annotated[UnlinkRecordInput, Input]) -> LinkPayload:
        context = info.context
        require_scope(context, "write")
        reason = given(input.reason)

        def work(record: str, asker: Asker) -> LinkChange:
            return context.hub.links.unlink(record, asker=asker, reason=reason)

        return await _change(context, input, input.record, work)

    @mutation("Take back what was said about a source account: its evidence decides again. Needs the scope `write`.")
    async def release_record(self, info: Info, input: Annotated[ReleaseRecordInput, Input]) -> LinkPayload:
        context = info.context
        require_scope(context, "write")

        def work(record: str, asker: Asker) -> LinkChange:
            return context.hub.links.release(record, asker=asker)

        return await _change(context, input, input.record, work)


async def _change(
    context: Context,
    input: Asked,
    record: SourceKey,
    work: Callable[[str, Asker], LinkChange],
    expected_revision: int | None = None,
) -> LinkPayload:
    asker = asker_of(context, input, expected_revision)
    done = await attempt(context, lambda: work(f"{record.connection}:{record.key}", asker), field="record")
    if isinstance(done, UserError):
        return LinkPayload(user_errors=[done])
    scored = [await scored_now(context, id) for id in sorted(done.accounts)]
    found = {id: await account_now(context, id) for id in done.accounts}
    unlinked = await context.read(accounts.unlinked_by_ids, [done.record.id], scope=context.scope)
    row = unlinked.get(done.record.id)
    now = done.record.account_id
    return LinkPayload(
        user_errors=[],
        account=None if now is None else found.get(now),
        former_account=next((account for id, account in found.items() if id != now), None),
        unlinked=None if row is None else UnlinkedAccount.of(row),
        scored=all(scored),
    )
