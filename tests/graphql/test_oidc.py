"""Tokens of an identity provider: one that serves its keys over HTTP signs them, and so does somebody who only pretends."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode
from tests.graphql.client import Api, Asked
from tests.graphql.idp import AUDIENCE, ISSUER, Idp, provider, provider_of
from tests.graphql.world import NOW, World

from accountpulse.core.errors import Unauthorized
from accountpulse.graphql.provider_keys import FAILED_PAUSE, UNKNOWN_PAUSE, ProviderDown, ProviderKeys
from accountpulse.graphql.settings import ApiSettings, Provider

ME = "{ viewer { name scopes rows { owners segments regions } } accounts { totalCount nodes { name } } }"


@pytest.fixture(scope="module")
def idp() -> Iterator[Idp]:
    with provider() as made:
        yield made


@pytest.fixture
def app(idp: Idp, local_api: Api) -> Api:
    """A server that believes the provider: the e-mail is the owner whose accounts somebody sees."""
    world = World.over(local_api.hub.store)
    for name, owner in (("Acme", "Ann"), ("Beta", "Bob")):
        world.account(name, score=50.0, owner=owner)
    idp.down, idp.asked = False, 0
    settings = ApiSettings(
        provider=provider_of(idp, name="email", scope_prefix="ap:", rows={"owners": "email", "regions": "regions"})
    )
    return Api(local_api.hub, settings=settings)


def _by_secret(claims: dict[str, Any], secret: bytes, kid: str) -> str:
    """By hand: the library refuses to sign with a public key as a secret."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT", "kid": kid}, claims)]
    text = b".".join(map(base64url_encode, parts))
    return (text + b"." + base64url_encode(hmac.digest(secret, text, "sha256"))).decode()


def ask(app: Api, token: str) -> Asked:
    app.headers = {"authorization": f"Bearer {token}"}
    return app.ask(ME)


def test_claims_say_who_it_is_what_they_may_do_and_what_they_see(idp: Idp, app: Api) -> None:
    told = ask(app, idp.token(regions=["*"])).data
    rows = {"owners": ["Ann"], "segments": None, "regions": None}
    assert told["viewer"] == {"name": "Ann", "scopes": ["read"], "rows": rows}
    assert told["accounts"] == {"totalCount": 1, "nodes": [{"name": "Acme"}]}
    both = ask(app, idp.token(sub="u2", email="*", regions="*", scope=["ap:read", "ap:write"])).data
    assert both["viewer"]["scopes"] == ["read", "write"]
    assert both["accounts"]["totalCount"] == 2
    assert idp.asked == 1


def test_one_person_whose_rows_differ_never_gets_the_same_kept_answer(idp: Idp, app: Api) -> None:
    settings = ApiSettings(provider=provider_of(idp, scope_prefix="ap:", rows={"owners": "email"}))
    keeping = Api(app.hub, settings=settings, kept_bytes=1_000_000)
    for owner, name in (("Ann", "Acme"), ("Bob", "Beta")) * 2:
        assert ask(keeping, idp.token(email=owner)).data["accounts"]["nodes"] == [{"name": name}]


def test_a_token_that_is_not_good_lets_nobody_in(idp: Idp, app: Api, subtests: pytest.Subtests) -> None:
    stranger = rsa.generate_private_key(65_537, 2_048)
    curve = ec.generate_private_key(ec.SECP256R1())
    public = idp.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims, kid = idp.claims(regions="*"), {"kid": idp.kid}
    past, ahead = int((NOW - timedelta(minutes=2)).timestamp()), int((NOW + timedelta(minutes=2)).timestamp())
    cases = {
        "expired": (idp.token(regions="*", exp=past), "expired"),
        "not yet valid": (idp.token(regions="*", nbf=ahead), "not valid yet"),
        "another audience": (idp.token(regions="*", aud="other"), "another audience"),
        "another issuer": (idp.token(regions="*", iss="https://evil.example"), "another issuer"),
        "no end": (idp.token(regions="*", exp=None), "lacks the claim exp"),
        "nobody": (idp.token(regions="*", sub=None), "lacks the claim sub"),
        "an end that is no time": (idp.token(regions="*", exp=1e300), "is no time"),
        "no rows": (idp.token(), "lacks the claim regions"),
        "none": (jwt.encode(claims, None, algorithm="none", headers=kid), "signed with RS256"),
        "the public key as a secret": (_by_secret(claims, public, idp.kid), "signed with RS256"),
        "another algorithm": (jwt.encode(claims, curve, algorithm="ES256", headers=kid), "signed with RS256"),
        "a stranger's key": (jwt.encode(claims, stranger, algorithm="RS256", headers=kid), "signature is wrong"),
        "a key without a name": (jwt.encode(claims, idp.key, algorithm="RS256"), "must name its key"),
        "a key in the token": (
            jwt.encode(claims, stranger, algorithm="RS256", headers={**kid, "jku": "http://127.0.0.1:1/", "jwk": {}}),
            "signature is wrong",
        ),
        "none of ours": ("sesame", "neither"),
        "too long": (idp.token(regions="*", more="x" * 20_000), "must name its key"),
    }
    for name, (token, said) in cases.items():
        with subtests.test(token=name):
            answer = ask(app, token)
            assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
            assert said in answer.body["errors"][0]["message"]
            assert token not in json.dumps(answer.body)
    assert idp.asked <= 1
    assert ask(app, idp.token(regions="*", scope="openid read")).codes == ["FORBIDDEN"]


def test_clocks_may_differ_a_little(idp: Idp, app: Api) -> None:
    past, ahead = int((NOW - timedelta(seconds=50)).timestamp()), int((NOW + timedelta(seconds=50)).timestamp())
    token = idp.token(regions="*", exp=past, nbf=ahead)
    assert ask(app, token).status == 200
    app.hub.clock.advance(timedelta(seconds=20))
    assert ask(app, token).codes == ["UNAUTHENTICATED"]  # what was found good is not good for longer than it lasts


class Later:
    """A clock that goes forward when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def has(keys: ProviderKeys, kid: str) -> bool | None:
    """Whether a key is known; None where nobody can tell."""
    try:
        return anyio.run(keys.get, kid).key_id == kid
    except Unauthorized:
        return False
    except ProviderDown:
        return None


def test_a_new_key_is_looked_for_but_not_for_every_token(idp: Idp) -> None:
    clock, idp.asked, idp.down = Later(), 0, False
    keys = ProviderKeys(provider_of(idp), clock)
    old = idp.kid
    assert has(keys, old)
    for number in range(3):
        assert has(keys, f"made up {number}") is False
    idp.rotate()
    assert has(keys, idp.kid) is False
    assert idp.asked == 1
    clock.now += UNKNOWN_PAUSE
    assert has(keys, idp.kid)
    assert has(keys, old) is False
    assert idp.asked == 2


def test_keys_are_read_again_before_they_are_no_longer_believed(idp: Idp, caplog: pytest.LogCaptureFixture) -> None:
    clock, idp.asked, idp.down = Later(), 0, False
    keys = ProviderKeys(provider_of(idp, keys_kept=timedelta(seconds=100)), clock)
    taken_back = idp.kid
    assert has(keys, taken_back)
    idp.down = True
    clock.now = 50
    assert has(keys, taken_back)  # the provider was asked, and is away: there is time left
    assert has(keys, "another") is None
    assert idp.asked == 2
    clock.now = 99
    assert has(keys, taken_back)
    clock.now = 100
    assert [has(keys, taken_back) for _ in range(3)] == [None] * 3
    assert idp.asked == 3, "while it is away it is not asked for every token"
    idp.down = False
    idp.rotate()
    clock.now += FAILED_PAUSE
    assert has(keys, idp.kid)
    assert has(keys, taken_back) is False
    assert [record.message.split(" ", 3)[3] for record in caplog.records] == [
        f"{ISSUER} can't be read: {idp.url} answered 500",
        f"{ISSUER} can be read again",
    ]


def test_where_the_keys_are_is_found_out_from_the_issuer(idp: Idp, local_api: Api, subtests: pytest.Subtests) -> None:
    idp.down = False
    good, found = idp.described, Provider(issuer=idp.issuer, audience=(AUDIENCE,), scope_prefix="ap:")
    api = Api(local_api.hub, settings=ApiSettings(provider=found))
    assert ask(api, idp.token(iss=idp.issuer)).data["viewer"]["name"] == "u1"
    assert ask(api, idp.token()).codes == ["UNAUTHENTICATED"], "a token of another issuer"
    wrong: list[object] = [
        {"issuer": "https://other.example", "jwks_uri": idp.url},
        {"issuer": idp.issuer, "jwks_uri": "file:///etc/passwd"},
        {"issuer": idp.issuer, "jwks_uri": f"{idp.issuer}/elsewhere"},
        {"issuer": idp.issuer},
        [],
    ]
    try:
        for idp.described in wrong:
            with subtests.test(described=str(idp.described)):
                assert has(ProviderKeys(found), idp.kid) is None
    finally:
        idp.described = good


def test_without_the_keys_nobody_can_tell(idp: Idp, app: Api) -> None:
    idp.down = True
    answer = ask(app, idp.token(regions="*"))
    assert (answer.status, answer.codes) == (503, ["PROVIDER_UNAVAILABLE"])
    watched = app.http.post("/graphql/stream", json={"query": ME}, headers={**app.headers, "accept": "text/event-stream"})
    assert (watched.status_code, watched.headers["retry-after"]) == (503, "5")
    idp.down = False
    app = Api(app.hub, settings=app.settings)  # the other one waits a little before it tries again
    assert ask(app, idp.token(regions="*")).status == 200
    idp.down = True
    assert ask(app, idp.token(regions="*", sub="u3")).status == 200  # its key is known already
    app.headers = {"authorization": f"Bearer {app.token}"}
    assert app.ask(ME).status == 200  # our own tokens need no provider


def test_other_algorithms_are_taken_where_they_are_listed(idp: Idp, app: Api) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    published = idp.published
    idp.published = {"keys": [{**ECAlgorithm.to_jwk(curve.public_key(), as_dict=True), "kid": "curve", "alg": "ES256"}]}
    try:
        settings = ApiSettings(provider=provider_of(idp, audience=("other", AUDIENCE), algorithms=("ES256",)))
        strict = Api(app.hub, settings=settings)
        token = jwt.encode(idp.claims(scope="read"), curve, algorithm="ES256", headers={"kid": "curve"})
        assert ask(strict, token).data["viewer"]["name"] == "u1"
        assert ask(strict, idp.token(scope="read")).codes == ["UNAUTHENTICATED"]
    finally:
        idp.published = published
