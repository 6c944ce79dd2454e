"""What the processes of the benchmark of syncs do: `python -m tests.benchmarks.sync_tasks NAME JSON`, as `tasks.py` does."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import sqlalchemy as sa
from tests.benchmarks.measure import Region, serve
from tests.benchmarks.servers import empty
from tests.benchmarks.sync_vendors import KEY, NOW, TICKETS

from accountpulse.connectors.stripe.api import StripeApi
from accountpulse.connectors.stripe.config import StripeConfig
from accountpulse.connectors.stripe.source import Stripe
from accountpulse.connectors.zendesk.client import ZendeskClient
from accountpulse.connectors.zendesk.config import ZendeskConfig
from accountpulse.connectors.zendesk.source import Zendesk
from accountpulse.core.clock import FixedClock
from accountpulse.core.store import connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.sync.connector import Connector
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source, SyncEngine
from accountpulse.core.sync.specs import spec_of

Result = dict[str, float]

STREAMS = {"zendesk": ("tickets", "ticket"), "stripe": ("invoices", "invoice")}
"""The stream of each vendor that is read, and the record that it brings."""


def raw(vendor: str, base: str) -> Result:
    """Go through all of the vendor's JSON by way of the same SDK, and do nothing with it: the limit of a sync."""
    region, rows = Region(), 0
    pages = {"zendesk": _zendesk_pages, "stripe": _stripe_pages}[vendor](base)
    with region.measured():
        for page in pages:
            rows += len(page)
    return {"cpu": region.cpu, "wall": region.wall, "rows": rows}


def sync(vendor: str, base: str, url: str, server: int | None = None) -> Result:
    """Sync into an empty store, through the engine, versions and checkpoints included."""
    empty(url)
    store, clock = Store.open(url), FixedClock(NOW)
    connector = _connector(vendor, base, clock)
    stream, kind = STREAMS[vendor]
    with store.write() as connection:
        ids = connections.register(connection, [spec_of(vendor, connector, connector.config)], clock.now())
    region = Region(server)
    with region.measured():
        result = SyncEngine(store, clock).sync(Source(ids[vendor], vendor, connector), [stream])
    connector.close()
    assert result.state == "ok", result.message
    with store.read() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(FACTS[kind])).scalar_one()
    store.close()
    return {"cpu": region.cpu, "wall": region.wall, "rows": rows}


def singer(base: str, url: str, tap: str, target: str, server: int | None = None) -> Result:
    """Stripe's invoices from a tap into PostgreSQL by a target: two processes with a pipe between them, whose start counts."""
    empty(url)
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as folder:
        settings = [Path(folder) / "tap.json", Path(folder) / "target.json"]
        settings[0].write_text(json.dumps(_singer_tap(base)))
        target_settings = {"sqlalchemy_url": url, "default_target_schema": "public", "load_method": "upsert"}
        # The tap's schema demands what its first hundred records have: checked by it, later ones would be refused.
        switched_off = {"activate_version": False, "validate_records": False}
        settings[1].write_text(json.dumps({**target_settings, **switched_off, "use_copy": True}))
        region = Region(server)
        with region.measured():
            reading = subprocess.Popen([tap, "--config", settings[0]], stdout=PIPE, stderr=DEVNULL, env=plain)
            writing = subprocess.Popen(
                [target, "--config", settings[1]], stdin=reading.stdout, stdout=DEVNULL, stderr=PIPE, env=plain
            )
            assert reading.stdout
            reading.stdout.close()  # so that a tap whose target ended ends too
            _, said = writing.communicate()
            codes = writing.returncode, reading.wait()
    assert codes == (0, 0), said.decode()[-1000:]
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("select count(*) from public.stripe").scalar_one()
    engine.dispose()
    return {"cpu": region.cpu, "wall": region.wall, "rows": rows}


def _singer_tap(base: str) -> dict[str, Any]:
    """Settings of a tap for any REST API; it follows the last id of each page, up to one that is empty."""
    invoices = {"name": "stripe", "path": "/v1/invoices", "records_path": "$.data[*]", "primary_keys": ["id"]}
    return {
        "api_url": base,
        "streams": [{**invoices, "params": {"limit": 100}, "num_inference_records": 100}],
        "pagination_request_style": "jsonpath_paginator",
        "pagination_response_style": "default",
        "pagination_next_page_param": "starting_after",
        "next_page_token_path": "$.data[-1:].id",
    }


def _zendesk_pages(base: str) -> Iterator[list[Any]]:
    client = ZendeskClient(_zendesk(base), Context("raw", clock=FixedClock(NOW)))
    place: dict[str, str | int] = {"start_time": 0}
    while True:
        page = client.get("incremental/tickets/cursor.json", include="metric_sets", per_page=TICKETS, **place)
        yield page["tickets"]
        if page["end_of_stream"]:
            return
        place = {"cursor": page["after_cursor"]}


def _stripe_pages(base: str) -> Iterator[list[Any]]:
    yield from StripeApi(KEY, base, Context("raw", clock=FixedClock(NOW))).pages("/v1/invoices")


def _zendesk(base: str) -> ZendeskConfig:
    return ZendeskConfig.model_validate({"base_url": base, "oauth_token": KEY})


def _connector(vendor: str, base: str, clock: FixedClock) -> Connector[Any]:
    context = Context(vendor, clock=clock)
    if vendor == "zendesk":
        return Zendesk(_zendesk(base), context)
    return Stripe(StripeConfig.model_validate({"api_key": KEY, "base_url": base}), context)


TASKS: Mapping[str, Callable[..., Result]] = {task.__name__: task for task in (raw, sync, singer)}


if __name__ == "__main__":
    serve(TASKS)
