"""Where metrics run: in the store, or in DuckDB over a mirror of it, as the configuration says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accountpulse.core.clock import Clock
from accountpulse.core.errors import MissingExtra
from accountpulse.core.metrics.engine import STORE, Engine
from accountpulse.core.store import mirror as store_mirror
from accountpulse.core.store.database import Store

if TYPE_CHECKING:
    from accountpulse.core.mirror import Mirror


def choose_engine(store: Store, clock: Clock, folder: Path | None) -> tuple[Engine, Mirror | None]:
    """The engine, and the mirror it reads. folder: of the mirror, None for none.

    Where there is none, the store is told to remember no changes for one. Raises MissingExtra where the libraries are missing.
    """
    if folder is None:
        with store.read() as connection:
            on = store_mirror.is_on(connection)
        if on:
            with store.write() as connection:
                store_mirror.switch_off(connection)
        return STORE, None
    try:
        import duckdb  # noqa: F401  # the engine imports it when it is first asked

        from accountpulse.core.metrics.duck import DuckEngine
        from accountpulse.core.mirror import Mirror
    except ModuleNotFoundError as error:
        raise MissingExtra("The mirror that the configuration asks for", "fast") from error
    mirror = Mirror(folder, store, clock)
    return DuckEngine(mirror), mirror
