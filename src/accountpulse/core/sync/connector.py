"""What a connector is: typed config, declared streams, and the few things it may yield.

A connector reads; it never stores. The engine hands it a `Window`, takes what it yields, and commits records and checkpoints
together. Authors get no state API, so there is none to get wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict

from accountpulse.core.errors import InvalidRecord, PluginError
from accountpulse.core.model import Record

if TYPE_CHECKING:
    from accountpulse.core.sync.context import Context

JsonValue = None | bool | int | float | str | list[Any] | dict[str, Any]
Deletes = Literal["none", "tombstones", "snapshot"]


class ConnectorConfig(BaseModel):
    """Base of every connector's settings. Secrets are `pydantic.SecretStr`; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


C = TypeVar("C", bound=ConnectorConfig)


# --- what a stream may yield --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to `cursor` has been yielded. The engine commits it together with the records before it.

    With a `TimeCursor` it is an aware datetime; with an `OpaqueCursor` any JSON value, handed back exactly as yielded.
    """

    cursor: datetime | JsonValue


@dataclass(frozen=True, slots=True)
class Deleted:
    """A record is gone at the source. Unknown ids are fine."""

    record: type[Record]
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One product event of a pushing source; the engine adds it to the user's `UsageDay` as it arrives.

    at: when it happened. seconds: how long it lasted, where known.
    """

    account: str
    user: str
    feature: str
    at: datetime
    seconds: int = 0


# An unreadable row is yielded as an `InvalidRecord`: raising it would end the generator, and lose the rows after it.
Item = Record | Deleted | InvalidRecord | Checkpoint
PushItem = Record | Deleted | UsageEvent


def usage_key(account: str, user: str, feature: str, day: date) -> str:
    """The `source_id` of a `UsageDay`: what makes two roll-ups of the same thing one record."""
    # Names may hold the separator; without the escape, two accounts could share one key.
    parts = (part.replace("\\", "\\\\").replace("|", "\\|") for part in (account, user, feature))
    return "|".join((day.isoformat(), *parts))


# --- how a stream is declared -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeCursor:
    """The source can be asked for what changed since an instant. `field` names the vendor's field, for people."""

    field: str


@dataclass(frozen=True, slots=True)
class OpaqueCursor:
    """The source hands out its own cursor, or the connector keeps a composite one: any JSON value."""

    description: str = ""


Cursor = TimeCursor | OpaqueCursor


@dataclass(frozen=True, slots=True)
class Window:
    """What the engine asks a stream for.

    since: read changes from here on, inclusive; None means everything. Already includes the declared look-back.
    until: don't claim completeness beyond this instant; already excludes the declared lag.
    cursor: with an `OpaqueCursor`, what was last committed; None at the start.
    """

    since: datetime | None
    until: datetime
    cursor: JsonValue = None


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A declared stream: data, shown in GraphQL and docs, and what the engine goes by."""

    name: str
    records: tuple[type[Record], ...]
    cursor: Cursor | None
    lag: timedelta
    look_back: timedelta
    deletes: Deletes
    history: timedelta | None
    forgets: bool
    description: str
    method: str


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """A pushed HTTP request, free of any web framework. Header names are lower case; the body is raw, for signatures."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One verified message. `key` makes a re-delivery recognisable; `body` is JSON, stored until it has been applied."""

    key: str
    body: JsonValue


@dataclass(frozen=True, slots=True)
class InboundSpec:
    """A declared push seam: the paths below `/in/<connection>/`, what it brings, and the two methods that handle it."""

    paths: tuple[str, ...]
    records: tuple[type[Record], ...]
    description: str
    receive: str
    apply: str


def stream(
    *records: type[Record],
    cursor: Cursor | None = None,
    lag: timedelta = timedelta(0),
    look_back: timedelta = timedelta(0),
    deletes: Deletes = "none",
    history: timedelta | None = None,
    forgets: bool = False,
) -> Callable[[Callable[[Any, Window], Iterator[Item]]], Callable[[Any, Window], Iterator[Item]]]:
    """Declare a method as a stream named like the method; its docstring describes it.

    records: the record types it may yield. cursor: None means that every run reads everything. lag: rows may become visible
    this much later than their own time. look_back: how far each run re-reads. deletes: `tombstones` are yielded as `Deleted`;
    `snapshot` means that what a complete read lacks is gone; `none` that deletions can't be seen. history: how far back the
    vendor can answer, None for ever. forgets: the vendor drops what is old, so that a record which a read from the start lacks
    need not have been deleted.

    Raises PluginError for a snapshot with a `TimeCursor`: a read of what changed can't tell what is gone.
    """
    if deletes == "snapshot" and isinstance(cursor, TimeCursor):
        raise PluginError(
            'a stream with deletes="snapshot" reads everything in each run, which a TimeCursor contradicts; '
            'leave the cursor out, or use an OpaqueCursor for the place within the read, or deletes="tombstones"'
        )

    def declare(method: Callable[[Any, Window], Iterator[Item]]) -> Callable[[Any, Window], Iterator[Item]]:
        spec = StreamSpec(
            name=method.__name__,
            records=records,
            cursor=cursor,
            lag=lag,
            look_back=look_back,
            deletes=deletes,
            history=history,
            forgets=forgets,
            description=inspect.cleandoc(method.__doc__ or ""),
            method=method.__name__,
        )
        method.__stream__ = spec  # type: ignore[attr-defined]  # a marker that `Connector.streams` collects
        return method

    return declare


def inbound(
    *paths: str, records: tuple[type[Record], ...], apply: str
) -> Callable[[Callable[[Any, InboundRequest], list[Message]]], Callable[[Any, InboundRequest], list[Message]]]:
    """Declare a method that verifies a pushed request and splits it into messages.

    It raises `AuthError` for a bad signature or key (answered 401) and `InvalidRecord` for an unreadable body (answered 400).
    `apply` names the method `(Message) -> Iterator[PushItem]` that turns a stored message into records later.
    """

    def declare(
        method: Callable[[Any, InboundRequest], list[Message]],
    ) -> Callable[[Any, InboundRequest], list[Message]]:
        method.__inbound__ = InboundSpec(  # type: ignore[attr-defined]  # a marker that `Connector.inbound` collects
            paths=paths,
            records=records,
            description=inspect.cleandoc(method.__doc__ or ""),
            receive=method.__name__,
            apply=apply,
        )
        return method

    return declare


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a vendor allows: `requests` in each `per`, for what `scope` says (per account, per endpoint, with which plan).

    Declared for people, and for whoever schedules. What a run does beyond it is the engine's: it keeps `Retry-After`.
    """

    requests: int
    per: timedelta
    scope: str


# --- the connector itself -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection talks to: `id` is the vendor's id of the customer's account there, `name` is for people."""

    id: str
    name: str
    details: Mapping[str, str] = field(default_factory=dict)


class Connector(Generic[C]):
    """Base class of connectors: subclass it as `class Acme(Connector[AcmeConfig])` and declare streams.

    id: stable; part of every state key. title: for people. extra: the optional dependency it needs, if any.
    api_version: the version of the vendor's API that requests ask for, in the vendor's words. rate_limits: what it allows.
    account_keys: `own` when records carry the vendor's own account ids, `reference` when they carry ids that another system
    gave (a CRM id in a survey's hidden field), which then count as explicit evidence of identity.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    extra: ClassVar[str | None] = None
    api_version: ClassVar[str | None] = None
    rate_limits: ClassVar[tuple[RateLimit, ...]] = ()
    account_keys: ClassVar[Literal["own", "reference"]] = "own"
    Config: ClassVar[type[ConnectorConfig]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, ConnectorConfig):
                    cls.Config = argument
        _refuse_shared_snapshots(cls)

    def __init__(self, config: C, context: Context) -> None:
        self.config = config
        self.context = context

    def check(self) -> Identity:
        """Who are we connected to? Raises AuthError or ConfigError with advice."""
        raise NotImplementedError(f"{type(self).__name__} must say in check() who it is connected to")

    def close(self) -> None:  # optional to override
        """Release what was opened."""

    @classmethod
    def streams(cls) -> tuple[StreamSpec, ...]:
        """The declared streams, in the order they are written."""
        return tuple(_declared(cls, "__stream__"))

    @classmethod
    def inbounds(cls) -> tuple[InboundSpec, ...]:
        """The declared push seams."""
        return tuple(_declared(cls, "__inbound__"))

    @classmethod
    def stream_records(cls, spec: StreamSpec, config: C) -> tuple[type[Record], ...]:  # noqa: ARG003  # for overriding
        """The record types that a stream brings with these settings: all it declares, unless overridden.

        A metric takes a connected source's silence for zero, so a stream must not claim what its settings never bring.
        """
        return spec.records

    @classmethod
    def provides(cls, config: C) -> frozenset[type[Record]]:
        """The record types this connector brings with these settings."""
        read = {r for spec in cls.streams() for r in cls.stream_records(spec, config)}
        return frozenset(read | {r for pushed in cls.inbounds() for r in pushed.records})


def _declared(cls: type, marker: str) -> Iterable[Any]:
    seen: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            if hasattr(member, marker):
                seen[name] = getattr(member, marker)
            else:
                seen.pop(name, None)
    return seen.values()


def _refuse_shared_snapshots(cls: type[Connector[Any]]) -> None:
    """What another stream brought would look vanished to a snapshot of the same record type."""
    for spec in cls.streams():
        for other in cls.streams():
            shared = set(spec.records) & set(other.records)
            if spec.deletes == "snapshot" and other is not spec and shared:
                names = ", ".join(sorted(r.__name__ for r in shared))
                raise PluginError(
                    f"{cls.__name__}: stream {spec.name} deletes by snapshot, but stream {other.name} brings {names} as well, "
                    'which would be deleted; read both in one stream, or declare deletes="tombstones" or "none"'
                )
