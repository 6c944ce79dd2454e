"""What operators change through the API: syncs, pauses, releases of models, tokens. All of it is noted in the trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from accountpulse.core.clock import Clock, require_aware
from accountpulse.core.errors import Conflict, InvalidInput, ModelError, NotFound, SettingsError
from accountpulse.core.jobs.requests import Requests, SyncRequest
from accountpulse.core.people import checks
from accountpulse.core.scoring.publication import Draft, put_in_force, roll_back, rollback_target
from accountpulse.core.store import connections as store_connections
from accountpulse.core.store import tokens as store_tokens
from accountpulse.core.store.connections import PEOPLE
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import RowScope
from accountpulse.core.store.scorecards import PUBLISHED, releases
from accountpulse.core.trail import Asker, Done, change

FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when a connection rests that somebody paused without saying until when."""


def until_when(paused_until: datetime | None) -> str:
    """Until when a connection rests, as ` until 2026-12-31 00:00 UTC`; nothing where nobody said."""
    if paused_until is None or paused_until >= FOR_GOOD:
        return ""
    return f" until {paused_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Rest:
    """That a connection rests. until: None where nobody said; else when it may run again. message: who let it, and why."""

    until: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was made. token: itself, None where it had been made before: it can be read once only."""

    prefix: str
    token: str | None


class Operations:
    """What operators change of one store; each method notes who asked for it, and does nothing twice.

    requests: sees to what is to be read; may be set to another. metrics, scorers: by name, those that are installed.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        requests: Requests,
        *,
        metrics: Mapping[str, object],
        scorers: Mapping[str, object],
    ) -> None:
        self._store = store
        self._clock = clock
        self.requests = requests
        self._metrics = metrics
        self._scorers = scorers

    # --- connections ----------------------------------------------------------------------------------------------------

    def sync(self, name: str, stream: str | None, *, asker: Asker) -> bool:
        """Start to read a connection, or one stream; False where it is being read. Raises NotFound."""
        return self._start("sync.start", name, stream, asker)

    def confirm_deletes(self, name: str, stream: str, *, asker: Asker) -> bool:
        """Start to read a stream whose deletes are held, and delete what it lacks. Raises NotFound where none are held."""
        return self._start("deletes.confirm", name, stream, asker, delete_vanished=True)

    def retry_quarantine(self, name: str, stream: str, *, asker: Asker) -> bool:
        """Start to read a stream from its start, so that what could not be understood is met again.

        Raises NotFound where nothing of it is in quarantine.
        """
        return self._start("quarantine.retry", name, stream, asker, reset=True)

    def pause(self, name: str, *, until: datetime | None, reason: str | None, asker: Asker) -> Rest | None:
        """Let a connection rest, for good unless said until when; what is being read ends first. Raises NotFound.

        Returns the rest that this one replaces, None where there was none.
        """
        now = self._clock.now()
        end = FOR_GOOD if until is None else _to_come("until", until, now)
        why = None if reason is None else checks.words("reason", reason)
        wanted = {"connection": name, "until": None if until is None else end.isoformat(), "reason": why}
        message = f"{asker.name} paused it" + (f": {why}" if why else "")
        with self._changing("connection.pause", wanted, asker) as (connection, act):
            row = _configured(connection, name)
            rests = store_connections.paused(row, now) is not None

            def pause() -> str:
                store_connections.set_state(connection, row.id, "paused", now, message=message, paused_until=end)
                return name

            act(pause)
        return Rest(None if row.paused_until >= FOR_GOOD else row.paused_until, row.message) if rests else None

    def resume(self, name: str, *, asker: Asker) -> None:
        """Let a connection run again, whoever let it rest. Raises NotFound, and InvalidInput where it doesn't rest."""
        now = self._clock.now()
        with self._changing("connection.resume", {"connection": name}, asker) as (connection, act):
            row = _configured(connection, name)

            def resume() -> str:
                if store_connections.paused(row, now) is None:
                    raise InvalidInput("connection", f"{name} is not paused: it is {row.state}")
                state = store_connections.state_before(connection, row.id)
                store_connections.set_state(connection, row.id, state, now)
                return name

            act(resume)

    def cancel(self, name: str, *, asker: Asker) -> bool:
        """Let what is being read of a connection stop at its next record, and forget what waits; False where nothing does.

        What has been committed stays, and the next run goes on from there. Raises NotFound.
        """
        with self._changing("sync.cancel", {"connection": name}, asker) as (connection, act):
            row = _configured(connection, name)
            asked: list[bool] = []

            def cancel() -> str:
                asked.append(store_connections.ask_to_end(connection, row.id, self._clock.now()))
                return name

            done = act(cancel)
        return self.requests.drop(name) or done.repeated or asked[0]

    def _start(
        self,
        action: str,
        name: str,
        stream: str | None,
        asker: Asker,
        *,
        reset: bool = False,
        delete_vanished: bool = False,
    ) -> bool:
        with self._changing(action, {"connection": name, "stream": stream}, asker) as (connection, act):
            row = _configured(connection, name)
            if stream is not None:
                known = [each.stream for each in store_connections.streams_of(connection, [row.id])]
                if stream not in known:
                    raise NotFound(f"connection {name!r} has no stream {stream!r}; it has: {', '.join(known) or 'none'}")

            def note() -> str:
                now = self._clock.now()
                if store_connections.paused(row, now) is not None:
                    raise InvalidInput("connection", f"{name} rests{until_when(row.paused_until)}: resume it first")
                if delete_vanished and stream not in {held.stream for held in store_connections.held(connection, row.id)}:
                    raise NotFound(f"no deletes of {name}'s stream {stream} are held")
                if reset and stream not in {bad.stream for bad in store_connections.quarantined(connection, row.id)}:
                    raise NotFound(f"nothing of {name}'s stream {stream} is in quarantine")
                return name

            done = act(note)
        if done.repeated:
            return self.requests.pending(name)
        return self.requests.start(SyncRequest(name, stream, reset, delete_vanished))

    # --- models -----------------------------------------------------------------------------------------------------------

    def publish(
        self, draft: Draft, *, wanted: Mapping[str, object], reason: str | None, expected_release: int | None, asker: Asker
    ) -> int | None:
        """Put a draft in force; returns the release, None where it is in force already. wanted: what was asked for.

        Raises Conflict where another release is in force than was expected.
        """
        why = None if reason is None else checks.words("reason", reason)
        with self._changing("model.publish", {**wanted, "reason": why}, asker) as (connection, act):

            def publish() -> str | None:
                _require_release(connection, expected_release)
                now = self._clock.now()
                return _text(put_in_force(connection, draft, PUBLISHED, author=asker.name, now=now, reason=why))

            return _number(act(publish).result)

    def roll_back(self, to: int | None, *, reason: str | None, expected_release: int | None, asker: Asker) -> int | None:
        """Put in force again what a release published, None for the one before; returns the new release, None where it is in
        force already. Raises NotFound, Conflict, and InvalidInput where it needs what is not installed."""
        why = None if reason is None else checks.words("reason", reason)
        with self._changing("model.rollback", {"to": to, "reason": why}, asker) as (connection, act):

            def back() -> str | None:
                _require_release(connection, expected_release)
                try:
                    release = roll_back(
                        connection,
                        rollback_target(connection, to),
                        author=asker.name,
                        now=self._clock.now(),
                        reason=why,
                        metrics=self._metrics,
                        scorers=self._scorers,
                    )
                except ModelError as error:
                    raise InvalidInput("release", str(error)) from error
                return _text(release)

            return _number(act(back).result)

    # --- tokens -----------------------------------------------------------------------------------------------------------

    def create_token(
        self, name: str, scopes: Sequence[str], expires_at: datetime | None, *, rows: RowScope, asker: Asker
    ) -> NewToken:
        """Make an API token. rows: the accounts that it may see. Raises InvalidInput."""
        now = self._clock.now()
        ends = None if expires_at is None else _to_come("expiresAt", expires_at, now)
        called = checks.person("name", name)
        made: list[str] = []
        wanted: dict[str, object] = {
            "name": called,
            "scopes": sorted(scopes),
            "expires_at": None if ends is None else ends.isoformat(),
        }
        wanted |= {} if rows.everything else {"rows": rows.to_json()}
        with self._changing("token.create", wanted, asker) as (connection, act):

            def create() -> str:
                try:
                    token = store_tokens.create(connection, name=called, scopes=scopes, rows=rows, now=now, expires_at=ends)
                except SettingsError as error:
                    raise InvalidInput("scopes", str(error)) from error
                made.append(token)
                return store_tokens.prefix_of(token)

            prefix = str(act(create).result)
        return NewToken(prefix, made[0] if made else None)

    def revoke_token(self, prefix: str, *, asker: Asker) -> str:
        """End a token at once; returns its prefix. Raises NotFound."""
        with self._changing("token.revoke", {"prefix": store_tokens.prefix_of(prefix)}, asker) as (connection, act):

            def revoke() -> str:
                store_tokens.revoke(connection, prefix, self._clock.now())
                return store_tokens.prefix_of(prefix)

            return str(act(revoke).result)

    @contextmanager
    def _changing(
        self, action: str, wanted: Mapping[str, object], asker: Asker
    ) -> Iterator[tuple[sa.Connection, Callable[[Callable[[], str | None]], Done]]]:
        """A transaction, and what carries out the change in it, once and noted."""
        with self._store.write() as connection:
            yield connection, lambda act: change(connection, asker, action, wanted, act, now=self._clock.now())


def _configured(connection: sa.Connection, name: str) -> sa.Row[tuple[object, ...]]:
    row = store_connections.by_name(connection, name)
    if row.removed_at is not None or row.connector == PEOPLE:
        known = ", ".join(each.name for each in store_connections.listing(connection) if each.connector != PEOPLE)
        raise NotFound(f"{name!r} is not a configured connection; there are: {known or 'none'}")
    return row


def _require_release(connection: sa.Connection, expected: int | None) -> None:
    newest = next((row.id for row in releases(connection, PUBLISHED)), None)
    if expected is not None and newest != expected:
        raise Conflict("expectedRelease", f"found {expected}, but release {newest} is in force by now; look again")


def _to_come(field: str, at: datetime, now: datetime) -> datetime:
    try:
        kept = require_aware(at)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(field, str(error)) from None
    if kept <= now:
        raise InvalidInput(field, f"{kept:%Y-%m-%d %H:%M} UTC is not in the future")
    return kept


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
