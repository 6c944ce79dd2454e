"""After a refresh the mirror holds exactly what the store does, whatever happened in between."""

from __future__ import annotations

import os
import random
import shutil
import threading
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.mirror.conftest import SMALL
from tests.core.mirror.scene import Scene, assert_equal
from tests.emptying import empty
from tests.waiting import somebody_waits

from accountpulse.core.clock import FixedClock
from accountpulse.core.errors import StoreError
from accountpulse.core.mirror import Manifest, Mirror
from accountpulse.core.mirror import mirror as mirror_module
from accountpulse.core.store import mirror as store_mirror
from accountpulse.core.store.database import Store
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import fact_change

laws = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.slow
@laws
@given(seed=st.integers(0, 2**32), pauses=st.lists(st.integers(0, 9), min_size=2, max_size=4))
def test_a_refreshed_mirror_is_the_store(
    store: Store, clock: FixedClock, tmp_path_factory: pytest.TempPathFactory, seed: int, pauses: list[int]
) -> None:
    empty(store)
    scene = Scene(store, random.Random(seed))
    mirror = Mirror(tmp_path_factory.mktemp("mirror"), store, clock, SMALL)
    for actions in pauses:
        for _ in range(actions):
            scene.act()
        before = mirror.manifest() if mirror.is_current() else None
        mirror.refresh()
        assert before in (None, mirror.manifest())
        assert mirror.is_current()
        assert_equal(mirror, store)
        assert mirror.refresh().rows == 0
        assert mirror.status().behind == 0


def test_only_what_is_new_is_read(mirror: Mirror, scene: Scene) -> None:
    for record in ("ticket", "usage_day", "account"):
        scene.write(1, record)
    first = mirror.refresh()
    assert (first.rebuilt, first.rows > 0) == (True, True)
    scene.write(2, "ticket")
    behind = mirror.status().behind
    again = mirror.refresh()
    assert (again.rebuilt, again.rows) == (False, behind)
    assert again.rows < first.rows + behind


def test_files_stay_few_and_the_overlay_small(mirror: Mirror, scene: Scene, store: Store) -> None:
    for _ in range(60):
        scene.act()
        mirror.refresh()
    assert_equal(mirror, store)
    for files in mirror.manifest().facts.values():
        assert sum(2 * part.rows < SMALL.part for part in files.parts) <= SMALL.small + 1
        assert files.overlay is None or files.overlay.rows <= max(SMALL.overlay, SMALL.overlay_share * files.rows)
        spans = [(part.first, part.last) for part in files.parts if part.rows]
        assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_what_changed_is_remembered_where_there_is_a_mirror_only(mirror: Mirror, scene: Scene, store: Store) -> None:
    def remembered() -> int:
        with store.read() as c:
            return int(c.execute(sa.select(sa.func.count()).select_from(fact_change)).scalar_one())

    def rewrite() -> None:
        for _ in range(2):
            scene.write(1, "ticket")

    rewrite()
    assert remembered() == 0
    mirror.refresh()
    rewrite()
    assert remembered() > 0
    mirror.refresh()
    assert remembered() == 0
    rewrite()
    with store.write() as c:
        store_mirror.switch_off(c)
    assert remembered() == 0
    rewrite()
    assert remembered() == 0
    assert mirror.refresh().rebuilt, "nobody remembered what changed while there was no mirror"
    assert_equal(mirror, store)


def test_what_is_to_be_forgotten_is_in_no_file_any_more(mirror: Mirror, scene: Scene, store: Store) -> None:
    for _ in range(6):
        scene.act()
        mirror.refresh()
    before = {path.name for path in mirror.folder.glob("*.parquet")}
    assert before > {part.file for part in mirror.manifest().files}, "nothing older is kept for who still reads it"
    assert mirror.forget() == len(before)
    there = {path.name for path in mirror.folder.glob("*.parquet")}
    assert there == {part.file for part in mirror.manifest().files}
    assert not there & before
    assert_equal(mirror, store)


# --- stopped half-way -----------------------------------------------------------------------------------------------------


class _PowerCut(Exception):
    pass


def test_a_refresh_may_be_stopped_at_any_point(
    mirror: Mirror, scene: Scene, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for record in ("ticket", "usage_day"):
        scene.write(1, record)
    mirror.refresh()
    honest, survived = os.fsync, 0
    for point in range(40):
        scene.act()
        scene.write(1, "usage_day")
        calls = 0

        def cut(handle: int, point: int = point) -> None:
            nonlocal calls
            calls += 1
            if calls > point:
                raise _PowerCut
            honest(handle)

        monkeypatch.setattr(os, "fsync", cut)
        try:
            mirror.refresh()
            survived += 1
        except _PowerCut:
            pass
        monkeypatch.setattr(os, "fsync", honest)
        if point % 2:
            scene.write(1, "ticket")  # the store goes on before anybody notices
        done = mirror.refresh()
        assert not done.rebuilt
        assert_equal(mirror, store)
        named = {part.file for part in mirror.manifest().files} | {r.file for r in mirror.manifest().retired}
        assert {p.name for p in mirror.folder.iterdir()} == named | {"manifest.json", ".lock"}
        if survived:
            break
    assert 4 < point < 39, "it was stopped before every file, before the manifest, and after it"


def test_stopped_after_the_manifest_the_store_still_knows_the_mirror(
    mirror: Mirror, scene: Scene, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.write(1, "ticket")
    mirror.refresh()
    scene.write(1, "ticket")

    def cut(*_: object) -> NoReturn:
        raise _PowerCut

    with monkeypatch.context() as m:
        m.setattr(store_mirror, "settle", cut)
        with pytest.raises(_PowerCut):
            mirror.refresh()
    with store.read() as c:
        assert len(store_mirror.tokens(c)) == 2
    assert mirror.refresh().rows == 0, "all of it is there already"
    with store.read() as c:
        assert store_mirror.tokens(c) == [mirror.manifest().token]
    assert_equal(mirror, store)


# --- a mirror that does not fit -------------------------------------------------------------------------------------------


def test_another_store_s_mirror_is_refused(store: Store, scene: Scene, clock: FixedClock, tmp_path: Path) -> None:
    other = Store.open(str(tmp_path / "other.db"))
    Mirror(tmp_path / "mirror", other, clock).refresh()
    other.close()
    scene.write(1, "ticket")
    mirror = Mirror(tmp_path / "mirror", store, clock)
    with pytest.raises(StoreError, match=r"holds the mirror of another store; .*--rebuild"):
        mirror.refresh()
    assert mirror.refresh(rebuild=True).rebuilt
    assert_equal(mirror, store)


def test_a_store_that_came_back_from_a_backup_gets_a_new_mirror(clock: FixedClock, tmp_path: Path) -> None:
    path, backup = tmp_path / "store.db", tmp_path / "backup.db"
    store = Store.open(str(path))
    scene, mirror = Scene(store, random.Random(2)), Mirror(tmp_path / "mirror", store, clock)
    scene.write(1, "ticket")
    mirror.refresh()
    store.close()
    shutil.copy(path, backup)
    scene.write(1, "usage_day")
    mirror.refresh()
    store.close()
    for leftover in tmp_path.glob("store.db*"):
        leftover.unlink()
    shutil.copy(backup, path)
    scene.write(1, "usage_day")
    scene.write(2, "usage_day")
    assert mirror.refresh().rebuilt
    assert_equal(mirror, store)
    store.close()


@pytest.mark.parametrize("damage", ["gone", "short", "manifest", "layout"])
def test_a_damaged_mirror_is_made_anew(
    mirror: Mirror, scene: Scene, store: Store, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.write(1, "ticket")
    mirror.refresh()
    file = mirror.folder / mirror.manifest().facts["ticket"].parts[0].file
    if damage == "gone":
        file.unlink()
    elif damage == "short":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "manifest":
        (mirror.folder / "manifest.json").write_text('{"format": 1, "store": ')
    else:
        monkeypatch.setattr(mirror_module, "fingerprint", lambda: "of another version")
    assert mirror.refresh().rebuilt
    assert_equal(mirror, store)


def test_rows_that_were_deleted_for_good_go_from_the_mirror_too(mirror: Mirror, scene: Scene, store: Store) -> None:
    """Nobody does that yet; who does, notes the ids."""
    scene.write(1, "ticket")
    mirror.refresh()
    table = FACTS["ticket"]
    with store.write() as c:
        ids = list(c.execute(sa.select(table.c.id).limit(2)).scalars())
        c.execute(sa.delete(table).where(table.c.id.in_(ids)))
        store_mirror.note_changes(c, "ticket", ids)
    assert mirror.refresh().rows > 0
    assert_equal(mirror, store)


def test_there_is_no_mirror_yet(mirror: Mirror) -> None:
    with pytest.raises(StoreError, match=r"there is no mirror in .*accountpulse mirror refresh"):
        mirror.manifest()
    assert mirror.status().refreshed is None


def test_a_folder_that_can_t_be_made(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"can't be written"):
        Mirror(tmp_path / "file", store, clock).refresh()


# --- readers and writers at the same time ---------------------------------------------------------------------------------


def test_readers_of_an_older_manifest_have_an_hour(mirror: Mirror, scene: Scene, clock: FixedClock) -> None:
    scene.write(1, "ticket")
    mirror.refresh()
    reading = [part.file for part in mirror.manifest().files]
    for minutes, kept in ((0, True), (59, True), (2, False)):
        clock.advance(timedelta(minutes=minutes))
        for record in ("ticket", "usage_day"):
            scene.write(1, record)
        mirror.refresh()
        assert all((mirror.folder / file).exists() for file in reading) == kept


def test_nobody_else_may_read_the_files(mirror: Mirror, scene: Scene) -> None:
    scene.write(1, "ticket")
    mirror.refresh()
    assert mirror.folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in mirror.folder.glob("*.parquet"))


def test_a_writer_that_commits_late_is_waited_for(store: Store, mirror: Mirror, scene: Scene) -> None:
    """On PostgreSQL ids are handed out before the transactions that ask for them commit."""
    if store.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    mirror.refresh()
    with store.write() as slow:
        scene.write_in(slow, 1, "ticket", scene.rows("ticket", range(4)))
        scene.write(2, "ticket")  # later ids, committed at once
        refreshing = threading.Thread(target=mirror.refresh)
        refreshing.start()
        while refreshing.is_alive() and not somebody_waits(store):
            pass
        assert refreshing.is_alive(), "it did not wait for the writer whose ids are lower"
    refreshing.join()
    assert_equal(mirror, store)


def test_what_is_written_during_a_refresh_is_in_the_next_one(store: Store, mirror: Mirror, scene: Scene) -> None:
    for record in ("ticket", "usage_day"):
        scene.write(1, record)
    mirror.refresh()
    scene.write(1, "ticket")
    written: list[int] = []

    def write(done: int, total: int) -> None:
        if not written:
            written.append(done)
            scene.write(1, "ticket")
            scene.write(1, "usage_day")
            scene.delete()

    mirror.refresh(write)
    assert written
    mirror.refresh()
    assert_equal(mirror, store)


def test_two_refreshes_at_once(mirror: Mirror, scene: Scene, store: Store) -> None:
    scene.write(1, "ticket")
    threads = [threading.Thread(target=mirror.refresh) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Manifest.read(mirror.folder) is not None
    assert_equal(mirror, store)
