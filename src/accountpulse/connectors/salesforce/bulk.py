"""The first reading of a large object by a query job of the Bulk API 2.0, which may break off anywhere and goes on from there.

The job's id is kept before anything is asked of it, and after each page the locator of the next one, so a run that broke off
goes on at its page. A job that fails, or whose results are gone (Salesforce keeps them for seven days), is made once more;
after that the object is read row by row. Rows that change while the job runs are newer than the span: the next one brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from accountpulse.connectors.salesforce.client import Row, SalesforceClient
from accountpulse.connectors.salesforce.faults import Refused
from accountpulse.connectors.salesforce.spans import BulkPlace, Span, literal
from accountpulse.plugins import Checkpoint, Context, Item, PermissionMissing, RateLimited

PAGE = 10_000
SHORTEST_POLL, SLOWEST_POLL = timedelta(seconds=2), timedelta(seconds=60)
MOST_POLLS = 1_500  # a day of them: Salesforce itself gives a job up sooner
MOST_JOBS = 2
_FAILED = ("Failed", "Aborted", "Gone")


@dataclass(frozen=True, slots=True)
class BulkRead:
    """One object's reading by jobs. query: its SOQL. types: of its columns, by name."""

    client: SalesforceClient
    context: Context
    sobject: str
    query: str
    types: Mapping[str, str]

    def read(self, span: Span, take: Callable[[list[Row]], Iterator[Item]]) -> Generator[Item, None, bool]:
        """Yield what `take` makes of the rows. Returns False when jobs come to nothing, and nothing more will come of them.

        Raises RateLimited while Salesforce is at work: the engine waits, or goes on another time, from the last checkpoint.
        """
        place = span.bulk or BulkPlace()
        while place.failed < MOST_JOBS:
            job = place.job
            if job is None:
                try:
                    job = self.client.start_job(self.sobject, self.query)
                except (Refused, PermissionMissing) as refusal:
                    self.context.log.info("%s is read without the Bulk API: %s", self.sobject, refusal)
                    return False
                place = replace(place, job=job)
                yield Checkpoint(span.in_bulk(place).cursor)
            if place.locator is None:
                state = self.client.job_state(self.sobject, job)
                if state != "JobComplete":
                    given_up = state in _FAILED or place.polls >= MOST_POLLS
                    place = BulkPlace(failed=place.failed + 1) if given_up else replace(place, polls=place.polls + 1)
                    yield Checkpoint(span.in_bulk(place).cursor)
                    if given_up:
                        self.context.log.warning("the query job for %s came to nothing (%s)", self.sobject, state)
                        continue
                    wait = min(SHORTEST_POLL * 2 ** min(place.polls, 6), SLOWEST_POLL)
                    raise RateLimited(wait, f"Salesforce is still at work on the query job for {self.sobject}")
            page = self.client.job_page(self.sobject, job, place.locator, PAGE, self.types)
            if page is None:
                self.context.log.warning("the results of the query job for %s are gone", self.sobject)
                place = BulkPlace(failed=place.failed + 1)
                yield Checkpoint(span.in_bulk(place).cursor)
                continue
            yield from take(page.rows)
            if page.following is None:
                yield Checkpoint({"until": literal(span.until)})
                return True
            place = replace(place, locator=page.following)
            yield Checkpoint(span.in_bulk(place).cursor)
        return False
