"""A tap as a process: it is stopped with all its children, hung or cancelled, and costs no memory however much it says."""

import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from accountpulse.plugins import Cancelled, ConnectorError, Context, Transient
from accountpulse_singer import messages
from accountpulse_singer.source import Singer
from conftest import read, row, schema, window

Make = Callable[..., Singer]


def stopped(file: Path) -> bool:
    """Whether the processes in a file end: at once, but the system takes its moment to say so."""
    left = json.loads(file.read_text())
    deadline = time.monotonic() + 10
    while left and time.monotonic() < deadline:
        left = [process for process in left if runs(process)]
        time.sleep(0.01)
    return not left


def runs(process: int) -> bool:
    try:
        # A child whose parent is gone is init's to bury, which never happens in some containers: Z is dead.
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_silent_tap_is_stopped_with_its_children(singer: Make, tmp_path: Path) -> None:
    hung = singer(schema(), {"child": str(tmp_path / "processes.json")}, row("1"), {"sleep": 60}, silence=0.7)
    with pytest.raises(Transient, match=r"silent for 0\.7 s"):
        read(hung)
    assert stopped(tmp_path / "processes.json")


def test_closing_the_stream_stops_the_tap(singer: Make, tmp_path: Path) -> None:
    connector = singer(schema(), {"child": str(tmp_path / "processes.json")}, row("1"), {"sleep": 60})
    items = connector.rows(window(connector.context))
    next(items)
    items.close()  # type: ignore[attr-defined]  # it is a generator
    assert stopped(tmp_path / "processes.json")


def test_cancelling_stops_a_tap_that_says_nothing(singer: Make, tmp_path: Path) -> None:
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 3

    waiting = singer(
        schema(), {"child": str(tmp_path / "processes.json")}, {"sleep": 60}, context=Context("test", cancelled=cancelled)
    )
    with pytest.raises(Cancelled):
        read(waiting)
    assert stopped(tmp_path / "processes.json")


def test_what_it_left_running_is_stopped_when_it_ends_well(singer: Make, tmp_path: Path) -> None:
    # The child holds stdout open, so that only the tap's silence ends the run.
    with pytest.raises(Transient):
        read(singer(schema(), {"child": str(tmp_path / "processes.json")}, {"exit": 0}, silence=0.7))
    assert stopped(tmp_path / "processes.json")


def test_a_line_without_end_is_refused(singer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LONGEST_LINE", 1 << 20)
    with pytest.raises(ConnectorError, match="more than 1 MiB"):
        read(singer(schema(), {"long": 3 << 20}))


def test_memory_stays_flat_and_a_slow_reader_holds_the_tap_back(singer: Make) -> None:
    peaks = []
    for count in (2_000, 20_000):
        connector = singer(schema(), {"rows": count, "stream": "customers"})
        tracemalloc.start()
        seen = sum(1 for _ in connector.rows(window(connector.context)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen == count
    assert peaks[1] < peaks[0] * 1.5 + 100_000
