"""Empty SQLite stores, quickly: migrating one takes ten times longer than copying it, and longer than most tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from accountpulse.core.store.database import Store


@cache
def empty_store() -> Path:
    """The file of an empty store with the current schema, made once a process: copy it, never write to it."""
    path = Path(tempfile.mkdtemp(prefix="accountpulse-testing-")) / "store.db"
    Store.open(str(path)).close()
    return path


@contextmanager
def fresh_store(folder: Path) -> Iterator[Store]:
    """An empty SQLite store in a folder."""
    path = folder / "store.db"
    shutil.copy(empty_store(), path)
    store = Store.open(str(path))
    try:
        yield store
    finally:
        store.close()
