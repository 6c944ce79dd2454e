"""Log-in, faults, limits and secrets: what the engine is told when HubSpot says no."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.connectors.hubspot.conftest import HOUR, Portal

from accountpulse.connectors.hubspot.objects import kinds
from accountpulse.connectors.hubspot.source import HubSpot
from accountpulse.plugins import AuthError, ConfigError, PermissionMissing, RateLimited, Transient
from accountpulse.testing.vendors.control import Answer, Call

CANARY = "canary-7f3a91"


def oauth(portal: Portal, **changes: Any) -> HubSpot:
    known = portal.vendor.credentials
    own = {name: known[name] for name in ("client_id", "client_secret", "refresh_token")}
    return portal.connect(access_token=None, **(own | changes))


# --- who are we talking to ----------------------------------------------------------------------------------------------


def test_the_account_is_known_by_its_id(portal: Portal) -> None:
    identity = portal.connect().check()
    assert (identity.id, identity.name) == ("62515", "app.hubspot.com/62515")
    assert identity.details == {"accountType": "STANDARD", "companyCurrency": "USD", "timeZone": "Europe/Berlin"}


def test_every_request_asks_for_the_declared_version(portal: Portal) -> None:
    connector = portal.connect()
    connector.check()
    portal.put("deals", to={"companies": ["7001"], "line_items": [portal.put("line_items", name="Seats")]})
    for stream in kinds(connector.config):
        found = portal.read(stream, connector=connector)
        portal.clock.advance(HOUR)
        portal.read(stream, found.cursor, connector)
    versions = {(path[1], path[2]) for each in portal.vendor.requests if (path := each.path.split("/"))}
    assert versions == {("account-info", HubSpot.api_version), ("crm", HubSpot.api_version), ("crm", "v4")}
    assert {each.path.split("/")[3] for each in portal.vendor.requests_to("/v4/")} == {
        "associations"
    }  # only v4 tells which is primary


def test_a_server_that_is_no_hubspot_is_a_config_error(portal: Portal) -> None:
    portal.vendor.fail(1, status=404)
    with pytest.raises(ConfigError, match="base_url"):
        portal.connect().check()
    portal.vendor.alter = lambda call, answer: Answer({"hello": "world"})
    with pytest.raises(ConfigError, match="base_url"):
        portal.connect().check()


def test_a_configured_property_that_companies_lack_is_named_with_what_is_near(portal: Portal) -> None:
    portal.put("companies", name="Acme", plan_tier="gold")
    portal.connect(fields={"plan": "plan_tier"}, custom=["plan_tier"]).check()
    with pytest.raises(ConfigError, match=r"fields\.plan: .*'plan_teir'.*plan_tier"):
        portal.connect(fields={"plan": "plan_teir"}).check()
    with pytest.raises(ConfigError, match="references"):
        portal.connect(references=["erp_id"]).check()
    portal.vendor.fail(1, status=403, path="/properties")
    portal.connect(references=["erp_id"]).check()  # it may not be told


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"access_token": None}, "exactly one of"),
        ({"client_id": "a"}, "exactly one of"),
        ({"access_token": None, "client_id": "a", "client_secret": "b"}, "exactly one of"),
        ({"base_url": "https://api.hubapi.com/crm"}, "nothing else"),
        ({"custom": ["Plan Tier"]}, "internal name"),
        ({"webhook_secrets": ["x"]}, "webhook_url"),
        ({"webhook_url": "pulse.acme.com"}, "whole URL"),
        ({"survey_scales": {"csat": [5, 1]}}, "must be below"),
        ({"leave_out": ["ticket"]}, "tickets"),
        ({"currency": "dollars"}, "currency"),
    ],
)
def test_settings_that_cannot_work_say_what_to_put(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        HubSpot.Config.model_validate({"access_token": "t", **settings})


# --- log-in -------------------------------------------------------------------------------------------------------------


def test_an_oauth_app_fetches_a_token_and_again_when_it_expires(portal: Portal) -> None:
    for n in range(3):
        portal.put("companies", name=f"Acme {n}")
    portal.vendor.page_size = 1
    connector = oauth(portal)
    connector.check()
    portal.clock.advance(HOUR)
    found = portal.read("companies", connector=connector)
    assert (found.error, len(found.ids)) == (None, 3)
    assert len(portal.vendor.requests_to("/oauth/v1/token")) == 2


@pytest.mark.parametrize("name", ["client_secret", "refresh_token"])
def test_a_refused_log_in_is_an_auth_error_with_advice(portal: Portal, name: str) -> None:
    with pytest.raises(AuthError, match="refresh_token"):
        oauth(portal, **{name: CANARY}).check()


def test_a_refused_private_token_is_not_asked_for_again(portal: Portal) -> None:
    with pytest.raises(AuthError, match="access_token"):
        portal.connect(access_token=CANARY).check()
    assert len(portal.vendor.requests) == 1


def test_a_redirect_is_not_followed_with_the_token(portal: Portal) -> None:
    portal.vendor.fail(1, status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    with pytest.raises(ConfigError, match="base_url"):
        portal.connect().check()


# --- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [423, 500, 502, 503])
def test_faults_that_pass(portal: Portal, status: int) -> None:
    portal.vendor.fail(1, status=status)
    assert isinstance(portal.read("companies").error, Transient)


@pytest.mark.parametrize("body", ["<html>Down</html>", "[1, 2]", '{"results": 7}', '{"results": [{"id"'])
def test_an_answer_that_is_not_hubspots_is_a_passing_fault(portal: Portal, body: str) -> None:
    portal.vendor.fail(1, status=200, body=body)
    found = portal.read("companies")
    assert isinstance(found.error, Transient)
    assert found.checkpoints == []


def test_a_missing_scope_is_named(portal: Portal) -> None:
    portal.vendor.missing_scopes = frozenset({"tickets"})
    error = portal.read("tickets").error
    assert isinstance(error, PermissionMissing)
    assert error.scope == "crm.objects.tickets.read"
    assert portal.read("companies").error is None


# --- limits -------------------------------------------------------------------------------------------------------------


def test_the_limit_of_seconds_is_a_short_wait(portal: Portal) -> None:
    portal.vendor.fail(1, status=429, headers={"Retry-After": "9.5"})
    error = portal.read("companies").error
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=9.5)
    portal.vendor.fail(1, status=429)
    error = portal.read("companies").error
    assert isinstance(error, RateLimited)
    assert error.retry_after is None


def test_the_limit_of_the_day_pauses_until_midnight_where_the_account_is(portal: Portal) -> None:
    refusal = portal.vendor.daily_limit()
    connector = portal.connect()
    portal.vendor.fail(1, status=429, body=refusal.body)
    error = portal.read("companies", connector=connector).error
    assert isinstance(error, RateLimited)
    assert error.retry_after == HOUR  # whose midnight it is, is not known yet
    connector.check()
    portal.vendor.fail(1, status=429, body=refusal.body)
    error = portal.read("companies", connector=connector).error
    assert isinstance(error, RateLimited)
    assert error.retry_after is not None
    assert portal.clock.now() + error.retry_after == datetime(2026, 11, 21, 23, tzinfo=UTC)  # midnight in Berlin


# --- secrets ------------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_a_message_a_log_or_a_traceback(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    echo = {
        "status": "error",
        "message": CANARY,
        "errors": [{"message": CANARY, "context": {"requiredScopes": [CANARY + " x"]}}],
    }
    for connector in (portal.connect(access_token=CANARY), oauth(portal, refresh_token=CANARY, client_secret=CANARY)):
        said.append(repr(connector.config))
        for status in (400, 401, 403, 404, 429, 500):
            portal.vendor.alter = None
            portal.vendor.fail(1, status=status, body=echo, times=3)
            found = portal.read("companies", connector=connector)
            assert found.error is not None
            said += [str(found.error), "".join(traceback.format_exception(found.error))]
            portal.vendor.clear_faults()
    assert CANARY not in "\n".join([*said, caplog.text])


def test_what_is_asked_for(portal: Portal) -> None:
    """Only the properties that are mapped: no notes, no bodies of e-mails."""
    portal.put("emails", hs_timestamp="2026-11-20T10:00:00Z", hs_email_text="secret plans")
    asked: list[Call] = []

    def listen(call: Call, answer: Answer) -> Answer:
        asked.append(call)
        return answer

    portal.vendor.alter = listen
    assert len(portal.read("emails").records) == 1
    assert not any("hs_email_text" in str(call.query) + str(call.json) for call in asked)
