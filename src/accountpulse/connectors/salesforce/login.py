"""Asking Salesforce for an access token: client credentials, a signed assertion (JWT bearer), or a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import requests

from accountpulse.connectors.salesforce.config import SalesforceConfig
from accountpulse.plugins import AuthError, ConfigError, Context, MissingExtra, raise_for_status, translated_errors

RENEW = "check client_id and the secret of the External Client App, its run-as user and its OAuth flow in Salesforce Setup"
_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  # a path, not a secret


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and the URL that names the organisation and the user it is for."""

    value: str
    identity_url: str | None

    def __repr__(self) -> str:
        return "Token(...)"


def log_in(config: SalesforceConfig, context: Context) -> Token:
    """Ask for an access token. Raises AuthError or ConfigError with advice."""
    url = config.base_url + _TOKEN_PATH
    with translated_errors():
        response = context.http.post(url, data=_grant(config, context), allow_redirects=False)
    if 300 <= response.status_code < 400:  # followed, it would carry the secret to another host
        raise ConfigError("base_url", f"{url} redirects elsewhere; put the My Domain URL that Salesforce Setup shows")
    if response.status_code in (400, 401, 403):
        raise AuthError(f"Salesforce refused the log-in ({_code(response)}): {RENEW}")
    if response.status_code == 404:
        raise ConfigError("base_url", f"{url} does not exist; put the My Domain URL that Salesforce Setup shows")
    raise_for_status(response)
    try:
        answer = response.json()
        return Token(str(answer["access_token"]), answer.get("id"))
    except (ValueError, KeyError, AttributeError):
        raise ConfigError("base_url", f"{url} did not answer with a token; put your My Domain URL") from None


def _grant(config: SalesforceConfig, context: Context) -> dict[str, str]:
    if config.auth == "jwt":
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _assertion(config, context)}
    assert config.client_secret is not None  # the settings were checked when they were read
    grant = {
        "grant_type": config.auth,
        "client_id": config.client_id,
        "client_secret": config.client_secret.get_secret_value(),
    }
    if config.auth == "password":
        assert config.username is not None
        assert config.password is not None
        grant |= {"username": config.username, "password": config.password.get_secret_value()}
    return grant


def _assertion(config: SalesforceConfig, context: Context) -> str:
    try:
        import jwt
    except ImportError as error:
        raise MissingExtra("The Salesforce connector", "salesforce") from error
    assert config.private_key is not None
    expires = int((context.clock.now() + timedelta(minutes=3)).timestamp())  # Salesforce accepts at most 3 minutes
    claims = {"iss": config.client_id, "sub": config.username, "aud": config.login_url, "exp": expires}
    try:
        return str(jwt.encode(claims, config.private_key.get_secret_value(), algorithm="RS256"))
    except (ValueError, TypeError, jwt.PyJWTError):
        raise ConfigError("private_key", "put the RSA private key (PEM) whose certificate the app in Salesforce has") from None


def _code(response: requests.Response) -> str:
    """The OAuth error code of a refusal; not its description, which may repeat what was sent."""
    try:
        code = str(response.json().get("error"))
    except (ValueError, AttributeError):
        code = ""
    return code if re.fullmatch(r"[a-z_]{1,60}", code) else str(response.status_code)
