"""Keeps the mirror equal to the store: reads what is new or changed since the last time, and says so in a new manifest.

A refresh writes files that no manifest names yet, then the manifest, then lets the store forget what it has taken over. Stopped
at any point, it has done nothing or all of it, but for files to clear away.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import sqlalchemy as sa
from filelock import FileLock

from accountpulse.core.clock import Clock
from accountpulse.core.errors import StoreError
from accountpulse.core.mirror.layout import Layout, fact_layouts, fingerprint, list_layouts
from accountpulse.core.mirror.manifest import FactFiles, ListFile, Manifest, Part, Retired
from accountpulse.core.mirror.parts import Sizes, Writer
from accountpulse.core.store import mirror as store_mirror
from accountpulse.core.store.database import Store
from accountpulse.core.store.mirror import Position
from accountpulse.core.store.types import from_micros, to_micros

GRACE = timedelta(hours=1)
"""How long a reader may go on with the files of an older manifest."""

OnRows = Callable[[int, int], None]
"""Told how many rows have been read, of how many."""

logger = logging.getLogger(__name__)
_OURS = re.compile(r"[a-z_]+-[0-9a-f]{12}\.parquet(\.tmp)?|manifest\.json\.tmp")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did. rebuilt: everything was read. rows: how many were."""

    rebuilt: bool
    rows: int


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """How the mirror stands. refreshed: None where there is none that can be used. behind: rows that a refresh would read."""

    path: str
    refreshed: datetime | None
    rows: int
    files: int
    bytes: int
    behind: int


class Mirror:
    """The mirror of a store in a folder. Methods raise StoreError when the folder can't be used or is another store's."""

    def __init__(self, folder: Path, store: Store, clock: Clock, sizes: Sizes | None = None) -> None:
        self.folder = folder
        self._store = store
        self._clock = clock
        self._sizes = sizes or Sizes()

    def manifest(self) -> Manifest:
        """The mirror as it is. Raises StoreError where there is none."""
        found = Manifest.read(self.folder)
        if found is None:
            raise StoreError(f"there is no mirror in {self.folder}; make it with `accountpulse mirror refresh`")
        return found

    def status(self) -> MirrorStatus:
        """How the mirror stands."""
        with self._store.read() as connection:
            known = self._usable(connection) if store_mirror.is_on(connection) else None
            behind = self._missing(store_mirror.position(connection), known)
        files = list(known.files) if known else []
        return MirrorStatus(
            path=str(self.folder),
            refreshed=from_micros(known.refreshed) if known else None,
            rows=sum(f.rows for f in known.facts.values()) if known else 0,
            files=len(files),
            bytes=sum(part.size for part in files),
            behind=behind,
        )

    def is_current(self) -> bool:
        """Whether a refresh would find nothing to do. Asking waits for nobody, as a refresh may for who is writing."""
        with self._store.read() as connection:
            known = self._usable(connection) if store_mirror.is_on(connection) else None
            if known is None:
                return False
            position = store_mirror.position(connection)
        return (
            position.changes <= known.changes
            and all(known.facts[record].through == through for record, through in position.facts.items())
            and all(known.lists[name].signature == tuple(found) for name, found in position.lists.items())
        )

    def refresh(self, on_rows: OnRows | None = None, *, rebuild: bool = False) -> Refreshed:
        """Bring the mirror up to the store. rebuild: read everything, whatever is there, another store's mirror even.

        Call it outside of any transaction that writes to the store.
        """
        with self._alone():
            with self._store.read() as connection:
                on = store_mirror.is_on(connection)
            if not on:
                with self._store.write() as connection:
                    store_mirror.switch_on(connection)
            with store_mirror.consistent_view(self._store) as view:
                known = None if rebuild else self._usable(view)
                try:
                    return _Refresh(self, view, known, on_rows or _silent).run()
                except _Vanished as gone:
                    logger.warning("%s are no longer in the store, so the mirror in %s is made anew", gone, self.folder)
                    return _Refresh(self, view, None, on_rows or _silent).run()

    def export(self, on_rows: OnRows | None = None) -> Refreshed:
        """Write the facts as they are now into the folder, in a mirror's layout, for others to read.

        The store goes on with no mirror of it, so it may have any number of exports, and keeps no changes for them. A folder
        that holds an older export gets the new one in its place. Raises StoreError where it holds a mirror that is in use.
        """
        with self._alone(), store_mirror.consistent_view(self._store) as view:
            found = Manifest.read(self.folder)
            if found is not None and found.token in store_mirror.tokens(view):
                raise StoreError(f"the folder {self.folder} holds the mirror that metrics run over; export to another")
            return _Refresh(self, view, None, on_rows or _silent).export()

    def forget(self) -> int:
        """Make the mirror anew and delete the files before it at once, as what they hold must be gone; returns how many."""
        self.refresh(rebuild=True)
        with self._alone():
            made = replace(self.manifest(), retired=())
            before = {path.name for path in self.folder.iterdir()}
            made.write(self.folder)
            _clear_away(self.folder, made)
            return len(before - {path.name for path in self.folder.iterdir()})

    def _usable(self, connection: sa.Connection) -> Manifest | None:
        """The manifest there is, where it can be gone on with. Raises StoreError where it is another store's."""
        found = Manifest.read(self.folder)
        if found is None:
            return None
        if found.store != store_mirror.store_id(connection):
            raise StoreError(
                f"the folder {self.folder} holds the mirror of another store; name another folder in `mirror.path`, or give "
                "it up with `accountpulse mirror refresh --rebuild`"
            )
        if found.token not in store_mirror.tokens(connection):
            logger.warning("the mirror in %s does not go on to the store as it is, and is made anew", self.folder)
            return None
        if found.layout != fingerprint() or not found.whole(self.folder):
            logger.warning("the mirror in %s is of another version or lacks files, and is made anew", self.folder)
            return None
        return found

    def _missing(self, position: Position, known: Manifest | None) -> int:
        """About how many rows a refresh would read."""
        if known is None:
            return sum(position.facts.values())
        new = sum(through - known.facts[record].through for record, through in position.facts.items())
        return new + max(position.changes - known.changes, 0)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One refresh at a time, whatever process it is in."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                yield
        except OSError as error:
            raise StoreError(f"the mirror in {self.folder} can't be written: {error}") from error


class _Vanished(Exception):
    """Versions that were noted as changed are not in the store."""


class _Refresh:
    """One refresh, from `known` to what `view` shows."""

    def __init__(self, mirror: Mirror, view: sa.Connection, known: Manifest | None, on_rows: OnRows) -> None:
        self._mirror = mirror
        self._folder = mirror.folder
        self._view = view
        self._known = known
        self._on_rows = on_rows
        self._position = store_mirror.position(view)
        self._total = mirror._missing(self._position, known)
        self._read = 0

    def run(self) -> Refreshed:
        before, position = self._known, self._position
        changes = max(position.changes, before.changes if before else 0)
        facts, lists = self._content()
        if before is not None and facts == before.facts and lists == before.lists and changes == before.changes:
            with self._mirror._store.read() as connection:
                settled = store_mirror.tokens(connection) == [before.token]
            if not settled:
                self._settle(before)
            _clear_away(self._folder, before)
            return Refreshed(rebuilt=False, rows=0)
        now = to_micros(self._mirror._clock.now())
        made = self._manifest(facts, lists, changes, now)
        made = replace(made, retired=self._retired(made, now))
        with self._mirror._store.write() as connection:
            store_mirror.announce(connection, before.token if before else None, made.token)
        made.write(self._folder)
        self._settle(made)
        _clear_away(self._folder, made)
        return Refreshed(rebuilt=before is None, rows=self._read)

    def export(self) -> Refreshed:
        """Write everything, and say nothing of it to the store."""
        facts, lists = self._content()
        now = to_micros(self._mirror._clock.now())
        made = self._manifest(facts, lists, self._position.changes, now)
        made.write(self._folder)
        _clear_away(self._folder, made)
        return Refreshed(rebuilt=True, rows=self._read)

    def _content(self) -> tuple[dict[str, FactFiles], dict[str, ListFile]]:
        facts = {record: self._facts(record, layout) for record, layout in fact_layouts().items()}
        return facts, {name: self._list(name, layout) for name, layout in list_layouts().items()}

    def _manifest(self, facts: Mapping[str, FactFiles], lists: Mapping[str, ListFile], changes: int, now: int) -> Manifest:
        return Manifest(
            store=store_mirror.store_id(self._view),
            token=uuid4().hex,
            layout=fingerprint(),
            changes=changes,
            refreshed=now,
            facts=facts,
            lists=lists,
        )

    def _settle(self, manifest: Manifest) -> None:
        with self._mirror._store.write() as connection:
            store_mirror.settle(connection, manifest.token, manifest.changes)

    # --- what is new ------------------------------------------------------------------------------------------------------

    def _facts(self, record: str, layout: Layout) -> FactFiles:
        writer = Writer(self._folder, layout, self._mirror._sizes)
        known = self._known.facts[record] if self._known else FactFiles(0, (self._empty(writer, layout),))
        through = self._position.facts[record]
        parts, overlay = known.parts, known.overlay
        if through > known.through:
            rows = store_mirror.rows_between(self._view, layout.table, layout.columns, known.through, through)
            new = tuple(writer.parts(map(layout.read, self._counted(rows))))
            parts = new if not known.rows else (*parts, *new)
        after = self._known.changes if self._known else 0
        changed = store_mirror.changed(self._view, record, after=after, through=known.through) if known.through else []
        if changed:
            rows = store_mirror.rows_with(self._view, layout.table, layout.columns, changed)
            found = pa.concat_tables(map(layout.read, self._counted(rows)))
            if found.num_rows < len(changed):
                raise _Vanished(f"{len(changed) - found.num_rows} versions of {record}")
            overlay = writer.overlaid(overlay, found)
        return writer.compacted(FactFiles(through, parts, overlay))

    def _empty(self, writer: Writer, layout: Layout) -> Part:
        """A file without rows, so that every table can be read."""
        return writer.write(layout.schema.empty_table())

    def _list(self, name: str, layout: Layout) -> ListFile:
        signature = tuple(self._position.lists[name])
        if self._known is not None and self._known.lists[name].signature == signature:
            return self._known.lists[name]
        rows = store_mirror.rows_between(self._view, layout.table, layout.columns)
        table = pa.concat_tables(chain([layout.schema.empty_table()], map(layout.read, rows)))
        return ListFile(Writer(self._folder, layout, self._mirror._sizes).write(table), signature)

    def _counted(self, batches: Iterator[store_mirror.Rows]) -> Iterator[store_mirror.Rows]:
        for batch in batches:
            yield batch
            self._read += len(batch)
            self._on_rows(self._read, max(self._total, self._read))

    # --- what is over -----------------------------------------------------------------------------------------------------

    def _retired(self, made: Manifest, now: int) -> tuple[Retired, ...]:
        """The files that readers of older manifests may still be reading."""
        before = Manifest.read(self._folder)
        if before is None:
            return ()
        named = {part.file for part in made.files}
        gone = [Retired(part.file, now) for part in before.files if part.file not in named]
        return (*(r for r in before.retired if now - r.since < GRACE / timedelta(microseconds=1)), *gone)


def _clear_away(folder: Path, manifest: Manifest) -> None:
    """Delete the files of refreshes that were stopped half-way, and those nobody can be reading any longer."""
    named = {part.file for part in manifest.files} | {r.file for r in manifest.retired}
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in named:
            path.unlink(missing_ok=True)


def _silent(done: int, total: int) -> None:
    """Nobody is told."""
