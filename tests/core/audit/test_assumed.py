"""Which metrics read what no vendor dates, and what is left of a model without them."""

from __future__ import annotations

import pytest
from tests.core.audit.world import LOGINS, METRICS, QUIET, SEATS, SIZE, draft, model

from accountpulse.core.audit.assumed import is_undated, resting_on, undated_records, without
from accountpulse.core.metrics.builtin import register_metrics

BUILT_IN = {metric.name: metric for metric in register_metrics()}


@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("urgent_share_90d", {"ticket"}),
        ("failed_payments_90d", {"invoice"}),
        ("seats", {"subscription"}),
        ("mrr", set()),
        ("overdue_days", set()),
        ("days_since_last_activity", set()),
        ("days_to_renewal", {"account"}),
    ],
)
def test_what_a_metric_reads(name: str, records: set[str]) -> None:
    assert undated_records(BUILT_IN[name]) == records


def test_every_built_in_metric_can_be_asked() -> None:
    assert all(undated_records(metric) is not None for metric in BUILT_IN.values())


def test_only_what_rests_on_assumed_records_is_left_out() -> None:
    names = ("logins_30d", "seats", "size", "plan", "custom.tier", "domain", "customer_since", "nothing")
    assert resting_on(names, METRICS, frozenset()) == set()
    assert resting_on(names, METRICS, frozenset({"subscription"})) == {"seats"}
    assert resting_on(names, METRICS, frozenset({"account"})) == {"size", "plan", "custom.tier", "domain"}
    assert is_undated("domain")
    assert not is_undated("customer_since")


def test_a_model_without_some_metrics_keeps_what_does_not_need_them() -> None:
    content = model(LOGINS, QUIET, SEATS, SIZE)
    content["caps"] = [
        {"when": {"size": {"lt": 5}}, "at": 40, "because": "small"},
        {"when": {"quiet_days": {"gt": 50}}, "at": 30, "because": "silent"},
    ]
    content["worst_of"] = {"parts": ["seats", "logins_30d"], "margin": 10}
    cards = without(draft(content).cards(), frozenset({"seats", "size"}))
    reduced = cards.models["small"]
    assert reduced.metrics == ("logins_30d", "quiet_days")
    assert [cap.because for cap in reduced.caps] == ["silent"]
    assert reduced.worst_of is not None
    assert reduced.worst_of.parts == ("logins_30d",)
    assert not cards.model_ids, "as a draft it takes no stored peers"
    whole = without(draft(content).cards(), frozenset({"seats", "size", "logins_30d", "quiet_days"}))
    assert whole.models["small"].metrics == ("logins_30d", "quiet_days", "seats", "size")
