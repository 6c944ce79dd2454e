"""Why a score moved, and what it would take to reach a band: the core's answers, whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.graphql.client import Api
from tests.graphql.shop import TODAY

from accountpulse.core.store.scope import EVERYTHING
from accountpulse.core.trail import operator
from accountpulse.hub import Hub

MOVE = """query($from: Date!, $to: Date, $of: AccountBy!) { explainChange(by: $of, from: $from, to: $to) {
  summary explained points from { day score band restated } to { day score modelVersion } notes account { name }
  parts { kind code label points reason } } }"""
REACH = """query($of: AccountBy!, $band: String) { toReachBand(by: $of, band: $band) {
  day band target state score targetScore reaches caveat notes account { name } mustEnd { why }
  together { metric { name } value needed component neededComponent } alone { metric { name } value needed best reaches } } }"""
ACME = {"name": "Acme"}


def test_a_move_is_split_and_adds_up(shop: Hub, subtests: pytest.Subtests) -> None:
    api = Api(shop)  # type: ignore[arg-type]  # the real hub
    shop.people.override("Acme", 12, reason="they are leaving", until=TODAY + timedelta(days=9), asker=operator("Ann"))
    shop.score(since=TODAY.date() - timedelta(days=7))
    with subtests.test("between two days"):
        begin, end = (TODAY - timedelta(days=7)).date().isoformat(), TODAY.date().isoformat()
        move = api.get(MOVE, of=ACME, **{"from": begin})["explainChange"]
        assert (move["from"]["day"], move["to"]["day"], move["account"]) == (begin, end, ACME)
        assert move["to"]["score"] == 12.0
        assert sum(part["points"] for part in move["parts"]) == pytest.approx(move["points"], abs=1e-9)
        assert move["points"] == pytest.approx(move["to"]["score"] - move["from"]["score"])
        assert move["parts"][-1]["kind"] == "ADJUSTMENT"
        assert "Ann" in move["parts"][-1]["reason"]
        assert move["summary"].startswith("Acme fell")
        told = shop.explain_change("Acme", (TODAY - timedelta(days=7)).date(), scope=EVERYTHING)[1]
        assert [part["reason"] for part in move["parts"]] == [part.reason for part in told.parts]
    with subtests.test("to a band"):
        found = api.get(REACH, of=ACME)["toReachBand"]
        expected = shop.counterfactual("Acme", scope=EVERYTHING)[1].to_json()
        assert {key: found[key] for key in ("band", "target", "state", "score", "reaches", "caveat")} == {
            key: expected[key] for key in ("band", "target", "state", "score", "reaches", "caveat")
        }
        assert [each["metric"]["name"] for each in found["alone"]] == [each["metric"] for each in expected["alone"]]  # type: ignore[attr-defined]
    for query, variables, code in (
        (MOVE, {"from": "2026-11-20", "to": "2026-11-01", "of": ACME}, "BAD_INPUT"),
        (MOVE, {"from": "2026-11-20", "of": {"name": "Nobody"}}, "NOT_FOUND"),
        (MOVE, {"from": "2020-11-20", "of": ACME}, "NOT_FOUND"),
        (REACH, {"of": ACME, "band": "purple"}, "NOT_FOUND"),
    ):
        with subtests.test(code, **variables):
            assert api.ask(query, **variables).codes == [code]
    with subtests.test("one at a time"):
        both = '{ a: toReachBand(by: {name: "Acme"}) { state } b: toReachBand(by: {name: "Beta"}) { state } }'
        assert "BAD_INPUT" in api.ask(both).codes


def test_several_things_come_by_their_ids(local_api: Api) -> None:
    metrics = local_api.get("{ metrics { id name } }")["metrics"]
    ids = [metric["id"] for metric in metrics]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Metric { name } } }"
    assert local_api.get(query, ids=ids)["nodes"] == metrics
    assert local_api.get(query, ids=["QWNjb3VudDo5OTk", ids[0]])["nodes"] == [None, metrics[0]]
    for wrong in (["x"], ids[:1] * 101):
        assert local_api.ask(query, ids=wrong).codes == ["BAD_INPUT"]
