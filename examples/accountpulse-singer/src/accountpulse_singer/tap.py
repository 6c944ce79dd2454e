"""Runs a tap: gives it its files, takes its messages, and turns how it ended into an error that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accountpulse.plugins import AuthError, ConfigError, ConnectorError, Context, PermissionMissing, RateLimited, Transient
from accountpulse_singer.catalog import parse_catalog, selected
from accountpulse_singer.config import SingerConfig
from accountpulse_singer.files import Credentials, private_folder, write_private
from accountpulse_singer.messages import Message, parse
from accountpulse_singer.process import Process

_SHOWN = 600
"""How many characters of a tap's last words a person is shown."""

_AUTH = re.compile(
    r"\b401\b|unauthori[sz]ed|invalid.{0,20}(token|credential|api.?key|grant)|authentication (failed|error)", re.I
)
_FORBIDDEN = re.compile(r"\b403\b|forbidden|insufficient.{0,20}(scope|permission)", re.I)
_LIMITED = re.compile(r"\b429\b|too many requests|rate.?limit", re.I)
_PASSING = re.compile(r"\b50[0234]\b|time[ds]?.?out|connection (reset|refused|aborted|error)|temporar|bad gateway", re.I)
_URL_SECRETS = re.compile(r"(?<=://)[^/\s@]+@|((?:token|key|secret|password|signature)=)[^&\s\"']+", re.I)


class Tap:
    """A tap with its settings. Renewed credentials outlive a run."""

    def __init__(self, config: SingerConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._credentials = Credentials(config)

    @contextmanager
    def messages(self, state: Any) -> Iterator[Iterator[Message]]:
        """A run's messages, in order; leaving early stops the tap. Raises what its end means, after the last message."""
        catalog = self._catalog()
        with private_folder() as folder:
            config = write_private(folder / "config.json", self._credentials.document)
            arguments = [*self._config.command, "--config", str(config)]
            if catalog is not None:
                arguments += [self._config.catalog_option, str(write_private(folder / "catalog.json", catalog))]
            if state is not None:
                arguments += ["--state", str(write_private(folder / "state.json", state))]
            try:
                with self._process(arguments, folder) as process:
                    yield self._read(process)
            finally:
                self._take_back(config)

    def discover(self) -> dict[str, Any]:
        """What the tap says it can read."""
        with private_folder() as folder:
            config = write_private(folder / "config.json", self._credentials.document)
            try:
                with self._process([*self._config.command, "--config", str(config), "--discover"], folder) as process:
                    lines = list(process.lines())
                    self._judge(process)
            finally:
                self._take_back(config)
        return parse_catalog(b"\n".join(lines).decode("utf-8", "replace"))

    def _catalog(self) -> dict[str, Any] | None:
        """The catalog with what the mapping wants selected; None for a tap that takes none."""
        wanted = self._config.catalog
        if wanted == "none":
            return None
        if wanted == "discover":
            return selected(self.discover(), self._config.streams())
        try:
            return selected(parse_catalog(Path(wanted).read_text(encoding="utf-8")), self._config.streams())
        except OSError as error:
            raise ConfigError(
                "catalog", f"{wanted} can't be read: {error.strerror}; put a path, `discover` or `none`"
            ) from None

    def _process(self, arguments: list[str], folder: Path) -> Process:
        return Process(
            arguments,
            folder=folder,
            environment=self._config.environment,
            silence=self._config.silence,
            cancelled=self._context.stop_if_cancelled,
        )

    def _read(self, process: Process) -> Iterator[Message]:
        noise = 0
        for line in process.lines():
            message = parse(line)
            if message is not None:
                yield message
            elif line.strip():
                noise += 1
                if noise == 1:
                    shown = self._shown(line.decode("utf-8", "replace"))
                    self._context.log.debug("%s printed something that is no Singer message: %s", self._config.tap, shown)
        self._judge(process)
        if noise > 1:
            self._context.log.debug("%s printed %d lines that are no Singer messages", self._config.tap, noise)

    def _judge(self, process: Process) -> None:
        """Raise what the tap's exit code and its last words mean."""
        code = process.finish()
        if code == 0:
            return
        tail = process.tail()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        said = self._shown(tail[-_SHOWN:])
        told = f"{self._config.tap} {how}" + (f"; its last words: {said}" if said else ", and said nothing")
        if _AUTH.search(tail):
            raise AuthError(f"{told}. Put current credentials into secrets")
        if _FORBIDDEN.search(tail):
            raise PermissionMissing(self._config.tap, told)
        if _LIMITED.search(tail):
            raise RateLimited(None, told)
        if code < 0 or _PASSING.search(tail):
            raise Transient(told)
        raise ConnectorError(f"{told}. Run the tap by hand to see more")

    def _take_back(self, path: Path) -> None:
        if self._credentials.take_back(path) and self._config.refreshed is None:
            self._context.log.warning(
                "%s renewed its credentials, which are lost when this program ends: put a path into refreshed", self._config.tap
            )

    def _shown(self, text: str) -> str:
        """A tap's words without secrets, on one line."""
        for secret in self._credentials.secrets(self._config):
            text = text.replace(secret, "***")
        return " ".join(_URL_SECRETS.sub(r"\1***", text).split())
