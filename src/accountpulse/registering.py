"""What the configuration says of a store is made so in it: connections, rates, key features."""

from __future__ import annotations

from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import Clock
from accountpulse.core.errors import SettingsError
from accountpulse.core.metrics.features import configure_key_features, same_key_features
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import rates as store_rates
from accountpulse.core.store.connections import ConnectionSpec
from accountpulse.core.store.database import Store
from accountpulse.core.sync.specs import spec_of
from accountpulse.plugins.host import PluginHost
from accountpulse.sources import connector_of


def register(settings: Settings, host: PluginHost, store: Store, clock: Clock) -> dict[str, int]:
    """Make the store's connections those of the settings; returns their ids by name.

    Raises SettingsError where another connector has read a connection before.
    """
    specs = [_spec(host, i, each) for i, each in enumerate(settings.connections.values())]
    # A command that only reads must not wait for one that writes, so nothing is written where nothing differs.
    with store.read() as connection:
        ids = store_connections.registered(connection, specs)
        same_rates = store_rates.same_rates(connection, settings.rates)
        if ids is not None and same_rates and same_key_features(connection, settings.key_features):
            return ids
        others = store_connections.repurposed(connection, specs)
    if others:
        raise SettingsError([_repurposed(settings, name, before) for name, before in sorted(others.items())])
    with store.write() as connection:
        ids = store_connections.register(connection, specs, clock.now())  # first, so that others wait with their rates too
        store_rates.write_rates(connection, settings.rates)
        configure_key_features(connection, settings.key_features)
        return ids


def _repurposed(settings: Settings, name: str, before: str) -> str:
    now = settings.connections[name].connector
    return (
        f"{settings.path}: connections.{name}.connector: it was read with the connector {before!r}, and what that "
        f"brought is kept; to read with {now!r}, give the connection another name"
    )


def _spec(host: PluginHost, priority: int, settings: ConnectionSettings) -> ConnectionSpec:
    connector = connector_of(host, settings)
    return spec_of(settings.name, connector, settings.config, priority=priority, anchor=settings.anchor)
