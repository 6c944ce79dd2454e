"""The files that a tap is given: configuration, state, catalog. They hold secrets, so nobody else reads them, nor for long."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accountpulse.plugins import ConfigError
from accountpulse_singer.config import SingerConfig


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for one run that nobody else may enter; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="accountpulse-singer-") as folder:  # made with mode 0700
        yield Path(folder)


def write_private(path: Path, document: object) -> Path:
    """Write JSON that only we may read; whole or not at all."""
    scratch = path.with_name(path.name + ".new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file)
    scratch.replace(path)
    return path


class Credentials:
    """The tap's configuration, and what it renews of it. Taps write renewed tokens back into the file that they were given:
    whoever throws that away is locked out at the next run.
    """

    def __init__(self, config: SingerConfig) -> None:
        given = {name: secret.get_secret_value() for name, secret in config.secrets.items()}
        self._given = {**config.settings, **given}
        self._keep = config.refreshed
        self._renewed = self._kept()

    @property
    def document(self) -> dict[str, Any]:
        """What the tap is given."""
        return {**self._given, **self._renewed}

    def secrets(self, config: SingerConfig) -> list[str]:
        """Everything that must not be shown, the longest first."""
        known = {secret.get_secret_value() for secret in config.secrets.values()}
        known |= {value for value in self._renewed.values() if isinstance(value, str)}
        return sorted((secret for secret in known if len(secret) > 3), key=len, reverse=True)

    def take_back(self, path: Path) -> bool:
        """Read the configuration again after a run, and keep what the tap changed; whether there was anything."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False  # it removed or broke its own file; what we have is still good
        changed = {name: value for name, value in found.items() if self.document.get(name) != value}
        if not changed:
            return False
        self._renewed |= changed
        if self._keep is not None:
            try:
                write_private(self._keep, {"instead_of": self._fingerprint(), "values": self._renewed})
            except OSError as error:
                raise ConfigError("refreshed", f"{self._keep} can't be written: {error.strerror}") from None
        return True

    def _kept(self) -> dict[str, Any]:
        """What earlier runs renewed, unless a person has put other credentials since."""
        if self._keep is None or not self._keep.exists():
            return {}
        try:
            kept: Mapping[str, Any] = json.loads(self._keep.read_text(encoding="utf-8"))
            values = dict(kept["values"])
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError("refreshed", f"{self._keep} is not what this connector wrote; remove it") from None
        return values if kept.get("instead_of") == self._fingerprint() else {}

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self._given, sort_keys=True, default=str).encode()).hexdigest()
