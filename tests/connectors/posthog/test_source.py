"""The PostHog connector against the simulated project, which runs what it is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.connectors.posthog.conftest import Project
from tests.connectors.reading import NOW

from accountpulse.connectors.posthog import hogql
from accountpulse.connectors.posthog.config import BOOKKEEPING
from accountpulse.connectors.segment.source import Segment
from accountpulse.core.sync.rows import to_row
from accountpulse.core.sync.usage import usage_of
from accountpulse.plugins import (
    AuthError,
    ConfigError,
    ConnectorError,
    Context,
    Message,
    PermissionMissing,
    RateLimited,
    Transient,
    UsageDay,
    UsageEvent,
    Window,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = NOW.date()


def told(found: Any) -> set[tuple[Any, ...]]:
    return {(each.account, each.user, each.feature, each.day, each.count) for each in found.records}


# --- who it is ----------------------------------------------------------------------------------------------------------


def test_the_project_is_who_we_are_connected_to(project: Project) -> None:
    found = project.connect().check()
    assert (found.id, found.name) == ("018f0000-0000-7000-8000-000000004711", "Fernwood")
    assert dict(found.details) == {"timezone": "America/New_York"}


def test_a_group_type_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"group_type.*no group type 'account'; it has company, project"):
        project.connect(group_type="account").check()
    project.vendor.group_types = []
    with pytest.raises(ConfigError, match="it has none: send"):
        project.connect().check()


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, AuthError, "personal API key"),
        (403, PermissionMissing, "project:read"),
        (404, ConfigError, "project_id"),
        (302, ConfigError, "project_id"),
        (503, Transient, "503"),
    ],
)
def test_refusals_say_what_to_do(project: Project, status: int, error: type[Exception], words: str) -> None:
    project.vendor.fail(1, status=status)
    with pytest.raises(error, match=words):
        project.connect().check()


def test_a_refused_query_names_the_scope(project: Project) -> None:
    project.vendor.fail(1, status=403, path="/query/")
    error = project.read().error
    assert isinstance(error, PermissionMissing)
    assert "query:read" in str(error)


@pytest.mark.parametrize("url", ["https://us.i.posthog.com", "us.posthog.com", "https://us.posthog.com/project/1"])
def test_an_address_that_cannot_be_one_is_refused(project: Project, url: str) -> None:
    with pytest.raises(ValueError, match=r"put https://us\.posthog\.com"):
        project.connect(base_url=url)


# --- counting -----------------------------------------------------------------------------------------------------------


def test_events_are_counted_by_group_user_event_and_day(project: Project) -> None:
    for at in (NOW - DAY, NOW - DAY + HOUR, NOW - HOUR):
        project.event(at)
    project.event(NOW - HOUR, event="exported")
    project.event(NOW - HOUR, user="bob")
    project.event(NOW - HOUR, group="globex")
    project.event(NOW - HOUR, group="")
    found = project.read()
    assert told(found) == {
        ("acme", "ann", "opened", TODAY - DAY, 2),
        ("acme", "ann", "opened", TODAY, 1),
        ("acme", "ann", "exported", TODAY, 1),
        ("acme", "bob", "opened", TODAY, 1),
        ("globex", "ann", "opened", TODAY, 1),
    }
    assert found.cursor == NOW


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_a_day_is_the_stores_whatever_the_projects_time_zone(project: Project, zone: str) -> None:
    at = datetime(2026, 11, 20, 20, tzinfo=UTC)
    project.event(at)
    day = date(2026, 11, 21) if zone == "Asia/Kolkata" else date(2026, 11, 20)
    assert told(project.read(zone=zone)) == {("acme", "ann", "opened", day, 1)}


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 8, 23), (11, 1, 25)])
def test_a_day_that_is_longer_or_shorter_counts_each_hour_once(project: Project, month: int, day: int, hours: int) -> None:
    midnight = datetime(2026, month, day, 8 if month == 3 else 7, tzinfo=UTC)  # in Los Angeles
    for hour in range(-1, hours + 1):
        project.event(midnight + hour * HOUR)
    window = Window(midnight - HOUR, midnight + (hours + 1) * HOUR)
    items = project.connect(zone="America/Los_Angeles").usage(window)
    counted = {item.day.day: item.count for item in items if isinstance(item, UsageDay)}
    assert counted[day] == hours
    assert sum(counted.values()) == hours + 2


def test_only_the_days_that_may_have_changed_are_counted_again(project: Project) -> None:
    for days in range(8):
        project.event(NOW - days * DAY)
    assert len(project.read().records) == 8
    again = project.read(cursor=NOW)
    assert {each.day for each in again.records} == {TODAY - days * DAY for days in range(4)}


def test_a_late_event_is_counted_on_its_own_day(project: Project) -> None:
    project.event(NOW - 2 * DAY)
    assert {each.count for each in project.read().records} == {1}
    project.event(NOW - 2 * DAY + HOUR)
    assert ("acme", "ann", "opened", TODAY - 2 * DAY, 2) in told(project.read(cursor=NOW))


def test_more_rows_than_an_answer_holds_are_read_page_by_page(project: Project) -> None:
    project.vendor.page_size = 3
    awkward = ("a", "a|b", "ä", "z'); DROP TABLE events; --", "𝄞", "\uffff", "{group}", "B")
    for user in awkward:
        for event in awkward[:2]:
            project.event(NOW - HOUR, user=user, event=event)
    found = project.read()
    assert found.error is None
    assert {each.user for each in found.records} == set(awkward)
    assert len(found.records) == 16


def test_the_first_reading_begins_with_the_first_event_and_not_before_history(project: Project) -> None:
    project.event(NOW - 15 * DAY)
    project.event(NOW - 5 * DAY)
    found = project.read(history_days=10)
    assert {each.day for each in found.records} == {TODAY - 5 * DAY}
    assert len(project.vendor.queries) == 1 + 7  # where to begin; six days, and the empty page behind the one row
    assert {each.day for each in project.read().records} == {TODAY - 15 * DAY, TODAY - 5 * DAY}


def test_a_project_without_events_is_read_to_its_end(project: Project) -> None:
    found = project.read()
    assert (found.records, found.checkpoints, found.error) == ([], [NOW], None)


# --- what is counted as what --------------------------------------------------------------------------------------------


def test_what_libraries_send_by_themselves_is_not_counted(project: Project) -> None:
    for event in (*BOOKKEEPING, "$pageview", "opened"):
        project.event(NOW - HOUR, event=event)
    assert {each.feature for each in project.read().records} == {"$pageview", "opened"}
    assert "$set" in {each.feature for each in project.read(ignored_events=[]).records}


def test_key_events_are_the_only_ones_and_may_be_told_otherwise(project: Project) -> None:
    for event in ("opened", "exported", "printed"):
        project.event(NOW - HOUR, event=event)
    features = {"exported": "output", "printed": "output"}
    found = project.read(key_events=["exported", "printed"], features=features)
    assert told(found) == {("acme", "ann", "output", TODAY, 2)}


def test_seconds_are_known_where_a_property_says_them(project: Project) -> None:
    for lasted in (30, 12.5, -5, 1e9, "long", None):
        project.event(NOW - HOUR, lasted=lasted)
    assert {each.seconds for each in project.read().records} == {0}
    assert {each.seconds for each in project.read(duration_property="lasted").records} == {42}


def test_another_group_type_is_another_column(project: Project) -> None:
    body = {"event": "opened", "distinct_id": "ann", "$group_0": "acme", "$group_1": "apollo"}
    project.vendor.put("event", body, at=NOW - HOUR)
    assert {each.account for each in project.read(group_type="project").records} == {"apollo"}


def test_nothing_that_a_person_wrote_is_in_a_querys_text(project: Project) -> None:
    canary = "canary' OR 1=1 --"
    project.event(NOW - HOUR, event=canary, user=canary, group=canary, **{canary: 7})
    found = project.read(key_events=[canary], ignored_events=["x" + canary], duration_property=canary)
    assert [(each.account, each.count, each.seconds) for each in found.records] == [(canary, 1, 7)]
    assert project.vendor.queries
    assert not any("canary" in query["query"] for query in project.vendor.queries)


@pytest.mark.parametrize("index", [5, -1, "0); DROP TABLE events", None, True])
def test_a_number_of_a_group_type_that_cannot_be_is_no_column(index: Any) -> None:
    with pytest.raises(ConfigError, match="group_type"):
        hogql.group_column(index)


# --- the same as what is pushed -----------------------------------------------------------------------------------------


def test_usage_that_is_pulled_is_the_record_that_pushed_usage_becomes(project: Project) -> None:
    project.event(NOW - HOUR)
    (pulled,) = project.read().records
    segment = Segment(Segment.Config.model_validate({"write_keys": ["k"]}), Context("s", clock=project.clock))
    event = {"type": "track", "event": "opened", "userId": "ann", "context": {"groupId": "acme"}}
    stamp = {"originalTimestamp": (NOW - HOUR).isoformat()}
    (pushed,) = segment.apply(Message("m", {"event": {**event, **stamp}, "sentAt": None, "receivedAt": NOW.isoformat()}))
    assert isinstance(pushed, UsageEvent)
    assert to_row(usage_of(pushed, project.connect().context.zone)) == to_row(pulled)
    assert segment.account_keys == project.connect().account_keys


# --- groups -------------------------------------------------------------------------------------------------------------


def test_groups_of_the_group_type_are_accounts(project: Project) -> None:
    project.vendor.page_size = 2
    for number in range(5):
        project.vendor.put("group", {"key": f"k{number}", "properties": {"name": f"Company {number}"}})
    project.vendor.put("group", {"key": "apollo", "index": 1})
    found = project.read("groups")
    assert [(each.source_id, each.name) for each in found.records] == [(f"k{n}", f"Company {n}") for n in range(5)]


# --- faults -------------------------------------------------------------------------------------------------------------


def test_a_429_lasts_as_long_as_it_says_and_the_reading_goes_on_from_its_day(project: Project) -> None:
    for days in range(6):
        project.event(NOW - days * DAY)
    project.vendor.limit = 5
    found = project.read()
    assert isinstance(found.error, RateLimited)
    assert found.error.retry_after == HOUR + timedelta(seconds=1)
    assert len(found.checkpoints) == 2
    project.vendor.limit = 100
    project.clock.advance(found.error.retry_after)
    assert {each.day for each in project.read(cursor=found.cursor).records} == {TODAY - days * DAY for days in range(6)}


def test_a_day_is_counted_afresh_and_not_remembered(project: Project) -> None:
    project.event(NOW - HOUR)
    project.read(cursor=NOW)
    project.event(NOW - HOUR)
    assert {each.count for each in project.read(cursor=NOW).records} == {2}


@pytest.mark.parametrize(
    "body",
    [
        {"query_status": {"complete": False}},
        {"results": [[1, 2]], "columns": ["events", "first", "more"]},
        {"results": [[1]], "columns": ["events", "first"]},
        {"results": [{"events": 1}], "columns": ["events", "first"]},
        {"results": [[1, "soon"]], "columns": ["events", "first"]},
        [],
    ],
)
def test_answers_of_another_shape_are_not_taken_for_no_usage(project: Project, body: Any) -> None:
    project.vendor.fail(1, status=200, body=body, path="/query/")
    assert isinstance(project.read().error, Transient)


def test_a_query_that_posthog_cannot_run_fails_with_its_code(project: Project) -> None:
    project.vendor.fail(1, status=400, path="/query/")
    error = project.read().error
    assert isinstance(error, ConnectorError)
    assert "(invalid_input)" in str(error)
