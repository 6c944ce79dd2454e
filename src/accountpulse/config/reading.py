"""From `accountpulse.yaml` to `Settings`: every mistake is collected, each at its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import quote, urlsplit

from accountpulse.config.connector_config import read_connector_config
from accountpulse.config.engine import read_engine, read_spark
from accountpulse.config.model_schema import load_model
from accountpulse.config.notify import read_notify
from accountpulse.config.rates import read_rates
from accountpulse.config.record_days import read_record_days
from accountpulse.config.schedule import read_schedule, read_zone
from accountpulse.config.secrets import UNRESOLVED, References
from accountpulse.config.server import read_server
from accountpulse.config.settings import (
    ATTRIBUTES,
    DEFAULT_STORE,
    MERGED,
    ConnectionSettings,
    Installed,
    PluginSettings,
    Settings,
)
from accountpulse.config.yaml import Located, load_yaml
from accountpulse.core.errors import SettingsError
from accountpulse.core.jobs.schedules import Schedule
from accountpulse.core.model.records import Account, Opportunity, Subscription
from accountpulse.core.scoring.model import ScoringModel
from accountpulse.core.scoring.problems import Path, Reader, did_you_mean, shown
from accountpulse.core.scoring.retention import SHORTEST, Retention
from accountpulse.core.scoring.segments import FieldKind, Rule, parse_rules
from accountpulse.core.store.connections import PEOPLE
from accountpulse.core.sync.connector import Connector
from accountpulse.core.sync.headway import Limits

KEYS = ("connections", "segments")
OPTIONAL = (
    *("store", "time_zone", "currency", "rates", "key_features", "precedence"),
    *(
        "engine",
        "freshness",
        "history",
        "mirror",
        "notify",
        "plugins",
        "retention",
        "scoring",
        "server",
        "spark",
        "sync",
        "traces",
    ),
)
NAME = re.compile(r"[a-z][a-z0-9_-]*")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CURRENCY = re.compile(r"[A-Z]{3}")


def read_settings(path: FilePath, host: Installed, environment: Mapping[str, str]) -> Settings:
    """See `Settings.load`."""
    located = _located(path)
    reader = _SettingsReader(path, host, environment)
    settings = reader.settings(located.data)
    if settings is not None and not reader.problems and not reader.elsewhere:
        return settings
    ours = located.error(reader.problems).problems
    raise SettingsError([*ours, *reader.elsewhere])


def read_plugin_settings(path: FilePath) -> PluginSettings:
    """Only the `plugins` block, which says what to load before the rest can be checked. Its mistakes are `read_settings`'s."""
    data = _located(path).data
    block = data.get("plugins") if isinstance(data, Mapping) else None
    return _plugins(block, Reader()) or PluginSettings()


def _located(path: FilePath) -> Located:
    if not path.exists():
        raise SettingsError(
            [f"{path}: there is no such file; make one with `accountpulse init`, or name another with --config PATH"]
        )
    return load_yaml(path)


class _SettingsReader(Reader):
    """`elsewhere`: problems in other files, which know their own place."""

    def __init__(self, path: FilePath, host: Installed, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._path = path
        self._folder = path.parent
        self._host = host
        self._zone = "UTC"
        self._references = References(self._folder, environment, self)
        self.elsewhere: list[str] = []

    def settings(self, data: object) -> Settings | None:
        block = self.mapping(data, (), required=KEYS, optional=OPTIONAL)
        if block is None:
            return None
        zone = self._zone = self._time_zone(block.get("time_zone", "UTC"))
        connections = self._connections(block.get("connections"))
        rules, models, files = self._segments(block["segments"]) if "segments" in block else ((), {}, {})
        currency = self._currency(block.get("currency", "USD"))
        mirror = self._mirror(block.get("mirror"))
        return Settings(
            path=self._path,
            store_url=self._store(block.get("store")),
            time_zone=zone,
            currency=currency,
            rates=read_rates(block.get("rates"), self._folder, currency, self, self.elsewhere),
            key_features=self._key_features(block.get("key_features")),
            connections=self._with_anchors(connections),
            precedence=self._precedence(block.get("precedence"), block.get("connections")),
            segments=rules,
            models=models,
            model_files=files,
            stale_after_days=self._freshness(block.get("freshness")),
            limits=self._limits(block.get("sync")),
            retention=self._retention(block.get("history")),
            record_days=read_record_days(block.get("retention"), self),
            mirror_path=mirror,
            engine=read_engine(block.get("engine"), mirror, self._host.engines, self),
            spark=read_spark(block.get("spark"), self._references, self),
            notify=read_notify(block.get("notify"), self._references, self),
            plugins=self._plugins(block.get("plugins")),
            traces=self._traces(block.get("traces", False)),
            scoring_schedule=self._scoring(block.get("scoring")),
            server=read_server(block.get("server"), self._folder, self),
        )

    # --- the store and what holds for all of it -------------------------------------------------------------------------

    def _store(self, data: object) -> str:
        path: Path = ("store", "url")
        block = self.mapping({} if data is None else data, ("store",), optional=("url",)) or {}
        text = self.text(block.get("url", DEFAULT_STORE), path, "a file's path, sqlite:///path or postgresql://host/database")
        if text is None:
            return DEFAULT_STORE
        if _has_password(text):
            self.add(path, "a password must not stand in this file; write ${DATABASE_URL}, or ${VARIABLE} for the password")
            return DEFAULT_STORE
        whole = text.startswith("${") and text.endswith("}") and text.count("{") == 1
        # A password may hold characters that mean something in a URL.
        url = self._references.text(
            text, path, quote=None if whole or "://" not in text else lambda value: quote(value, safe="")
        )
        if url == UNRESOLVED:
            return DEFAULT_STORE
        return self._beside_the_file(url, path)

    def _beside_the_file(self, url: str, path: Path) -> str:
        if "://" not in url:
            return str(self._folder / FilePath(url).expanduser())
        scheme, rest = url.split("://", 1)
        backend = scheme.split("+")[0]
        if backend not in ("sqlite", "postgresql", "postgres"):
            self.add(
                path, f"found a URL of kind {scheme!r}; allowed: a file's path, sqlite:///path, postgresql://host/database"
            )
        if backend == "sqlite" and rest.startswith("/") and not rest.startswith("//"):
            return f"{scheme}:///{self._folder / rest[1:]}"
        return url

    def _time_zone(self, data: object) -> str:
        return read_zone(data, ("time_zone",), self) or "UTC"

    def _scoring(self, data: object) -> Schedule | None:
        block = self.mapping({} if data is None else data, ("scoring",), optional=("schedule",)) or {}
        return read_schedule(block.get("schedule"), ("scoring", "schedule"), self, self._zone)

    def _currency(self, data: object) -> str:
        if isinstance(data, str) and CURRENCY.fullmatch(data):
            return data
        self.wrong(("currency",), data, "an ISO 4217 code such as USD or EUR")
        return "USD"

    def _key_features(self, data: object) -> tuple[str, ...] | None:
        if data is None:
            return None
        names: list[str] = []
        for i, item in enumerate(self.items(data, ("key_features",), "feature") or []):
            name = self.text(item, ("key_features", i), "the name of a feature, as the usage data spells it")
            if name is not None and name in names:
                self.add(("key_features", i), f"{name!r} is named twice; name each once")
            elif name is not None:
                names.append(name)
        return tuple(names)

    def _freshness(self, data: object) -> float:
        block = self.mapping({} if data is None else data, ("freshness",), optional=("stale_after_days",)) or {}
        days = self.number(block.get("stale_after_days", 3), ("freshness", "stale_after_days"), 0.01, 3650)
        return 3 if days is None else days

    def _limits(self, data: object) -> Limits:
        block = self.mapping({} if data is None else data, ("sync",), optional=("run_hours", "silent_minutes")) or {}
        usual = Limits()
        hours = self.number(block.get("run_hours", usual.budget / HOUR), ("sync", "run_hours"), 0.1, 24 * 365)
        minutes = self.number(block.get("silent_minutes", usual.silence / MINUTE), ("sync", "silent_minutes"), 1, 24 * 60)
        return Limits(
            budget=usual.budget if hours is None else hours * HOUR,
            silence=usual.silence if minutes is None else minutes * MINUTE,
        )

    def _retention(self, data: object) -> Retention:
        block = self.mapping({} if data is None else data, ("history",), optional=("daily_days", "keep_days")) or {}
        days = {key: self._days(value, ("history", key)) for key, value in block.items()}
        daily, keep = days.get("daily_days"), days.get("keep_days")
        if daily is not None and keep is not None and daily > keep:
            self.add(("history", "daily_days"), f"found {daily}, more than keep_days, {keep}; what is gone can't be daily")
        return Retention(daily_days=daily, keep_days=keep)

    def _traces(self, data: object) -> bool:
        if isinstance(data, bool):
            return data
        self.wrong(("traces",), data, "true or false; where to is said by OTEL_EXPORTER_OTLP_ENDPOINT")
        return False

    def _mirror(self, data: object) -> FilePath | None:
        block = self.mapping({} if data is None else data, ("mirror",), optional=("path",)) or {}
        if data is not None and "path" not in block:
            self.add(("mirror",), "name the folder that it is kept in, as in {path: mirror}")
        path = self.text(block["path"], ("mirror", "path"), "a folder's path") if "path" in block else None
        return None if path is None else self._folder / FilePath(path).expanduser()

    def _days(self, data: object, path: Path) -> int | None:
        if isinstance(data, bool) or not isinstance(data, int) or data < SHORTEST:
            self.wrong(path, data, f"a whole number of days, at least {SHORTEST}: trends rest on them")
            return None
        return data

    def _plugins(self, data: object) -> PluginSettings:
        settings = _plugins(data, self) or PluginSettings()
        known = {plugin.name for plugin in self._host.plugins}
        for i, name in enumerate(settings.allow or ()):
            if name not in known:
                hint = did_you_mean(name, known)
                self.add(("plugins", "allow", i), f"no plugin {name!r} is installed{hint}; installed: {_listed(known)}")
        return settings

    # --- connections ----------------------------------------------------------------------------------------------------

    def _connections(self, data: object) -> dict[str, ConnectionSettings | None]:
        """By name; None for one that is wrong."""
        if data is None:
            return {}
        if not isinstance(data, Mapping):
            self.wrong(("connections",), data, "a mapping such as {crm: {connector: salesforce, config: {...}}}")
            return {}
        return {name: self._connection(name, value, ("connections", name)) for name, value in data.items()}

    def _connection(self, name: str, data: object, path: Path) -> ConnectionSettings | None:
        before = len(self.problems)
        if not NAME.fullmatch(name):
            self.add(path, f"found the name {name!r}; allowed: a letter, then lower-case letters, digits, '-' and '_'")
        if name == PEOPLE:
            self.add(path, f"the name {name!r} is reserved: what people enter themselves is kept under it; choose another name")
        block = self.mapping(
            data, path, required=("connector",), optional=("anchor", "config", "fresh_within_hours", "schedule")
        )
        if block is None or "connector" not in block:
            return None
        anchor = block.get("anchor", False)
        if not isinstance(anchor, bool):
            self.wrong((*path, "anchor"), anchor, "true or false")
            anchor = False
        connector = self._connector(block["connector"], (*path, "connector"))
        if connector is None:
            return None
        schedule = read_schedule(block.get("schedule"), (*path, "schedule"), self, self._zone)
        hours = None
        if "fresh_within_hours" in block:
            hours = self.number(block["fresh_within_hours"], (*path, "fresh_within_hours"), 0.01, 87_600)
        where = (*path, "config")
        config = read_connector_config(
            connector, block.get("config"), where if "config" in block else path, references=self._references, reader=self
        )
        if config is not None and anchor and Account not in connector.provides(config):
            self.add((*path, "anchor"), f"connection {name!r} brings no accounts, so it can't be an anchor")
        if config is None or len(self.problems) > before:
            return None
        return ConnectionSettings(
            name=name,
            connector=connector.id,
            anchor=anchor,
            schedule=schedule,
            fresh_within=None if hours is None else timedelta(hours=hours),
            config=config,
        )

    def _connector(self, data: object, path: Path) -> type[Connector[Any]] | None:
        name = self.text(data, path, f"the id of a connector: {_listed(self._host.connectors)}")
        if name is None or name in self._host.connectors:
            return self._host.connectors[name] if name else None
        for plugin in self._host.plugins:
            if plugin.name == name and plugin.status != "loaded":
                self.add(path, f"connector {name!r} can't be used: its plugin is {plugin.status}: {plugin.reason}")
                return None
        hint = did_you_mean(name, self._host.connectors)
        self.add(path, f"unknown connector {name!r}{hint}; installed: {_listed(self._host.connectors)}")
        return None

    def _with_anchors(self, found: Mapping[str, ConnectionSettings | None]) -> dict[str, ConnectionSettings]:
        """The connections, with the CRM (else the billing system) as anchor where the file names none."""
        good = {name: connection for name, connection in found.items() if connection is not None}
        if len(good) < len(found) or not good or any(connection.anchor for connection in good.values()):
            return good
        provides = {name: self._host.connectors[each.connector].provides(each.config) for name, each in good.items()}
        for wanted in ({Account, Opportunity}, {Account, Subscription}):
            for name, connection in good.items():
                if wanted <= provides[name]:
                    return {**good, name: replace(connection, anchor=True)}
        able = [name for name in good if Account in provides[name]]
        advice = f"add `anchor: true` to one of {', '.join(able)}" if able else "add a CRM or a billing system"
        self.add(("connections",), f"no connection is the anchor, whose accounts become accounts here; {advice}")
        return good

    def _precedence(self, data: object, connections: object) -> dict[str, tuple[str, ...]]:
        if data is None:
            return {}
        block = self.mapping(data, ("precedence",), optional=MERGED) or {}
        known = [str(name) for name in connections] if isinstance(connections, Mapping) else []
        return {
            attribute: self._order(names, ("precedence", attribute), known)
            for attribute, names in block.items()
            if attribute in MERGED
        }

    def _order(self, data: object, path: Path, known: Sequence[str]) -> tuple[str, ...]:
        names: list[str] = []
        for i, item in enumerate(self.items(data, path, "connection") or []):
            if not isinstance(item, str) or item not in known:
                hint = did_you_mean(item, known) if isinstance(item, str) else ""
                self.add((*path, i), f"there is no connection {shown(item)}{hint}; connections: {_listed(known)}")
            elif item in names:
                self.add((*path, i), f"connection {item!r} is named twice; name each once, the one to believe first")
            else:
                names.append(item)
        return tuple(names)

    # --- segments and their models --------------------------------------------------------------------------------------

    def _segments(self, data: object) -> tuple[tuple[Rule, ...], dict[str, ScoringModel], dict[str, FilePath]]:
        metrics: dict[str, FieldKind] = dict.fromkeys(self._host.metrics, "number")
        rules, problems = parse_rules(data, fields={**metrics, **ATTRIBUTES}, path=("segments",))
        self.problems.extend(problems)
        by_file: dict[str, ScoringModel | None] = {}
        for i, item in enumerate(data if isinstance(data, list) else []):
            name = item.get("model") if isinstance(item, Mapping) else None
            if isinstance(name, str) and name.strip() and name.strip() not in by_file:
                by_file[name.strip()] = self._model(name.strip(), ("segments", i, "model"), by_file)
        named: list[Rule] = []
        models: dict[str, ScoringModel] = {}
        files: dict[str, FilePath] = {}
        for rule in rules:
            model = by_file.get(rule.model)
            if model is not None:
                models[model.name] = model
                files.setdefault(model.name, self._model_file(rule.model))
                named.append(Rule(rule.name, model.name, rule.condition))
        return tuple(named), models, files

    def _model_file(self, name: str) -> FilePath:
        return self._folder / FilePath(name).expanduser()

    def _model(self, name: str, path: Path, others: Mapping[str, ScoringModel | None]) -> ScoringModel | None:
        file = self._model_file(name)
        if not file.is_file():
            beside = sorted(each.name for each in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
            near = f"; in that folder: {', '.join(beside)}" if beside else ""
            self.wrong(path, name, f"the path of a model file, from the folder of this file; there is no such file{near}")
            return None
        try:
            model = load_model(file, metrics=self._host.metrics, scorers=self._host.scorers)
        except SettingsError as error:
            self.elsewhere.extend(error.problems)
            return None
        for other, known in others.items():
            if known is not None and known.name == model.name and known.version != model.version:
                self.add(path, f"the model in {name!r} is called {model.name!r}, as that in {other!r}; give each its own name")
                return None
        return model


def _plugins(data: object, reader: Reader) -> PluginSettings | None:
    block = reader.mapping({} if data is None else data, ("plugins",), optional=("allow", "strict"))
    if block is None:
        return None
    allow = block.get("allow")
    names: list[str] = []
    if allow is not None and not isinstance(allow, list):
        reader.wrong(("plugins", "allow"), allow, "a list of plugin names, as `accountpulse plugins` shows them")
    for i, item in enumerate(allow if isinstance(allow, list) else []):
        name = reader.text(item, ("plugins", "allow", i), "a plugin's name")
        if name is not None:
            names.append(name)
    strict = block.get("strict", False)
    if not isinstance(strict, bool):
        reader.wrong(("plugins", "strict"), strict, "true or false")
        strict = False
    return PluginSettings(allow=tuple(names) if isinstance(allow, list) else None, strict=strict)


def _has_password(url: str) -> bool:
    try:
        password = urlsplit(url).password
    except ValueError:
        return False
    return bool(password) and not (password or "").startswith("${")


def _listed(names: object) -> str:
    return ", ".join(sorted(map(str, names))) or "none" if isinstance(names, (Mapping, list, set, tuple, frozenset)) else "none"
