"""What goes wrong in one place stays there: the other connections go on, and the message says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import FixedClock
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.scoring.segments import parse_rules
from accountpulse.core.store import connections as store_connections
from accountpulse.core.sync.results import RunResult
from accountpulse.core.sync.retry import RetryPolicy
from accountpulse.demo import Demo, open_demo
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.vendors import Vendors, start_vendors

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CANARY = "canary-7f3a9c"


@pytest.fixture(scope="session")
def host() -> PluginHost:
    return PluginHost.load()


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    clock = FixedClock(NOW)
    with start_vendors(clock=clock, empty=True) as started:
        started.salesforce.put("Account", {"Name": "Acme", "Website": "https://acme.example.com"}, at=NOW - timedelta(days=100))
        started.zendesk.put("organization", {"name": "Acme", "domain_names": ["acme.example.com"]}, at=NOW - timedelta(days=90))
        yield started


def hub_of(vendors: Vendors, host: PluginHost, folder: Path, slept: list[float] | None = None, **changes: Any) -> Hub:
    """A hub on Salesforce, Zendesk and Stripe; `changes`: of a connection's settings, by its name."""
    salesforce, zendesk = vendors.salesforce, vendors.zendesk
    configs: dict[str, tuple[str, dict[str, Any]]] = {
        "crm": (
            "salesforce",
            {
                "base_url": salesforce.base_url,
                "client_id": salesforce.credentials["consumer_key"],
                "client_secret": salesforce.credentials["consumer_secret"],
            },
        ),
        "support": (
            "zendesk",
            {
                "base_url": zendesk.base_url,
                "client_id": zendesk.credentials["client_id"],
                "client_secret": zendesk.credentials["client_secret"],
            },
        ),
        "billing": ("stripe", {"base_url": vendors.stripe.base_url, "api_key": vendors.stripe.credentials["api_key"]}),
    }
    model = model_of(
        {
            "name": "m",
            "goal": "churn",
            "scorer": "weighted",
            "bands": [{"name": "red", "from": 0, "to": 50}, {"name": "green", "from": 50, "to": 100}],
            "groups": [
                {
                    "name": "g",
                    "weight": 1,
                    "metrics": [{"metric": "tickets_30d", "weight": 1, "normalise": {"linear": [[0, 100], [5, 0]]}}],
                }
            ],
        }
    )
    rules, problems = parse_rules([{"name": "all", "model": "m", "default": True}])
    assert not problems
    settings = Settings(
        store_url=str(folder / "store.db"),
        connections={
            name: ConnectionSettings(
                name=name,
                connector=connector,
                anchor=name == "crm",
                config=host.connectors[connector].Config.model_validate({**config, **changes.get(name, {})}),
            )
            for name, (connector, config) in configs.items()
        },
        segments=tuple(rules),
        models={"m": model},
    )
    retry = RetryPolicy(attempts=3, sleep=(slept if slept is not None else []).append)
    return Hub.open(settings, host=host, clock=vendors.clock, retry=retry)


def states(results: list[RunResult]) -> dict[str, str]:
    return {run.connection: run.state for run in results}


def test_what_a_check_finds_out_is_kept(vendors: Vendors, host: PluginHost, tmp_path: Path) -> None:
    with hub_of(vendors, host, tmp_path) as hub:
        found = {result.connection: result.identity for result in hub.check()}
        with hub.store.read() as connection:
            kept = store_connections.by_name(connection, "support").identity
    assert found["support"] is not None
    assert kept == {"id": found["support"].id, "name": found["support"].name, "details": dict(found["support"].details)}
    assert kept["details"]


def test_an_unreachable_vendor_costs_only_its_connection(
    vendors: Vendors, host: PluginHost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []
    with hub_of(vendors, host, tmp_path, slept, billing={"base_url": "http://127.0.0.1:9"}) as hub:
        results = hub.sync()
        assert states(results) == {"crm": "ok", "support": "ok", "billing": "failed"}
        assert "127.0.0.1:9" in (results[2].message or ""), "whom"
        assert "base_url" in (results[2].message or ""), "what to look at"
        assert slept, "it tried again before giving up"
        assert "trying again in" in caplog.text, "and said so while it waited"
        assert hub.score().accounts == 1
        status = {c.name: c for c in hub.status()}
        assert status["billing"].state == "failed"
        assert status["crm"].fresh_at is not None


def test_what_a_connection_told_stays_when_it_is_no_longer_configured(
    vendors: Vendors, host: PluginHost, tmp_path: Path
) -> None:
    with hub_of(vendors, host, tmp_path) as hub:
        hub.sync()
        before = hub.settings
    left = replace(before, connections={"support": before.connections["support"]})
    with Hub.open(left, host=host, clock=vendors.clock) as hub:
        assert states(hub.sync()) == {"support": "ok"}
        assert [row.name for row in (hub.score(), hub.table())[1]] == ["Acme"]


def test_a_score_is_explained_as_it_was_given_until_another_model_is_published_and_scored(
    vendors: Vendors, host: PluginHost, tmp_path: Path
) -> None:
    with hub_of(vendors, host, tmp_path) as hub:
        hub.sync()
        hub.score()
        before = hub.settings
    rules, _ = parse_rules([{"name": "everyone", "model": "m", "default": True}])
    changed = replace(before, segments=tuple(rules), models={"m": replace(before.models["m"], coverage_floor=0.9)})
    with Hub.open(changed, host=host, clock=vendors.clock) as hub:
        assert hub.explain("Acme").segment == "all"
        assert [row.segment for row in hub.table()] == ["all"]
        assert hub.explain("Acme").model_version == before.models["m"].version
        hub.score()
        assert hub.explain("Acme").segment == "all", "a file counts once it is published"
        hub.releases.publish(author="Ann")
        assert hub.explain("Acme").segment == "all"
        hub.score()
        assert hub.explain("Acme").segment == "everyone"


@pytest.mark.slow
def test_wrong_credentials_need_a_person_and_keep_what_is_known(vendors: Vendors, host: PluginHost, tmp_path: Path) -> None:
    with hub_of(vendors, host, tmp_path) as hub:
        assert set(states(hub.sync()).values()) == {"ok"}
        vendors.zendesk.revoke()
        first = hub.sync()
        assert states(first) == {"crm": "ok", "support": "needs_reauth", "billing": "ok"}
        since = {c.name: c.since for c in hub.status()}["support"]
        vendors.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]  # the fixture's clock is a FixedClock
        hub.sync()
        assert {c.name: c.since for c in hub.status()}["support"] == since, "one fault is one notice"
        assert hub.score().accounts == 1
        assert [r.ok for r in hub.check()] == [True, False, True]


def test_a_secret_is_in_no_message(
    vendors: Vendors, host: PluginHost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wrong = {
        "crm": {"client_secret": CANARY},
        "support": {"client_secret": CANARY},
        "billing": {"api_key": f"sk_test_{CANARY}"},
    }
    with hub_of(vendors, host, tmp_path, **wrong) as hub:
        assert CANARY not in repr(hub.settings)
        results = hub.sync()
        assert set(states(results).values()) == {"needs_reauth"}
        assert CANARY not in repr(results)
        assert CANARY not in repr(hub.check())
        assert CANARY not in repr(hub.status())
    assert CANARY not in caplog.text
    assert CANARY.encode() not in (tmp_path / "store.db").read_bytes()


def test_a_malformed_record_goes_into_quarantine_and_the_rest_is_read(
    vendors: Vendors, host: PluginHost, tmp_path: Path
) -> None:
    for i in range(30):
        vendors.zendesk.put("ticket", {"subject": f"t{i}", "organization_id": 1}, at=NOW - timedelta(days=2))
    broken = {"subject": "broken", "organization_id": 1, "created_at": "not a date"}
    vendors.zendesk.put("ticket", broken, at=NOW - timedelta(days=2))
    with hub_of(vendors, host, tmp_path) as hub:
        support = next(r for r in hub.sync() if r.connection == "support")
        tickets = next(s for s in support.streams if s.stream == "tickets")
        assert (tickets.state, tickets.quarantined, tickets.opened) == ("ok", 1, 30)


def test_a_connector_that_cannot_be_built_is_misconfigured_and_the_others_go_on(
    vendors: Vendors, host: PluginHost, tmp_path: Path
) -> None:
    from accountpulse.core.errors import MissingExtra

    class Absent(host.connectors["stripe"]):  # type: ignore[misc, name-defined]  # a class chosen at run time
        def __init__(self, *_: Any) -> None:
            raise MissingExtra("The Stripe connector", "stripe")

    without = replace(host, connectors={**host.connectors, "stripe": Absent})
    with hub_of(vendors, without, tmp_path) as hub:
        results = hub.sync()
        assert states(results) == {"crm": "ok", "support": "ok", "billing": "misconfigured"}
        assert 'pip install "accountpulse[stripe]"' in (results[2].message or "")


@pytest.mark.slow
def test_the_whole_demo_on_postgresql(postgres_template: str, postgres_url: str) -> None:
    """The same life on the other database: same accounts, scores that add up."""
    import sqlalchemy as sa

    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("create database demo_run template accountpulse_template"))
    url = sa.make_url(postgres_url).set(database="demo_run").render_as_string(hide_password=False)
    try:
        with open_demo(url) as demo:
            assert_scored(demo)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text("drop database demo_run with (force)"))
        admin.dispose()


def assert_scored(demo: Demo) -> None:
    demo.sync()
    report = demo.score(days=5)
    assert report.accounts >= 200
    for score in demo.hub.scoring.scores():
        total = score.reference + sum(c.delta for c in score.components) + sum(a.points for a in score.adjustments)
        assert total == pytest.approx(score.score, abs=1e-9)
    assert demo.hub.score().rows_written == 0
