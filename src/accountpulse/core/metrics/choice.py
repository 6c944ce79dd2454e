"""Where metrics run, as the configuration asks: the store, DuckDB or Spark over a mirror of it, or what a plugin brings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from accountpulse.core.clock import Clock
from accountpulse.core.errors import EngineError, MissingExtra
from accountpulse.core.metrics.engine import STORE, Engine, PluggedEngine
from accountpulse.core.metrics.spark_settings import SparkSettings
from accountpulse.core.store import mirror as store_mirror
from accountpulse.core.store.database import Store

if TYPE_CHECKING:
    from accountpulse.core.mirror import Mirror

STORE_ITSELF, DUCKDB, SPARK = NAMES = ("store", "duckdb", "spark")
"""What the configuration calls the engines that come with AccountPulse."""


def choose_engine(
    store: Store,
    clock: Clock,
    folder: Path | None,
    name: str | None = None,
    spark: SparkSettings | None = None,
    plugged: Mapping[str, type[PluggedEngine]] | None = None,
) -> tuple[Engine, Mirror | None]:
    """The engine of a name, and the mirror there is. folder: of the mirror, None for none. plugged: what plugins bring.

    Without a name it is DuckDB where there is a mirror, else the store. Where there is no mirror, the store is told to remember
    no changes for one. Raises MissingExtra where the libraries are missing, EngineError for an engine that can't be had.
    """
    name = name or (STORE_ITSELF if folder is None else DUCKDB)
    mirror = _mirror(store, clock, folder, "spark" if name == SPARK else "fast")
    if name == STORE_ITSELF:
        return STORE, mirror
    if plugged and name in plugged:
        return plugged[name](mirror), mirror
    if name not in NAMES:
        raise EngineError(f"there is no engine {name!r}; there are {', '.join([*NAMES, *(plugged or ())])}")
    if mirror is None:
        raise EngineError(f"{name} runs over a mirror of the facts; add `mirror: {{path: mirror}}` to the configuration")
    if name == DUCKDB:
        return _duckdb(mirror), mirror
    return _spark(mirror, spark), mirror


def _mirror(store: Store, clock: Clock, folder: Path | None, extra: str) -> Mirror | None:
    if folder is None:
        with store.read() as connection:
            on = store_mirror.is_on(connection)
        if on:
            with store.write() as connection:
                store_mirror.switch_off(connection)
        return None
    try:
        from accountpulse.core.mirror import Mirror
    except ModuleNotFoundError as error:
        raise MissingExtra("The mirror that the configuration asks for", extra) from error
    return Mirror(folder, store, clock)


def _duckdb(mirror: Mirror) -> Engine:
    try:
        import duckdb  # noqa: F401  # the engine imports it when it is first asked
    except ModuleNotFoundError as error:
        raise MissingExtra("The mirror that the configuration asks for", "fast") from error
    from accountpulse.core.metrics.duck import DuckEngine

    return DuckEngine(mirror)


def _spark(mirror: Mirror, settings: SparkSettings | None) -> Engine:
    """Raises MissingJava, too: what runs for an hour should not begin by finding that it can't."""
    if find_spec("pyspark") is None:
        raise MissingExtra("The engine `spark`", "spark")
    from accountpulse.core.metrics.java import find_java
    from accountpulse.core.metrics.spark import SparkEngine

    find_java(os.environ)
    return SparkEngine(mirror, settings)
