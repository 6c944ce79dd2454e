"""The webhook of the configuration: one that would leak or not sign is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from accountpulse.config.notify import NotifySettings, read_notify
from accountpulse.config.secrets import References
from accountpulse.core.scoring.problems import Reader

SECRET = "hunter2-and-much-more"
ENVIRONMENT = {"SECRET": SECRET, "SHORT": "short"}


def read(block: object) -> tuple[NotifySettings | None, str]:
    reader = Reader()
    found = read_notify(block, References(Path(), ENVIRONMENT, reader), reader)
    return found, "; ".join(problem.message for problem in reader.problems)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"url": "http://hooks.example/x", "secret": "${SECRET}"}, "only https:// is allowed"),
        ({"url": "https://me:pw@hooks.example", "secret": "${SECRET}"}, "no name and password belong into it"),
        ({"url": "hooks.example", "secret": "${SECRET}"}, "write the whole address"),
        ({"url": "https://hooks.example", "secret": "written-out-and-long"}, "a secret must not stand in this file"),
        ({"url": "https://hooks.example", "secret": "${SHORT}"}, "too short to sign with"),
        ({"url": "https://hooks.example", "secret": "${SECRET}", "events": ["band_change"]}, "band_changed"),
        ({"url": "https://hooks.example"}, "secret"),
    ],
)
def test_a_webhook_that_would_leak_or_not_sign_is_refused(block: object, said: str) -> None:
    assert said in read(block)[1]


def test_a_webhook_is_read_and_says_nothing_of_its_secret() -> None:
    notify, problems = read({"url": "https://hooks.example/t0ken", "secret": "${SECRET}"})
    assert not problems
    assert notify is not None
    assert notify.secret.get_secret_value() == SECRET
    assert notify.events == {"band_changed", "target_missed"}
    assert SECRET not in repr(notify)
    assert "t0ken" not in repr(notify)
    assert read(None) == (None, "")
    assert read({"url": "http://127.0.0.1:1/x", "secret": "${SECRET}"})[1] == ""
