"""What one request knows: who asks, the hub, the loaders, and how to read the store without blocking the event loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import anyio
import anyio.to_thread
import sqlalchemy as sa
import strawberry
from strawberry.types.info import Info as StrawberryInfo

from accountpulse.core.scoring.backdrop import Backdrop
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.core.store.tokens import Viewer
from accountpulse.graphql.hub import Hub
from accountpulse.graphql.limits.allowance import Allowance

if TYPE_CHECKING:
    from accountpulse.graphql.loaders import Loaders

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Context:
    """One request. viewer is None where the app runs without tokens.

    threads: how many reads may run at once. previews: how many evaluations of all accounts; previewed: whether this request
    has asked for one. may_be_kept: whether the answer rests on nothing but the store; said when the operation begins.
    allowance: what the viewer may still ask for. as_json: whether the answer goes to `encoding.encode` and nowhere else: then
    parts of it may be `Encoded`. backdrops: those of the scores read so far, by digest.
    """

    hub: Hub
    viewer: Viewer | None
    request_id: str
    threads: anyio.CapacityLimiter
    previews: anyio.CapacityLimiter
    allowance: Allowance
    as_json: bool = False
    previewed: bool = field(default=False, init=False)
    may_be_kept: bool = field(default=False, init=False)
    backdrops: dict[str, Backdrop] = field(default_factory=dict, init=False)

    @property
    def scope(self) -> RowScope:
        """The accounts that may be seen: what everything that reads the store about accounts is called with."""
        return EVERYTHING if self.viewer is None else self.viewer.rows

    @cached_property
    def loaders(self) -> Loaders:
        """Made when the first is used: many queries need none."""
        from accountpulse.graphql.loaders import Loaders  # the loaders' modules import this one

        return Loaders(self)

    async def read(self, function: Callable[Concatenate[sa.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of `core.store` in a worker thread, inside a transaction that only reads."""

        def work() -> T:
            with self.hub.store.read() as connection:
                return function(connection, *args, **kwargs)

        # A query that took too long is answered so at once; its read ends in its thread.
        return await anyio.to_thread.run_sync(work, limiter=self.threads, abandon_on_cancel=True)


if TYPE_CHECKING:
    Info = StrawberryInfo[Context, None]
else:
    Info = strawberry.Info[Context, None]
