"""What may have changed since accounts were measured: whose facts were written or linked, and of whom a row passes a boundary.

Whatever all accounts share (rates, key features) makes it everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from accountpulse.core.metrics.asof import AsCorrected, Bound, Moment
from accountpulse.core.metrics.declare import KEY_FEATURE_DAYS, Metric
from accountpulse.core.metrics.features import configured_key_features, key_features
from accountpulse.core.metrics.money import conversion
from accountpulse.core.metrics.reach import boundaries, shared_inputs
from accountpulse.core.metrics.sources import sources
from accountpulse.core.model import Kind
from accountpulse.core.scoring.day import Yardstick
from accountpulse.core.scoring.stored_frame import Columns
from accountpulse.core.store import touched as store_touched
from accountpulse.core.store.touched import EVERYTHING, Touch, record_bit
from accountpulse.core.store.types import EPOCH_DAY

ACCOUNT_RECORD = "account"
ACCOUNT = record_bit(ACCOUNT_RECORD)


@dataclass(frozen=True, slots=True)
class Need:
    """What of an account must be measured again. records: bits of record types; since: the first day that may differ."""

    records: int
    since: date

    def joined(self, other: Need | None) -> Need:
        return self if other is None else Need(self.records | other.records, min(self.since, other.since))

    def metrics(self, columns: Columns) -> tuple[Metric, ...]:
        """The metrics of a sheet to measure again."""
        # Of who was no customer on an earlier day nothing was measured, and the account's own facts may say that they were.
        if self.records == EVERYTHING or (columns.offset and self.records & ACCOUNT):
            return columns.metrics
        return tuple(m for m in columns.metrics if any(record_bit(source) & self.records for source in m.sources))

    def by_record(self, columns: Columns) -> list[tuple[Metric, ...]]:
        """The metrics of a sheet that read each of the record types; of several types, each time."""
        read = {source: None for m in columns.metrics for source in m.sources if record_bit(source) & self.records}
        return [tuple(m for m in columns.metrics if source in m.sources) for source in read]


WHOLLY = Need(EVERYTHING, EPOCH_DAY)


class Needs(dict[int, Need]):
    """By account, what must be measured again."""

    def add(self, accounts: Iterable[int], need: Need) -> None:
        for id in accounts:
            known = self.get(id)
            self[id] = need if known is None or known == need else need.joined(known)


def rates_changed(connection: sa.Connection, sheets: Sequence[Columns], yardstick: Yardstick, day: date) -> bool:
    """Whether amounts would be converted otherwise than they were. day: the one whose sheets are asked for."""
    for columns in sheets:
        if "rates" in shared_inputs(columns.metrics):
            moment = Moment(day - timedelta(days=columns.offset), yardstick.zone, AsCorrected())
            if dict(conversion(connection, moment, yardstick.currency).factors) != dict(columns.worth.factors):
                return True
    return False


def features_changed(
    connection: sa.Connection,
    sheets: Sequence[Columns],
    yardstick: Yardstick,
    before: date,
    day: date,
    marks: Mapping[int, Touch],
) -> bool:
    """Whether other features are key than there were on `before`, where no configuration says which.

    On the same day only what `marks` touched can tell.
    """
    asked = [(columns.offset, columns.features) for columns in sheets if columns.features is not None]
    if not asked or configured_key_features(connection) is not None:
        return False
    for offset, known in asked:
        past = day - timedelta(days=offset)
        if day != before:
            if key_features(connection, Moment(past, yardstick.zone, AsCorrected())) != known:
                return True
        elif not _still(connection, set(known.names), past, marks):
            return True
    return False


def _still(connection: sa.Connection, known: set[str], past: date, marks: Mapping[int, Touch]) -> bool:
    begin, end = past + timedelta(days=1 - KEY_FEATURE_DAYS), past + timedelta(days=1)
    usage = record_bit("usage_day")
    used, ever = store_touched.features_used(connection, [id for id, mark in marks.items() if mark.records & usage], begin, end)
    doubtful = sorted((ever - used) & known)
    return used <= known and store_touched.any_usage(connection, doubtful, begin, end) == set(doubtful)


def needs_of(connection: sa.Connection, marks: Mapping[int, Touch]) -> Needs:
    """The accounts whose facts or links were written."""
    needs = Needs()
    by_mark: dict[tuple[int, date], list[int]] = {}
    for source, account in store_touched.accounts_ever(connection, sorted(marks)):
        mark = marks[source]
        by_mark.setdefault((mark.records, mark.since), []).append(account)
    for (records, since), accounts in by_mark.items():
        needs.add(accounts, Need(records, since))
    moved = [id for id, mark in marks.items() if mark.records == EVERYTHING]
    children = store_touched.named_as_parent(connection, moved)
    for _, account in store_touched.accounts_ever(connection, sorted(children)):
        needs.add([account], Need(ACCOUNT, EPOCH_DAY))
    return needs


def add_crossing(
    connection: sa.Connection,
    needs: Needs,
    sheets: Sequence[Columns],
    yardstick: Yardstick,
    before: date,
    day: date,
    limit: int,
) -> None:
    """Add the accounts of whom a row passes a boundary between two days; stops where there are more than `limit`."""
    asked: dict[tuple[str, str, date | datetime, date | datetime], None] = {}
    for columns in sheets:
        old, new = (Moment(d - timedelta(days=columns.offset), yardstick.zone, AsCorrected()) for d in (before, day))
        for account in store_touched.founded_between(connection, old.end, new.end):
            needs.add([account], Need(ACCOUNT, EPOCH_DAY))
        for record, column, offset in sorted(_boundaries(columns.metrics)):
            bound = Bound(sources()[record].column(column).kind if column != "known_from" else Kind.INSTANT, offset)
            asked[record, column, old.bound(bound), new.bound(bound)] = None
    for record, column, begin, end in asked:
        versions = column == "known_from" or column in sources()[record].undated
        crossed = store_touched.crossing(connection, record, column, begin, end, versions=versions)
        for _, account in store_touched.accounts_ever(connection, crossed):
            needs.add([account], Need(record_bit(record), EPOCH_DAY))
        if len(needs) > limit:
            return


def _boundaries(metrics: Sequence[Metric]) -> set[tuple[str, str, int]]:
    """Those of the metrics, those of being a customer at all, and when an undated column got the value it has."""
    account = {("account", column, 0) for column in ("created_at", "customer_since", "churned_at")}
    found = {(b.source, b.column, b.offset) for b in boundaries(metrics)} | account
    return found | {(record, "known_from", 0) for record, _, _ in found if sources()[record].undated}
