"""The composition root: settings, plugins and store, put together into one running AccountPulse."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import TracebackType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from accountpulse.care import DataCare
from accountpulse.config.settings import Settings
from accountpulse.core.audit.audit import AuditRequest, audit
from accountpulse.core.audit.report import AuditReport
from accountpulse.core.clock import Clock, SystemClock, day_of
from accountpulse.core.errors import AccountPulseError, NotFound
from accountpulse.core.identity.resolve import Candidate, SourceAccount
from accountpulse.core.identity.service import Links
from accountpulse.core.jobs import InProcessJobs, Jobs
from accountpulse.core.jobs.background import Background
from accountpulse.core.jobs.requests import InThread, SyncRequest
from accountpulse.core.metrics.choice import choose_engine
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.notify.deliver import Deliverer, Webhook
from accountpulse.core.observe.freshness import Contracts
from accountpulse.core.people import People
from accountpulse.core.scoring.change import ScoreMove
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.next_band import NextBand
from accountpulse.core.scoring.preview import DraftProblem, Preview
from accountpulse.core.scoring.publication import Draft
from accountpulse.core.scoring.retention import Retention, Thinned, thin, thin_once_a_day
from accountpulse.core.scoring.service import OnDay, ScoreReport, ScoringService
from accountpulse.core.scoring.types import Score
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import inbox as store_inbox
from accountpulse.core.store import lookup as store_lookup
from accountpulse.core.store import profiles as store_profiles
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store import tokens as store_tokens
from accountpulse.core.store import touched as store_touched
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.core.store.tokens import TokenInfo
from accountpulse.core.sync.connector import InboundRequest
from accountpulse.core.sync.inbox import receive
from accountpulse.core.sync.results import OnProgress, Progress, RunResult, silent
from accountpulse.core.sync.retry import RetryPolicy
from accountpulse.drafts import TextReader
from accountpulse.operations import Operations
from accountpulse.overview import ConnectionStatus, RunReport, ScoreRow, connection_status, latest_runs, score_table
from accountpulse.plugins.host import PluginHost, PluginInfo
from accountpulse.registering import register
from accountpulse.releases import Releases
from accountpulse.sources import CheckResult, Sources

if TYPE_CHECKING:
    from accountpulse.core.mirror import OnRows

logger = logging.getLogger(__name__)


class Hub:
    """One running AccountPulse. A context manager; `Hub.open` makes one."""

    def __init__(
        self, settings: Settings, host: PluginHost, store: Store, clock: Clock, retry: RetryPolicy | None = None
    ) -> None:
        self.settings = settings
        self.host = host
        self.store = store
        self.clock = clock
        self.zone: ZoneInfo = settings.zone
        self._ids = register(settings, host, store, clock)
        self._engine, self.mirror = choose_engine(
            store, clock, settings.mirror_path, settings.engine, settings.spark, host.engines
        )
        # Set when the process ends: what is being read stops at its next record, and keeps what it has.
        self.stopping = threading.Event()
        # Set when something was pushed to this process; whoever applies it clears it.
        self.arrived = threading.Event()
        retry = retry or RetryPolicy(sleep=self.stopping.wait)
        self.sources = Sources(settings, host, store, clock, self.zone, self._ids, self.stopping.is_set)
        draft, yardstick = Draft(settings.segments, settings.models), self._yardstick()
        told = settings.notify.events if settings.notify else frozenset()
        self.scoring = ScoringService(store, clock, yardstick, draft, host.observe_score, told)
        self.releases = Releases(store, clock, yardstick, draft, settings.path)
        self.people = People(store, clock, self.zone)
        self.links = Links(
            store,
            clock,
            self.zone,
            account_keys={id: connector.account_keys for id, connector in host.connectors.items()},
            precedence=self._precedence(),
            match=self._match if host.matches_accounts else None,
        )
        self.jobs: Jobs = InProcessJobs(
            store,
            clock,
            retry=retry,
            limits=settings.limits,
            sources=self.sources,
            link=self.links.relink,
            scoring=self.scoring,
        )
        self.background = Background()
        self.care = DataCare(store, clock, self.zone, settings.record_days, self.mirror)
        self.operations = Operations(
            store, clock, InThread(self.background, self._sync_and_score), metrics=host.metrics, scorers=host.scorers
        )

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        host: PluginHost | None = None,
        clock: Clock | None = None,
        retry: RetryPolicy | None = None,
    ) -> Hub:
        """Open the store, bring it up to date and make its connections those of the settings.

        Raises StoreError, MissingExtra, or what a model or plugin got wrong.
        """
        if host is None:
            host = PluginHost.load(allow=settings.plugins.allow, strict=settings.plugins.strict)
        store = Store.open(settings.store_url)
        try:
            return cls(settings, host, store, clock or SystemClock(), retry)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Let go of connectors and store; what is being done in the background ends first."""
        self.background.close()
        self.sources.close()
        self.store.close()

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # --- what the API reads -------------------------------------------------------------------------------------------

    @property
    def currency(self) -> str:
        """The reporting currency."""
        return self.settings.currency

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The installed metrics by name."""
        return self.host.metrics

    @property
    def connector_titles(self) -> Mapping[str, str]:
        """What people call each connector."""
        titles = {id: connector.title for id, connector in self.host.connectors.items()}
        return titles | {store_connections.PEOPLE: "What people enter"}

    @property
    def plugins(self) -> Sequence[PluginInfo]:
        """The installed plugins, the broken ones with their reason."""
        return self.host.plugins

    @property
    def graphql_types(self) -> Sequence[type]:
        """Strawberry types that plugins merge into Query."""
        return self.host.graphql_types

    @property
    def contracts(self) -> Contracts:
        """How old the data of each connection may be."""
        return self.settings.contracts

    @property
    def today(self) -> date:
        """The current scoring day, in the store's time zone."""
        return day_of(self.clock.now(), self.zone)

    # --- work ---------------------------------------------------------------------------------------------------------

    def check(self, name: str | None = None, *, accept: bool = False) -> list[CheckResult]:
        """Try the credentials of every connection, or of one. Raises NotFound for an unknown name.

        accept: whom they belong to now is the account that was read before, under another name.
        """
        return [self.sources.check(n, accept=accept) for n in self.sources.names(name)]

    def sync(
        self,
        connection: str | None = None,
        stream: str | None = None,
        *,
        reset: bool = False,
        purge: bool = False,
        delete_vanished: bool = False,
        on_progress: OnProgress = silent,
    ) -> list[RunResult]:
        """Read all connections, one, or one stream, then link accounts. One connection's fault is not another's.

        reset: from the start, keeping history. purge: forget first all that was read. delete_vanished: a person confirmed that
        what a complete read lacks is gone. Raises NotFound; InvalidInput for what can't be forgotten.
        """
        results: list[RunResult] = []
        streams = [stream] if stream is not None else None
        for name in self.sources.names(connection):
            refused = self.sources.refusal(name)
            if refused is None and purge:
                refused = self.sources.forget(name, streams)
            results.append(
                refused or self.jobs.run_sync(name, streams, on_progress, reset=reset, delete_vanished=delete_vanished)
            )
        self.link(lambda done, total: on_progress(Progress("mirror", "facts", done, done >= total, "ok")))
        return results

    def read(self, request: SyncRequest) -> RunResult:
        """Do what was asked for, and link nothing yet. Raises NotFound."""
        (name,) = self.sources.names(request.connection)
        streams = None if request.stream is None else [request.stream]
        return self.sources.refusal(name) or self.jobs.run_sync(
            name, streams, reset=request.reset, delete_vanished=request.delete_vanished, watched=True
        )

    def link(self, on_rows: OnRows | None = None) -> None:
        """Link accounts by what has been read, and bring the mirror up to it."""
        self.jobs.run_linking()
        self.refresh_mirror(on_rows)

    def _sync_and_score(self, request: SyncRequest) -> None:
        self.read(request)
        self.link()
        self.rescore_changed()

    def notify(self) -> None:
        """Deliver what the last scoring put into the outbox; what can't be delivered now is tried again later."""
        deliverer = self.deliverer
        if deliverer is not None:
            deliverer.round(self.stopping.is_set)

    def refresh_mirror(self, on_rows: OnRows | None = None) -> None:
        """Bring the mirror up to the store, where there is one. What can't be done now is tried again before scoring."""
        if self.mirror is not None:
            try:
                self.mirror.refresh(on_rows)
            except AccountPulseError as error:
                logger.warning("%s", error)

    @property
    def deliverer(self) -> Deliverer | None:
        """What delivers the outbox; None where the configuration names no webhook."""
        found = self.settings.notify
        return None if found is None else Deliverer(self.store, self.clock, Webhook(found.url, found.secret.get_secret_value()))

    def receive(self, connection_name: str, request: InboundRequest) -> int:
        """Store a pushed request durably; returns how many messages were new.

        Raises NotFound, AuthError for a bad signature or key, InvalidRecord for an unreadable body.
        """
        source = self.sources.get(connection_name)
        if source is None:
            raise NotFound(f"there is no connection {connection_name!r}")
        new = receive(self.store, self.clock, source, request)
        self.arrived.set()
        return new

    def apply_pushed(self) -> int:
        """Apply what was pushed and waits, and link accounts; returns how many messages that were."""
        read = self.drain()
        if read:
            self.link_new()
        return read

    def drain(self) -> int:
        """Apply what was pushed and waits, and link nothing yet; returns how many messages that were.

        Where nothing waits it only reads: an idle server writes nothing.
        """
        taking = {source.id: name for name, source in self.sources.items() if source.connector.inbounds()}
        with self.store.read() as connection:
            waiting = store_inbox.who_waits(connection, list(taking))
        return sum(self.jobs.run_inbox(taking[id]).read for id in sorted(waiting))

    def link_new(self) -> None:
        """Link accounts as far as what was written since the last scoring may change a link."""
        self.links.relink_new()

    def score(
        self,
        as_of: date | None = None,
        *,
        since: date | None = None,
        full: bool = False,
        on_progress: OnDay | None = None,
    ) -> ScoreReport:
        """Score all accounts as of today, a past day, or each day of a range. Raises NotFound for a day to come.

        full: today, read the facts of everybody, not only of those who may have changed since the last run.
        """
        report = self.jobs.run_scoring(as_of or self.today, since=since, full=full, on_day=on_progress)
        if self.settings.retention != Retention():
            with self.store.write() as connection:
                thin_once_a_day(connection, self.today, self.settings.retention)
        self.care.forget_old_weekly()
        return report

    def thin_history(self, *, dry_run: bool = False) -> Thinned:
        """Remove from the history what the configuration says is no longer kept; dry_run: only say how much that is."""
        with self.store.write() as connection, connection.begin_nested() as attempt:
            report = thin(connection, self.today, self.settings.retention)
            if dry_run:
                attempt.rollback()
        return report

    def explain(self, account: str, as_of: date | None = None) -> Score:
        """An account's score with its reasons; `account` is an id, a name, a domain or `connection:key`.

        Raises NotFound, naming near ones.
        """
        with self.store.read() as connection:
            account_id = store_lookup.account_id(connection, account, scope=EVERYTHING)
        return self.scoring.explain(account_id, as_of)

    def audit(self, request: AuditRequest, *, on_progress: OnDay | None = None) -> AuditReport:
        """Whether scores foretold what became of customers. Raises NotFound for a segment, series or day there is none of."""
        with self.store.read() as connection:
            return audit(connection, self._yardstick(), self.clock.now(), request, on_progress)

    def rescore(self, account_id: int, *, on_progress: OnDay | None = None) -> bool:
        """Score today again after somebody's word on an account, so that it counts at once; False where it has no score yet."""
        if self.score_now(account_id):
            return True
        with self.store.read() as connection:
            scored = bool(store_scores.current(connection, account_id))
        if scored:
            self.score(on_progress=on_progress)
        return scored

    def rescore_changed(self, *, on_progress: OnDay | None = None) -> bool:
        """Score today again those whose facts or links changed; False, and nothing done, where nothing was ever scored."""
        with self.store.read() as connection:
            if not store_scores.any_current(connection):
                return False
        self.score(on_progress=on_progress)
        return True

    def changed_since_scored(self) -> int:
        """Of how many source accounts facts or links were written since today was last scored."""
        with self.store.read() as connection:
            return store_touched.how_many_touched(connection)

    def score_now(self, account_id: int) -> bool:
        """Score an account again at once; False, and nothing done, where that can't be had without scoring everybody."""
        with self.store.read() as connection:
            if not store_scores.current(connection, account_id):
                return False
        return self.scoring.run_accounts([account_id])

    def explain_change(self, account: str, start: date, end: date | None = None, *, scope: RowScope) -> tuple[str, ScoreMove]:
        """An account's name, and why its score moved between two days. end: the last day scored on the day, unless given.

        In a limited scope nothing is said of its children. Raises NotFound for an account, and for days on which it was no
        customer.
        """
        account_id, name = self._named(account, scope)
        move = self.scoring.explain_change(account_id, start, end)
        return name, move if scope.everything else move.alone()

    def counterfactual(self, account: str, band: str | None = None, *, scope: RowScope) -> tuple[str, NextBand]:
        """An account's name, and what it would take for it to reach a band, the next better one unless given.

        Raises NotFound for an account, and for a band that its model does not have.
        """
        account_id, name = self._named(account, scope)
        return name, self.scoring.counterfactual(account_id, band)

    def _named(self, account: str, scope: RowScope) -> tuple[int, str]:
        with self.store.read() as connection:
            account_id = store_lookup.account_id(connection, account, scope=scope)
            return account_id, store_profiles.names(connection, [account_id]).get(account_id, account)

    def tokens(self) -> list[TokenInfo]:
        """All API tokens ever made, without their secrets."""
        with self.store.read() as connection:
            return store_tokens.listing(connection)

    def table(self, as_of: date | None = None) -> list[ScoreRow]:
        """Every scored account in a line, worst first."""
        scores = self.scoring.scores(as_of)
        with self.store.read() as connection:
            return score_table(connection, scores)

    def status(self) -> list[ConnectionStatus]:
        """How every connection stands."""
        with self.store.read() as connection:
            return connection_status(connection, self.contracts, self.clock.now())

    def runs(self, connection: str | None, first: int) -> list[RunReport]:
        """The latest runs of a connection, or of each, newest first. Raises NotFound."""
        with self.store.read() as reading:
            return latest_runs(reading, connection, first)

    def preview(
        self, models: Sequence[str], segments: str | None, limit: int, *, scope: RowScope
    ) -> Preview | list[DraftProblem]:
        """What would happen under models and rules sent as text, see `drafts.TextReader`; or all that is wrong with them.

        limit: of each list of accounts. scope: whose accounts are counted and listed. Nothing is stored.
        """
        draft = self.draft(models, segments)
        return self.releases.preview(draft, limit=limit, scope=scope) if isinstance(draft, Draft) else draft

    def draft(self, models: Sequence[str], segments: str | None) -> Draft | list[DraftProblem]:
        """A draft of models and rules sent as text in the place of those configured; or all that is wrong with them."""
        reader = TextReader(self.host)
        draft = reader.read(self.releases.draft, models, segments)
        return reader.problems if draft is None else draft

    # --- putting it together ------------------------------------------------------------------------------------------

    def _match(self, account: SourceAccount, candidates: list[Candidate]) -> int | None:
        chosen = self.host.match_account(account, candidates)
        return None if chosen is None else chosen.root

    def _precedence(self) -> dict[str, list[int]]:
        return {attribute: [self._ids[name] for name in names] for attribute, names in self.settings.precedence.items()}

    def _yardstick(self) -> Yardstick:
        return Yardstick(
            zone=self.zone,
            currency=self.settings.currency,
            metrics=self.host.metrics,
            scorers=self.host.scorers,
            precedence=self._precedence(),
            stale_after=timedelta(days=self.settings.stale_after_days),
            engine=self._engine,
        )
