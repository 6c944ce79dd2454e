"""The settings of a connection that survey tools send to."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from accountpulse.connectors.surveys import paths
from accountpulse.plugins import ConnectorConfig

Kind = Literal["nps", "csat", "ces", "custom"]
FieldName = Literal["id", "kind", "score", "scale_min", "scale_max", "comment", "account", "email", "responded_at"]
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class SurveysConfig(ConnectorConfig):
    """Who may send, and where in what they send a response's fields are.

    webhook_secrets: what senders sign with; two while one is changed. signature_header: carries the HMAC-SHA256, in hex or
    base64, `sha256=` before it or not. timestamp_header: carries the time in Unix seconds, and the signature is over
    "<time>.<body>"; null for a tool that signs the body alone, whose requests can then be repeated by others, to no effect.
    responses: the path of the list of responses, or of the one, in the body. fields: field -> path within a response, for what
    is not found under its own name. kind, scale_min, scale_max: of responses that do not say. scores: what words are worth.
    """

    webhook_secrets: tuple[SecretStr, ...] = Field(min_length=1)
    signature_header: str = "X-AccountPulse-Signature"
    timestamp_header: str | None = "X-AccountPulse-Timestamp"
    responses: str | None = None
    fields: dict[FieldName, str] = Field(default_factory=dict)
    kind: Kind | None = None
    scale_min: float | None = Field(default=None, allow_inf_nan=False)
    scale_max: float | None = Field(default=None, allow_inf_nan=False)
    scores: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> SurveysConfig:
        for name, header in (("signature_header", self.signature_header), ("timestamp_header", self.timestamp_header)):
            if header is not None and not _HEADER.fullmatch(header):
                raise ValueError(f"{name}: {header!r} is not the name of a header, such as X-Signature")
        for path in (*self.fields.values(), *([self.responses] if self.responses is not None else ())):
            paths.steps(path)
        if (self.scale_min is None) is not (self.scale_max is None):
            raise ValueError("scale_min and scale_max belong together: put both or neither")
        if self.scale_min is not None and self.scale_max is not None and self.scale_min >= self.scale_max:
            raise ValueError(f"scale_min {self.scale_min:g} must be below scale_max {self.scale_max:g}")
        return self
