"""What the API needs of the composition root. `accountpulse.hub` satisfies it; tests use a small one of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

from accountpulse.core.clock import Clock
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.people import People
from accountpulse.core.scoring.preview import DraftProblem, Preview
from accountpulse.core.store.database import Store
from accountpulse.core.sync.connector import InboundRequest


class PluginInfo(Protocol):
    """An installed plugin. status: `loaded`, `broken` or `left out`; reason: why it is not loaded. hooks: those implemented."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def hooks(self) -> Sequence[str]: ...


class Hub(Protocol):
    """The running AccountPulse, as far as the API is concerned.

    zone: the store's time zone. currency: its reporting currency (ISO 4217). metrics: by name. connector_titles: what people
    call each connector, by connector id. graphql_types: Strawberry types from plugins, whose fields are merged into Query.
    """

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def currency(self) -> str: ...
    @property
    def metrics(self) -> Mapping[str, Metric]: ...
    @property
    def connector_titles(self) -> Mapping[str, str]: ...
    @property
    def plugins(self) -> Sequence[PluginInfo]: ...
    @property
    def graphql_types(self) -> Sequence[type]: ...

    @property
    def people(self) -> People: ...

    def score_now(self, account_id: int) -> bool:
        """Score an account again after somebody's word on it; False where that must wait for the next run.

        Called in a worker thread.
        """
        ...

    def preview(self, models: Sequence[str], segments: str | None, limit: int) -> Preview | list[DraftProblem]:
        """Score a draft of model files and segments, sent as text, beside what is published; or all that is wrong with it.

        limit: of each list of accounts. Nothing is stored. Called in a worker thread.
        """
        ...

    def receive(self, connection_name: str, request: InboundRequest) -> int:
        """Store a pushed request durably; returns how many messages were new. Called in a worker thread.

        Raises NotFound, AuthError, InvalidRecord; RateLimited or Transient when the sender should come again later.
        """
        ...
