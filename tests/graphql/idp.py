"""A simulated identity provider: it serves its keys over HTTP, and signs tokens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from tests.graphql.world import NOW

from accountpulse.graphql.settings import Provider

ISSUER, AUDIENCE = "https://login.example", "accountpulse"


class Idp:
    """A provider with a key; `rotate` gives it another. down: it answers with 500. asked: how often its keys were fetched.

    described: what its own description says; by default, where its keys are.
    """

    def __init__(self) -> None:
        self.down, self.asked, self._number = False, 0, 0
        self.rotate()
        idp = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                describes = self.path == "/.well-known/openid-configuration"
                idp.asked += not describes
                self.send_response(500 if idp.down else 200 if describes or self.path == "/keys" else 404)
                self.end_headers()
                told = idp.described if describes else idp.published
                self.wfile.write(b"" if idp.down else json.dumps(told).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.described: object = {"issuer": self.issuer, "jwks_uri": self.url}
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.issuer}/keys"

    def rotate(self) -> None:
        self._number += 1
        self.key, self.kid = rsa.generate_private_key(65_537, 2_048), f"key-{self._number}"
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.published = {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def claims(self, **other: Any) -> dict[str, Any]:
        """Good ones, with others in their place; None leaves one out."""
        ends = int((NOW + timedelta(minutes=5)).timestamp())
        good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "exp": ends, "scope": "openid ap:read", "email": "Ann"}
        return {name: value for name, value in (good | other).items() if value is not None}

    def token(self, **other: Any) -> str:
        return jwt.encode(self.claims(**other), self.key, algorithm="RS256", headers={"kid": self.kid})


@contextmanager
def provider() -> Iterator[Idp]:
    """While it is served."""
    made = Idp()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()


def provider_of(idp: Idp, **other: Any) -> Provider:
    return Provider(**{"issuer": ISSUER, "audience": (AUDIENCE,), "jwks_url": idp.url, **other})
