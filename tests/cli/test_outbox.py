"""What a person does with the outbox, against a real receiver."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from tests.core.notify.receiver import SECRET, Receiver, receiving

Runs = Callable[..., Result]


@pytest.fixture
def told(run: Runs, scored: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver of what a scored shop tells, and two messages that wait for it."""
    monkeypatch.setenv("NOTIFY_SECRET", SECRET)
    until = str((datetime.now(UTC) + timedelta(days=9)).date())
    with receiving() as receiver:
        config = scored / "accountpulse.yaml"
        config.write_text(config.read_text() + f'\nnotify: {{url: "{receiver.url}", secret: "${{NOTIFY_SECRET}}"}}\n')
        for score in ("1", "99"):
            decided = run("override", "set", "Acme", score, "--until", until, "--reason", "I know them")
            assert decided.exit_code == 0, decided.stderr
        yield receiver


def test_the_list_has_room_for_what_was_wrong_and_a_line_for_it(run: Runs, told: Receiver) -> None:
    told.status = 307
    assert run("outbox", "deliver").exit_code == 3
    listed = json.loads(run("outbox", "list", "--json").stdout)["deliveries"]
    _, _, _, *lines, _, depth, _ = run("outbox", "list").stdout.split("\n")
    assert depth.startswith("2 wait")
    assert len(lines) == 2 * len(listed)
    for each, head, wrong in zip(listed, lines[::2], lines[1::2], strict=True):
        assert head.split()[:4] == [each["delivery"], "band_changed", "waiting", "1"]
        assert head.rstrip().endswith("Acme")
        assert wrong.strip().endswith("…")
        assert each["error"].startswith(wrong.strip()[:-1])
        assert len(wrong.strip()) >= 30


def test_what_waits_for_a_receiver_that_is_back_is_due_at_once_when_told_so(run: Runs, told: Receiver) -> None:
    assert "\noutbox: 2 waiting, 0 given up; see `accountpulse outbox list`\n" in run("status").stdout
    told.status, told.headers = 503, {"Retry-After": "3600"}
    assert run("outbox", "deliver").exit_code == 3
    told.status, told.headers = 200, {}
    early = run("outbox", "deliver").stdout
    assert early.startswith("0 delivered, 0 not taken")
    assert "2 wait for their next attempt; `accountpulse outbox retry --all` makes them due now" in early
    assert json.loads(run("outbox", "drop", "--all", "--json").stdout) == {"changed": 0}, "they are no dead letters"
    assert "2 due now" in run("outbox", "retry", "--all").stdout
    assert run("outbox", "deliver").stdout == "2 delivered, 0 not taken, 0 of them given up\n"
    assert len(told.taken) == 2
    assert "outbox" not in run("status").stdout
    assert json.loads(run("outbox", "retry", "--all", "--json").stdout) == {"changed": 0}, "what was taken is not told again"


def test_a_decided_score_is_told_a_dead_letter_is_tried_again_and_another_dropped(
    run: Runs, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SECRET", SECRET)
    until = str((datetime.now(UTC) + timedelta(days=9)).date())
    assert "names no webhook" in run("outbox", "deliver").stderr
    with receiving() as receiver:
        config = shop / "accountpulse.yaml"
        config.write_text(config.read_text() + f'\nnotify: {{url: "{receiver.url}", secret: "${{NOTIFY_SECRET}}"}}\n')
        assert run("sync").exit_code == run("score").exit_code == 0
        for score in ("1", "99"):
            decided = run("override", "set", "Acme", score, "--until", until, "--reason", "I know them")
            assert decided.exit_code == 0, decided.stderr
        listed = json.loads(run("outbox", "list", "--json").stdout)
        assert listed["depth"] == {"waiting": 2, "delivered": 0, "dead": 0}
        second, first = (each["delivery"] for each in listed["deliveries"])
        receiver.status = 410
        assert run("outbox", "deliver").exit_code == 3
        assert SECRET not in run("outbox", "list", "--dead").stdout
        assert json.loads(run("outbox", "drop", second, "--json").stdout) == {"changed": 1}
        assert run("outbox", "retry", second).exit_code == 2, "it is no more"
        assert run("outbox", "retry", "--all").exit_code == 0
        receiver.status = 200
        assert json.loads(run("outbox", "deliver", "--json").stdout) == {"delivered": 1, "failed": 0, "dead": 0}
        assert [told["id"] for told in receiver.taken] == [first]
    assert run("outbox", "drop").exit_code == 2
