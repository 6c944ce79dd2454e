"""The contract of a connector that is pushed to, as tests: subclass `PushSuite`, say how a sender signs, and pytest runs it.

    class TestAcmePush(PushSuite):
        connector = Acme
        good = {"signing_secret": "s3cret"}

        def body(self, number):
            return json.dumps({"id": f"m{number}", "customer": "acme", "score": 9}).encode()

        def send(self, body):
            signature = hmac.new(b"s3cret", body, "sha256").hexdigest()
            return self.request("webhook", body, {"x-signature": signature})

Requests go through the real inbox into a real store. A connector that reads as well takes `ConnectorSuite` besides.
"""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import AuthError, InvalidRecord, NotFound
from accountpulse.core.model import schema_of
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store.contents import contents
from accountpulse.core.store.database import Store
from accountpulse.core.sync.connector import Connector, InboundRequest
from accountpulse.core.sync.context import Context
from accountpulse.core.sync.engine import Source
from accountpulse.core.sync.inbox import drain, receive
from accountpulse.core.sync.specs import spec_of
from accountpulse.testing.kit.bench import START
from accountpulse.testing.kit.declaring import must_be_explained
from accountpulse.testing.kit.vendors import secrets_of
from accountpulse.testing.stores import fresh_store

BOMB = 200_000_000  # bytes, unpacked
LEAP = 20_000_000  # bytes that refusing it may take
UNREADABLE = (b"", b"{", b"null", b'"text"', b"\xff\xfe\x00", b"[" * 5_000, b'{"a": NaN}')


class PushSuite:
    """What holds for every connector that is pushed to.

    connector, good: as in `ConnectorSuite`. limit: the largest request it takes, in bytes; None where it leaves that to the
    server. compressed: whether it takes gzip.
    """

    connector: ClassVar[type[Connector[Any]]]
    good: ClassVar[Mapping[str, Any]]
    limit: ClassVar[int | None] = None
    compressed: ClassVar[bool] = False

    def body(self, number: int) -> bytes:
        """The body of a request that tells of something; another number, of something else."""
        raise NotImplementedError(f"{type(self).__name__}.body(number) must make a request's body")

    def send(self, body: bytes) -> InboundRequest:
        """The request with this body, signed as a sender does."""
        raise NotImplementedError(f"{type(self).__name__}.send(body) must sign a body; self.request(...) makes the request")

    def forged(self, request: InboundRequest) -> InboundRequest:
        """The request as somebody sends it who does not know the secret."""
        return replace(request, headers={"content-type": "application/json"})

    def request(self, path: str, body: bytes, headers: Mapping[str, str]) -> InboundRequest:
        """A request to one of the connector's paths."""
        return InboundRequest("POST", path, {"content-type": "application/json", **headers}, body, START)

    # --- the rules ----------------------------------------------------------------------------------------------------

    def test_what_is_signed_is_kept_and_applied(self, tmp_path: Path) -> None:
        """A signed request becomes records: receive() verifies and splits, apply() makes records that @inbound declares."""
        with self._inbox(tmp_path) as (store, clock, source):
            for number in (1, 2):
                assert receive(store, clock, source, self.send(self.body(number))) > 0, "a signed request brought no message"
            result = drain(store, clock, source)
            assert result.quarantined == 0, f"{result.quarantined} messages could not be applied: {_quarantine(store, source)}"
            assert self._stored(store, source), "two signed requests brought no record"

    def test_what_is_not_signed_is_refused(self, tmp_path: Path) -> None:
        """A request without the secret raises AuthError before anything is stored: compare with hmac.compare_digest."""
        with self._inbox(tmp_path) as (store, clock, source):
            known = secrets_of(source.connector.config)
            with pytest.raises(AuthError) as refused:
                receive(store, clock, source, self.forged(self.send(self.body(1))))
            assert not any(secret in repr(refused.value) for secret in known if secret), "a secret is in the message"
            assert drain(store, clock, source).read == 0, "a request that was refused left a message"

    def test_what_is_sent_twice_counts_once(self, tmp_path: Path) -> None:
        """A request delivered again brings nothing: a message's key is the sender's own id of it, not made up on arrival."""
        with self._inbox(tmp_path) as (store, clock, source):
            first = receive(store, clock, source, self.send(self.body(1)))
            assert receive(store, clock, source, self.send(self.body(1))) == 0, "a message was kept twice: key it by its id"
            drain(store, clock, source)
            before = self._stored(store, source)
            assert receive(store, clock, source, self.send(self.body(1))) == 0, "a message came again after it had been applied"
            drain(store, clock, source)
            assert self._stored(store, source) == before, "the same message changed what is stored"
            assert receive(store, clock, source, self.send(self.body(2))) == first, "another message was taken for the first"

    def test_what_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        """A body that can't be read raises InvalidRecord, whatever it is: it is answered 400, and is no fault of ours."""
        with self._inbox(tmp_path) as (store, clock, source):
            for body in UNREADABLE:
                with pytest.raises((InvalidRecord, AuthError)):
                    receive(store, clock, source, self.send(body))
            with suppress(InvalidRecord, AuthError):  # an empty list may be read, as nothing
                receive(store, clock, source, self.send(b"[]"))
            assert drain(store, clock, source).read == 0, "a body that can't be read left a message"

    def test_a_path_that_is_not_declared(self, tmp_path: Path) -> None:
        """Another path is not taken: name every path in @inbound."""
        with self._inbox(tmp_path) as (store, clock, source), pytest.raises(NotFound):
            receive(store, clock, source, replace(self.send(self.body(1)), path="kit/elsewhere"))

    def test_too_much_is_refused(self, tmp_path: Path) -> None:
        """More than the limit raises InvalidRecord, also when it was packed small: unpack no further than the limit."""
        if self.limit is None:
            pytest.skip("no limit of its own: the server's holds")
        with self._inbox(tmp_path) as (store, clock, source):
            with pytest.raises(InvalidRecord):
                receive(store, clock, source, self.send(b" " * (self.limit + 1)))
            if self.compressed:
                bomb = self._packed(gzip.compress(b" " * BOMB))
                tracemalloc.start()
                try:
                    with pytest.raises(InvalidRecord):
                        receive(store, clock, source, bomb)
                    most = tracemalloc.get_traced_memory()[1]
                finally:
                    tracemalloc.stop()
                assert most < LEAP, f"{len(bomb.body)} packed bytes were unpacked to {most} before they were refused"

    def test_gzip(self, tmp_path: Path) -> None:
        """A packed request counts as the same unpacked one; a broken one raises InvalidRecord."""
        if not self.compressed:
            pytest.skip("it takes no gzip")
        with self._inbox(tmp_path) as (store, clock, source):
            packed = gzip.compress(self.body(1))
            assert receive(store, clock, source, self._packed(packed)) > 0, "a packed request brought no message"
            assert receive(store, clock, source, self.send(self.body(1))) == 0, "packed and unpacked are two messages"
            for broken in (packed[:-9], b"not gzip", b""):
                with pytest.raises(InvalidRecord):
                    receive(store, clock, source, self._packed(broken))

    def test_settings_are_explained_and_secrets_marked(self) -> None:
        """Each field of the Config is named in its docstring, and secrets are SecretStr, of which no repr shows a thing."""
        must_be_explained(self.connector.Config)
        config = self.connector.Config.model_validate(dict(self.good))
        assert secrets_of(config), "a connector that is pushed to needs a secret to know its sender by"
        assert not any(secret in repr(config) for secret in secrets_of(config)), "a secret is in repr(config)"

    # --- the inbox ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _inbox(self, folder: Path) -> Iterator[tuple[Store, FixedClock, Source]]:
        clock = FixedClock(START)
        config = self.connector.Config.model_validate(dict(self.good))
        connector = self.connector(config, Context("kit", clock=clock))
        with fresh_store(folder) as store:
            with store.write() as connection:
                ids = store_connections.register(connection, [spec_of("kit", connector, config)], clock.now())
            yield store, clock, Source(ids["kit"], "kit", connector)
        connector.close()

    def _stored(self, store: Store, source: Source) -> dict[str, dict[str, bytes]]:
        kinds = [schema_of(record).name for spec in source.connector.inbounds() for record in spec.records]
        with store.read() as connection:
            found = {kind: contents(connection, source.id, kind) for kind in kinds}
        return {kind: rows for kind, rows in found.items() if rows}

    def _packed(self, packed: bytes) -> InboundRequest:
        request = self.send(packed)
        return replace(request, headers={**request.headers, "content-encoding": "gzip"})


def _quarantine(store: Store, source: Source) -> list[str]:
    with store.read() as connection:
        return [row.reason for row in store_connections.quarantined(connection, source.id)]
