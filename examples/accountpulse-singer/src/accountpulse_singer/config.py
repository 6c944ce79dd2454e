"""The settings of a connection that a tap reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, SecretStr, model_validator

from accountpulse.plugins import ConnectorConfig
from accountpulse_singer.mapping import TapMapping
from accountpulse_singer.reading import read_mapping


class SingerConfig(ConnectorConfig):
    """How to run a tap, and what its streams mean.

    command: the tap's executable, and arguments of its own. settings: its configuration without secrets. secrets: the rest of
    it, by the tap's own names. mapping: the YAML file that says which streams become which records. catalog: discover (ask the
    tap), none (it has no discovery) or the path of a catalog. catalog_option: --properties for taps of before 2018.
    refreshed: the file that keeps credentials which the tap renews while it runs. environment: variables for the tap, which
    gets none of AccountPulse's own. silence: seconds without output after which it counts as hung. who: what to call the
    vendor's account, where the tap's name does not say enough.
    """

    command: tuple[str, ...] = Field(min_length=1)
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    mapping: Path
    catalog: str = "discover"
    catalog_option: str = Field(default="--catalog", pattern=r"^--(catalog|properties)$")
    refreshed: Path | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    silence: float = Field(default=600, gt=0)
    who: str | None = None
    _mapping: TapMapping = PrivateAttr()

    @model_validator(mode="after")
    def _reads_its_mapping(self) -> SingerConfig:
        if both := sorted(self.settings.keys() & self.secrets.keys()):
            raise ValueError(f"{', '.join(both)}: put it into settings or into secrets, not into both")
        self._mapping = read_mapping(self.mapping)
        return self

    @property
    def tap(self) -> str:
        """The tap's name."""
        return Path(self.command[0]).name

    def streams(self) -> TapMapping:
        """The mapping, as it was when the settings were read."""
        return self._mapping
