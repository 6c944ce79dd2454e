"""What the configuration file says about the API: who may sign in, and how much may be asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.config.conftest import Problems
from tests.config.settings_texts import GOOD

from accountpulse.config.settings import Settings

OIDC = "issuer: https://login.example, audience: hub, jwks_url: https://login.example/keys"


def test_an_identity_provider_is_read(load: Callable[[str], Settings]) -> None:
    more = "algorithms: [ES256], clock_skew_seconds: 5, scope_prefix: 'ap:', claims: {name: email, owners: email}"
    block = f"server: {{oidc: {{{OIDC}, {more}}}}}"
    oidc = load(GOOD.replace("server: {host: 0.0.0.0, port: 9000}", block)).server.api.provider
    assert oidc is not None
    assert (oidc.issuer, oidc.audience, oidc.jwks_url) == ("https://login.example", ("hub",), "https://login.example/keys")
    assert (oidc.algorithms, oidc.clock_skew, oidc.scope_prefix) == (("ES256",), timedelta(seconds=5), "ap:")
    assert (oidc.name, oidc.scopes, oidc.rows) == ("email", "scope", {"owners": "email"})


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("{issuer: 'https://login.example'}", "server.oidc: "),
        ("{issuer: 'http://login.example', audience: b}", "server.oidc.issuer"),
        (f"{{{OIDC}, algorithms: [HS256]}}", "server.oidc.algorithms[0]"),
        (f"{{{OIDC}, algorithms: [none]}}", "server.oidc.algorithms[0]"),
        (f"{{{OIDC}, algorithms: []}}", "server.oidc.algorithms"),
        ("{issuer: a, audience: b, jwks_url: 'http://login.example/keys'}", "server.oidc.jwks_url"),
        ("{issuer: a, audience: [], jwks_url: 'https://login.example/keys'}", "server.oidc.audience"),
        (f"{{{OIDC}, claims: {{owner: email}}}}", "server.oidc.claims"),
        (f"{{{OIDC}, clock_skew_seconds: 9000}}", "server.oidc.clock_skew_seconds"),
    ],
)
def test_what_is_wrong_with_an_identity_provider_is_told(problems: Problems, block: str, place: str) -> None:
    found = problems(GOOD.replace("server: {host: 0.0.0.0, port: 9000}", f"server: {{oidc: {block}}}"))
    assert len(found) == 1
    assert place in found[0]


def test_what_the_api_may_be_asked_is_read(load: Callable[[str], Settings], folder: Path) -> None:
    (folder / "documents.json").write_text(json.dumps({"Me": "{ viewer { name } }"}))
    block = (
        "server: {cors_origins: [https://app.example, 'http://localhost:3000'], max_cost: 5, bucket: 9, refill: 2, "
        "timeout_seconds: 1.5, trusted_documents: {mode: enforce, file: documents.json}}"
    )
    api = load(GOOD.replace("server: {host: 0.0.0.0, port: 9000}", block)).server.api
    assert api.cors_origins == ("https://app.example", "http://localhost:3000")
    assert (api.max_cost, api.bucket, api.refill, api.timeout) == (5, 9, 2, 1.5)
    assert api.trusted == "enforce"
    assert api.documents == {hashlib.sha256(b"{ viewer { name } }").hexdigest(): "{ viewer { name } }"}
