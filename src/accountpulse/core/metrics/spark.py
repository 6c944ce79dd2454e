"""Runs metrics in Spark over the Parquet mirror, and over tables that a lake holds. Needs the extra `spark` and Java 17.

One session a process, started when it is first asked. What it reads are temporary views of a session of its own, so that an
operator's catalog is left as it was.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import sqlalchemy as sa

from accountpulse.core.errors import EngineError
from accountpulse.core.metrics.arrow import Columns
from accountpulse.core.metrics.duck import FEW
from accountpulse.core.metrics.engine import Facts, StoreFacts, mentioned
from accountpulse.core.metrics.java import find_java
from accountpulse.core.metrics.spark_dialect import Spark
from accountpulse.core.metrics.spark_settings import SparkSettings
from accountpulse.core.mirror.layout import Layout, fact_layouts, list_layouts
from accountpulse.core.model import Kind, schemas
from accountpulse.core.store.facts import FACTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from accountpulse.core.mirror import Manifest, Mirror
    from accountpulse.core.mirror.manifest import FactFiles, Part

_OURS = "spark.accountpulse.started"
_PARTITION = 10_000  # accounts
_SMALL = 50_000
"""Up to so many accounts, making the best of code takes Spark longer than running what is good enough."""

_QUERY = re.compile(r"\s*(select|with)\s", re.IGNORECASE)
_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.INTEGER: "bigint",
    Kind.FLOAT: "double",
    Kind.BOOLEAN: "boolean",
    Kind.INSTANT: "timestamp",
    Kind.DAY: "date",
    Kind.JSON: "string",
}


class SparkFacts:
    """The facts as one state of the mirror, and the lake's tables as they are, have them."""

    dialect = Spark()

    def __init__(self, engine: SparkEngine, session: SparkSession) -> None:
        self._engine = engine
        self.session = session

    def frame(self, query: str, parameters: Mapping[str, object]) -> DataFrame:
        """A query as a frame of Spark's, not run yet."""
        return self.session.sql(query, args=mentioned(query, parameters))

    def explained(self) -> AbstractContextManager[None]:
        """See `SparkEngine.explained`."""
        return self._engine.explained()

    def ask(self, query: str, parameters: Mapping[str, object]) -> Columns:
        with self.explained():
            return Columns(self.frame(query, parameters).toArrow())


class SparkEngine:
    """Answers from Spark. As with DuckDB, few accounts and transactions that write ask the store, unless a lake holds facts."""

    spreads = True

    def __init__(self, mirror: Mirror, settings: SparkSettings | None = None, *, few: int = FEW) -> None:
        self.mirror = mirror
        self.settings = settings or SparkSettings()
        self._few = few
        self._lock = Lock()
        self._open: tuple[str, SparkSession] | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether some facts are kept where the store hears nothing of their changes."""
        return bool(self.settings.tables)

    def facts(self, connection: sa.Connection, accounts: Sequence[int] | None = None) -> Facts:
        writes = connection.get_execution_options().get("accountpulse_write", False)
        if not self.elsewhere and (writes or (accounts is not None and len(accounts) <= self._few)):
            return StoreFacts(connection)
        if not writes and not self.mirror.is_current():
            self.mirror.refresh()
        return SparkFacts(self, self._session())

    def _session(self) -> SparkSession:
        """A session over the mirror as it is."""
        manifest = self.mirror.manifest()
        with self._lock, self.explained():
            if self._open is None or self._open[0] != manifest.token:
                accounts = manifest.lists["account"].part.rows
                session = _started(self.settings, accounts).newSession()
                session.conf.set("spark.sql.session.timeZone", "UTC")
                _size(session, self.settings, accounts)
                self._make_views(session, manifest)
                self._open = (manifest.token, session)
            return self._open[1]

    def _make_views(self, session: SparkSession, manifest: Manifest) -> None:
        folder = self.mirror.folder.resolve()
        for name, layout in list_layouts().items():
            _rows(session, folder, layout, [manifest.lists[name].part]).createOrReplaceTempView(name)
        for record, layout in fact_layouts().items():
            if (table := self.settings.tables.get(record)) is not None:
                rows = _of_lake(session, record, layout, table)
            else:
                rows = _facts(session, folder, layout, manifest.facts[record])
            rows.createOrReplaceTempView(FACTS[record].name)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What Spark refuses, as an error of ours: its first line, without what the options hold."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            yield
        except (PySparkException, Py4JError) as error:
            said = self.settings.redacted(_first_cause(error))
            raise EngineError(f"Spark ({self.settings.master}) could not answer: {said}") from None


# --- the session ----------------------------------------------------------------------------------------------------------


def _started(settings: SparkSettings, accounts: int) -> SparkSession:
    """The process's session, which is started for so many accounts where there is none. Raises MissingJava."""
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    os.environ["JAVA_HOME"] = str(find_java(os.environ))
    options = {
        "spark.app.name": "accountpulse",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.executor.syncLogLevel.enabled": "true",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        # All passes over the facts are joined in one stage, and each holds at least a page.
        "spark.buffer.pageSize": "1m",
        # It would look into every expression of a long query, and find nothing.
        "spark.sql.constraintPropagation.enabled": "false",
        # What comes back are results, however many accounts there are.
        "spark.driver.maxResultSize": "0",
        # Else code is made and compiled anew for each day: a query has more pieces than the hundred that would be kept.
        "spark.sql.codegen.cache.maxEntries": "5000",
        # From 128 accounts on, as Spark would have it, a pass sorts rows; before, it keeps a map, some kilobytes an account.
        "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": str(2 * _PARTITION),
        _OURS: "true",
    }
    if settings.master.startswith("local"):
        options |= {"spark.driver.host": "localhost", "spark.driver.bindAddress": "127.0.0.1"}
        if accounts <= _SMALL:
            options["spark.driver.extraJavaOptions"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if (python := settings.options.get("spark.pyspark.python")) is not None:
        os.environ["PYSPARK_PYTHON"] = python  # the option counts for spark-submit alone
    builder = SparkSession.builder.master(settings.master)
    for name, value in {**options, **settings.options}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _size(session: SparkSession, settings: SparkSettings, accounts: int) -> None:
    """Fit a session to the accounts there are. One that an operator made, and what the options say, stays as it is."""
    if session.conf.get(_OURS, None) is None:
        return
    # Of 200, as Spark would have it, each costs as much as hundreds of accounts.
    sized = {"spark.sql.shuffle.partitions": str(max(1, -(-accounts // _PARTITION)))}
    if accounts <= _SMALL:
        sized["spark.sql.adaptive.enabled"] = "false"
    for name, value in sized.items():
        if name not in settings.options:
            session.conf.set(name, value)


def _first_cause(error: Exception) -> str:
    """What a failure began with, of all the lines that Spark has to say about it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if lines[0].endswith(":") and any("Traceback" in line for line in lines):  # of our own code, on an executor
        trace = next(i for i, line in enumerate(lines) if "Traceback" in line)
        return next(line for line in lines[trace + 1 :] if line and not line.startswith(" "))
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    named = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (causes or named or lines)[-1 if causes else 0]


# --- what is read ---------------------------------------------------------------------------------------------------------


def _facts(session: SparkSession, folder: Path, layout: Layout, files: FactFiles) -> DataFrame:
    """The rows of one record type: those of the overlay, and of the parts those that it does not stand in for."""
    rows = _rows(session, folder, layout, files.parts)
    if files.overlay is None:
        return rows
    overlay = _rows(session, folder, layout, [files.overlay])
    return rows.join(overlay.select("id"), "id", "left_anti").select(*layout.columns).unionByName(overlay)


def _rows(session: SparkSession, folder: Path, layout: Layout, parts: Sequence[Part]) -> DataFrame:
    # The columns are known: without them, Spark would run a job to read them from each file.
    columns = ", ".join(f"`{name}` {_TYPES[kind]}" for name, kind in layout.columns.items())
    return session.read.schema(columns).parquet(*((folder / part.file).as_uri() for part in parts))


def _of_lake(session: SparkSession, record: str, layout: Layout, table: str) -> DataFrame:
    """The facts of a record type as a lake holds them, in our columns. Raises EngineError for what is missing.

    What need not be there: known_to (all rows count), known_from (they were always known), and fields that a record may lack.
    """
    found = session.sql(table) if _QUERY.match(table) else session.table(table)
    needed = {"connection_id", "source_account_id", "source_id"} | {f.name for f in schemas()[record].fields if not f.nullable}
    if missing := sorted(needed & layout.columns.keys() - set(found.columns)):
        raise EngineError(
            f"spark.tables.{record}: {table!r} lacks the columns {', '.join(missing)}; it has {', '.join(found.columns)}; "
            "docs/engines.md says which a table of facts has"
        )
    stand_in = {"known_from": "timestamp '1970-01-01 00:00:00'", "id": "xxhash64(connection_id, source_id)"}
    columns = []
    for name, kind in layout.columns.items():
        value = f"`{name}`" if name in found.columns else stand_in.get(name, "null")
        columns.append(f"cast({value} as {_TYPES[kind]}) as `{name}`")
    return found.selectExpr(*columns)
