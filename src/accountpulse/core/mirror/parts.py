"""Writes the files of the mirror, and writes them anew where they have become many or much of them is out of date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from accountpulse.core.files import durable
from accountpulse.core.mirror.layout import Layout
from accountpulse.core.mirror.manifest import FactFiles, Part

OnAdded = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """When files are written anew. part: the rows of a full file. small: how many files that are less than half full may be.

    overlay: how many rows of the overlay are worth a rewrite in any case, and `overlay_share` from which share of all.
    """

    part: int = 1_000_000
    small: int = 16
    overlay: int = 20_000
    overlay_share: float = 0.05


class Writer:
    """Writes one table's files into the mirror's folder."""

    def __init__(self, folder: Path, layout: Layout, sizes: Sizes) -> None:
        self._folder = folder
        self._layout = layout
        self._sizes = sizes

    def write(self, table: pa.Table) -> Part:
        """Write rows as one file."""
        name = f"{self._layout.table.name}-{uuid4().hex[:12]}.parquet"
        with durable(self._folder / name) as file:
            pq.write_table(self._layout.ordered(table), file, compression="zstd")
        bounds = pc.min_max(table["id"]).as_py()
        size = (self._folder / name).stat().st_size
        return Part(name, bounds["min"] or 0, bounds["max"] or 0, table.num_rows, size)

    def read(self, part: Part) -> pa.Table:
        return pq.read_table(self._folder / part.file, schema=self._layout.schema, partitioning=None)

    def parts(self, batches: Iterable[pa.Table]) -> Iterator[Part]:
        """Write rows that come by ascending id as full files, and a last one of the rest."""
        waiting: list[pa.Table] = []
        size = 0
        for batch in batches:
            waiting.append(batch)
            size += batch.num_rows
            while size >= self._sizes.part:
                together = pa.concat_tables(waiting)
                yield self.write(together.slice(0, self._sizes.part))
                waiting = [together.slice(self._sizes.part)]
                size -= self._sizes.part
        if size:
            yield self.write(pa.concat_tables(waiting))

    def overlaid(self, overlay: Part | None, rows: pa.Table) -> Part:
        """The overlay with further rows; they stand in for those it had of the same ids."""
        return self.write(pa.concat_tables([_without(self.read(overlay), rows), rows]) if overlay else rows)

    def compacted(self, files: FactFiles) -> FactFiles:
        """The same rows in fewer files and without an overlay, where that is due."""
        if not self._due(files):
            return files
        overlay = self.read(files.overlay) if files.overlay else self._layout.schema.empty_table()
        kept: list[Part] = []
        run: list[Part] = []
        for part in files.parts:
            if 2 * part.rows >= self._sizes.part and not _within(overlay, part).num_rows:
                kept += self._rewritten(run, overlay)
                run = []
                kept.append(part)
            else:
                run.append(part)
        return FactFiles(files.through, (*kept, *self._rewritten(run, overlay)))

    def _due(self, files: FactFiles) -> bool:
        replaced = files.overlay.rows if files.overlay else 0
        small = sum(2 * part.rows < self._sizes.part for part in files.parts)
        return replaced > max(self._sizes.overlay, self._sizes.overlay_share * files.rows) or small > self._sizes.small

    def _rewritten(self, run: Sequence[Part], overlay: pa.Table) -> list[Part]:
        if not run:
            return []
        written = list(self.parts(self._current(part, overlay) for part in run))
        return written or list(run[:1])  # a table without rows has one file without rows

    def _current(self, part: Part, overlay: pa.Table) -> pa.Table:
        newer = _within(overlay, part)
        rows = pa.concat_tables([_without(self.read(part), newer), newer])
        return rows.take(pc.sort_indices(rows["id"]))


def _within(overlay: pa.Table, part: Part) -> pa.Table:
    return overlay.filter(pc.and_(pc.greater_equal(overlay["id"], part.first), pc.less_equal(overlay["id"], part.last)))


def _without(table: pa.Table, other: pa.Table) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["id"], value_set=pc.unique(other["id"]))))
