"""Every public exception, grouped by what happens next.

The *type* tells the sync engine what to do; the *message* tells a person what to do. Connectors raise the first group only.
"""

from __future__ import annotations

from datetime import timedelta


class AccountPulseError(Exception):
    """Base of all errors that AccountPulse raises on purpose. The message is safe to show: it never holds a secret."""


# --- raised by connectors: the engine acts on the type ------------------------------------------------------------------


class ConnectorError(AccountPulseError):
    """Base of what a connector may raise."""


class ConfigError(ConnectorError):
    """The configuration can't work. The engine stops the connection and does not retry.

    `field` names the setting, `advice` says what to put there.
    """

    def __init__(self, field: str, advice: str) -> None:
        super().__init__(f"{field}: {advice}")
        self.field = field
        self.advice = advice


class AuthError(ConnectorError):
    """The vendor refused the credentials. The connection becomes `needs_reauth` and keeps its data and cursor."""


class PermissionMissing(ConnectorError):
    """The credentials lack a permission for one stream. The engine skips that stream; the others go on."""

    def __init__(self, scope: str, advice: str = "") -> None:
        super().__init__(f"missing permission {scope!r}" + (f": {advice}" if advice else ""))
        self.scope = scope


class RateLimited(ConnectorError):
    """The vendor asked us to slow down; `retry_after` is its own figure, or None where it gave none.

    A short wait happens in place; a long one (a daily quota) commits what there is and pauses the connection until then.
    """

    def __init__(self, retry_after: timedelta | None = None, message: str = "the vendor's rate limit was reached") -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Transient(ConnectorError):
    """A fault that may pass (time-out, connection reset, 5xx). The engine backs off and re-enters from the last commit."""


class CursorExpired(ConnectorError):
    """The vendor no longer knows our cursor. The engine reads the stream again completely and records the gap."""


class InvalidRecord(ConnectorError):
    """One record can't be understood. A stream *yields* it (raising would end the generator); the engine puts the record in
    quarantine and goes on; above 5 % the stream fails.
    """

    def __init__(self, source_id: str, reason: str) -> None:
        super().__init__(f"record {source_id}: {reason}")
        self.source_id = source_id
        self.reason = reason


class Cancelled(ConnectorError):
    """Somebody asked the run to stop. What was committed stays."""


# --- raised by the store when more than one would work on the same ------------------------------------------------------


class Stalled(ConnectorError):
    """A read gets nowhere, or took too long. It ends, keeps what it has, and the next run goes on from there."""


class Busy(AccountPulseError):
    """Another runner, which is alive, is at it."""


class LeaseLost(AccountPulseError):
    """This runner was taken for dead and replaced: it must not write any more. What it committed stays."""


# --- raised to a person: configuration, models, plugins, the store ------------------------------------------------------


class SettingsError(AccountPulseError):
    """A file a person wrote can't be used. Holds every problem found, each with file, line, key, found and allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class MissingExtra(AccountPulseError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs an optional dependency: run pip install "accountpulse[{extra}]"')
        self.extra = extra


def raised_at(error: BaseException) -> str:
    """Where an exception was raised, as ` in function (file.py:12)`: what may be shown of one that is not ours, whose text may
    hold a secret or a record. Empty for one that was never raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f" in {code.co_name} ({code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno})"


def describe_crash(error: BaseException, culprit: str) -> str:
    """Where and what, without the message or locals of an exception that is not ours. culprit: whose bug it is."""
    import sqlalchemy as sa  # only here: nothing else about errors needs it

    if isinstance(error, sa.exc.SQLAlchemyError):
        # Nobody's bug. The message would quote the records.
        cause = type(getattr(error, "orig", None) or error).__name__
        return f"the store could not be read or written ({cause}): see that its disk has room and that it can be reached"
    return f"{type(error).__name__}{raised_at(error)}: this is a bug of {culprit}; please report it to its author"


class PluginError(AccountPulseError):
    """A plugin broke a rule of the host. Only that plugin is affected, unless strict mode is on."""


class MetricError(AccountPulseError):
    """A metric declaration is not allowed or can't be compiled. The message names the metric and the part at fault."""


class EngineError(AccountPulseError):
    """The engine that metrics run on, other than the store, could not answer, or lacks a table or a column."""


class ModelError(AccountPulseError):
    """A scoring model can't be used with these metrics or scorers."""


class StoreError(AccountPulseError):
    """The store can't be opened or is of a version this program doesn't know."""


class NotFound(AccountPulseError):
    """The named account, connection, stream or model does not exist. The message says what does."""


class InvalidInput(AccountPulseError):
    """What a person entered can't be taken. `field` names the part, `problem` says what was found and what is allowed."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Conflict(InvalidInput):
    """What a person entered rests on something that somebody else has changed, or contradicts an earlier request of theirs."""


class Unauthorized(AccountPulseError):
    """A token is missing, unknown, expired or revoked."""
