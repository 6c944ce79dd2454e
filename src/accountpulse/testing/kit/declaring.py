"""Rules 12, 13 and 21 to 23: settings, credentials and secrets, who it is connected to, what is declared, earlier releases."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from accountpulse.core.errors import AuthError, ConfigError
from accountpulse.core.sync.connector import ConnectorConfig
from accountpulse.core.sync.context import Context
from accountpulse.testing.kit.base import Suite
from accountpulse.testing.kit.bench import Bench
from accountpulse.testing.kit.explained import SECRET_NAMES, unexplained, unmarked
from accountpulse.testing.kit.rules import proves
from accountpulse.testing.kit.vendors import Site, filled, secrets_of
from accountpulse.testing.stores import fresh_store
from accountpulse.testing.vendors.control import Answer, Call

CANARY = "canary-7f3a9c"
VERBS = ("put", "renew", "check", "replace", "create", "use", "give", "set", "enter", "make", "grant", "log", "ask")


class DeclarationTests(Suite):
    """What is declared."""

    @proves(12, "credentials", always=True)
    def test_12_refused_credentials(self, tmp_path: Path) -> None:
        """Refused credentials raise AuthError with advice, and a secret is in no message, log, traceback or store: send it in a
        header, and never quote a request or an answer."""
        with self.site(tmp_path) as (site, clock):
            good = self.connector.Config.model_validate(filled(self.good, site.settings))
            if not secrets_of(good):
                return
            assert self.bad is not None, f"{type(self).__name__}.bad: put settings with credentials that the vendor refuses"
            bad = _with_canary(filled(self.bad, site.settings), secrets_of(good))
            config = self.connector.Config.model_validate(bad)
            needles = [secret for secret in (*secrets_of(config), *secrets_of(good)) if len(secret) > 4]
            assert CANARY in "".join(secrets_of(config)), "bad must differ from good in a field that is a SecretStr"
            with _listening() as heard:
                error = self._refused(config, Context("kit", clock=clock))
                told = str(error)
                _must_advise(told, list(self.connector.Config.model_fields))
                trace = "".join(traceback.format_exception(error))
                stored = self._synced(bad, site, clock, tmp_path)
            places = {
                "the error": told + repr(error),
                "the traceback (raise ... from None hides the vendor's own error)": trace,
                "the log (of an HTTP library too: send it in a header, not in the address)": "\n".join(heard),
                "repr(config)": repr(config),
                "the store": stored,
            }
            for place, text in places.items():
                for secret in needles:
                    assert secret not in text, f"a secret is in {place}: {text.replace(secret, '<SECRET>')[:300]}"

    def _refused(self, config: Any, context: Context) -> Exception:
        connector = self.connector(config, context)
        try:
            connector.check()
        except (AuthError, ConfigError) as error:
            return error
        except Exception as error:
            pytest.fail(f"check() with refused credentials raised {type(error).__name__}, put AuthError(advice): {error}")
        finally:
            connector.close()
        pytest.fail("check() took credentials that the vendor refuses: ask the vendor who we are, and raise AuthError(advice)")

    def _synced(self, bad: Mapping[str, Any], site: Site, clock: Any, folder: Path) -> str:
        """Sync with the bad settings, and with the good ones that are revoked on the way; what the store holds then."""
        specs = self.connector.streams()
        if not specs:
            return ""
        with fresh_store(folder) as store:
            settings = filled(self.good, site.settings)
            bench = Bench(self.connector, settings, site, store, clock, specs[0])
            run = bench.sync(bench.link(), **bad)
            assert run.state in ("needs_reauth", "misconfigured"), (
                f"a sync with refused credentials must need a person, but is {run.state!r}: {run.message}. Raise AuthError"
            )
            link, server = bench.link(), site.server
            if server is not None:
                server.page_size = self.page_size
                bench.seed(3 * self.page_size)

                def revoke(call: Call, answer: Answer) -> Answer:
                    if bench.rows.path in call.path:
                        server.revoke()
                    return answer

                server.alter = revoke
                run = bench.sync(link)
                server.alter = None
                server.restore()
                assert run.state == "needs_reauth", f"credentials revoked during a run: it is {run.state!r}; raise AuthError"
                bench.must_sync(link, "after the credentials were renewed")
                bench.must_equal_vendor(link, "The credentials had been revoked during a run")
        return "".join(path.read_bytes().decode("latin-1") for path in folder.glob("store.db*"))

    @proves(13, "identity", always=True)
    def test_13_who_it_is(self, tmp_path: Path) -> None:
        """check() says whom we are connected to, the same each time: take the vendor's id of the account, nothing made up."""
        with self.site(tmp_path) as (site, clock):
            found = []
            for _ in range(2):
                config = self.connector.Config.model_validate(filled(self.good, site.settings))
                connector = self.connector(config, Context("kit", clock=clock))
                found.append(connector.check())
                connector.close()
                clock.advance(timedelta(days=1))
            first, second = found
            assert isinstance(first.id, str), f"Identity.id must be a text, found {first.id!r}"
            assert first.id, "Identity.id must not be empty: take the vendor's id of the customer's account"
            assert isinstance(first.name, str), f"Identity.name is for people, found {first.name!r}"
            assert first.name, "Identity.name is for people, and must not be empty"
            assert (first.id, first.name) == (second.id, second.name), f"check() says {first.id!r}, a day later {second.id!r}"
            shown = repr(first)
            assert not any(secret in shown for secret in secrets_of(config) if secret), "a secret is in the Identity"

    @proves(21, "settings", always=True)
    def test_21_settings(self, tmp_path: Path) -> None:
        """Settings are explained, secrets marked and mistakes told: document each field in the Config's docstring, make secrets
        SecretStr, and give no default to what must be put."""
        config = self.connector.Config
        must_be_explained(config)
        with self.site(tmp_path) as (site, _):
            good = filled(self.good, site.settings)
            config.model_validate(good)
            if self.bad is not None:
                bad = filled(self.bad, site.settings)
                for name in bad.keys() & good.keys():
                    if bad[name] != good[name]:
                        secret = secrets_of(getattr(config.model_validate(bad), name))
                        assert secret, f"{config.__name__}.{name} is what makes credentials bad, so make it pydantic.SecretStr"
            for name, field in config.model_fields.items():
                if field.is_required():
                    with pytest.raises(ValidationError, match=name):
                        config.model_validate({key: value for key, value in good.items() if key != name})
            with pytest.raises(ValidationError, match="kit_unknown"):
                config.model_validate({**good, "kit_unknown": 1})

    @proves(22, "streams")
    def test_22_every_stream_brings_what_it_declares(self, stream: str, tmp_path: Path) -> None:
        """Each stream brings every record type that it declares, and no other: correct @stream(...), or say why not."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(self.page_size)
            result = bench.must_sync(bench.link(), "with a page of rows")
            path = bench.rows.path
            assert result.read, f"stream {stream} brought nothing although the vendor has rows: does it read {path!r}?"
            assert bench.spec.description, f"stream {stream} has no docstring: say what it reads, and what it can't tell"
            brought = {type(item) for item in bench.read().records}
            config = self.connector.Config.model_validate(bench.settings)
            declared = set(self.connector.stream_records(bench.spec, config))
            missing = ", ".join(sorted(each.__name__ for each in declared - brought))
            assert not missing, f"stream {stream} declares {missing}, but brings none: a metric takes its silence for zero"

    @proves(23, "earlier")
    def test_23_what_earlier_releases_left_still_loads(self, stream: str, tmp_path: Path) -> None:
        """The settings and cursors of earlier releases still work: keep reading them, or raise CursorExpired to read again."""
        if not self.earlier:
            pytest.skip("no earlier release: put its settings and cursors into `earlier` when you make the next one")
        for release, left in self.earlier.items():
            with self.bench(stream, tmp_path) as bench:
                bench.seed(self.page_size)
                link = bench.link()
                bench.settings = filled(left.get("settings", self.good), bench.site.settings)
                if stream in left.get("cursors", {}):
                    bench.set_cursor(link, left["cursors"][stream], None)
                try:
                    bench.must_sync(link, f"with what release {release} left")
                except ValidationError as wrong:
                    pytest.fail(f"the settings of release {release} are refused: {wrong}")
                bench.must_equal_vendor(link, f"It began with the cursor of release {release}")


def must_be_explained(config: type[ConnectorConfig]) -> None:
    """Fail unless every setting is explained, and what sounds secret is marked."""
    for name in unexplained(config):
        pytest.fail(f"{config.__name__}.{name} is not explained: name it in the docstring, with what to put there")
    for name in unmarked(config):
        pytest.fail(f"{config.__name__}.{name} sounds secret and is a plain text: make it pydantic.SecretStr")


def _must_advise(message: str, fields: list[str]) -> None:
    words = message.lower().replace(",", " ").replace(":", " ").split()
    advice = len(words) >= 5 and (any(field in words for field in fields) or any(verb in words for verb in VERBS))
    assert advice, (
        f"the message for refused credentials is {message!r}: say in a sentence what to do, such as 'Acme refused the token: "
        "put a current one into token'"
    )


def _with_canary(settings: Any, good: list[str]) -> Any:
    """Mark every text that is no good secret and could be a bad one, so that it is found wherever it goes."""
    if isinstance(settings, Mapping):
        return {
            name: _marked(value, good) if any(word in name for word in (*SECRET_NAMES, "key")) else value
            for name, value in settings.items()
        }
    return settings


def _marked(value: Any, good: list[str]) -> Any:
    if isinstance(value, str):
        return value if value in good else f"{value}-{CANARY}"
    if isinstance(value, list | tuple):
        return [_marked(each, good) for each in value]
    if isinstance(value, Mapping):
        return {name: _marked(each, good) for name, each in value.items()}
    return value


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Everything that is logged by anybody, at every level."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(logging.Formatter().format(record))

    root, ear = logging.getLogger(), Ear(level=logging.DEBUG)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
