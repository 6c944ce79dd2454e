"""Rules 1 to 9 and 18: every row is read, once what is new, whatever interrupts and however the times fall."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from accountpulse.core.errors import InvalidRecord
from accountpulse.core.model import Record
from accountpulse.core.sync.connector import Item
from accountpulse.core.sync.rows import to_row
from accountpulse.testing.kit.base import Suite
from accountpulse.testing.kit.bench import ALWAYS, Bench, Killed
from accountpulse.testing.kit.exempt import (
    lateness,
    unless_it_can_resume,
    unless_it_has_a_cursor,
    unless_networked,
    unless_rows_are_late,
)
from accountpulse.testing.kit.rules import proves

TIED = 400
LARGEST_STATE = 4096  # bytes
SLOW = timedelta(minutes=10)


class ReadingTests(Suite):
    """What is read."""

    @proves(1, "pages", always=True)
    def test_01_every_row_of_every_page(self, stream: str, tmp_path: Path) -> None:
        """Every row is stored, over several pages, one that changes while it is read too: go on until there is no next page."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(4 * self.page_size)
            link = bench.link()
            bench.must_sync(link, "with four pages")
            if bench.site.server is not None:
                asked = bench.requests()
                assert asked > 1, (
                    f"the vendor was asked {asked} times at {bench.rows.path!r}, so nothing was shown about pages: "
                    "the suite's vendor must name the path and the page parameters that the connector uses"
                )
            bench.must_equal_vendor(link, "Read page after page until the vendor says that there is no next one")
        if bench.site.server is not None:
            with self.bench(stream, tmp_path) as bench:
                self._change_while_reading(bench)

    def _change_while_reading(self, bench: Bench) -> None:
        ids = bench.seed(4 * self.page_size)
        link, server = bench.link(), bench.site.server
        assert server is not None
        before = bench.requests()

        def meddle(call, answer):  # type: ignore[no-untyped-def]  # a hook of the simulated vendor
            if bench.rows.path in call.path and bench.requests() == before + 1:
                server.alter = None
                bench.rows.touch(ids[1])
            return answer

        server.alter = meddle
        bench.one(link)
        bench.settle()
        bench.must_sync(link, "after a row changed while it was read")
        bench.must_equal_vendor(
            link,
            "A row changed after its page was read: the later version must win, and numbered pages that shift must lose no row "
            "(page by a token or by the key of the last row, and yield rows in the order they come)",
        )

    @proves(2, "keys", always=True)
    def test_02_keys_and_times(self, stream: str, tmp_path: Path) -> None:
        """Ids are texts, not empty and told apart; times have a zone: take the vendor's id, and times with their offset."""
        with self.bench(stream, tmp_path) as bench:
            ids = bench.seed(2 * self.page_size)
            found = bench.read()
            assert found.error is None, f"reading stream {stream} raised {found.error!r}"
            seen: dict[tuple[type[Record], str], bytes] = {}
            for record in found.records:
                name = type(record).__name__
                try:
                    row = to_row(record)
                except InvalidRecord as wrong:
                    pytest.fail(f"{name} {record.source_id!r} can't be stored: {wrong.reason}")
                known = seen.setdefault((type(record), record.source_id), row.hash)
                assert known == row.hash, f"two rows became {name} {record.source_id!r}: its source_id must tell rows apart"
            told = {id for record, id in seen if record is bench.rows.record}
            assert told == set(ids), f"the ids must be the vendor's, {sorted(ids)[:3]}..., but are {sorted(told)[:3]}..."

    @proves(3, "increments", unless=unless_it_has_a_cursor)
    def test_03_a_second_run_reads_only_what_is_new(self, stream: str, tmp_path: Path) -> None:
        """A second run reads little when nothing is new: ask the vendor from `window.since`, or from `window.cursor`."""
        with self.bench(stream, tmp_path) as bench:
            count = 8 * self.page_size
            bench.seed(count, every=bench.step)
            link = bench.link()
            bench.must_sync(link, "in its first run")
            bench.clock.advance(bench.step)
            again = bench.must_sync(link, "in its second run").read
            assert again <= count / 4, (
                f"{again} of {count} rows were read again although none is new and they are older than lag and look-back: use "
                "window.since or window.cursor in the request, and yield Checkpoints"
            )

    @proves(4, "repeat", always=True)
    def test_04_reading_again_changes_nothing(self, stream: str, tmp_path: Path) -> None:
        """Reading everything again writes nothing: records must hold only what the vendor says, under the vendor's own ids."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(2 * self.page_size)
            link = bench.link()
            bench.must_sync(link, "in its first run")
            for when in ("next run", "complete reading"):
                bench.clock.advance(timedelta(minutes=1))
                result = bench.must_sync(link, f"in the {when}")
                assert result.opened == result.closed == 0, (
                    f"the {when} wrote {result.opened} and closed {result.closed} versions although the vendor changed "
                    "nothing: no id, time or order of the connector's own may be in a record"
                )
                bench.set_cursor(link, None, None)

    @proves(5, "ties", unless=unless_networked)
    def test_05_ties_across_a_fault_between_pages(self, stream: str, tmp_path: Path) -> None:
        """Rows of one second that fill several pages survive a fault between them: go on at the last time inclusively."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(1)
            bench.seed(3 * self.page_size + 1, every=timedelta(0))
            link, server = bench.link(), bench.site.server
            assert server is not None
            server.fail(2, status=503, times=ALWAYS, path=bench.rows.path)
            bench.one(link)
            server.clear_faults()
            bench.must_sync(link, "after a fault between the pages of a tie")
            bench.must_equal_vendor(
                link,
                "They share one time and the fault came between their pages: ask from the last time on, itself included (>=, "
                "not >), or by the pair (time, id); what is read twice is stored once",
            )
        with self.bench(stream, tmp_path) as bench:
            assert bench.site.server is not None
            bench.site.server.page_size = TIED // 8
            bench.seed(TIED, every=timedelta(0))
            link = bench.link()
            bench.must_sync(link, f"with {TIED} rows of one second")
            size = len(json.dumps(bench.cursor(link), default=str))
            assert size <= LARGEST_STATE, f"the cursor has {size} bytes after {TIED} rows of one second: keep no ids in it"

    @proves(6, "edges", always=True)
    def test_06_rows_written_in_the_second_of_the_cursor(self, stream: str, tmp_path: Path) -> None:
        """What is written or changed in the second at which the last run ended is read: bounds are inclusive, and no row is
        dropped because its key was seen."""
        for age in (timedelta(0), None):  # written now; or so that the window just ends there
            with self.bench(stream, tmp_path) as bench:
                bench.seed(2)
                link = bench.link()
                edge = bench.clock.now() if age is not None else bench.clock.now() - bench.spec.lag
                old = bench.rows.put(edge)
                bench.must_sync(link, "in the second of a change")
                bench.rows.put(edge)
                if age is not None:
                    bench.rows.touch(old)
                bench.must_sync(link, "in the same second once more")
                bench.settle()
                bench.clock.advance(timedelta(minutes=1))
                bench.must_sync(link, "after it")
                bench.must_equal_vendor(
                    link,
                    "It was written in the second at which the run before had ended: bounds are inclusive, a checkpoint is the "
                    "time of a row and not now, and a row is never dropped because its key was seen before",
                )

    @proves(7, "crashes", always=True)
    def test_07_killed_at_any_item(self, stream: str, tmp_path: Path) -> None:
        """Killed at any item, the next run makes it good: yield a Checkpoint after the rows that it speaks of, never before."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(2 * self.page_size + 1)
            items = len(bench.read().items)
            for place in range(1, items + 1):
                link = bench.link()
                try:
                    bench.sync(link, crash_at=place)
                except Killed:
                    bench.must_sync(link, f"after it was killed at item {place} of {items}")
                bench.must_equal_vendor(
                    link,
                    f"The run was killed at item {place} of {items}: yield the Checkpoint of a page after its last row",
                )

    @proves(8, "resume", unless=unless_it_can_resume)
    def test_08_a_run_goes_on_from_where_it_was_killed(self, stream: str, tmp_path: Path) -> None:
        """Killed near its end, a run goes on from there: yield a Checkpoint after each page."""
        with self.bench(stream, tmp_path) as bench:
            count = 8 * self.page_size
            bench.seed(count, every=bench.step)
            items = bench.read().items
            place = max(i for i, item in enumerate(items, 1) if _is_row(item, bench)) - 1
            link = bench.link()
            with pytest.raises(Killed):
                bench.sync(link, crash_at=place)
            again = bench.must_sync(link, "after it was killed").read
            assert again <= count / 2, (
                f"{again} of {count} rows were read after the run had been killed at item {place} of {len(items)}: "
                "yield a Checkpoint after each page, and begin at window.since or window.cursor"
            )
            bench.must_equal_vendor(link, "Going on must leave nothing out")

    @proves(9, "late", unless=unless_rows_are_late)
    def test_09_a_row_that_turns_up_late(self, stream: str, tmp_path: Path) -> None:
        """A row that turns up late is read: declare the vendor's lag, or a look-back, and keep to `window.until`."""
        with self.bench(stream, tmp_path) as bench:
            late = timedelta(seconds=lateness(type(self), bench.spec))
            bench.seed(2)
            link = bench.link()
            written = bench.clock.now()
            bench.clock.advance(timedelta(seconds=1))
            bench.rows.put()
            for _ in range(4):
                bench.must_sync(link, "while a row is on its way")
                bench.clock.advance((late - timedelta(seconds=2)) / 4)
            bench.must_sync(link, "just before a late row turns up")
            bench.rows.put(written)
            for _ in range(2):
                bench.settle()
                bench.must_sync(link, "after a late row turned up")
            bench.must_equal_vendor(
                link,
                f"It turned up {late} after its own time, behind newer rows: declare lag={late} (or a look-back) on the "
                "stream, and ask for nothing after window.until",
            )

    @proves(18, "clock", unless=unless_it_has_a_cursor)
    def test_18_a_clock_that_is_slow(self, stream: str, tmp_path: Path) -> None:
        """A cursor ahead of the clock reads nothing and stays: never begin again because a cursor lies in the future."""
        with self.bench(stream, tmp_path) as bench:
            count, every = 8 * self.page_size, bench.step + SLOW
            bench.seed(count, every=every)
            written = bench.clock.now()
            link = bench.link()
            bench.must_sync(link, "in its first run")
            bench.settle()
            bench.host.skew = -(bench.clock.now() - written + every + bench.spec.lag + SLOW)
            result = bench.must_sync(link, "with a clock that was put back")
            assert result.read <= count / 4, (
                f"{result.read} of {count} rows were read again by a clock that was put back: with a cursor that lies "
                "in the future, yield nothing and leave the cursor where it is"
            )
            bench.rows.put()
            bench.must_sync(link, "with a slow clock and a new row")
            bench.host.skew = timedelta(0)
            bench.settle()
            bench.must_sync(link, "when the clock is right again")
            bench.must_equal_vendor(link, "It was written while our clock was slow")


def _is_row(item: Item, bench: Bench) -> bool:
    return type(item) is bench.rows.record
