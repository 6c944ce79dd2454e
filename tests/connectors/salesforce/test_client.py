"""Log-in, faults and secrets: what the engine is told when Salesforce says no."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import timedelta
from subprocess import run
from typing import Any

import pytest
from pydantic import ValidationError
from tests.connectors.salesforce.conftest import NOW, Org

from accountpulse.connectors.salesforce.faults import Refused
from accountpulse.connectors.salesforce.source import Salesforce
from accountpulse.plugins import AuthError, ConfigError, MissingExtra, PermissionMissing, RateLimited, Transient

CANARY = "canary-7f3a91"


def error_of(org: Org, **settings: Any) -> Exception | None:
    return org.read("accounts", connector=org.connect(**settings)).error


# --- who are we talking to ----------------------------------------------------------------------------------------------


def test_the_organisation_is_known_by_its_id(org: Org) -> None:
    put = org.vendor.put("Organization", {"Name": "Fernwood"}, at=NOW)
    identity = org.connect().check()
    assert (identity.id, identity.name) == (put["Id"], "Fernwood")


def test_the_token_names_the_organisation_when_it_may_not_be_read(org: Org) -> None:
    body = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'Organization' is not supported"}]
    org.vendor.fail(1, status=400, path="/query", body=body)
    assert org.connect().check().id.startswith("00D")


def test_every_request_asks_for_the_configured_version(org: Org) -> None:
    org.read("accounts")
    assert {each.path.split("/")[3] for each in org.vendor.requests_to("/services/data/")} == {"v65.0"}


# --- sessions -----------------------------------------------------------------------------------------------------------


def test_an_expired_session_is_renewed_in_the_middle_of_a_read(org: Org) -> None:
    for n in range(3):
        org.vendor.put("Account", {"Name": f"Acme {n}"}, at=NOW - timedelta(hours=1, seconds=n))
    org.vendor.page_size = 1
    connector = org.connect()
    connector.check()
    org.vendor.expire_sessions()
    org.vendor.fail(3, status=401, path="/query")
    found = org.read("accounts", connector=connector)
    assert (found.error, len(found.ids)) == (None, 3)
    assert len(org.vendor.requests_to("oauth2/token")) == 3


def test_revoked_credentials_are_an_auth_error_with_advice(org: Org) -> None:
    connector = org.connect()
    connector.check()
    org.vendor.revoke()
    error = org.read("accounts", connector=connector).error
    assert isinstance(error, AuthError)
    assert "invalid_grant" in str(error)
    assert "External Client App" in str(error)


def test_a_session_refused_twice_is_an_auth_error(org: Org) -> None:
    org.vendor.fail(1, status=401, path="/services/data", times=2)
    assert isinstance(error_of(org), AuthError)
    assert len(org.vendor.requests_to("oauth2/token")) == 2


def test_a_wrong_secret_is_an_auth_error(org: Org) -> None:
    error = error_of(org, client_secret=CANARY)
    assert isinstance(error, AuthError)
    assert "invalid_client" in str(error)


def test_jwt_and_password_log_in_too(org: Org) -> None:
    pem = org.vendor.private_key
    known = org.vendor.credentials
    assert error_of(org, auth="jwt", client_secret=None, username=known["username"], private_key=pem) is None
    assert error_of(org, auth="password", username=known["username"], password=known["password"]) is None


def test_a_key_that_is_none_is_a_config_error(org: Org) -> None:
    error = error_of(org, auth="jwt", client_secret=None, username="a@b.example", private_key=CANARY)
    assert isinstance(error, ConfigError)
    assert error.field == "private_key"
    assert CANARY not in "".join(traceback.format_exception(error))


def test_a_log_in_that_redirects_is_not_followed(org: Org) -> None:
    org.vendor.fail(1, status=307, path="oauth2/token", headers={"Location": "https://elsewhere.example/"}, body="")
    error = error_of(org)
    assert isinstance(error, ConfigError)
    assert error.field == "base_url"


# --- faults -------------------------------------------------------------------------------------------------------------


def test_a_used_up_allowance_pauses_for_long(org: Org) -> None:
    org.vendor.fail(1, status=403, path="/query")
    error = error_of(org)
    assert isinstance(error, RateLimited)
    assert error.retry_after is not None
    assert error.retry_after >= timedelta(hours=1)


def test_too_many_requests_at_once_is_a_short_pause(org: Org) -> None:
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}]
    org.vendor.fail(1, status=403, path="/query", body=body)
    error = error_of(org)
    assert isinstance(error, RateLimited)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "INSUFFICIENT_ACCESS", PermissionMissing),
        (404, "NOT_FOUND", PermissionMissing),
        (400, "INVALID_TYPE", PermissionMissing),
        (429, "TOO_MANY", RateLimited),
        (503, "SERVER_UNAVAILABLE", Transient),
        (500, "UNKNOWN_EXCEPTION", Transient),
        (400, "QUERY_TIMEOUT", Transient),
        (400, "INVALID_FIELD", Refused),
    ],
)
@pytest.mark.parametrize("path", ["/describe", "/query"])
def test_a_refusal_becomes_the_error_the_engine_acts_on(org: Org, status: int, code: str, expected: type, path: str) -> None:
    org.vendor.fail(1, status=status, path=path, body=[{"errorCode": code, "message": f"{CANARY} is what you sent"}])
    error = error_of(org)
    assert type(error) is expected
    assert "Account" in str(error) or status == 429
    assert CANARY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("body", ["<html>sign in</html>", ""])
def test_a_page_of_a_proxy_is_a_passing_fault(org: Org, body: str) -> None:
    org.vendor.fail(1, status=200, path="/query", body=body)
    assert isinstance(error_of(org), Transient)


@pytest.mark.parametrize("body", ["<html>down</html>", {"unexpected": "shape"}, []])
def test_a_refusal_of_any_shape_is_understood(org: Org, body: object) -> None:
    org.vendor.fail(1, status=502, path="/query", body=body)
    assert isinstance(error_of(org), Transient)


def test_a_host_that_does_not_answer_is_a_passing_fault(org: Org) -> None:
    assert isinstance(error_of(org, base_url="http://127.0.0.1:9"), Transient)


def test_a_log_in_that_fails_is_a_passing_fault(org: Org) -> None:
    org.vendor.fail(1, status=503, path="oauth2/token")
    assert isinstance(error_of(org), Transient)


# --- secrets and settings -----------------------------------------------------------------------------------------------


def test_no_secret_is_ever_shown(org: Org, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = org.settings(client_secret=CANARY)
    connector = Salesforce(Salesforce.Config.model_validate(settings), org.connect().context)
    with pytest.raises(AuthError) as raised:
        connector.check()
    shown = "".join(traceback.format_exception(raised.value)) + repr(connector.config) + repr(vars(connector)) + caplog.text
    assert CANARY not in shown
    org.read("accounts")
    assert "simulated-consumer-secret" not in caplog.text
    assert "!AQ.simulated" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": "acme.my.salesforce.com"}, "base_url"),
        ({"base_url": "https://acme.my.salesforce.com/services"}, "base_url"),
        ({"base_url": "https://login.salesforce.com"}, "base_url"),
        ({"base_url": f"https://user:{CANARY}@acme.my.salesforce.com"}, "base_url"),
        ({"client_secret": None}, "client_secret"),
        ({"auth": "jwt", "username": "a"}, "private_key"),
        ({"auth": "soap"}, "auth"),
        ({"api_version": "v65"}, "api_version"),
        ({"fields": {"plan": "Plan__c, Name FROM User"}}, "fields.plan"),
        ({"custom": ["Bad Name"]}, "custom"),
        ({"fields": {"plam": "Plan__c"}}, "fields.plam"),
        ({"currency": "dollars"}, "currency"),
        ({"subdomain": "acme"}, "subdomain"),
    ],
)
def test_settings_that_can_not_work_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    good = {"base_url": "https://acme.my.salesforce.com", "client_id": "id", "client_secret": "secret"}
    with pytest.raises(ValidationError) as raised:
        Salesforce.Config.model_validate({**good, **changes})
    problem = raised.value.errors(include_url=False, include_input=False, include_context=False)[0]
    assert named in ".".join(map(str, problem["loc"])) + problem["msg"]
    assert CANARY not in str(raised.value)


def test_the_plugin_loads_without_the_sdk() -> None:
    code = (
        "import sys; import accountpulse.connectors.salesforce as plugin; [c] = plugin.register_connectors();"
        "assert c.id == 'salesforce' and not {'simple_salesforce', 'jwt'} & sys.modules.keys()"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_sdk_is_one_sentence(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simple_salesforce.exceptions", None)
    error = error_of(org)
    assert isinstance(error, MissingExtra)
    assert 'pip install "accountpulse[salesforce]"' in str(error)
