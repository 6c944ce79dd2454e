"""The settings of one AccountPulse: what `accountpulse.yaml` says, checked, with every default filled in.

    host = PluginHost.load()
    settings = Settings.load(Path("accountpulse.yaml"), host)     # SettingsError with all problems at once

No secret is in the `repr` of anything here.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from accountpulse.config.notify import NotifySettings
from accountpulse.config.server import ServerSettings
from accountpulse.core.jobs.schedules import Schedule
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.spark_settings import SparkSettings
from accountpulse.core.model import schema_of
from accountpulse.core.model.records import Account
from accountpulse.core.observe.freshness import Contracts
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.retention import Retention
from accountpulse.core.scoring.segments import FieldKind, Rule
from accountpulse.core.sync.connector import Connector, ConnectorConfig
from accountpulse.core.sync.headway import Limits

DEFAULT_PATH = Path("accountpulse.yaml")
PATH_VARIABLE = "ACCOUNTPULSE_CONFIG"
DEFAULT_STORE = "accountpulse.db"

MERGED = tuple(
    f.name
    for f in schema_of(Account).fields
    if f.name not in {"source_id", "raw_ref", "domains", "emails", "references", "created_at", "custom"}
)
"""The attributes of an account that several connections may know, and for which one of them must be believed."""

ATTRIBUTES: Mapping[str, FieldKind] = {
    "name": "text",
    "domain": "text",
    "owner": "text",
    "plan": "text",
    "industry": "text",
    "region": "text",
    "lifecycle_stage": "text",
    "employees": "number",
    "mrr": "number",
}
"""The attributes that segment rules may read, besides metrics and `custom.<name>`."""


class Plugin(Protocol):
    """What settings need to know of a plugin."""

    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


class Installed(Protocol):
    """What is installed, as the plugin host lists it: settings name these things."""

    @property
    def connectors(self) -> Mapping[str, type[Connector[Any]]]: ...
    @property
    def metrics(self) -> Mapping[str, Metric]: ...
    @property
    def scorers(self) -> Collection[str]: ...
    @property
    def engines(self) -> Collection[str]: ...
    @property
    def plugins(self) -> Sequence[Plugin]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One connection. anchor: its accounts become accounts here; the other connections' are linked to those.

    schedule: when a worker reads it by itself; None for never. fresh_within: how old its data may be; None: as usual.
    """

    name: str
    connector: str
    anchor: bool = False
    schedule: Schedule | None = None
    fresh_within: timedelta | None = None
    config: ConnectorConfig = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """allow: the plugins to load, None for all that are installed. strict: a broken plugin is an error."""

    allow: tuple[str, ...] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that holds for one AccountPulse.

    path: the file they come from, None when made in code. store_url: a path or a URL; it may hold a password.
    time_zone: whose midnight ends a scoring day. currency: in which money is reported (ISO 4217). rates: what one unit of
    another currency is worth in it, by currency and the day from which on. key_features: what adoption is measured by; None for
    all features that customers use.
    connections: by name, the first believed first. precedence: for some attributes, which connections to believe before the
    others. segments: the rules in order; each names a model. models: by name; model_files: by the
    same names, the file of each. stale_after_days: how long after its last good
    reading a connection's data counts as out of date. limits: of one run.
    retention: how much of the scores' history is kept. record_days: for how many days records are, by type.
    mirror_path: the folder of the Parquet mirror of the facts; None for none. engine: where metrics run; None for DuckDB over
    the mirror where there is one, else the store. spark: how it is reached. notify: the webhook that is told of changes.
    scoring_schedule: when a worker scores everybody, besides after each reading; None for never.
    traces: whether spans are exported.
    """

    path: Path | None = None
    store_url: str = field(default=DEFAULT_STORE, repr=False)
    time_zone: str = "UTC"
    currency: str = "USD"
    rates: Mapping[str, Mapping[date, float]] = field(default_factory=dict)
    key_features: tuple[str, ...] | None = None
    connections: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    precedence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segments: tuple[Rule, ...] = ()
    models: Mapping[str, ScoringModel] = field(default_factory=dict)
    model_files: Mapping[str, Path] = field(default_factory=dict)
    stale_after_days: float = 3
    limits: Limits = field(default_factory=Limits)
    retention: Retention = field(default_factory=Retention)
    record_days: Mapping[str, int] = field(default_factory=dict)
    mirror_path: Path | None = None
    engine: str | None = None
    spark: SparkSettings = field(default_factory=SparkSettings)
    notify: NotifySettings | None = None
    traces: bool = False
    plugins: PluginSettings = PluginSettings()
    scoring_schedule: Schedule | None = None
    server: ServerSettings = field(default_factory=ServerSettings)

    @classmethod
    def load(cls, path: Path, host: Installed, *, environment: Mapping[str, str] | None = None) -> Settings:
        """Read a file. `environment`: where `${VARIABLES}` are looked up, the process's own unless given.

        Raises SettingsError with all problems, each with file, line, key, what was found and what is allowed.
        """
        from accountpulse.config.reading import read_settings

        return read_settings(path, host, os.environ if environment is None else environment)

    @property
    def schedules(self) -> dict[str, Schedule]:
        """When connections are read by themselves, by name; those that never are left out."""
        return {name: each.schedule for name, each in self.connections.items() if each.schedule is not None}

    @property
    def contracts(self) -> Contracts:
        """How old the data of each connection may be."""
        said = {name: each.fresh_within for name, each in self.connections.items() if each.fresh_within is not None}
        return Contracts(timedelta(days=self.stale_after_days), said)

    @property
    def zone(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.time_zone)


def default_path() -> Path:
    """The configuration file when none is named: ACCOUNTPULSE_CONFIG, else `accountpulse.yaml` here."""
    return Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
