"""Prometheus is told what the store knows and what this process did, over real HTTP."""

from __future__ import annotations

from datetime import timedelta

import requests
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from tests.core.scoring.test_service import NOW, TODAY, World, company

from accountpulse.core.observe.freshness import Contracts, standing
from accountpulse.core.observe.meters import served
from accountpulse.core.store import connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import inbox


def scraped(store: Store, world: World, contracts: Contracts) -> dict[tuple[str, ...], float]:
    with served(store, world.clock, contracts, "127.0.0.1", 0) as port:
        answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def test_what_the_store_knows_is_told(store: Store) -> None:
    world = World(store)
    world.put("crm", company("busy"))
    with store.write() as connection:
        run_id = connections.begin_run(connection, world.ids["crm"], NOW)
        counts = {"read": 7, "opened": 3, "closed": 1, "unchanged": 4, "quarantined": 2, "retries": 1}
        connections.record_stream(connection, run_id, "a", **counts, state="ok", message=None)
        connections.end_run(connection, run_id, "partial", None, NOW)
        connection.execute(sa.insert(inbox).values(connection_id=world.ids["desk"], key="k", received_at=NOW, body={}))
    world.service.run(TODAY)
    world.clock.advance(timedelta(hours=2))
    found = scraped(store, world, Contracts(timedelta(days=3), {"crm": timedelta(hours=1)}))
    assert found["accountpulse_store_up",] == 1
    assert found["accountpulse_connection_lag_seconds", "crm"] == 7200
    assert found["accountpulse_connection_expected_lag_seconds", "crm"] == 3600
    assert found["accountpulse_connection_expected_lag_seconds", "desk"] == 3 * 86400
    assert found["accountpulse_syncs_total", "crm", "partial"] == 1
    assert found["accountpulse_records_total", "crm", "unchanged"] == 4
    assert found["accountpulse_inbox_waiting", "desk"] == 1
    assert found["accountpulse_outbox", "dead"] == 0
    assert found["accountpulse_scored_age_seconds",] == 7200
    assert sum(value for name, value in found.items() if name[0] == "accountpulse_accounts") == 1
    assert found["accountpulse_scoring_seconds_count",] >= 1


def test_a_store_that_is_gone_is_told_and_not_an_error(store: Store) -> None:
    world = World(store)
    with store.write() as connection:
        connection.exec_driver_sql("alter table run_stream rename to run_stream_away")
    try:
        found = scraped(store, world, Contracts())
        assert found["accountpulse_store_up",] == 0
        assert not any(name[0] == "accountpulse_outbox" for name in found)
    finally:
        with store.write() as connection:
            connection.exec_driver_sql("alter table run_stream_away rename to run_stream")


def test_a_contract_is_kept_late_or_never_begun() -> None:
    hour, at = timedelta(hours=1), NOW
    assert standing(hour, at).state(at + hour - timedelta(seconds=1)) == "fresh"
    assert standing(hour, at).state(at + hour) == "late"
    assert standing(hour, at).late_from == at + hour
    assert standing(hour, None).state(at) == "never"
    assert standing(None, at).state(at) == "unpromised"
    assert Contracts(by_name={"usage": hour}).of("usage", only_pushes=True) == hour
    assert Contracts().of("usage", only_pushes=True) is None
