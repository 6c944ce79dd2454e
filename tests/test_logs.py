"""Lines of the log say whose doing they are, in either form, and never a secret."""

from __future__ import annotations

import json
import logging

import anyio
import anyio.to_thread
import pytest

from accountpulse.core.observe.about import about, told
from accountpulse.logs import JsonLines, TextLines

SECRET = 'qu"ote\\d-secret'


def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("accountpulse.sync", logging.WARNING, "x.py", 1, message, None, info)


def without(text: str) -> str:
    return text.replace(SECRET, "***")


def test_a_line_says_what_it_is_about_while_it_is_about_it() -> None:
    with about(connection="crm", run=12), about(stream="tickets"):
        line = json.loads(JsonLines(without).format(record("slow")))
        text = TextLines(without, named=True).format(record("slow"))
    assert {name: line[name] for name in ("level", "logger", "message", "connection", "run", "stream")} == {
        "level": "warning",
        "logger": "accountpulse.sync",
        "message": "slow",
        "connection": "crm",
        "run": "12",
        "stream": "tickets",
    }
    assert text == "WARNING accountpulse.sync: slow [connection=crm run=12 stream=tickets]"
    assert told() == {}


@pytest.mark.parametrize("lines", [JsonLines(without), TextLines(without, named=False)])
def test_no_secret_is_in_a_line_even_one_that_json_writes_otherwise(lines: logging.Formatter) -> None:
    try:
        raise ValueError(f"refused {SECRET}")
    except ValueError as error:
        text = lines.format(record(f"with {SECRET}", error))
    assert "d-secret" not in text
    assert text.count("***") >= 2


def test_what_is_told_reaches_the_threads_that_work_is_handed_to() -> None:
    async def ask() -> str:
        with about(request="r1"):
            return await anyio.to_thread.run_sync(lambda: told()["request"])

    assert anyio.run(ask) == "r1"
