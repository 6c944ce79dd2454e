"""The example queries run as they are written against the demo, and each part of them answers with something."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.graphql.client import Api
from tests.tokens import token_of
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from accountpulse.core.trail import operator
from accountpulse.demo import Demo
from accountpulse.serving import serving

FOLDER = Path(__file__).parents[2] / "examples" / "queries"
IN_CLIENTS = ("live_feed", "override")  # they need a socket or an input: test_example_clients.py
VARIABLES = {"pause": {"key": "5f0c6f0e-6d8c-4b0a-9f0e-6f1c2a3b4c5d"}}
QUERIES = sorted(path for path in FOLDER.glob("*.graphql") if path.stem not in IN_CLIENTS)


@pytest.fixture(scope="module")
def api(demo: Demo) -> Api:
    return Api(demo.hub, scopes=["read", "admin"])  # type: ignore[arg-type]  # the real hub


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.stem)
def test_an_example_query_answers(api: Api, query: Path) -> None:
    data = api.get(query.read_text(encoding="utf-8"), **VARIABLES.get(query.stem, {}))
    assert list(_empty(data)) == []
    if query.stem == "pause":
        assert data["pauseConnection"]["userErrors"] == []
        resume = "mutation($i: ResumeConnectionInput!) { resumeConnection(input: $i) { userErrors { message } } }"
        assert api.get(resume, i={"connection": "crm"}) == {"resumeConnection": {"userErrors": []}}


def _empty(value: dict[str, Any]) -> list[str]:
    """Root fields that say nothing: an example that answers with nothing shows nothing."""
    return [name for name, part in value.items() if part in (None, [], {})]


@pytest.mark.slow
def test_what_is_counted_is_what_is_behind_it(api: Api, demo: Demo) -> None:
    counts = {
        name
        for name, metric in demo.hub.metrics.items()
        if [a.function for a in metric.aggregates.values()] == ["count"] and metric.expression in metric.aggregates
    }
    query = (
        "{ accounts(first: 100) { nodes { score { components { metric { name } value records(first: 1) { totalCount } } } } } }"
    )
    scores = [node["score"] for node in api.get(query)["accounts"]["nodes"]]
    counted = [part for score in scores if score for part in score["components"] if part["metric"]["name"] in counts]
    measured = [part for part in counted if part["value"] is not None]
    assert len(measured) > 5
    assert [part["value"] for part in measured] == [part["records"]["totalCount"] for part in measured]


@pytest.mark.slow
def test_the_live_feed_tells_what_a_person_decides(demo: Demo, api: Api) -> None:
    account = api.get("{ accounts(first: 1, filter: {score: {null: false}}) { nodes { name } } }")["accounts"]["nodes"][0][
        "name"
    ]
    token = token_of(demo.hub)
    query = (FOLDER / "live_feed.graphql").read_text(encoding="utf-8")
    with serving(demo.hub, "127.0.0.1", 0) as listener:
        url, protocol = f"ws://127.0.0.1:{listener.port}/graphql", Subprotocol("graphql-transport-ws")
        with connect(url, subprotocols=[protocol]) as socket:
            hello = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
            watch = {"type": "subscribe", "id": "1", "payload": {"query": query}}
            for message in (hello, watch):
                socket.send(json.dumps(message))
            assert json.loads(socket.recv(timeout=20)) == {"type": "connection_ack"}
            for score in range(1, 11):
                until = demo.hub.clock.now() + timedelta(days=1)
                demo.hub.people.override(account, score, reason="I know more", until=until, asker=operator("Ann"))
                demo.hub.score()
                try:
                    told = json.loads(socket.recv(timeout=5))["payload"]["data"]["scoreChanged"]
                    break
                except TimeoutError:
                    continue
            assert (told["account"]["name"], told["score"], told["band"]) == (account, score, "red")
            assert all(part["reason"] for part in told["account"]["score"]["components"])
            demo.hub.people.end_override(account, asker=operator("Ann"))
            demo.hub.score()
