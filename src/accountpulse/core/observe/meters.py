"""Figures of this process, and of the store, as Prometheus reads them.

What a process does is counted where it happens. What the store knows, of whatever process, is read when Prometheus asks: two
processes that share a store tell the same of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accountpulse.core.clock import Clock
from accountpulse.core.observe.freshness import Contracts
from accountpulse.core.store import figures
from accountpulse.core.store.database import Store
from accountpulse.core.store.figures import ConnectionFigures
from accountpulse.core.store.queued import queued

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "accountpulse_request_seconds",
    "How long GraphQL requests took, by HTTP status.",
    ["status"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
REFUSED = Counter("accountpulse_requests_refused", "GraphQL requests that were refused, by code.", ["code"], registry=REGISTRY)
ANSWERS = Counter("accountpulse_answers", "GraphQL answers: kept from before, or new.", ["origin"], registry=REGISTRY)
SCORED = Histogram(
    "accountpulse_scoring_seconds",
    "How long it took to score the current day.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)


class StoreFigures(Collector):
    """What a store knows. contracts: within what time each connection is to be read."""

    def __init__(self, store: Store, clock: Clock, contracts: Contracts) -> None:
        self._store = store
        self._clock = clock
        self._contracts = contracts

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the store."""
        return ()

    def collect(self) -> Iterator[Metric]:
        now = self._clock.now()
        up = GaugeMetricFamily("accountpulse_store_up", "Whether the store could be read.")
        try:
            with self._store.read() as connection:
                found = figures.read(connection)
            jobs = queued(self._store)
        except sa.exc.SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _of_connections(found.connections, self._contracts, now)
        runs = CounterMetricFamily("accountpulse_syncs", "Syncs that ended or run, by how.", labels=["connection", "state"])
        for (name, state), count in found.runs.items():
            runs.add_metric([name, state], count)
        yield runs
        records = CounterMetricFamily("accountpulse_records", "Records by what became of them.", labels=["connection", "what"])
        for (name, what), count in found.records.items():
            records.add_metric([name, what], count)
        yield records
        outbox = GaugeMetricFamily("accountpulse_outbox", "What is to be told to others, by state.", labels=["state"])
        for state, count in found.outbox.items():
            outbox.add_metric([state], count)
        yield outbox
        depth = GaugeMetricFamily("accountpulse_jobs", "Jobs that are not done, by queue and state.", labels=["queue", "state"])
        for (queue, state), count in jobs.items():
            depth.add_metric([queue, state], count)
        yield depth
        accounts = GaugeMetricFamily("accountpulse_accounts", "Accounts with a score, by band.", labels=["band"])
        for band, count in found.bands.items():
            accounts.add_metric([band], count)
        yield accounts
        if found.scored_at is not None:
            age = (now - found.scored_at).total_seconds()
            yield GaugeMetricFamily("accountpulse_scored_age_seconds", "Since when nothing was scored.", value=age)


def _of_connections(connections: Iterable[ConnectionFigures], contracts: Contracts, now: datetime) -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "accountpulse_connection_lag_seconds", "How old the data of the stream that lags most is.", labels=["connection"]
    )
    allowed = GaugeMetricFamily(
        "accountpulse_connection_expected_lag_seconds", "How old it may be by the configuration.", labels=["connection"]
    )
    states = GaugeMetricFamily("accountpulse_connection_state", "1 for the state it is in.", labels=["connection", "state"])
    waiting = GaugeMetricFamily("accountpulse_inbox_waiting", "Pushed messages that wait.", labels=["connection"])
    quarantined = GaugeMetricFamily("accountpulse_quarantined", "Records nobody understood.", labels=["connection"])
    for each in connections:
        if each.fresh_at is not None:
            lag.add_metric([each.name], max(0.0, (now - each.fresh_at).total_seconds()))
        within = contracts.of(each.name, only_pushes=each.only_pushes)
        if within is not None:
            allowed.add_metric([each.name], within.total_seconds())
        states.add_metric([each.name, each.state], 1)
        waiting.add_metric([each.name], each.waiting)
        quarantined.add_metric([each.name], each.quarantined)
    yield from (lag, allowed, states, waiting, quarantined)


@contextmanager
def served(store: Store, clock: Clock, contracts: Contracts, host: str, port: int) -> Iterator[int]:
    """Answer Prometheus on a port of its own while the context lasts; yields the port, the one taken where 0 was asked for.

    Raises OSError where it can't be had.
    """
    from prometheus_client import start_http_server

    ours = StoreFigures(store, clock, contracts)
    REGISTRY.register(ours)
    try:
        server, thread = start_http_server(port, addr=host, registry=REGISTRY)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join(timeout=5)
    finally:
        REGISTRY.unregister(ours)
