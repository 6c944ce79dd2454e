"""Delivers the outbox: one signed POST a row, again and later while it fails, given up after half a day or so.

At least once: who is killed between the answer and the note of it delivers again, under the same delivery id.
"""

from __future__ import annotations

import hmac
import json
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
import sqlalchemy as sa

from accountpulse.core.clock import Clock
from accountpulse.core.observe.outage import Outage
from accountpulse.core.store import outbox
from accountpulse.core.store.database import Store
from accountpulse.core.sync.http import retry_after

TIMEOUT = (5.0, 10.0)
CLAIM = timedelta(seconds=60)
"""After how long a row that somebody took and did not report on comes up again: he may have been killed."""
ATTEMPTS = 20
FIRST, LONGEST = timedelta(seconds=5), timedelta(hours=1)

log = logging.getLogger("accountpulse.notify")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to, and what signs it."""

    url: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def host(self) -> str:
        """Whom it reaches; path and query may hold tokens, and are not told."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a round did. dead: given up in it."""

    delivered: int
    failed: int
    dead: int


def signed_headers(webhook: Webhook, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove who sends: HMAC-SHA256 of `<timestamp>.<body>`, as for what is pushed to us."""
    stamp = str(int(now.timestamp()))
    signature = hmac.new(webhook.secret.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return {"X-AccountPulse-Timestamp": stamp, "X-AccountPulse-Signature": f"sha256={signature}"}


def wait_after(attempts: int, share: float) -> timedelta:
    """How long to wait after so many attempts. share: 0..1, a random one, so that not all come back at once."""
    longest: timedelta = min(FIRST * 2 ** min(attempts - 1, 20), LONGEST)
    return longest * (0.5 + share / 2)


class Deliverer:
    """Delivers what is due, row by row. One of several processes that do so at once takes each row."""

    def __init__(
        self, store: Store, clock: Clock, webhook: Webhook, *, timeout: tuple[float, float] = TIMEOUT, claim: timedelta = CLAIM
    ) -> None:
        self._store = store
        self._clock = clock
        self._webhook = webhook
        self._timeout = timeout
        self._claim = claim
        self._away = Outage(log, f"{webhook.host} does not answer, and what is for it waits", f"{webhook.host} answers again")

    def round(self, stop: Callable[[], bool] = lambda: False) -> Delivered:
        """Deliver what is due now, until nothing is, or the receiver does not answer at all: then the others wait, too."""
        done = failed = dead = 0
        with self._store.read() as connection:
            due = outbox.any_due(connection, self._clock.now())
        with requests.Session() as session:
            session.trust_env = False  # a .netrc would put other credentials into it
            while due and not stop():
                now = self._clock.now()
                with self._store.write() as connection:
                    row = outbox.claim(connection, now, until=now + self._claim)
                if row is None:
                    break
                answered, error, wait = self._post(session, row)
                if answered:
                    self._away.over()
                if error is None:
                    done += 1
                    with self._store.write() as connection:
                        outbox.delivered(connection, row.id, self._clock.now())
                    continue
                given_up = row.attempts >= ATTEMPTS or error.startswith("410")
                failed, dead = failed + 1, dead + given_up
                self._note(row, error, None if given_up else wait, answered=answered)
                if not answered:
                    self._away.met(error)
                    break
        if done:
            with self._store.write() as connection:
                outbox.prune(connection, self._clock.now())
        return Delivered(done, failed, dead)

    def _note(self, row: sa.Row[tuple[object, ...]], error: str, wait: timedelta | None, *, answered: bool) -> None:
        with self._store.write() as connection:
            outbox.failed(connection, row.id, error, None if wait is None else self._clock.now() + wait)
        what = f"{row.event} {row.delivery} was not taken by {self._webhook.host}: {error}"
        if wait is None:
            log.error("%s; given up after %s attempts, see `accountpulse outbox list --dead`", what, row.attempts)
        elif answered:
            log.warning("%s; attempt %s, the next in %.0f s", what, row.attempts, wait.total_seconds())

    def _post(self, session: requests.Session, row: sa.Row[tuple[object, ...]]) -> tuple[bool, str | None, timedelta]:
        """Whether anybody answered, what was wrong, None where nothing, and how long to wait then."""
        body = json.dumps(row.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "AccountPulse",
            "X-AccountPulse-Delivery": str(row.delivery),
            "X-AccountPulse-Event": str(row.event),
            **signed_headers(self._webhook, body, self._clock.now()),
        }
        wait = wait_after(int(row.attempts), random.random())  # noqa: S311  # spreads retries, hides nothing
        try:
            # What the receiver says is of no interest, and may be endless.
            with session.post(
                self._webhook.url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False, stream=True
            ) as answer:
                status, asked = answer.status_code, retry_after(answer.headers.get("Retry-After"), self._clock.now())
        except requests.Timeout:
            return False, "no answer in time", wait
        except requests.RequestException as error:
            return False, f"no connection ({type(error).__name__})", wait
        if 200 <= status < 300:
            return True, None, wait
        if 300 <= status < 400:
            return True, f"{status}: redirects are not followed; configure the address it leads to", wait
        return True, f"{status} {answer.reason or ''}".strip(), max(wait, min(asked or wait, LONGEST))
