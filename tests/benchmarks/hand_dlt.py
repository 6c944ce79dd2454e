"""The same records with dlt, in an environment of its own: pages of the same API, merged by id into the same database.

Nested fields are kept as JSON, as they are with us, and not taken apart into tables of their own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from sqlalchemy import make_url
from tests.benchmarks.measure import Region, finish
from tests.benchmarks.servers import empty


class _Following(BasePaginator):
    """Both vendors' ways to the next page."""

    def __init__(self, vendor: str) -> None:
        super().__init__()
        self._vendor = vendor
        self._place: dict[str, str] = {}

    def update_state(self, response: Any, data: Any = None) -> None:
        body = response.json()
        if self._vendor == "zendesk":
            self._has_next_page, self._place = not body["end_of_stream"], {"cursor": body["after_cursor"]}
        else:
            self._has_next_page, self._place = body["has_more"], {"starting_after": body["data"][-1]["id"]}

    def update_request(self, request: Any) -> None:
        request.params = {**(request.params or {}), **self._place}


PAGES = {
    "zendesk": ("/api/v2/incremental/tickets/cursor.json", {"per_page": 1000, "include": "metric_sets"}, "tickets"),
    "stripe": ("/v1/invoices", {"limit": 100}, "data"),
}


def _destination(url: str) -> Any:
    if url.startswith("sqlite"):
        return dlt.destinations.sqlalchemy(url)
    # It wants a host and a password, although the socket that the query names needs neither; libpq takes the query's word.
    own = make_url(url).set(drivername="postgresql", host="localhost", password="none")
    return dlt.destinations.postgres(own.render_as_string(hide_password=False))


def _empty(url: str) -> None:
    """The database without anything, and without what dlt keeps beside a file of SQLite: a file for each of its data sets."""
    empty(url)
    database = make_url(url).database
    if url.startswith("sqlite") and database is not None:
        for beside in Path(database).parent.glob(f"{Path(database).stem}__*"):
            beside.unlink()


def main() -> None:
    """Measure it: `vendor`, `base` of its API, `url` of an empty database; `server`, whose CPU counts too."""
    arguments = json.loads(sys.argv[1])
    vendor, base, url = arguments["vendor"], arguments["base"], arguments["url"]
    path, params, selector = PAGES[vendor]
    _empty(url)
    client = RESTClient(base_url=base)

    @dlt.resource(name=vendor, primary_key="id", write_disposition="merge", max_table_nesting=0)
    def rows() -> Iterator[Any]:
        yield from client.paginate(path, params=params, data_selector=selector, paginator=_Following(vendor))

    region = Region(arguments.get("server"))
    with tempfile.TemporaryDirectory() as folder:
        destination = _destination(url)
        pipeline = dlt.pipeline("bench", destination=destination, dataset_name="bench", pipelines_dir=folder)
        with region.measured():
            pipeline.run(rows())
        with pipeline.sql_client() as client_, client_.execute_query(f"select count(*) from {vendor}") as cursor:
            count = cursor.fetchone()[0]
    finish({"cpu": region.cpu, "wall": region.wall, "rows": count})


if __name__ == "__main__":
    main()
