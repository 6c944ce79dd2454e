"""The configured connections, opened: who each is connected to, and why one can't be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import Clock
from accountpulse.core.errors import AccountPulseError, NotFound, describe_crash
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.database import Store
from accountpulse.core.sync.connector import Connector, Identity
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source
from accountpulse.core.sync.results import RunResult, StreamResult
from accountpulse.core.sync.resync import forget
from accountpulse.core.sync.whose import settle_identity
from accountpulse.plugins.host import CRASHES, PluginHost

# In these a person is asked to act, and what they change may well be whose credentials are used.
_CREDENTIALS_MAY_DIFFER = ("needs_reauth", "misconfigured")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a connection's credentials work, and who it is connected to; `message` says what to do if not.

    wrong_account: they work, but for an account that this connection must not read.
    """

    connection: str
    connector: str
    ok: bool
    identity: Identity | None = None
    message: str | None = None
    wrong_account: bool = False


class Sources(Mapping[str, Source]):
    """The connections that could be opened, by name. `close` lets go of them."""

    def __init__(
        self,
        settings: Settings,
        host: PluginHost,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        ids: Mapping[str, int],
        cancelled: Callable[[], bool],
    ) -> None:
        """ids: the connections' ids in the store. cancelled: true once what is being read should stop.

        What can't be opened is no error: the others can be read.
        """
        self._settings = settings
        self._host = host
        self._store = store
        self._clock = clock
        self._ids = ids
        self._opened: dict[str, Source] = {}
        self._unusable: dict[str, str] = {}
        for name, connection in settings.connections.items():
            cancel = threading.Event()
            context = Context(connection=name, clock=clock, zone=zone, cancelled=_either(cancel, cancelled))
            try:
                self._opened[name] = Source(ids[name], name, connector_of(host, connection)(connection.config, context), cancel)
            except AccountPulseError as error:
                self._unusable[name] = str(error)
            except CRASHES as error:
                self._unusable[name] = describe_crash(error, "the connector")

    def __getitem__(self, name: str) -> Source:
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    def __len__(self) -> int:
        return len(self._opened)

    def close(self) -> None:
        """Let go of the connectors."""
        for source in self.values():
            source.connector.close()

    def names(self, name: str | None) -> list[str]:
        """All configured connections, or the one that is named. Raises NotFound."""
        if name is None:
            return list(self._settings.connections)
        if name not in self._settings.connections:
            known = ", ".join(self._settings.connections) or "none"
            raise NotFound(f"there is no connection {name!r}; there are: {known}")
        return [name]

    def check(self, name: str, *, accept: bool = False) -> CheckResult:
        """Try a connection's credentials, and remember who it is connected to. accept: see `settle_identity`."""
        connector = self._settings.connections[name].connector
        if name in self._unusable:
            return CheckResult(name, connector, False, message=self._unusable[name])
        try:
            identity = self[name].connector.check()
        except AccountPulseError as error:
            return CheckResult(name, connector, False, message=str(error))
        except CRASHES as error:
            return CheckResult(name, connector, False, message=describe_crash(error, "the connector"))
        with self._store.write() as connection:
            refused = settle_identity(connection, self[name], identity, accept=accept)
        return CheckResult(name, connector, refused is None, identity, refused, wrong_account=refused is not None)

    def refusal(self, name: str) -> RunResult | None:
        """How a run of a connection ends that can't be read at all, or that reads what it must not; None where it may begin.

        Who it is connected to is asked before its first reading, and where its credentials may have been changed.
        """
        message = self._unusable.get(name)
        if message is None:
            with self._store.read() as connection:
                row = store_connections.by_name(connection, name)
            if self[name].connector.streams() and (row.identity is None or row.state in _CREDENTIALS_MAY_DIFFER):
                checked = self.check(name)
                # Credentials that are refused are met by the reading itself, which says what to do.
                message = checked.message if checked.wrong_account else None
        return None if message is None else self._misconfigured(name, message)

    def forget(self, name: str, streams: Sequence[str] | None) -> RunResult | None:
        """Forget what a connection's streams brought; how its run ends where nothing could be read afterwards.

        Raises NotFound and InvalidInput, see `resync.forget`.
        """
        checked = self.check(name)
        if not checked.ok:
            return self._misconfigured(name, f"nothing was forgotten, because nothing could be read again: {checked.message}")
        forget(self._store, self._clock, self[name], streams)
        return None

    def _misconfigured(self, name: str, message: str) -> RunResult:
        with self._store.write() as connection:
            store_connections.set_state(connection, self._ids[name], "misconfigured", self._clock.now(), message=message)
        return RunResult(name, "misconfigured", message, streams=[StreamResult("-", state="misconfigured", message=message)])


def _either(cancel: threading.Event, cancelled: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: cancel.is_set() or cancelled()


def connector_of(host: PluginHost, settings: ConnectionSettings) -> type[Connector[Any]]:
    """The installed connector of a connection. Raises NotFound."""
    found = host.connectors.get(settings.connector)
    if found is None:
        known = ", ".join(sorted(host.connectors)) or "none"
        raise NotFound(f"connection {settings.name!r}: there is no connector {settings.connector!r}; there are: {known}")
    return found
