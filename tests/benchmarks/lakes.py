"""Worlds too large for a store, straight as the mirror of one: the rows that a store of the same size would hand to its mirror.

Beside the mirror lies a store with what is few: connections, accounts, rates. It believes that the mirror is its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from tests.benchmarks import stores, world
from tests.benchmarks.stores import CACHE, Step

from accountpulse.core.clock import SystemClock
from accountpulse.core.mirror import Mirror
from accountpulse.core.mirror.layout import Layout, fact_layouts, list_layouts
from accountpulse.core.mirror.manifest import FactFiles, ListFile
from accountpulse.core.mirror.parts import Sizes, Writer
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS


def lake(accounts: int, seed: int, step: Step, cache: Path = CACHE) -> Path:
    """The folder of a world: `store.db` without facts, and `mirror` with all of them. Made once, as `stores.worlds`."""
    folder = cache / f"lake-{accounts}-{seed}-{stores.digest()}"
    if (folder / "complete").exists():
        return folder
    for old in cache.glob(f"lake-{accounts}-{seed}-*"):
        shutil.rmtree(old)
    folder.mkdir(parents=True)
    store = Store.open(str(folder / "store.db"))
    with store.write() as connection:
        stores.small_tables(connection, accounts)
    mirror = Mirror(folder / "mirror", store, SystemClock())
    mirror.refresh()
    store.close()
    manifest = mirror.manifest()
    facts, lists = dict(manifest.facts), dict(manifest.lists)
    records = {table.name: record for record, table in FACTS.items()}
    for name, tables in world.generated(accounts, seed):
        step(f"making {name} as a mirror has it")
        if (record := records.get(name)) is not None:
            layout = fact_layouts()[record]
            parts = tuple(Writer(mirror.folder, layout, Sizes()).parts(_mirrored(layout, tables)))
            # The store has no fact, so it takes a mirror that goes no further for a current one.
            facts[record] = FactFiles(0, parts)
        else:
            layout = list_layouts()[name]
            whole = pa.concat_tables(_mirrored(layout, tables))
            lists[name] = ListFile(Writer(mirror.folder, layout, Sizes()).write(whole), lists[name].signature)
    replace(manifest, facts=facts, lists=lists).write(mirror.folder)
    (folder / "complete").touch()
    return folder


def _mirrored(layout: Layout, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Rows with the columns of a mirror: ids as a store gives them, and nothing in what the world does not say."""
    last = 0
    for table in tables:
        columns = []
        for field in layout.schema:
            if field.name in table.column_names:
                columns.append(table.column(field.name).cast(field.type))
            elif field.name == "id":
                columns.append(pa.array(np.arange(last + 1, last + 1 + table.num_rows)))
            else:
                columns.append(pa.nulls(table.num_rows, field.type))
        last += table.num_rows
        yield pa.Table.from_arrays(columns, schema=layout.schema)
