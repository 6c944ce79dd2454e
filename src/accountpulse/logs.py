"""How lines of the log are written: for people, or as JSON for what collects them. No secret of this process is in either."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from accountpulse.core.observe.about import told

Form = Literal["text", "json"]


class TextLines(logging.Formatter):
    """`WARNING accountpulse.sync: what happened [connection=crm run=12]`. named: with the logger's name."""

    def __init__(self, redact: Callable[[str], str], *, named: bool) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s" if named else "%(levelname)s %(message)s")
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in told().items())
        return super().formatMessage(record) + (f" [{ids}]" if ids else "")

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, then the ids that it is about, and `error` with a traceback."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        # Before it is JSON: quotes and backslashes of a secret would be written in another way there.
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
            **{name: self._redact(value) for name, value in told().items()},
        }
        if record.exc_info:
            line["error"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
