"""Log-in, faults and secrets: what the engine is told when Zendesk says no."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import timedelta
from subprocess import run
from typing import Any

import pytest
import requests
from pydantic import ValidationError
from tests.connectors.zendesk.conftest import NOW, Desk

from accountpulse.connectors.zendesk.client import ZendeskSession
from accountpulse.connectors.zendesk.source import Zendesk
from accountpulse.plugins import AuthError, ConfigError, MissingExtra, PermissionMissing, RateLimited, Transient, Window

CANARY = "canary-7f3a91"
NO_CLIENT = {"client_id": None, "client_secret": None}


def error_of(desk: Desk, **settings: Any) -> Exception | None:
    return desk.read("tickets", connector=desk.connect(**settings)).error


# --- who are we talking to ----------------------------------------------------------------------------------------------


def test_the_account_is_known_by_its_host(desk: Desk) -> None:
    identity = desk.connect().check()
    assert identity.id == desk.vendor.base_url.removeprefix("http://")
    assert identity.details == {"role": "admin"}


def test_an_anonymous_visitor_is_an_auth_error(desk: Desk) -> None:
    desk.vendor.fail(1, status=200, path="/users/me", body={"user": {"id": None, "name": "Anonymous user"}})
    with pytest.raises(AuthError, match="anonymous"):
        desk.connect().check()


def test_what_is_no_zendesk_is_a_config_error(desk: Desk) -> None:
    desk.vendor.fail(1, status=404, path="/users/me")
    with pytest.raises(ConfigError) as raised:
        desk.connect().check()
    assert raised.value.field == "base_url"


# --- tokens -------------------------------------------------------------------------------------------------------------


def test_a_token_is_fetched_once_and_again_when_it_expired(desk: Desk) -> None:
    for n in range(3):
        desk.vendor.put("ticket", {"organization_id": 1}, at=NOW - timedelta(hours=1, seconds=n))
    connector = desk.connect()
    assert len(desk.read("tickets", connector=connector).ids) == 3
    assert len(desk.vendor.requests_to("/oauth/tokens")) == 1
    desk.clock.advance(timedelta(hours=1))
    again = desk.read("tickets", connector=connector)
    assert (again.error, len(again.ids)) == (None, 3)
    assert len(desk.vendor.requests_to("/oauth/tokens")) == 2


def test_a_token_that_dies_between_pages_is_renewed(desk: Desk) -> None:
    for n in range(3):
        desk.vendor.put("ticket", {"organization_id": 1}, at=NOW - timedelta(hours=1, seconds=n))
    desk.vendor.page_size = 1
    stream = desk.connect().tickets(Window(since=None, until=NOW))
    found = [next(stream)]
    desk.vendor.expire_sessions()
    found += list(stream)
    assert sum(type(item).__name__ == "Ticket" for item in found) == 3


def test_a_token_refused_twice_is_an_auth_error(desk: Desk) -> None:
    desk.vendor.fail(1, status=401, path="/incremental", times=2)
    assert isinstance(error_of(desk), AuthError)
    assert len(desk.vendor.requests_to("/oauth/tokens")) == 2


def test_revoked_credentials_are_an_auth_error_with_advice(desk: Desk) -> None:
    desk.vendor.revoke()
    error = error_of(desk)
    assert isinstance(error, AuthError)
    assert "invalid_client" in str(error)
    assert "Admin Center" in str(error)


def test_the_other_ways_to_log_in_work_too(desk: Desk) -> None:
    known = desk.vendor.credentials
    assert error_of(desk, **NO_CLIENT, oauth_token=known["oauth_token"]) is None
    assert error_of(desk, **NO_CLIENT, email=known["email"], api_token=known["api_token"]) is None


def test_a_refused_api_token_tells_of_its_end(desk: Desk) -> None:
    error = error_of(desk, **NO_CLIENT, email="a@b.example", api_token=CANARY)
    assert isinstance(error, AuthError)
    assert "2027-04-30" in str(error)
    assert CANARY not in "".join(traceback.format_exception(error))


def test_a_refused_oauth_token_is_not_asked_for_again(desk: Desk) -> None:
    assert isinstance(error_of(desk, **NO_CLIENT, oauth_token=CANARY), AuthError)
    assert len(desk.vendor.requests) == 1


def test_a_log_in_that_redirects_is_not_followed(desk: Desk) -> None:
    desk.vendor.fail(1, status=307, path="/oauth/tokens", headers={"Location": "https://elsewhere.example/"}, body="")
    assert isinstance(error_of(desk), ConfigError)


def test_another_host_never_gets_a_token(desk: Desk) -> None:
    session = ZendeskSession(desk.connect().config, desk.connect().context)
    signed = session.prepare_request(requests.Request("GET", f"{desk.vendor.base_url}/api/v2/users/me.json"))
    answer = requests.Response()
    answer.status_code, answer.request = 401, signed.copy()
    answer.request.url = "http://elsewhere.example/"
    [renew] = signed.hooks["response"]
    assert renew(answer) is answer
    assert len(desk.vendor.requests_to("/oauth/tokens")) == 1
    session.close()


# --- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("1.5", 1.5), ("0", 0), (None, None), ("soon", None)])
def test_a_rate_limit_hands_on_the_wait_without_waiting(desk: Desk, header: str | None, seconds: float | None) -> None:
    desk.vendor.fail(1, status=429, path="/incremental", headers={"Retry-After": header} if header else {})
    error = error_of(desk)
    assert isinstance(error, RateLimited)
    assert error.retry_after == (timedelta(seconds=seconds) if seconds is not None else None)
    assert len(desk.vendor.requests_to("/incremental")) == 1


def test_a_rate_limit_may_name_a_time(desk: Desk) -> None:
    desk.vendor.fail(1, status=429, path="/incremental", headers={"Retry-After": "Sat, 21 Nov 2026 12:05:00 GMT"})
    error = error_of(desk)
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(minutes=5)


def test_a_closed_door_names_the_scope(desk: Desk) -> None:
    desk.vendor.fail(1, status=403, path="/incremental")
    error = error_of(desk)
    assert isinstance(error, PermissionMissing)
    assert error.scope == "tickets:read"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_server_in_trouble_is_a_passing_fault_and_not_retried_here(desk: Desk, status: int) -> None:
    desk.vendor.fail(1, status=status, path="/incremental")
    assert isinstance(error_of(desk), Transient)
    assert len(desk.vendor.requests_to("/incremental")) == 1


@pytest.mark.parametrize("body", ["<html>sign in</html>", "", "[]"])
def test_a_page_of_a_proxy_is_a_passing_fault(desk: Desk, body: str) -> None:
    desk.vendor.fail(1, status=200, path="/incremental", body=body)
    assert isinstance(error_of(desk), Transient)


def test_a_host_that_does_not_answer_is_a_passing_fault(desk: Desk) -> None:
    assert isinstance(error_of(desk, base_url="http://127.0.0.1:9"), Transient)


def test_a_log_in_that_fails_is_a_passing_fault(desk: Desk) -> None:
    desk.vendor.fail(1, status=503, path="/oauth/tokens")
    assert isinstance(error_of(desk), Transient)


# --- secrets and settings -----------------------------------------------------------------------------------------------


def test_no_secret_is_ever_shown(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connector = desk.connect(client_secret=CANARY)
    with pytest.raises(AuthError) as raised:
        connector.check()
    shown = "".join(traceback.format_exception(raised.value)) + repr(connector.config) + repr(vars(connector)) + caplog.text
    assert CANARY not in shown
    desk.read("tickets")
    assert desk.vendor.credentials["client_secret"] not in caplog.text
    assert "simulated-token" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": "acme.zendesk.com"}, "base_url"),
        ({"base_url": "https://acme.zendesk.com/api/v2"}, "base_url"),
        ({"base_url": f"https://a:{CANARY}@acme.zendesk.com"}, "base_url"),
        ({"client_secret": None}, "exactly one"),
        ({"client_id": None, "client_secret": None}, "exactly one"),
        ({"oauth_token": CANARY}, "exactly one"),
        ({"client_id": None, "client_secret": None, "email": "a@b.example"}, "exactly one"),
        ({"subdomain": "acme"}, "subdomain"),
    ],
)
def test_settings_that_can_not_work_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    good = {"base_url": "https://acme.zendesk.com", "client_id": "id", "client_secret": "secret"}
    with pytest.raises(ValidationError) as raised:
        Zendesk.Config.model_validate({**good, **changes})
    assert named in str(raised.value)
    assert CANARY not in str(raised.value)


def test_the_plugin_loads_without_the_sdk() -> None:
    code = (
        "import sys; import accountpulse.connectors.zendesk as plugin; [c] = plugin.register_connectors();"
        "assert c.id == 'zendesk' and 'zenpy' not in sys.modules"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_sdk_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zenpy", None)
    error = error_of(desk)
    assert isinstance(error, MissingExtra)
    assert 'pip install "accountpulse[zendesk]"' in str(error)
