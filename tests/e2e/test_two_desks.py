"""The account model is nobody's desk: the same requests for help, once in Zendesk and once in Intercom, mean the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import FixedClock, day_of
from accountpulse.core.metrics.asof import AsCorrected
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.library.support import SUPPORT
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.vendors import IntercomVendor, Vendors, ZendeskVendor, start_vendors

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# What Zendesk knows and Intercom does not: its one flag says high, and nothing says urgent.
URGENCY = frozenset({"urgent_share_90d", "open_urgent_tickets"})


@dataclass(frozen=True)
class Request:
    """A request for help, in nobody's words. Times are hours: `opened` before now, the others after it was opened."""

    account: str
    opened: int
    replied: int | None = None
    solved: int | None = None
    reopened: int = 0
    high: bool = False
    content: bool | None = None


REQUESTS = (
    Request("Acme", 200, replied=2, solved=30, content=True),
    Request("Acme", 150, replied=5, solved=90, reopened=1, high=True, content=False),
    Request("Acme", 100, replied=1),
    Request("Acme", 40),
    Request("Acme", 24 * 45, replied=3, solved=12),
    Request("Globex", 300, replied=8, solved=20, content=True),
    Request("Globex", 10, reopened=2, replied=1, high=True),
)


def in_zendesk(vendor: ZendeskVendor, keys: dict[str, str]) -> None:
    desk = {
        name: vendor.put("organization", {"name": name, "external_id": key}, at=NOW - timedelta(days=90))["id"]
        for name, key in keys.items()
    }
    for each in REQUESTS:
        opened = NOW - timedelta(hours=each.opened)
        solved = opened + timedelta(hours=each.solved) if each.solved is not None else None
        ticket = vendor.put(
            "ticket",
            {
                "organization_id": desk[each.account],
                "created_at": opened.isoformat(),
                "status": "solved" if solved else "open",
                "priority": "high" if each.high else "normal",
                "metric_set": {
                    "reply_time_in_minutes": {"calendar": each.replied * 60 if each.replied is not None else None},
                    "solved_at": solved.isoformat() if solved else None,
                    "reopens": each.reopened,
                },
            },
            at=solved or opened,
        )
        if each.content is not None:
            score = "good" if each.content else "bad"
            vendor.put("satisfaction_rating", {"ticket_id": ticket["id"], "score": score}, at=solved)


def in_intercom(vendor: IntercomVendor, keys: dict[str, str]) -> None:
    desk = {
        name: vendor.put("company", {"name": name, "company_id": key}, at=NOW - timedelta(days=90))["id"]
        for name, key in keys.items()
    }
    for each in REQUESTS:
        opened = NOW - timedelta(hours=each.opened)
        start = int(opened.timestamp())

        def after(hours: int | None, start: int = start) -> int | None:
            return start + hours * 3600 if hours is not None else None

        closed = after(each.solved)
        rating = None
        if each.content is not None:
            rating = {"rating": 5 if each.content else 1, "created_at": closed, "updated_at": closed}
        vendor.put(
            "conversation",
            {
                "company_id": desk[each.account],
                "created_at": start,
                "state": "closed" if closed else "open",
                "priority": "priority" if each.high else "not_priority",
                "statistics": {
                    "first_admin_reply_at": after(each.replied),
                    "last_close_at": closed,
                    "count_reopens": each.reopened,
                },
                "conversation_rating": rating,
            },
            at=datetime.fromtimestamp(closed or start, UTC),
        )


def metrics_of(
    vendors: Vendors, folder: Path, desk: str, fill: Callable[[dict[str, str]], None]
) -> dict[str, dict[str, float | None]]:
    """The support metrics and the satisfaction of each account, by its name, with this desk beside the CRM."""
    host = PluginHost.load()
    keys = {
        name: vendors.salesforce.put("Account", {"Name": name}, at=NOW - timedelta(days=100))["Id"]
        for name in ("Acme", "Globex")
    }
    fill(keys)
    crm, known = vendors.salesforce, getattr(vendors, desk).credentials
    logins = {
        "zendesk": {"client_id": known.get("client_id"), "client_secret": known.get("client_secret")},
        "intercom": {"token": known.get("token")},
    }
    login = {"client_id": crm.credentials["consumer_key"], "client_secret": crm.credentials["consumer_secret"]}
    configs = {
        "crm": ("salesforce", {"base_url": crm.base_url, **login}),
        "support": (desk, {"base_url": getattr(vendors, desk).base_url, **logins[desk]}),
    }
    connections = {
        name: ConnectionSettings(
            name=name,
            connector=connector,
            anchor=name == "crm",
            config=host.connectors[connector].Config.model_validate(config),
        )
        for name, (connector, config) in configs.items()
    }
    settings = Settings(store_url=str(folder / f"{desk}.db"), connections=connections, segments=(), models={})
    asked = (*SUPPORT, host.metrics["csat_90d"])
    with Hub.open(settings, host=host, clock=vendors.clock) as hub:
        assert {run.state for run in hub.sync()} == {"ok"}
        with hub.store.read() as connection:
            day = day_of(NOW, hub.zone)
            frame = evaluate(connection, asked, day=day, zone=hub.zone, mode=AsCorrected(), reporting_currency="USD")
    return {
        str(name): {
            metric.name: None if math.isnan(value) else float(value)
            for metric, value in zip(frame.metrics, frame.values[row], strict=True)
        }
        for row, name in enumerate(frame.attributes["name"])
    }


def test_the_same_requests_have_the_same_metrics_in_either_desk(tmp_path: Path) -> None:
    with start_vendors(clock=FixedClock(NOW), empty=True) as vendors:
        zendesk = metrics_of(vendors, tmp_path, "zendesk", lambda keys: in_zendesk(vendors.zendesk, keys))
    with start_vendors(clock=FixedClock(NOW), empty=True) as vendors:
        intercom = metrics_of(vendors, tmp_path, "intercom", lambda keys: in_intercom(vendors.intercom, keys))
    assert zendesk == intercom
    acme, globex = intercom["Acme"], intercom["Globex"]
    assert (acme["tickets_30d"], acme["first_reply_hours_90d"], acme["open_tickets"]) == (4, 2.5, 2)
    assert (acme["resolution_hours_90d"], acme["reopen_rate_90d"], acme["csat_90d"]) == (30, pytest.approx(1 / 3), 0.5)
    assert (globex["open_tickets"], globex["csat_90d"]) == (1, 1)
    assert all(value is not None for name, value in acme.items() if name != "ticket_trend_30d")


def test_only_what_intercom_cannot_say_differs(tmp_path: Path) -> None:
    with start_vendors(clock=FixedClock(NOW), empty=True) as vendors:

        def urgent(keys: dict[str, str]) -> None:
            in_zendesk(vendors.zendesk, keys)
            for each in vendors.zendesk.ids("ticket"):
                if vendors.zendesk.get("ticket", each)["priority"] == "high":
                    vendors.zendesk.touch("ticket", each, priority="urgent")
            vendors.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]  # it stands still by itself

        zendesk = metrics_of(vendors, tmp_path, "zendesk", urgent)
    with start_vendors(clock=FixedClock(NOW), empty=True) as vendors:
        intercom = metrics_of(vendors, tmp_path, "intercom", lambda keys: in_intercom(vendors.intercom, keys))
    differing = {name for account in zendesk for name in zendesk[account] if zendesk[account][name] != intercom[account][name]}
    assert differing == URGENCY
