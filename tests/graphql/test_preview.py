"""What-if in GraphQL: asked of the hub in a worker thread, one at a time, with mistakes answered and not thrown."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.graphql.client import Api
from tests.graphql.world import TODAY, World

from accountpulse.core.scoring.diff import Change, ModelChange, WeightChange
from accountpulse.core.scoring.preview import Cell, DraftProblem, Mover, Preview, Shift

PREVIEW = """
query($models: [String!], $segments: String, $first: Int! = 20) {
  modelPreview(models: $models, segments: $segments, first: $first) {
    problems { place message }
    preview {
      day accounts compared whyNotCompared changedBand becameUnknown becameKnown meanChange tenthsBefore tenthsAfter
      models { name before after changes { place before after } weights { metric before after } }
      rules { place before after }
      bands { name before after } segments { name before after } moves { before after accounts }
      movers { ...mover } bandChanges { ...mover } newlyUnknown { ...mover }
    }
  }
}
fragment mover on PreviewedAccount {
  name segmentBefore segmentAfter scoreBefore scoreAfter bandBefore bandAfter reasons account { name score { value } }
}
"""


def mover(account_id: int, name: str, band: str) -> Mover:
    return Mover(account_id, name, "new", "standard", 50.0, 30.5, "yellow", band, ("Logins: -9.0 points instead of -1.0",))


def a_preview(account_id: int) -> Preview:
    falling = mover(account_id, "Acme", "red")
    return Preview(
        day=TODAY,
        accounts=3,
        compared=True,
        why_not=None,
        models=(
            ModelChange(
                "standard", "aaa", "bbb", (Change("usage.weight", "1", "2"),), (WeightChange("logins_30d", 0.5, None),)
            ),
        ),
        rules=(Change("segment vip", "-", "{when: {plan: {eq: gold}}}"),),
        bands=(Shift("red", 0, 1), Shift("yellow", 2, 1), Shift("unknown", 1, 1)),
        matrix=(Cell("yellow", "red", 1), Cell("yellow", "yellow", 1), Cell("unknown", "unknown", 1)),
        segments=(Shift("standard", 3, 3),),
        tenths_before=(0,) * 10,
        tenths_after=(1,) * 10,
        mean_change=-19.5,
        changed_band=1,
        became_unknown=0,
        became_known=0,
        band_changes=(falling,),
        newly_unknown=(),
        movers=(falling, mover(account_id + 1, "Gone", "yellow")),
    )


def test_a_preview_is_told_whole(world: World, api: Api) -> None:
    api.hub.previewed = a_preview(world.account("Acme", score=50.0))
    answer = api.get(PREVIEW, models=["name: standard"], segments="[]", first=7)["modelPreview"]
    assert answer["problems"] == []
    found = answer["preview"]
    assert (found["day"], found["accounts"], found["compared"]) == (TODAY.isoformat(), 3, True)
    assert found["models"] == [
        {
            "name": "standard",
            "before": "aaa",
            "after": "bbb",
            "changes": [{"place": "usage.weight", "before": "1", "after": "2"}],
            "weights": [{"metric": "logins_30d", "before": 0.5, "after": None}],
        }
    ]
    assert found["rules"] == [{"place": "segment vip", "before": "-", "after": "{when: {plan: {eq: gold}}}"}]
    assert found["bands"][0] == {"name": "red", "before": 0, "after": 1}
    assert found["moves"][0] == {"before": "yellow", "after": "red", "accounts": 1}
    assert (found["changedBand"], found["becameUnknown"], found["meanChange"]) == (1, 0, -19.5)
    (falling,) = found["bandChanges"]
    assert falling["account"] == {"name": "Acme", "score": {"value": 50.0}}
    assert falling["reasons"] == ["Logins: -9.0 points instead of -1.0"]
    assert found["movers"][1]["account"] is None, "who is gone is still named"
    ((models, segments, limit, thread),) = api.hub.drafts
    assert (models, segments, limit) == (["name: standard"], "[]", 7)
    assert thread != threading.current_thread().name, "the event loop goes on meanwhile"


def test_problems_are_an_answer(api: Api) -> None:
    api.hub.previewed = [DraftProblem("models[0], line 3: goal", "found 'chrn'; allowed: churn")]
    answer = api.get(PREVIEW, models=["goal: chrn"])["modelPreview"]
    assert answer == {
        "problems": [{"place": "models[0], line 3: goal", "message": "found 'chrn'; allowed: churn"}],
        "preview": None,
    }


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"first": 101}, "first is 101; it must be between 0 and 100"),
        ({"first": -1}, "first is -1"),
        ({"models": ["x"] * 21}, "21 models were sent; at most 20"),
    ],
)
def test_what_is_asked_for_has_limits(local_api: Api, variables: dict[str, Any], message: str) -> None:
    answer = local_api.ask(PREVIEW, **variables)
    assert answer.codes == ["BAD_INPUT"]
    assert message in answer.body["errors"][0]["message"]
    assert local_api.hub.drafts == []


def test_a_document_asks_for_one_preview(local_api: Api) -> None:
    one = "modelPreview { problems { place } }"
    answer = local_api.ask(f"{{ a: {one} b: {one} c: {one} }}")
    assert set(answer.codes) == {"BAD_INPUT"}
    assert len(local_api.hub.drafts) <= 1, "the others were refused before they cost anything"
