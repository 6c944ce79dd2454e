"""A canary in the place of every secret of our connectors is nowhere to be found, whatever goes wrong (R43)."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.tokens import token_of

from accountpulse.config.settings import ConnectionSettings, Settings
from accountpulse.core.clock import FixedClock
from accountpulse.core.sync.results import Progress
from accountpulse.core.sync.retry import RetryPolicy
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.serving import serving as api_serving
from accountpulse.testing.vendors import start_vendors
from accountpulse.testing.vendors.salesforce_oauth import private_key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CANARY = "canary-7f3a9c"
QUERY = """{ connections { name connector state message identity identityDetails
             lastRuns { state message streams { name state message } } streams { name state message } } }"""


def settings_with_canaries(urls: dict[str, str]) -> dict[str, dict[str, Any]]:
    """For each built-in connector that has secrets, settings in which every secret is a canary; by the connection's name.

    A key that signs must be a real one: a line of it is what must not be found.
    """
    crm = {"base_url": urls["salesforce"], "login_url": urls["salesforce"], "client_id": "key"}
    form = {"id": "nps", "kind": "nps", "score_field": "score"}
    return {
        "salesforce": {**crm, "client_secret": CANARY},
        "salesforce-password": {**crm, "auth": "password", "username": "a", "client_secret": CANARY, "password": CANARY},
        "salesforce-jwt": {**crm, "auth": "jwt", "username": "a", "private_key": private_key()},
        "hubspot": {"base_url": urls["hubspot"], "access_token": CANARY},
        "zendesk": {"base_url": urls["zendesk"], "client_id": "key", "client_secret": CANARY},
        "stripe": {"base_url": urls["stripe"], "api_key": f"rk_test_{CANARY}"},
        "typeform": {"base_url": urls["typeform"], "token": CANARY, "forms": [form]},
        "intercom": {"base_url": urls["intercom"], "token": CANARY, "webhook_secrets": [CANARY]},
        "posthog": {"base_url": urls["posthog"], "personal_api_key": CANARY, "project_id": 4711},
        "segment": {"write_keys": [CANARY]},
    }


@pytest.mark.parametrize("fault", ["refused", "unreachable", "echoed"])
def test_a_canary_is_nowhere(fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    host, said = PluginHost.load(), list[str]()

    def hear(progress: Progress) -> None:
        said.append(repr(progress))

    with start_vendors(clock=FixedClock(NOW), empty=True) as vendors:
        urls = {vendor.name: vendor.base_url for vendor in vendors.all}
        if fault == "unreachable":
            urls = dict.fromkeys(urls, "http://127.0.0.1:9")
        for vendor in vendors.all if fault == "echoed" else ():
            vendor.fail(status=400, body={"error": CANARY, "message": CANARY}, times=1000)
        settings = Settings(
            store_url=str(tmp_path / "store.db"),
            connections={
                name: ConnectionSettings(
                    name=name,
                    connector=name.split("-")[0],
                    anchor=name == "salesforce",
                    config=host.connectors[name.split("-")[0]].Config.model_validate(config),
                )
                for name, config in settings_with_canaries(urls).items()
            },
            segments=(),
            models={},
        )
        retry = RetryPolicy(attempts=2, sleep=lambda _: None)
        with Hub.open(settings, host=host, clock=vendors.clock, retry=retry) as hub:
            results = hub.sync(on_progress=hear)
            said += [repr(settings), repr(results), repr(hub.check()), repr(hub.status())]
            assert not any(run.state == "ok" for run in results if run.connection != "segment"), results
            token = token_of(hub)
            with api_serving(hub, "127.0.0.1", 0) as listener:
                url = f"http://127.0.0.1:{listener.port}/graphql"
                answer = requests.post(
                    url, json={"query": QUERY}, headers={"Authorization": f"Bearer {token}"}, timeout=30
                )  # fmt: skip
            assert len(answer.json()["data"]["connections"]) == len(settings.connections)
            said.append(answer.text)
    said.append(caplog.text)
    for record in caplog.records:
        said.append("".join(traceback.format_exception(*record.exc_info)) if record.exc_info else record.getMessage())
    everything = "\n".join(said).encode() + b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for canary in (CANARY, private_key().splitlines()[1]):
        assert canary.encode() not in everything
