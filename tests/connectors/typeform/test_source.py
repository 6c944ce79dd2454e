"""The Typeform connector against a simulated Typeform."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from pydantic import ValidationError

from accountpulse.connectors.typeform.source import Typeform, TypeformConfig
from accountpulse.core.clock import FixedClock
from accountpulse.plugins import (
    Account,
    AuthError,
    Checkpoint,
    ConfigError,
    Context,
    InvalidRecord,
    PermissionMissing,
    RateLimited,
    SurveyResponse,
    Transient,
    Window,
)
from accountpulse.testing.vendors.server import serving
from accountpulse.testing.vendors.typeform import TypeformVendor

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FORMS = (
    {"id": "nps", "kind": "nps", "score_field": "score", "comment_field": "why"},
    {"id": "csat", "kind": "csat", "score_field": "score"},
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def vendor(clock: FixedClock) -> Iterator[TypeformVendor]:
    simulated = TypeformVendor(None, clock)
    simulated.page_size = 3
    for form in FORMS:
        simulated.put("form", {"id": form["id"], "fields": [{"ref": "score"}, {"ref": "why"}]})
    with serving(simulated):
        yield simulated


def answer(
    vendor: TypeformVendor, form: str, token: str, score: float = 4, *, ago: timedelta, account: str | None = "001"
) -> None:
    answers = [{"field": {"ref": "score"}, "type": "number", "number": score}]
    hidden = {"account_id": account} if account else {}
    vendor.put("response", {"form_id": form, "token": token, "answers": answers, "hidden": hidden}, at=NOW - ago)


def connect(vendor: TypeformVendor, clock: FixedClock, **settings: Any) -> Typeform:
    config = TypeformConfig(**{"base_url": vendor.base_url, "forms": FORMS, **vendor.credentials, **settings})
    return Typeform(config, Context("surveys", clock=clock))


def run(vendor: TypeformVendor, clock: FixedClock, since: datetime | None = None, **settings: Any) -> list[Any]:
    return list(connect(vendor, clock, **settings).responses(Window(since, clock.now())))


def tokens(items: list[Any]) -> list[str]:
    return [item.source_id for item in items if isinstance(item, SurveyResponse)]


def test_all_pages_of_all_forms_and_one_checkpoint_at_the_end(vendor: TypeformVendor, clock: FixedClock) -> None:
    for n in range(8):
        answer(vendor, "nps", f"n{n}", ago=timedelta(days=n + 1))
        answer(vendor, "csat", f"c{n}", ago=timedelta(days=n + 1), account=f"00{n % 2}")
    items = run(vendor, clock)
    assert sorted(tokens(items)) == [f"c{n}" for n in range(8)] + [f"n{n}" for n in range(8)]
    assert [item for item in items if isinstance(item, Checkpoint)] == [Checkpoint(NOW)]
    assert items[-1] == Checkpoint(NOW)
    accounts = [item for item in items if isinstance(item, Account)]
    assert [(a.source_id, a.references) for a in accounts] == [("001", ("001",)), ("000", ("000",))]


def test_since_is_inclusive_and_until_is_kept(vendor: TypeformVendor, clock: FixedClock) -> None:
    since = NOW - timedelta(hours=2)
    answer(vendor, "nps", "before", ago=timedelta(hours=2, seconds=1))
    answer(vendor, "nps", "on_the_second", ago=timedelta(hours=2))
    answer(vendor, "nps", "after", ago=timedelta(hours=1))
    answer(vendor, "nps", "future", ago=timedelta(seconds=-5))
    assert sorted(tokens(run(vendor, clock, since))) == ["after", "on_the_second"]


def test_ties_across_pages(vendor: TypeformVendor, clock: FixedClock) -> None:
    for n in range(10):
        answer(vendor, "nps", f"n{n}", ago=timedelta(days=1))
    assert len(set(tokens(run(vendor, clock)))) == 10


def test_a_crash_between_pages_claims_nothing(vendor: TypeformVendor, clock: FixedClock) -> None:
    for n in range(9):
        answer(vendor, "nps", f"n{n}", ago=timedelta(days=n + 1))
    vendor.fail(3, status=503)
    reading = connect(vendor, clock).responses(Window(None, NOW))
    seen: list[Any] = []
    with pytest.raises(Transient):
        seen.extend(iter(lambda: next(reading), None))
    assert not any(isinstance(item, Checkpoint) for item in seen)
    assert len(tokens(run(vendor, clock))) == 9


def test_a_response_deleted_while_its_page_is_read_is_transient(vendor: TypeformVendor, clock: FixedClock) -> None:
    for n in range(9):
        answer(vendor, "nps", f"n{n}", ago=timedelta(days=n + 1))
    reading = connect(vendor, clock).responses(Window(None, NOW))
    first_page = tokens(list(islice(reading, 4)))
    vendor.delete("response", first_page[-1])
    with pytest.raises(Transient, match="deleted"):
        list(reading)


def test_what_names_no_account_is_counted_and_left_out(
    vendor: TypeformVendor, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="accountpulse.connection.surveys")
    answer(vendor, "nps", "n1", ago=timedelta(days=1))
    answer(vendor, "nps", "n2", ago=timedelta(days=1), account=None)
    answer(vendor, "nps", "n3", 99, ago=timedelta(days=1))
    items = run(vendor, clock)
    assert tokens(items) == ["n1"]
    assert [item.source_id for item in items if isinstance(item, InvalidRecord)] == ["n3"]
    assert "1 responses name no account" in caplog.text


def test_check(vendor: TypeformVendor, clock: FixedClock) -> None:
    assert connect(vendor, clock).check().name == "Fernwood"
    wrong = ({"id": "nps", "kind": "nps", "score_field": "rating"},)
    with pytest.raises(ConfigError, match=r"'rating'; it has score, why"):
        connect(vendor, clock, forms=wrong).check()
    gone = ({"id": "nope", "kind": "nps", "score_field": "score"},)
    with pytest.raises(ConfigError, match="'nope'"):
        run(vendor, clock, forms=gone)
    with pytest.raises(ValidationError, match="forms"):
        connect(vendor, clock, forms=())


def test_faults(vendor: TypeformVendor, clock: FixedClock) -> None:
    vendor.fail(status=429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        run(vendor, clock)
    assert caught.value.retry_after == timedelta(seconds=7)
    vendor.fail(status=403, body={"code": "FORBIDDEN"})
    with pytest.raises(PermissionMissing):
        run(vendor, clock)
    vendor.fail(status=200, body="<html></html>")
    with pytest.raises(Transient):
        run(vendor, clock)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_an_auth_error_and_the_token_is_nowhere(
    vendor: TypeformVendor, clock: FixedClock, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "tfp_CANARY_0123456789"
    connector = connect(vendor, clock, token=canary)
    if status == 401:
        vendor.fail(status=401, body={"code": "AUTHENTICATION_FAILED", "description": canary})
    with pytest.raises(AuthError) as caught:
        connector.check()
    assert canary not in "".join(traceback.format_exception(caught.value)) + repr(connector.config) + caplog.text
