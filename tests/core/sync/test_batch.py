"""Small pages share a transaction, and but for a kill a fault leaves what it would leave if they did not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.core.sync.vendor import Bench, Killed, at, contact, survey

from accountpulse.core.errors import RateLimited
from accountpulse.core.sync import batch

PAGE = 3


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take seconds for a page: what is tested here is how many records are enough."""
    monkeypatch.setattr(batch, "PATIENCE", 3_600.0)


def commits_of(bench: Bench, stream: str) -> int:
    """How many transactions a run of a stream took."""
    commits: list[sa.Connection] = []

    def committed(connection: sa.Connection) -> None:
        commits.append(connection)

    sa.event.listen(bench.store.engine, "commit", committed)
    assert bench.one(stream).state == "ok"
    sa.event.remove(bench.store.engine, "commit", committed)
    return len(commits)


def test_small_pages_share_a_transaction(bench: Bench) -> None:
    table = bench.vendor.contacts
    table.put(*(contact(f"{n:02}") for n in range(4 * PAGE)), changed_at=at(-9))
    each_on_its_own = commits_of(bench, "contacts")
    bench.clock.advance(timedelta(hours=1))
    table.put(*(contact(f"{n:02}", name="renamed") for n in range(4 * PAGE)))
    bench.enough = 2 * PAGE
    # The first run of a connection may take one more.
    assert commits_of(bench, "contacts") <= each_on_its_own - 2
    assert bench.equals_vendor(table)


@pytest.mark.parametrize(
    ("fault", "kept"),
    [(RuntimeError("a bug"), 2), (RateLimited(timedelta(minutes=30)), 2), (Killed(), 0)],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_keeps_the_pages_before_it(bench: Bench, fault: BaseException, kept: int) -> None:
    """R1: with their checkpoint, so that the next run goes on behind them; a kill costs what no transaction held yet."""
    table = bench.vendor.surveys
    table.put(*(survey(f"{n:02}") for n in range(4 * PAGE)), changed_at=at(-9))
    table.faults[3] = fault
    bench.enough = 1_000
    if isinstance(fault, Killed):
        with pytest.raises(Killed):
            bench.run("surveys")
    else:
        bench.run("surveys")
    assert len(bench.current("survey_response")) == kept * PAGE
    assert bench.state("surveys").cursor == ({"page": kept} if kept else None)
    bench.clock.advance(timedelta(hours=1))
    assert bench.one("surveys").read == (4 - kept) * PAGE
    assert bench.equals_vendor(table)


def test_what_follows_the_last_checkpoint_is_not_kept_for_a_bug(bench: Bench) -> None:
    """The connector may have yielded nonsense just before it broke."""

    def script(window):
        yield contact("good")
        raise RuntimeError("a bug")

    bench.vendor.scripts["contacts"] = script
    assert bench.one("contacts").state == "failed"
    assert bench.current("contact") == {}
