"""Where the job engine keeps its jobs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from accountpulse.core.jobs.queue import JobQueue
from accountpulse.core.store.database import Store


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_only_the_owner_reads_the_jobs_beside_a_store(store: Store) -> None:
    folder = Path(store.engine.url.database or "").parent
    before = os.umask(0o022)
    try:
        with JobQueue(store), store.read():
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}
    finally:
        os.umask(before)
    jobs = {name for name in modes if ".jobs." in name}
    assert jobs
    assert {modes[name] for name in jobs} == {0o600}
