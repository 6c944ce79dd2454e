"""The records behind a metric's value: those of one source that at least one of its aggregates reads, as of a day."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from accountpulse.core.metrics.asof import Moment
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.dialects import dialect_of
from accountpulse.core.metrics.features import NAMES, key_features
from accountpulse.core.metrics.money import conversion
from accountpulse.core.metrics.passes import prepare, reach
from accountpulse.core.metrics.rows import ACCOUNTS, Scope, visible_rows
from accountpulse.core.store.records import Among

_NO_ROWS = ("attribute", "key_features")


def read_by(metric: Metric) -> list[str]:
    """The record types of which a metric reads single records, in the order of its declaration."""
    return list(dict.fromkeys(a.source for a in metric.aggregates.values() if a.function not in _NO_ROWS))


def records_behind(
    connection: sa.Connection, metric: Metric, record: str, accounts: Sequence[int], moment: Moment, reporting_currency: str
) -> Among:
    """Which records of some accounts a metric reads at a moment, which must be one of `AsCorrected`.

    Raises KeyError for a record type of which it reads none.
    """
    dialect = dialect_of(connection)
    worth = conversion(connection, moment, reporting_currency)
    scope = Scope(dialect, corrected=True, some_accounts=True, currencies=worth.currencies)
    members = [
        prepare(aggregate, scope, f"metric {metric.name!r}, aggregate {name!r}")
        for name, aggregate in metric.aggregates.items()
        if aggregate.source == record and aggregate.function not in _NO_ROWS
    ]
    if not members:
        raise KeyError(record)
    source = members[0].source
    columns = tuple(c for c in source.columns if any(c in m.columns for m in members))
    rows = visible_rows(source, columns, scope, reach(members))
    wanted = list(dict.fromkeys(m.condition for m in members))
    where = "" if "" in wanted else f"\nwhere ({') or ('.join(wanted)})"
    text = dialect.finished(f"select account_id, connection_id, source_id\nfrom ({rows}) as visible{where}")  # ours
    parameters = moment.parameters(scope.bounds.used, dialect) | dict(scope.literals.values)
    parameters |= worth.parameters() | {ACCOUNTS: dialect.ids(accounts)}
    if f":{NAMES}" in text:
        parameters |= key_features(connection, moment).parameters(dialect)
    return Among(text, parameters)
