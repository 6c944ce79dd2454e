"""The plugin host: loads distributions, keeps each in its own try, and collects what they contribute.

Built-in connectors, metrics and scorers come in through the same entry points as a stranger's. A plugin that breaks costs only
itself: it is listed as broken, with its reason. pluggy collects at start-up and is never on a hot path.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from accountpulse.core.errors import PluginError
from accountpulse.core.metrics.choice import NAMES
from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.engine import PluggedEngine
from accountpulse.core.scoring.scorer import Scorer
from accountpulse.core.sync.connector import Connector
from accountpulse.plugins import hookspecs

if TYPE_CHECKING:
    from accountpulse.core.identity import Candidate, SourceAccount

GROUP = hookspecs.PROJECT
ALLOW_VARIABLE = "ACCOUNTPULSE_LOAD_PLUGINS"
STRICT_VARIABLE = "ACCOUNTPULSE_STRICT_PLUGINS"

log = logging.getLogger("accountpulse.plugins")

# `sys.exit` in a plugin must end the plugin, not whoever serves scores.
CRASHES = (Exception, SystemExit)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin as it is listed. reason: why it is broken or left out. hooks: what it implements."""

    name: str
    distribution: str
    version: str
    status: Literal["loaded", "broken", "left out"]
    reason: str | None = None
    hooks: tuple[str, ...] = ()


@dataclass(slots=True)
class PluginHost:
    """What all plugins contribute, by id or name. Make one with `PluginHost.load()`."""

    connectors: dict[str, type[Connector[Any]]] = field(default_factory=dict)
    scorers: dict[str, type[Scorer]] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    engines: dict[str, type[PluggedEngine]] = field(default_factory=dict)
    graphql_types: list[type] = field(default_factory=list)
    plugins: list[PluginInfo] = field(default_factory=list)
    _manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(hookspecs.PROJECT), repr=False)
    _strict: bool = False

    @classmethod
    def load(
        cls, *, allow: Sequence[str] | None = None, strict: bool = False, found: Iterable[EntryPoint] | None = None
    ) -> PluginHost:
        """Load every installed plugin, or only those named in `allow` (or in ACCOUNTPULSE_LOAD_PLUGINS, comma-separated).

        strict (or ACCOUNTPULSE_STRICT_PLUGINS=1): raise PluginError for a broken plugin instead of listing it.
        """
        host = cls(_strict=strict or os.environ.get(STRICT_VARIABLE) == "1")
        host._manager.add_hookspecs(hookspecs)
        if allow is None and (named := os.environ.get(ALLOW_VARIABLE)):
            allow = [name.strip() for name in named.split(",") if name.strip()]
        origins: dict[Distribution | None, tuple[str, str]] = {None: ("?", "?")}
        for entry in sorted(found if found is not None else entry_points(group=GROUP), key=lambda e: e.name):
            if entry.dist is not None and entry.dist not in origins:
                metadata = entry.dist.metadata  # read anew whenever it is asked for
                origins[entry.dist] = (metadata["Name"], metadata["Version"])
            host._load(entry, allow, *origins[entry.dist])
        host._collect()
        return host

    def add_commands(self, cli: object) -> None:
        """Let plugins add sub-commands to the command line."""
        for plugin, register in self._implementations("register_commands"):
            self._guarded(plugin, "register_commands", partial(register, cli=cli))

    def observe_score(self, change: object) -> None:
        """Tell the observers of changed scores; an error of one is logged and costs nothing else."""
        for plugin, observe in self._implementations("score_changed"):
            try:
                observe(change=change)
            except CRASHES:
                log.exception("plugin %s failed to observe a changed score", plugin)

    def match_account(self, source_account: SourceAccount, candidates: list[Candidate]) -> Candidate | None:
        """The first plugin's word on which account a source account is; what is none of the candidates is no word."""
        for plugin, match in self._implementations("match_account"):
            try:
                chosen = match(source_account=source_account, candidates=list(candidates))
            except CRASHES:
                log.exception("plugin %s failed to match an account", plugin)
                continue
            named = next((each for each in candidates if each == chosen), None)
            if named is not None:
                return named
            if chosen is not None:
                log.error("plugin %s: match_account returned something else than a candidate or None: %s", plugin, type(chosen))
        return None

    @property
    def matches_accounts(self) -> bool:
        """Whether any plugin has a say in matching."""
        return bool(self._implementations("match_account"))

    # --- loading ------------------------------------------------------------------------------------------------------

    def _load(self, entry: EntryPoint, allow: Sequence[str] | None, distribution: str, version: str) -> None:
        if allow is not None and entry.name not in allow:
            self.plugins.append(
                PluginInfo(entry.name, distribution, version, "left out", "it is not in the allow-list plugins.allow")
            )
            return
        try:
            module = entry.load()
            self._manager.register(module, name=entry.name)
            hooks = self._verified_hooks(module)
        except CRASHES as error:
            if self._manager.has_plugin(entry.name):
                self._manager.unregister(name=entry.name)
            self._break(PluginInfo(entry.name, distribution, version, "broken", _reason(error)), error)
            return
        self.plugins.append(PluginInfo(entry.name, distribution, version, "loaded", None, hooks))

    def _verified_hooks(self, module: object) -> tuple[str, ...]:
        callers = self._manager.get_hookcallers(module) or []
        known = sorted(name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), f"{hookspecs.PROJECT}_spec"))
        for caller in callers:
            if not caller.has_spec():
                close = difflib.get_close_matches(caller.name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
                raise PluginError(f"it implements a hook {caller.name!r}, which does not exist; {hint}")
        return tuple(sorted(caller.name for caller in callers))

    def _break(self, info: PluginInfo, error: BaseException | None) -> None:
        if self._strict:
            raise PluginError(f"plugin {info.name!r} ({info.distribution} {info.version}): {info.reason}") from error
        log.warning("plugin %s is broken: %s", info.name, info.reason)
        self.plugins = [p for p in self.plugins if p.name != info.name] + [info]

    # --- collecting ---------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        self._collect_into(self.connectors, "register_connectors", lambda c: c.id, "connector", _check_connector)
        self._collect_into(self.scorers, "register_scorers", lambda s: s.id, "scorer", _check_scorer)
        self._collect_into(self.metrics, "register_metrics", lambda m: m.name, "metric", _check_metric)
        self._collect_into(self.engines, "register_engines", lambda e: e.id, "engine", _check_engine)
        for plugin, register in self._implementations("register_graphql_types"):
            types = self._guarded(plugin, "register_graphql_types", partial(_listed, register))
            self.graphql_types.extend(types or ())

    def _collect_into(
        self,
        registry: dict[str, Any],
        hook: str,
        name_of: Callable[[Any], str],
        noun: str,
        check: Callable[[Any], None],
    ) -> None:
        owners: dict[str, str] = {}
        refused: set[str] = set()
        for plugin, register in self._implementations(hook):
            contributed = self._guarded(plugin, hook, partial(_listed, register, check))
            for item in contributed or ():
                name = name_of(item)
                if name in owners:
                    # Neither may win by the accident of load order.
                    refused.add(name)
                    for one, other in ((plugin, owners[name]), (owners[name], plugin)):
                        self._refuse(one, f"{noun} {name!r} is also registered by plugin {other!r}; remove one of the two")
                    continue
                owners[name] = plugin
                registry[name] = item
        for name in refused:
            registry.pop(name, None)

    def _implementations(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return [(impl.plugin_name, _taking_what_it_wants(impl)) for impl in caller.get_hookimpls()]

    def _guarded(self, plugin: str, hook: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except CRASHES as error:
            self._refuse(plugin, f"{hook}() failed: {_reason(error)}", error)
            return None

    def _refuse(self, plugin: str, reason: str, error: BaseException | None = None) -> None:
        listed = next(p for p in self.plugins if p.name == plugin)
        self._break(PluginInfo(plugin, listed.distribution, listed.version, "broken", reason, listed.hooks), error)


def _taking_what_it_wants(implementation: pluggy.HookImpl) -> Callable[..., Any]:
    def call(**arguments: Any) -> Any:
        return implementation.function(*(arguments[name] for name in implementation.argnames))

    return call


def _listed(register: Callable[[], Iterable[Any] | None], check: Callable[[Any], None] | None = None) -> list[Any]:
    items = list(register() or ())
    for item in items:
        if check is not None:
            check(item)
    return items


def _check_connector(item: Any) -> None:
    if not (isinstance(item, type) and issubclass(item, Connector)):
        raise PluginError(f"{item!r} is not a Connector class")
    for attribute in ("id", "title", "Config"):
        if not hasattr(item, attribute):
            raise PluginError(f"connector {item.__name__} has no {attribute!r}")
    if not item.streams() and not item.inbounds():
        raise PluginError(f"connector {item.__name__} declares neither a @stream nor an @inbound")


def _check_scorer(item: Any) -> None:
    if not (isinstance(item, type) and issubclass(item, Scorer)):
        raise PluginError(f"{item!r} is not a Scorer class")
    for attribute in ("id", "title"):
        if not hasattr(item, attribute):
            raise PluginError(f"scorer {item.__name__} has no {attribute!r}")


def _check_engine(item: Any) -> None:
    if not (isinstance(item, type) and issubclass(item, PluggedEngine)):
        raise PluginError(f"{item!r} is not a PluggedEngine class")
    if not getattr(item, "id", ""):
        raise PluginError(f"engine {item.__name__} has no 'id'")
    if item.id in NAMES:
        raise PluginError(f"engine {item.__name__} has the id {item.id!r}, which is one of AccountPulse's own; choose another")


def _check_metric(item: Any) -> None:
    if not isinstance(item, Metric):
        raise PluginError(f"{item!r} is not a Metric; declare it with metric(...)")


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
