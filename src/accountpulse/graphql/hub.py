"""What the API needs of the composition root. `accountpulse.hub` satisfies it; tests use a small one of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from accountpulse.core.clock import Clock
from accountpulse.core.identity.service import Links
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.observe.freshness import Contracts
from accountpulse.core.people import People
from accountpulse.core.scoring.change import ScoreMove
from accountpulse.core.scoring.next_band import NextBand
from accountpulse.core.scoring.preview import DraftProblem, Preview
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import RowScope
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.core.trail import Asker


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


class NewToken(Protocol):
    """A token that was made. token: itself; None where it had been made before."""

    @property
    def prefix(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class Operations(Protocol):
    """What operators change; each method notes who asked for it, and raises InvalidInput, NotFound or Conflict.

    `accountpulse.operations.Operations` says what each does.
    """

    def sync(self, name: str, stream: str | None, *, asker: Asker) -> bool: ...
    def confirm_deletes(self, name: str, stream: str, *, asker: Asker) -> bool: ...
    def retry_quarantine(self, name: str, stream: str, *, asker: Asker) -> bool: ...
    def cancel(self, name: str, *, asker: Asker) -> bool: ...
    def pause(self, name: str, *, until: datetime | None, reason: str | None, asker: Asker) -> object: ...
    def resume(self, name: str, *, asker: Asker) -> None: ...
    def publish(
        self, draft: Draft, *, wanted: Mapping[str, object], reason: str | None, expected_release: int | None, asker: Asker
    ) -> int | None: ...
    def roll_back(self, to: int | None, *, reason: str | None, expected_release: int | None, asker: Asker) -> int | None: ...
    def create_token(
        self, name: str, scopes: Sequence[str], expires_at: datetime | None, *, rows: RowScope, asker: Asker
    ) -> NewToken: ...
    def revoke_token(self, prefix: str, *, asker: Asker) -> str: ...


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
    def contracts(self) -> Contracts: ...
    @property
    def people(self) -> People: ...
    @property
    def links(self) -> Links: ...
    @property
    def operations(self) -> Operations: ...

    def draft(self, models: Sequence[str], segments: str | None) -> Draft | list[DraftProblem]:
        """A draft of model files and segments, sent as text, in the place of those configured; or all that is wrong with it."""
        ...

    def score_now(self, account_id: int) -> bool:
        """Score an account again after somebody's word on it; False where that must wait for the next run.

        Called in a worker thread.
        """
        ...

    def preview(
        self, models: Sequence[str], segments: str | None, limit: int, *, scope: RowScope
    ) -> Preview | list[DraftProblem]:
        """Score a draft of model files and segments, sent as text, beside what is published; or all that is wrong with it.

        limit: of each list of accounts. scope: whose accounts are counted and listed. Nothing is stored.
        Called in a worker thread.
        """
        ...

    def explain_change(self, account: str, start: date, end: date | None = None, *, scope: RowScope) -> tuple[str, ScoreMove]:
        """An account's name, and why its score moved from one day to another; end: the last day scored, unless given.

        account: its id, in the scope. Raises NotFound. Called in a worker thread.
        """
        ...

    def counterfactual(self, account: str, band: str | None = None, *, scope: RowScope) -> tuple[str, NextBand]:
        """An account's name, and what it takes for it to reach a band, the next better one unless given.

        account: its id, in the scope. Raises NotFound. Called in a worker thread.
        """
        ...

    def receive(self, connection_name: str, request: InboundRequest) -> int:
        """Store a pushed request durably; returns how many messages were new. Called in a worker thread.

        Raises NotFound, AuthError, InvalidRecord; RateLimited or Transient when the sender should come again later.
        """
        ...
