"""SurveyMonkey under the kit, and what is its own: limits, what a choice is worth, and mistakes in the settings."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.plugins import ConfigError, Context, InvalidRecord, RateLimited, SurveyResponse
from accountpulse.testing.connectors import ConnectorSuite, Drift, Rows, ServedRows, Simulated
from accountpulse.testing.vendors import serving
from accountpulse_surveymonkey import SurveyMonkey
from accountpulse_surveymonkey.mapping import Survey, choice_scores, records
from accountpulse_surveymonkey.source import SurveyMonkeyConfig
from surveymonkey_vendor import DETAILS, NPS, TOKEN, WHY, SurveyMonkeyVendor, answered

SURVEY = {"id": DETAILS["id"], "kind": "nps", "question": NPS, "comment": WHY}


def rows(server: SurveyMonkeyVendor) -> Mapping[str, Rows]:
    return {
        "responses": ServedRows(
            server=server,
            kind="response",
            path="/responses/bulk",
            record=SurveyResponse,
            make=lambda n: {"custom_variables": {"account_id": f"001{n % 9}"}, **answered(9, f"Answer {n}")},
            change=lambda n: answered(n % 11, f"Changed {n}"),
            drift=Drift("date_created", "total_time", "pages"),
        )
    }


class TestSurveyMonkey(ConnectorSuite):
    connector = SurveyMonkey
    good = {"base_url": "{vendor}", "token": "{token}", "surveys": [SURVEY]}
    bad = {**good, "token": "wrong"}
    vendor = Simulated(SurveyMonkeyVendor, rows)
    not_covered = {"tombstones": "SurveyMonkey does not tell of deleted responses"}
    flood = 4_000


@pytest.fixture
def vendor() -> Iterator[SurveyMonkeyVendor]:
    server = SurveyMonkeyVendor(FixedClock(datetime(2026, 3, 2, 12, tzinfo=UTC)))
    with serving(server):
        yield server


def connect(vendor: SurveyMonkeyVendor, **survey: Any) -> SurveyMonkey:
    settings = {"base_url": vendor.base_url, "token": TOKEN, "surveys": [{**SURVEY, **survey}]}
    return SurveyMonkey(SurveyMonkeyConfig.model_validate(settings), Context("surveys", clock=vendor.clock))


@pytest.mark.parametrize(
    ("day", "minute", "wait"),
    [(("0", "43200"), ("0", "12"), timedelta(hours=12)), (("17", "43200"), ("0", "12"), timedelta(seconds=12))],
)
def test_the_days_quota_counts_before_the_minutes(
    day: tuple[str, str], minute: tuple[str, str], wait: timedelta, vendor: SurveyMonkeyVendor
) -> None:
    spans = {"Day": day, "Minute": minute}
    headers = {
        f"X-Ratelimit-App-Global-{span}-{name}": value
        for span, values in spans.items()
        for name, value in zip(("Remaining", "Reset"), values, strict=True)
    }
    vendor.fail(1, status=429, headers=headers)
    with pytest.raises(RateLimited) as limited:
        connect(vendor).check()
    assert limited.value.retry_after == wait


def test_mistakes_in_the_settings_are_told_by_name(vendor: SurveyMonkeyVendor) -> None:
    with pytest.raises(ConfigError, match=r"no question '9'; it has 84001 \(Would you recommend us\?\), 84002"):
        connect(vendor, question="9").check()
    with pytest.raises(ConfigError, match="no survey '508'"):
        connect(vendor, id="508").check()
    with pytest.raises(ValueError, match="a custom question needs scale_min and scale_max"):
        Survey(id="1", kind="custom", question="2")


def test_a_choice_is_worth_its_number_or_else_its_weight() -> None:
    choices = [{"id": "a", "text": "10"}, {"id": "b", "text": "Very good", "weight": 5}, {"id": "c", "text": "No answer"}]
    assert choice_scores({"answers": {"choices": choices}}) == {"a": 10.0, "b": 5.0}


def test_what_is_unfinished_or_names_nobody_is_left_out_and_what_is_off_the_scale_is_told() -> None:
    survey, scores = Survey.model_validate(SURVEY), {"c9": 9.0, "c3": 30.0}
    row = {"id": "1", "date_created": "2026-03-02T12:00:00+00:00", "custom_variables": {"account_id": "a"}, **answered(9, "")}
    assert [type(each).__name__ for each in records(row, survey, scores, "account_id")] == ["Account", "SurveyResponse"]
    for change in ({"response_status": "partial"}, {"custom_variables": {}}, {"pages": []}):
        assert list(records({**row, **change}, survey, scores, "account_id")) == []
    (wrong,) = records({**row, **answered(3, "")}, survey, scores, "account_id")
    assert isinstance(wrong, InvalidRecord)
    assert "not within 0 to 10" in wrong.reason
