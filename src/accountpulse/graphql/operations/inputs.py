"""What the mutations of operators take."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from accountpulse.graphql.accounts.inputs import AccountBy, SourceKey
from accountpulse.graphql.changes import Asked
from accountpulse.graphql.fields import choice
from accountpulse.graphql.rows import VisibleRowsInput

_REASON = "Why, in words; it is kept and shown."
_CONNECTION = "The connection's name in the configuration."


@strawberry.input(description="A connection that is to be read.")
class StartSyncInput(Asked):
    connection: str = strawberry.field(description=_CONNECTION)
    stream: str | None = strawberry.field(default=strawberry.UNSET, description="Only this stream. Default: all of them.")


@strawberry.input(description="A connection whose reading is to end.")
class CancelSyncInput(Asked):
    connection: str = strawberry.field(description=_CONNECTION)


@strawberry.input(description="A stream of a connection.")
class StreamInput(Asked):
    connection: str = strawberry.field(description=_CONNECTION)
    stream: str = strawberry.field(description="The stream's name.")


@strawberry.input(description="A connection that is to rest.")
class PauseConnectionInput(Asked):
    connection: str = strawberry.field(description=_CONNECTION)
    until: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it may run again. Default: not before somebody resumes it."
    )
    reason: str | None = strawberry.field(default=strawberry.UNSET, description=_REASON)


@strawberry.input(description="A connection that is to run again.")
class ResumeConnectionInput(Asked):
    connection: str = strawberry.field(description=_CONNECTION)


@strawberry.input(description="What is to be put in force.")
class PublishModelsInput(Asked):
    models: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Model files as text, YAML or JSON, up to 20. Each takes the place of the configured model of its name. "
        "Default: those of the server's configuration.",
    )
    segments: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Segments as text, YAML or JSON, as in `modelPreview`. Default: those of the server's configuration.",
    )
    reason: str | None = strawberry.field(default=strawberry.UNSET, description=_REASON)
    expected_release: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `number` of the release in force that you have seen: nothing is done where there is a later one.",
    )


@strawberry.input(description="What is to be put in force again.")
class RollBackModelsInput(Asked):
    release: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `number` of the release whose models and segments are put back. Default: the one before.",
    )
    reason: str | None = strawberry.field(default=strawberry.UNSET, description=_REASON)
    expected_release: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `number` of the release in force that you have seen: nothing is done where there is a later one.",
    )


@strawberry.enum(description="What a token may do.")
class TokenScope(Enum):
    READ = choice("read", "Ask: accounts, scores, models and connections.")
    WRITE = choice("write", "Change what people may change: links, overrides, models; and start syncs.")
    ADMIN = choice("admin", "Make and revoke tokens, pause and resume connections, read the trail.")


@strawberry.input(description="A token that is to be made.")
class CreateTokenInput(Asked):
    name: str = strawberry.field(description="Who or what uses it, such as `weekly report`.")
    scopes: list[TokenScope] = strawberry.field(
        default_factory=lambda: [TokenScope.READ], description="What it may do. Default: READ."
    )
    rows: VisibleRowsInput | None = strawberry.field(
        default=strawberry.UNSET, description="The accounts that it may see. Default: those that you may see."
    )
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it ends by itself. Default: it is valid until it is revoked."
    )


@strawberry.input(description="A token that is to end.")
class RevokeTokenInput(Asked):
    prefix: str = strawberry.field(description="How the token begins: its `prefix`, with or without `ap_`.")


@strawberry.input(description="A source account, and the account it belongs to.")
class LinkRecordInput(Asked):
    record: SourceKey = strawberry.field(description="The source account.")
    account: AccountBy = strawberry.field(description="The account: exactly one way to say which.")
    reason: str | None = strawberry.field(default=strawberry.UNSET, description=_REASON)
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The account's `revision` that you have seen: nothing is done where somebody changed it since.",
    )


@strawberry.input(description="A source account that is to belong to no account.")
class UnlinkRecordInput(Asked):
    record: SourceKey = strawberry.field(description="The source account.")
    reason: str | None = strawberry.field(default=strawberry.UNSET, description=_REASON)


@strawberry.input(description="A source account about which nobody's word is to count any more.")
class ReleaseRecordInput(Asked):
    record: SourceKey = strawberry.field(description="The source account.")
