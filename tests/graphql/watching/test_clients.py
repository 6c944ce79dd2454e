"""The usual clients of subscriptions, from npm: graphql-ws over WebSocket, graphql-sse over an event stream."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.graphql.world import NOW, SmallHub, World
from tests.node import NODE, NoPackages, installed

from accountpulse.core.store import tables, tokens
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.serving import serving
from accountpulse.testing.stores import fresh_store

HERE = Path(__file__).parent
QUERY = "subscription { scoreChanged { score scoreBefore account { name } } }"


@pytest.mark.slow
def test_the_usual_clients_are_told(tmp_path: Path) -> None:
    try:
        place = installed(HERE)
    except NoPackages as error:
        pytest.skip(str(error))
    with fresh_store(tmp_path) as store:
        id = World(store).account("Acme", score=50.0)
        with store.write() as connection:
            token = tokens.create(connection, rows=EVERYTHING, name="watcher", scopes=["read"], now=NOW)
        hub: Any = SmallHub(store)
        with serving(hub, "127.0.0.1", 0) as listener:
            command = [str(NODE), "watch.mjs", f"127.0.0.1:{listener.port}", token, QUERY]
            watching = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for score in range(1, 61):
                with store.write() as connection:
                    new = {"score": score, "content_hash": bytes([score]), "scored_at": NOW}
                    of = tables.score_current.c.account_id == id
                    connection.execute(sa.update(tables.score_current).where(of).values(**new))
                    bump(connection, "scores")
                try:
                    watching.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    continue
            watching.kill()
            out, err = watching.communicate()
    assert watching.returncode == 0, err
    told = json.loads(out)
    for events in (told["overSocket"], told["overStream"]):
        first, second = (event["scoreChanged"] for event in events)
        assert first["account"] == {"name": "Acme"}
        assert second["scoreBefore"] == first["score"]
    assert told["refused"] == 4403
