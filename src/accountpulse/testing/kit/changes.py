"""Rules 14, 15 and 17: what is deleted at the vendor, and what looks other than it used to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from accountpulse.testing.kit.base import Suite
from accountpulse.testing.kit.bench import ALWAYS, Bench
from accountpulse.testing.kit.exempt import unless_it_deletes_by_absence, unless_it_sees_deletions, unless_networked
from accountpulse.testing.kit.faults import PAGE_OF_A_PROXY
from accountpulse.testing.kit.rules import proves
from accountpulse.testing.kit.vendors import Drift, ServedRows
from accountpulse.testing.vendors.control import Answer, Call

MANY = 30  # a broken last page of five is less than the fifth that the engine holds back by itself


class ChangeTests(Suite):
    """What changes at the vendor."""

    @proves(14, "tombstones", unless=unless_it_sees_deletions)
    def test_14_what_is_deleted(self, stream: str, tmp_path: Path) -> None:
        """What is deleted at the vendor is deleted here: yield Deleted for each tombstone, known or not."""
        with self.bench(stream, tmp_path) as bench:
            ids = bench.seed(10)
            bench.rows.delete(ids[9])
            bench.settle()
            link = bench.link()
            bench.must_sync(link, "with the tombstone of a row it never had")
            remedy = f'The stream declares deletes="{bench.spec.deletes}": '
            remedy += "yield Deleted(Record, id) for tombstones" if bench.spec.deletes == "tombstones" else "read everything"
            bench.must_equal_vendor(link, remedy)
            bench.clock.advance(timedelta(hours=1))
            bench.rows.delete(ids[4])
            bench.settle()
            bench.must_sync(link, "after a row was deleted")
            bench.must_equal_vendor(link, remedy)

    @proves(15, "snapshots", unless=unless_it_deletes_by_absence)
    def test_15_an_incomplete_reading_deletes_nothing(self, stream: str, tmp_path: Path) -> None:
        """A snapshot that lacks a page deletes nothing: let the fault out, so that the reading does not count as complete."""
        for status, body in ((503, None), (200, PAGE_OF_A_PROXY)):
            with self.bench(stream, tmp_path) as bench:
                bench.seed(MANY)
                link, server = bench.link(), bench.site.server
                assert server is not None, "a snapshot is tested where pages can fail"
                server.page_size = MANY // 6
                bench.must_sync(link, "in its first run")
                server.fail(6, status=status, body=body, times=ALWAYS, path=bench.rows.path)
                result = bench.one(link)
                lost = bench.rows.alive - bench.stored(link).keys()
                assert not lost, (
                    f"the last page failed with {status}, and {len(lost)} rows were taken for deleted: raise Transient; to end "
                    'a deletes="snapshot" stream normally says that it was read completely'
                )
                assert result.state == "failed", f"the last page failed with {status}, but the run is {result.state!r}"

    @proves(17, "drift", unless=unless_networked)
    def test_17_answers_that_drift(self, stream: str, tmp_path: Path) -> None:
        """New and absent optional fields are taken, a row that can't be understood is quarantined alone: never index a row
        blindly, and yield InvalidRecord."""
        with self.bench(stream, tmp_path) as bench:
            ids = bench.seed(6 * self.page_size + 2)
            rows = bench.rows
            assert isinstance(rows, ServedRows), "drift is tested on rows that a simulated vendor serves"
            for name, fields, harm in _drifts(rows.drift):
                self._drift(bench, ids[2], name, fields, harm)

    def _drift(self, bench: Bench, id: str, name: str, change: Callable[[dict[str, Any]], None], harm: bool) -> None:
        link, server, rows = bench.link(), bench.site.server, bench.rows
        assert server is not None
        assert isinstance(rows, ServedRows)

        def drifted(_: Call, answer: Answer) -> Answer:
            body = copy.deepcopy(answer.body)
            for each in _rows_in(body):
                if name == _UNKNOWN or rows.is_row(each, id):
                    change(each)
            return Answer(body, answer.status, answer.headers)

        server.alter = drifted
        result = bench.one(link)
        server.alter = None
        rest = rows.alive - {id} if name != _UNKNOWN else rows.alive
        assert result.state == "ok", (
            f"one row of stream {bench.spec.name} {name}, and the stream is {result.state!r}: {result.message}. Read fields "
            "with .get(), and yield InvalidRecord(id, reason) for a row that can't be understood"
        )
        lost = rest - bench.stored(link).keys()
        assert not lost, f"one row {name}, and {len(lost)} others of stream {bench.spec.name} were lost"
        stored = id in bench.stored(link)
        if harm:
            assert not stored, f"a row {name}, and was stored nevertheless"
            assert result.quarantined, (
                f"a row of stream {bench.spec.name} {name}, and nobody is told: yield InvalidRecord(id, reason), do not skip it"
            )
        else:
            assert stored or id in str(bench.quarantine(link)), f"a row {name}, and it is neither stored nor quarantined"


_UNKNOWN = "has fields that nobody knows"


def _drifts(drift: Drift) -> Iterator[tuple[str, Callable[[dict[str, Any]], None], bool]]:
    """What happens to a row, how, and whether it can't be understood then."""
    yield _UNKNOWN, lambda row: row.update({"kit_unknown": {"nested": [1, None]}, "kit_other": "new"}), False
    for field, harm in ((drift.optional, False), (drift.required, True)):
        if field is not None:
            yield f"lacks {field!r}", lambda row, field=field: row.pop(field, None), harm  # type: ignore[misc]
    if drift.typed is not None:
        yield f"has an object as {drift.typed!r}", lambda row: row.update({str(drift.typed): {"kit": [1]}}), False
    if drift.choice is not None:
        yield f"has a new word as {drift.choice!r}", lambda row: row.update({str(drift.choice): "kit_new_word"}), False


def _rows_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every object in a list, at any depth."""
    if isinstance(body, dict):
        for value in list(body.values()):
            yield from _rows_in(value)
    elif isinstance(body, list):
        for each in body:
            yield from _rows_in(each)
            if isinstance(each, dict):
                yield each
