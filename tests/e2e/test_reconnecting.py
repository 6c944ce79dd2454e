"""One account of a vendor is one connection: connected again, connected twice, swapped for another, read anew or forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_faults import NOW, host, hub_of, states, vendors

from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import SettingsError
from accountpulse.core.store import connections as store_connections
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.vendors import Vendors

__all__ = ["host", "vendors"]


@pytest.fixture
def settings(vendors: Vendors, host: PluginHost, tmp_path: Path) -> Settings:
    """Salesforce alone, as the connection `crm`."""
    with hub_of(vendors, host, tmp_path) as hub:
        return replace(hub.settings, connections={"crm": hub.settings.connections["crm"]})


def renamed(connection: ConnectionSettings, name: str, **changes: Any) -> ConnectionSettings:
    return replace(connection, name=name, **changes)


def later(vendors: Vendors) -> None:
    assert isinstance(vendors.clock, FixedClock)
    vendors.clock.advance(timedelta(hours=1))


def table(hub: Hub) -> list[str]:
    hub.score()
    return [row.name for row in hub.table()]


def test_a_connection_that_was_taken_out_and_put_back_goes_on(settings: Settings, vendors: Vendors, host: PluginHost) -> None:
    """R8."""
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        assert states(hub.sync()) == {"crm": "ok"}
        assert table(hub) == ["Acme"]
    with Hub.open(replace(settings, connections={}), host=host, clock=vendors.clock) as hub:
        assert hub.sync() == []
    later(vendors)
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        (again,) = hub.sync()
        assert (again.state, again.changed) == ("ok", 0)
        assert table(hub) == ["Acme"]


def test_an_account_that_was_read_under_another_name_must_go_on_under_that(
    settings: Settings, vendors: Vendors, host: PluginHost
) -> None:
    """R8: else every customer would be there twice."""
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        hub.sync()
    other = replace(settings, connections={"sales": renamed(settings.connections["crm"], "sales")})
    with Hub.open(other, host=host, clock=vendors.clock) as hub:
        (refused,) = hub.sync()
        assert refused.state == "misconfigured"
        assert "was read as connection 'crm' before" in (refused.message or "")
        assert "name this connection 'crm'" in (refused.message or "")
        assert {status.name: status.state for status in hub.status()} == {"sales": "misconfigured"}
        (checked,) = hub.check()
        assert (checked.ok, checked.wrong_account) == (False, True)
        assert table(hub) == ["Acme"]


def test_a_connection_that_was_only_checked_may_be_renamed(settings: Settings, vendors: Vendors, host: PluginHost) -> None:
    """R8: nothing was read under the first name."""
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        assert [check.ok for check in hub.check()] == [True]
    other = replace(settings, connections={"sales": renamed(settings.connections["crm"], "sales")})
    with Hub.open(other, host=host, clock=vendors.clock) as hub:
        assert states(hub.sync()) == {"sales": "ok"}


def test_an_account_that_is_connected_twice_is_read_once(settings: Settings, vendors: Vendors, host: PluginHost) -> None:
    """R8."""
    crm = settings.connections["crm"]
    twice = replace(settings, connections={"crm": crm, "sales": renamed(crm, "sales")})
    with Hub.open(twice, host=host, clock=vendors.clock) as hub:
        results = hub.sync()
        assert states(results) == {"crm": "ok", "sales": "misconfigured"}
        assert "connection 'crm' reads" in (results[1].message or "")
        assert "keep one of the two" in (results[1].message or "")
        assert table(hub) == ["Acme"]
    with Hub.open(replace(settings, connections={"sales": twice.connections["sales"]}), host=host, clock=vendors.clock) as hub:
        assert states(hub.sync()) == {"sales": "misconfigured"}, "what was read is crm's"


def test_credentials_of_another_account_are_refused_and_the_first_ones_mend_it(
    settings: Settings, vendors: Vendors, host: PluginHost
) -> None:
    """R31: what is mended must be the same account."""
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        hub.sync()
        with hub.store.write() as connection:
            row = store_connections.by_name(connection, "crm")
            store_connections.set_identity(connection, row.id, {"id": "00D0", "name": "Another Ltd", "details": {}})
            store_connections.set_state(connection, row.id, "needs_reauth", NOW, message="")
        (refused,) = hub.sync()
        assert refused.state == "misconfigured"
        assert "it was connected to Another Ltd (00D0)" in (refused.message or "")
        assert "accountpulse check crm --accept" in (refused.message or "")
        assert [check.ok for check in hub.check("crm")] == [False]
        assert [check.ok for check in hub.check("crm", accept=True)] == [True], "a person says that it was renamed"
        assert states(hub.sync()) == {"crm": "ok"}


def test_a_purge_forgets_and_reads_anew_but_only_where_it_can_be_read(
    settings: Settings, vendors: Vendors, host: PluginHost
) -> None:
    """R7."""
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        hub.sync()
        assert table(hub) == ["Acme"]
    broken = settings.connections["crm"]
    broken = replace(broken, config=broken.config.model_copy(update={"base_url": "http://127.0.0.1:9"}))
    with Hub.open(replace(settings, connections={"crm": broken}), host=host, clock=vendors.clock) as hub:
        (refused,) = hub.sync("crm", reset=True, purge=True)
        assert "nothing was forgotten" in (refused.message or "")
        assert table(hub) == ["Acme"]
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        (anew,) = hub.sync("crm", reset=True, purge=True)
        assert (anew.state, anew.streams[0].opened) == ("ok", 1)
        assert table(hub) == ["Acme"]


def test_what_salesforce_erased_for_good_is_gone_after_a_reset(settings: Settings, vendors: Vendors, host: PluginHost) -> None:
    """R7: an incremental read can't see it, for no row of it is left."""
    others = [vendors.salesforce.put("Account", {"Name": f"Firm {n}"}, at=NOW - timedelta(days=9))["Id"] for n in range(5)]
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        hub.sync()
        vendors.salesforce.purge("Account", others[0])
        later(vendors)
        assert hub.sync("crm", "accounts")[0].changed == 0
        hub.sync("crm", reset=True)
        later(vendors)
        (after,) = hub.sync("crm")
        assert sum(stream.closed for stream in after.streams) == 1
        with hub.store.read() as connection:
            assert store_connections.held(connection, 1) == []


def test_another_connector_under_a_name_that_has_facts_is_an_error(
    settings: Settings, vendors: Vendors, host: PluginHost
) -> None:
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        hub.sync()
    config = host.connectors["stripe"].Config.model_validate({"api_key": "sk_test_1"})
    stripe = ConnectionSettings(name="crm", connector="stripe", anchor=True, config=config)
    with pytest.raises(SettingsError, match=r"crm.*salesforce.*stripe.*another name"):
        Hub.open(replace(settings, connections={"crm": stripe}), host=host, clock=vendors.clock)
    with Hub.open(replace(settings, connections={"money": replace(stripe, name="money")}), host=host, clock=vendors.clock):
        pass
