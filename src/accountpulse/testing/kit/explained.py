"""What is wrong with a connector's settings, going by their class alone."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from accountpulse.core.sync.connector import ConnectorConfig

SECRET_NAMES = ("token", "secret", "password", "passwd", "api_key", "apikey", "private_key", "write_key", "credential")


def unexplained(config: type[ConnectorConfig]) -> list[str]:
    """The settings that neither the class's docstring nor a description of their own explains."""
    told = config.__doc__ or ""
    return [name for name, field in config.model_fields.items() if name not in told and not field.description]


def unmarked(config: type[ConnectorConfig]) -> list[str]:
    """The settings that sound secret and are plain text."""
    sounding = {name: f for name, f in config.model_fields.items() if any(word in name.lower() for word in SECRET_NAMES)}
    return [name for name, field in sounding.items() if _plain_text(field.annotation)]


def _plain_text(annotation: Any) -> bool:
    shown = str(annotation)
    return ("str" in shown or annotation is str) and "SecretStr" not in shown and annotation is not SecretStr
