"""A small shop: two CSV files, an account anchor and a push seam. Every command runs against it for real."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from accountpulse.cli.app import cli
from accountpulse.config.template import write_template
from accountpulse.testing.stores import empty_store

WRITE_KEY = "sesame-open-up"
CONNECTIONS = """\
connections:
  files:
    connector: tabular
    anchor: true
    config:
      files:
        - path: {folder}/accounts.csv
          record: account
          columns: {{source_id: id, name: name, domains: domain, plan: plan, customer_since: since}}
          timezone: UTC
        - path: {folder}/usage.csv
          record: usage_day
          columns: {{account: account_id, user: user, feature: feature, day: day, count: count, seconds: seconds}}
  usage: {{connector: segment, config: {{write_keys: ["${{SHOP_WRITE_KEY}}"]}}}}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a configured AccountPulse that has never been synced; also the current directory."""
    monkeypatch.setenv("SHOP_WRITE_KEY", WRITE_KEY)
    monkeypatch.delenv("ACCOUNTPULSE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    today = datetime.now(UTC).date()
    (tmp_path / "accounts.csv").write_text(
        "id,name,domain,plan,since\n"
        "a1,Acme,acme.example,enterprise,2024-01-05\n"
        "a2,Beta [bold]Corp,beta.example,starter,2024-06-05\n"
        f"a3,Gamma,gamma.example,starter,{today - timedelta(days=20)}\n"
    )
    rows = [
        f"{account},u{user}@{account}.example,login,{today - timedelta(days=age)},3,100"
        for account, ages in (("a1", range(1, 60)), ("a2", range(30, 60)), ("a3", range(1, 15)))
        for age in ages
        for user in range(2)
    ]
    (tmp_path / "usage.csv").write_text("account_id,user,feature,day,count,seconds\n" + "\n".join(rows) + "\n")
    write_template(tmp_path)
    shutil.copy(empty_store(), tmp_path / "accountpulse.db")
    config = tmp_path / "accountpulse.yaml"
    config.write_text(config.read_text().replace("connections:\n", CONNECTIONS.format(folder=tmp_path), 1))
    return tmp_path


@pytest.fixture(autouse=True)
def as_wide_as_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is piped has a fixed width; a test runner's worker may have another."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def restored_log() -> Iterator[None]:
    """Commands set the log up for their process; here it is everybody's."""
    logger = logging.getLogger("accountpulse")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command in this process. stdout and stderr are kept apart."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), prog_name="accountpulse")

    return run


@pytest.fixture
def answer(run: Callable[..., Result]) -> Callable[..., Any]:
    """The JSON document of a command that must end well."""

    def answer(*arguments: str) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return answer


@pytest.fixture
def scored(shop: Path, run: Callable[..., Result], scored_today: dict[date, bytes]) -> Path:
    """A shop that has been synced and scored: once for all tests of a day, as it always comes out the same."""
    store, today = shop / "accountpulse.db", datetime.now(UTC).date()
    if today not in scored_today:
        assert run("sync").exit_code == 0
        assert run("score").exit_code == 0
        scored_today[today] = store.read_bytes()
    store.write_bytes(scored_today[today])
    return shop


@pytest.fixture(scope="session")
def scored_today() -> dict[date, bytes]:
    """The store of a scored shop, by the day."""
    return {}
