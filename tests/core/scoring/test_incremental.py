"""Incremental scoring: whatever happens, in whatever order, what is stored is what scoring everybody would have stored."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.core.scoring.incremental_answers import answers
from tests.core.scoring.incremental_models import draft
from tests.core.scoring.incremental_world import NOON, IncrementalWorld, customer, usage

from accountpulse.core.model import Account, Invoice, Record, Ticket, UsageDay
from accountpulse.core.scoring import incremental
from accountpulse.core.scoring import live as live_module
from accountpulse.core.scoring.publication import put_in_force
from accountpulse.core.store import connections, people
from accountpulse.core.store import scores as store_scores
from accountpulse.core.store.database import Store
from accountpulse.core.store.frame_table import metric_frame
from accountpulse.core.store.people_tables import score_override
from accountpulse.core.store.scorecards import PUBLISHED
from accountpulse.core.store.touched import touched
from accountpulse.core.sync.connector import usage_key
from accountpulse.testing.stores import fresh_store

STEPS = 14


def live(world: IncrementalWorld, copy: Path, steps: int = STEPS) -> list[str]:
    """Live a life, and compare after every run with a store where everybody was scored at the same instant."""
    path = Path(world.store.url.removeprefix("sqlite:///"))
    told: list[str] = []
    for step in range(steps):
        told += [world.happen() for _ in range(world.dice.choice((0, 1, 1, 1, 2, 3)))]
        twin_path = copy / f"{step}.db"
        source, target = sqlite3.connect(path), sqlite3.connect(twin_path)
        source.backup(target)
        source.close()
        target.close()
        twin = Store(str(twin_path))
        report = world.service.run(world.today)
        whole = world.make_service(twin).run(world.today, full=True)
        told.append(f"run: {report.measured} measured, {report.scored} scored of {report.accounts}")
        found, wanted = answers(world.store), answers(twin)
        twin.close()
        twin_path.unlink()
        for table in wanted:
            differing = sorted(set(map(repr, found[table])) ^ set(map(repr, wanted[table])))
            assert found[table] == wanted[table], f"{table} differs after {'; '.join(told)}:\n" + "\n".join(differing)
        assert (report.accounts, report.segments, report.bands) == (whole.accounts, whole.segments, whole.bands)
        again = world.service.run(world.today)
        assert (again.measured, again.rows_written) == (0, 0), f"{again} after {told}"
    return told


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
@example(1554)  # a shadow is first scored in the run that learns what is typical of a segment whose model it shares
def test_incremental_equals_full(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder, fresh_store(Path(folder)) as store:
        live(IncrementalWorld(store, seed), Path(folder))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_incremental_equals_full_at_the_end_on_both_databases(store: Store, seed: int) -> None:
    world = IncrementalWorld(store, seed)
    for _ in range(10):
        for _ in range(world.dice.choice((0, 1, 2, 3))):
            world.happen()
        world.service.run(world.today)
    found = answers(store)
    world.service.run(world.today, full=True)
    assert answers(store) == found


# --- what is read, and what is not ----------------------------------------------------------------------------------------


@pytest.fixture
def world(store: Store) -> IncrementalWorld:
    made = IncrementalWorld(store, 1)
    made.relink()
    made.service.run(made.today)
    return made


@contextmanager
def queries(store: Store) -> Iterator[list[str]]:
    """What the store is asked meanwhile."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)


def metric_queries(asked: Sequence[str]) -> list[str]:
    return [statement for statement in asked if "\nfrom population" in statement]


def test_another_model_scores_everybody_without_running_a_metric(world: IncrementalWorld) -> None:
    before = {row[0]: row for row in answers(world.store)["score_current"]}
    with world.store.write() as connection:
        put_in_force(connection, draft(rest="young", large=6000), PUBLISHED, author="x", now=world.clock.now())
    with queries(world.store) as asked:
        report = world.service.run(world.today)
    assert not metric_queries(asked)
    assert (report.measured, report.scored) == (0, report.accounts)
    after = answers(world.store)
    assert {row[0]: row for row in after["score_current"]} != before
    world.service.run(world.today, full=True)
    assert answers(world.store) == after


def test_only_the_metrics_that_a_model_adds_are_run(world: IncrementalWorld) -> None:
    with world.store.write() as connection:
        put_in_force(connection, draft(rest="other"), PUBLISHED, author="x", now=world.clock.now())
    with queries(world.store) as asked:
        report = world.service.run(world.today)
    assert report.measured == 0
    # Two days: the current one, and the one that reasons look back to.
    assert len(metric_queries(asked)) == 2
    assert not any("fact_invoice" in statement for statement in metric_queries(asked))
    found = answers(world.store)
    world.service.run(world.today, full=True)
    assert answers(world.store) == found


def test_of_an_account_only_what_was_written_is_read(world: IncrementalWorld) -> None:
    world.put("app", usage(world, "k1", world.today))
    with queries(world.store) as asked:
        report = world.service.run(world.today)
    assert report.measured == 1
    (query,) = metric_queries(asked)
    assert "fact_usage_day" in query
    assert "fact_invoice" not in query
    assert "fact_account" not in query  # usage does not say who somebody is
    with world.store.read() as connection:
        assert not touched(connection)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_for_a_few_accounts_no_table_is_read_whole_that_grows_with_them(world: IncrementalWorld) -> None:
    world.put("app", usage(world, "k1", world.today))
    with queries(world.store) as asked:
        assert world.service.run(world.today).measured == 1
    scanned: dict[str, str] = {}
    with world.store.read() as connection:
        for statement in asked:
            plan = connection.exec_driver_sql(f"explain query plan {statement}", (None,) * statement.count("?"))
            scanned |= {row.detail.split()[1]: statement for row in plan if row.detail.startswith("SCAN ")}
    of_none = {"json_each", "anon_1", "ranked", "visible", "CONSTANT"}
    of_configuration = {"connection", "stream_state", "fx_rate", "score_backdrop"}
    of_news, of_exceptions = {"mark"}, {"score_override", "score_absence"}
    small = of_none | of_configuration | of_news | of_exceptions
    large = {name: scanned[name] for name in scanned.keys() - small if name[0] != "("}
    assert not large


def test_a_fact_of_long_ago_is_read_for_the_days_before_too(world: IncrementalWorld) -> None:
    world.put("app", usage(world, "k1", world.today - timedelta(days=35)))
    with queries(world.store) as asked:
        assert world.service.run(world.today).measured == 1
    # Today, 20 days ago for a baseline, and 30 days ago for the reasons; not 40 and 60 days ago.
    assert len(metric_queries(asked)) == 3


def test_where_many_changed_everybody_is_read(world: IncrementalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incremental, "FEW", 0)
    for key in ("k0", "k1", "k2"):
        world.put("app", usage(world, key, world.today))
    report = world.service.run(world.today)
    assert report.measured == report.accounts > 3


def test_some_accounts_can_be_scored_at_once(world: IncrementalWorld) -> None:
    account = answers(world.store)["score_current"][0][0]
    other = next(row[0] for row in answers(world.store)["score_current"] if row[0] != account)
    for id in (account, other):
        override(world, id, 3.0)
    assert world.service.run_accounts([account])
    assert world.service.explain(account).score == 3
    assert world.service.explain(other).score != 3
    world.service.run(world.today)
    assert world.service.explain(other).score == 3


def test_some_accounts_can_not_be_scored_on_a_day_that_has_not_been(world: IncrementalWorld) -> None:
    account = answers(world.store)["score_current"][0][0]
    world.clock.advance(timedelta(days=1))
    before = answers(world.store)
    assert not world.service.run_accounts([account])
    assert answers(world.store) == before


# --- as days pass -------------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(store: Store) -> IncrementalWorld:
    made = IncrementalWorld(store, 1, quiet=True)
    made.service.run(made.today)
    return made


def ago(days: int, **more: int) -> datetime:
    return NOON - timedelta(days=days, **more)


def used(days: int) -> UsageDay:
    day = NOON.date() - timedelta(days=days)
    return UsageDay(
        source_id=usage_key("k1", "zoe", "export", day), account="k1", user="zoe", feature="export", day=day, count=1
    )


PASSING: dict[str, tuple[str, Record]] = {
    "a day to come": ("app", used(-1)),
    "the end of a window": ("app", used(29)),
    "the end of a window 30 days ago": ("app", used(59)),
    "the beginning of a window 20 days ago": ("app", used(19)),
    "the end of a window 20 days ago": ("app", used(49)),
    "solved": ("desk", Ticket(source_id="1", account="k1", opened_at=ago(9), solved_at=ago(-1), priority=4)),
    "solved 30 days ago": ("desk", Ticket(source_id="1", account="k1", opened_at=ago(40), solved_at=ago(29), priority=4)),
    "due": ("billing", Invoice(source_id="1", account="k1", issued_at=ago(9), due_at=ago(-1), amount=5, currency="USD")),
    "a customer from tomorrow": ("crm", customer("k9", since=ago(-1))),
    "a customer from 29 days ago": ("crm", customer("k1", since=ago(29))),
    "a customer from 19 days ago": ("crm", customer("k1", since=ago(19))),
    "gone from tomorrow": ("crm", customer("k1", churned_at=ago(-1))),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_a_boundary_is_read_and_nothing_else(quiet: IncrementalWorld, name: str) -> None:
    connection, record = PASSING[name]
    for key in ("k2", "k3"):
        quiet.put("app", usage(quiet, key, quiet.today - timedelta(days=5)))
    quiet.put("desk", Account(source_id="k1", name="k1", domains=("k1.com",)))
    quiet.put(connection, record)
    quiet.relink()
    quiet.service.run(quiet.today)
    quiet.clock.advance(timedelta(days=1))
    report = quiet.service.run(quiet.today)
    assert report.measured == 1
    found = answers(quiet.store)
    quiet.service.run(quiet.today, full=True)
    assert answers(quiet.store) == found


def test_what_a_priority_was_is_read_when_it_becomes_what_it_was(quiet: IncrementalWorld) -> None:
    """Nothing dates a priority but when we learnt it: 30 days later, it is what reasons compare with."""
    ticket = Ticket(source_id="1", account="k1", opened_at=ago(9), priority=1)
    quiet.put("desk", Account(source_id="k1", name="k1", domains=("k1.com",)), ticket)
    quiet.relink()
    quiet.service.run(quiet.today)
    quiet.clock.advance(timedelta(days=1))
    quiet.put("desk", replace(ticket, priority=4))
    quiet.service.run(quiet.today)
    quiet.clock.advance(timedelta(days=29))
    quiet.service.run(quiet.today)
    quiet.clock.advance(timedelta(days=1))
    assert quiet.service.run(quiet.today).measured == 1
    found = answers(quiet.store)
    quiet.service.run(quiet.today, full=True)
    assert answers(quiet.store) == found


def test_a_source_that_goes_stale_within_the_day_makes_everybody_scored_and_nobody_read(quiet: IncrementalWorld) -> None:
    quiet.put("app", usage(quiet, "k2", quiet.today))
    quiet.relink()
    with quiet.store.write() as connection:
        last = NOON - timedelta(days=3) + timedelta(hours=1)
        connections.update_stream(connection, quiet.ids["app"], "s", last_success_at=last)
    quiet.service.run(quiet.today)
    before = answers(quiet.store)
    quiet.clock.advance(timedelta(hours=2))
    report = quiet.service.run(quiet.today)
    assert (report.measured, report.scored) == (0, report.accounts)
    found = answers(quiet.store)
    assert found["score_detail"] != before["score_detail"]
    quiet.service.run(quiet.today, full=True)
    assert answers(quiet.store) == found


def test_an_override_is_seen_when_it_begins_and_when_it_runs_out(quiet: IncrementalWorld) -> None:
    account = next(iter(published(quiet)))
    before = published(quiet)[account]
    override(quiet, account, 3.0, days=0.1)
    report = quiet.service.run(quiet.today)
    assert (report.measured, report.scored) == (0, 1)
    assert published(quiet)[account] == 3.0
    quiet.clock.advance(timedelta(days=0.11))
    report = quiet.service.run(quiet.today)
    assert (report.measured, report.scored) == (0, 1), "time alone ended it"
    assert published(quiet)[account] == before
    found = answers(quiet.store)
    quiet.service.run(quiet.today, full=True)
    assert answers(quiet.store) == found


# --- at the same time -----------------------------------------------------------------------------------------------------


def test_what_is_written_while_a_run_reads_is_scored_by_the_next(
    world: IncrementalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer's mark is set within the same microsecond as the one that the run read."""
    world.put("app", usage(world, "k1", world.today))
    found = incremental.find

    def meanwhile(*given: Any, **more: Any) -> Any:
        result = found(*given, **more)
        if late:
            late.pop()()
        return result

    late = [lambda: world.put("app", usage(world, "k1", world.today - timedelta(days=1)))]
    monkeypatch.setattr(live_module, "find", meanwhile)
    world.service.run(world.today)
    assert not late
    assert world.service.run(world.today).measured == 1
    found_now = answers(world.store)
    world.service.run(world.today, full=True)
    assert answers(world.store) == found_now


def test_of_two_runs_at_once_the_slower_begins_again(world: IncrementalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    found = incremental.find
    runs: list[int] = []
    first = [True]

    def overtaken(*given: Any, **more: Any) -> Any:
        result = found(*given, **more)
        if first and first.pop():
            runs.append(world.make_service(world.store).run(world.today).measured)
        return result

    world.put("app", usage(world, "k1", world.today))
    monkeypatch.setattr(live_module, "find", overtaken)
    report = world.service.run(world.today)
    assert (runs, report.measured) == ([1], 0)
    found_now = answers(world.store)
    world.service.run(world.today, full=True)
    assert answers(world.store) == found_now


def test_a_run_that_is_overtaken_again_and_again_ends_by_making_the_others_wait(
    world: IncrementalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = incremental.find

    def overtaken(connection: sa.Connection, *given: Any, lock: bool = False, **more: Any) -> Any:
        result = found(connection, *given, lock=lock, **more)
        if not lock:
            with world.store.write() as other:
                other.execute(sa.update(metric_frame).values(number=metric_frame.c.number + 1))
        return result

    monkeypatch.setattr(live_module, "find", overtaken)
    world.put("app", usage(world, "k1", world.today))
    assert world.service.run(world.today).measured == 1


def test_a_run_that_fails_leaves_everything_to_the_next(world: IncrementalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("app", usage(world, "k1", world.today))
    before = answers(world.store)

    def broken(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(live_module, "bump", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            world.service.run(world.today)
    assert answers(world.store) == before
    assert world.service.run(world.today).measured == 1


def published(world: IncrementalWorld) -> dict[int, float]:
    with world.store.read() as connection:
        return {id: row.score for id, row in store_scores.current(connection).items()}


def override(world: IncrementalWorld, account: int, score: float, *, days: float = 9) -> None:
    values = {"score": score, "owner": "x", "reason": "y", "expires_at": world.clock.now() + timedelta(days=days)}
    with world.store.write() as connection:
        people.replace(connection, score_override, account, values, by="x", now=world.clock.now())
