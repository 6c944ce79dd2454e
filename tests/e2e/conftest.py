"""One life of the whole product on simulated vendors, read once and shared: real connectors, real SDKs, a real store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accountpulse.demo import Demo, open_demo
from accountpulse.serving import serving


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo's company, synced into SQLite, with its last three days of usage pushed; today is scored."""
    with open_demo(str(tmp_path_factory.mktemp("demo") / "demo.db")) as opened:
        opened.sync()
        with serving(opened.hub, "127.0.0.1", 0) as listener:
            opened.send_usage(f"http://127.0.0.1:{listener.port}")
        opened.score(days=1)
        yield opened
