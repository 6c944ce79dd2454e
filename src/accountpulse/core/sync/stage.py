"""What waits for the next commit: records checked and ready to be written, deletions, and what could not be understood."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from accountpulse.core.errors import ConnectorError, InvalidRecord
from accountpulse.core.model import Record, UsageDay, schema_of
from accountpulse.core.store.writes import AccountKeys, FactRow, WriteCounts, delete_records, write_records
from accountpulse.core.sync.connector import Deleted
from accountpulse.core.sync.rows import LONGEST_KEY, shown, storable, to_row


class Stage:
    """Of several words on one record the last counts, whether it is a version or its deletion."""

    def __init__(self, place: str, records: Collection[type[Record]]) -> None:
        """place: who yields, for messages. records: the declared types."""
        self._place = place
        self._records = tuple(records)
        self._size = 0
        self.rows: dict[type[Record], dict[str, FactRow]] = defaultdict(dict)
        self.deleted: dict[type[Record], dict[str, None]] = defaultdict(dict)
        self.invalid: dict[str, str] = {}

    def __len__(self) -> int:
        return self._size

    def add(self, item: object) -> None:
        """Take what a connector yielded. Raises ConnectorError for what it may not yield."""
        self._size += 1
        if isinstance(item, Record):
            self._add_record(item)
        elif isinstance(item, Deleted):
            self._add_deleted(item)
        elif isinstance(item, InvalidRecord):
            self.refuse(item)
        else:
            raise ConnectorError(
                f"{self._place} yielded {type(item).__name__}; allowed are records, Deleted, InvalidRecord and Checkpoint"
            )

    def refuse(self, error: InvalidRecord, id: str | None = None) -> None:
        """Put a record into quarantine, by its own id or another."""
        named = error.source_id if id is None else id
        self.invalid[shown(named, LONGEST_KEY)] = shown(error.reason, LONGEST_KEY)

    def fresh(self) -> Stage:
        """An empty stage of the same rules."""
        return Stage(self._place, self._records)

    def merge(self, later: Stage) -> None:
        """Take over what another stage holds, as said after what this one holds."""
        self._size += len(later)
        for record, rows in later.rows.items():
            for row in rows.values():
                self._keep(record, row)
        for record, ids in later.deleted.items():
            for id in ids:
                self._drop(record, id)
        self.invalid.update(later.invalid)

    def understood(self) -> list[str]:
        """The ids that can't be in quarantine any longer."""
        named = [id for rows in self.rows.values() for id in rows] + [id for ids in self.deleted.values() for id in ids]
        return [id for id in named if id not in self.invalid]

    def seen(self, record: type[Record]) -> list[str]:
        """The ids that exist at the source: those that can't be understood as well."""
        return [*self.rows.get(record, ()), *self.invalid]

    def write(
        self,
        connection: sa.Connection,
        keys: AccountKeys,
        now: datetime,
        today: date,
        *,
        assumed: bool = False,
        revisable_since: datetime | None = None,
    ) -> WriteCounts:
        """Write records, then deletions. today, revisable_since: when usage is corrected in place, see `write_records`."""
        counts = WriteCounts()
        for record, rows in self.rows.items():
            counts.add(
                write_records(
                    connection,
                    schema_of(record).name,
                    list(rows.values()),
                    keys=keys,
                    now=now,
                    assumed=assumed,
                    open_day=today if record is UsageDay else None,
                    revisable_since=revisable_since if record is UsageDay else None,
                )
            )
        for record, ids in self.deleted.items():
            counts.add(delete_records(connection, schema_of(record).name, list(ids), keys=keys, now=now))
        return counts

    def _add_record(self, record: Record) -> None:
        cls = type(record)
        self._declared(cls)
        try:
            row = to_row(record)
        except InvalidRecord as error:
            self.refuse(error)
            return
        self._keep(cls, row)

    def _add_deleted(self, item: Deleted) -> None:
        self._declared(item.record)
        if not isinstance(item.source_id, str) or not storable(item.source_id):
            self.refuse(InvalidRecord(item.source_id, f"Deleted needs a source_id that is a text, found {item.source_id!r}"))
            return
        self._drop(item.record, item.source_id)

    def _keep(self, record: type[Record], row: FactRow) -> None:
        self.rows[record][row.source_id] = row
        self.deleted[record].pop(row.source_id, None)
        self.invalid.pop(row.source_id, None)

    def _drop(self, record: type[Record], id: str) -> None:
        self.rows[record].pop(id, None)
        self.deleted[record][id] = None
        self.invalid.pop(id, None)

    def _declared(self, record: object) -> None:
        if record not in self._records:
            name = record.__name__ if isinstance(record, type) else repr(record)
            raise ConnectorError(
                f"{self._place} yielded {name}, which it does not declare; add it to @stream(...) or @inbound(...)"
            )
