"""Bulk API 2.0 query jobs of the simulated Salesforce: made, polled, read in pages of CSV, and failing when told to.

A job answers from what there was when it was made. CSV writes nothing for null, `true` and `false`, and times with a Z, which
the REST API writes with an offset. The last page's `Sforce-Locator` is the word null.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accountpulse.testing.vendors.control import Answer, Call, Json, Refusal
from accountpulse.testing.vendors.soql import Query

MOST_ROWS = 50_000


@dataclass(slots=True)
class Job:
    """A query job. polls: how often it has yet to be asked about until it ends."""

    info: Json
    query: Query
    rows: list[Json]
    polls: int
    fails: bool


class QueryJobs:
    """The jobs of an org. polls: how often each new one says that it is still at work. failing: how many of the next fail."""

    def __init__(self) -> None:
        self.polls = 1
        self.failing = 0
        self._jobs: dict[str, Job] = {}

    def forget(self) -> None:
        """Delete every job with its results, as the org does after seven days."""
        self._jobs.clear()

    def create(self, id: str, operation: str, query: Query, rows: list[Json], created: str) -> Answer:
        """A new job over these rows."""
        info = {
            "id": id,
            "operation": operation,
            "object": query.sobject,
            "createdDate": created,
            "state": "UploadComplete",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        fails = self.failing > 0
        self.failing -= fails
        self._jobs[id] = Job(info, query, rows, self.polls, fails)
        return Answer(info)

    def state(self, call: Call) -> Answer:
        """How far a job is."""
        job = self._job(call)
        if job.polls > 0:
            job.polls -= 1
            return Answer({**job.info, "state": "InProgress"})
        if job.fails:
            return Answer({**job.info, "state": "Failed", "errorMessage": "InternalServerError: the batch failed"})
        return Answer({**job.info, "state": "JobComplete", "numberRecordsProcessed": len(job.rows), "retries": 0})

    def results(self, call: Call, page_size: int | None) -> Answer:
        """A page of a job's rows."""
        job = self._job(call)
        start = _place(call.get("locator"))
        if start is None or job.polls > 0 or job.fails:
            raise Refusal(Answer([{"errorCode": "INVALIDLOCATOR", "message": "there is no such result"}], 400))
        size = min(int(call.get("maxRecords") or MOST_ROWS), page_size or MOST_ROWS)
        page, more = job.rows[start : start + size], start + size < len(job.rows)
        headers = {
            "Content-Type": "text/csv; charset=UTF-8",
            "Sforce-Locator": f"L{start + size}" if more else "null",
            "Sforce-NumberOfRecords": str(len(page)),
        }
        return Answer(_csv(job.query.fields, page), 200, headers)

    def _job(self, call: Call) -> Job:
        try:
            return self._jobs[call.path_params["job"]]
        except KeyError:
            body = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
            raise Refusal(Answer(body, 404)) from None


def _place(locator: str | None) -> int | None:
    if not locator:
        return 0
    return int(locator[1:]) if locator[0] == "L" and locator[1:].isdigit() else None


def _csv(fields: Sequence[str], rows: Sequence[Json]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(fields)
    writer.writerows([[_cell(row[name]) for name in fields] for row in rows])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    written = str(value)
    return (
        written.removesuffix("+0000") + "Z"
        if len(written) == len("2026-01-31T00:00:00.000+0000") and written.endswith("+0000")
        else written
    )
