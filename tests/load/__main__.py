"""Load on a real server on this machine, and whether anything was lost or refused under it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tests.benchmarks.sync_vendors import vendors_of
from tests.load.events import send
from tests.load.queries import ask_while_reading
from tests.load.site import Site, served
from tests.postgres import temporary_postgres

SQLITE, POSTGRESQL = "sqlite", "postgresql"
STORE = click.option("--store", "kind", type=click.Choice([SQLITE, POSTGRESQL]), default=SQLITE, show_default=True)


@click.group(help=__doc__)
def load() -> None:
    pass


@load.command("events")
@click.option("--rate", type=click.IntRange(1), default=2_000, show_default=True, help="Events a second.")
@click.option("--seconds", type=click.IntRange(1), default=60, show_default=True, help="How long they are sent.")
@click.option("--batch", type=click.IntRange(1, 500), default=100, show_default=True, help="Events in a request.")
@click.option("--accounts", type=click.IntRange(2), default=50, show_default=True, help="Customers whose product is used.")
@STORE
def events_command(rate: int, seconds: int, batch: int, accounts: int, kind: str) -> None:
    """Usage events, as Segment's libraries send them, to `accountpulse serve`; counted in the store in the end.

    Example: python3 dev.py load events --rate 500 --seconds 10
    """
    with _place(kind) as (folder, store):
        click.echo(f"{kind}: reading and scoring {accounts} accounts, then serving them", err=True)
        with served(Site(accounts, folder), store) as site:
            found = send(site, rate * seconds, rate, batch)
    click.echo(
        f"{kind}: accepted {found.rate:,.0f} events a second for {found.seconds:.0f} s in {len(found.answers):,} requests, "
        f"p99 {found.p99 * 1000:,.0f} ms a request, {found.refused} tried again"
    )
    click.echo(f"sent {found.sent}, stored {min(found.kept, found.counted)}, lost {found.lost}")
    sys.exit(0 if found.lost == 0 else 1)


@load.command("queries")
@click.option(
    "--clients", type=click.IntRange(1), default=100, show_default=True, help="How many ask, each with its own token."
)
@click.option("--pause", type=float, default=5.0, show_default=True, help="Seconds that each waits after an answer.")
@click.option("--records", type=click.IntRange(1), default=200_000, show_default=True, help="Written by a sync meanwhile.")
@click.option("--accounts", type=click.IntRange(2), default=500, show_default=True, help="Customers that are asked about.")
@STORE
def queries_command(clients: int, pause: float, records: int, accounts: int, kind: str) -> None:
    """GraphQL clients who ask while a sync writes. On SQLite one process does both; on PostgreSQL a worker reads.

    Example: python3 dev.py load queries --clients 20 --records 20000
    """
    with vendors_of(records) as archive, _place(kind) as (folder, store):
        click.echo(f"{kind}: reading and scoring {accounts} accounts, then serving them", err=True)
        workers = 0 if kind == SQLITE else 1
        with served(Site(accounts, folder, archive=archive), store, workers=workers, tokens=clients) as site:
            found = ask_while_reading(site, site.tokens, pause)
    for error in found.errors[:5]:
        click.echo(f"  {error}")
    click.echo(
        f"{kind}: {clients} clients asked {len(found.answers):,} times in {found.seconds:.0f} s, "
        f"p50 {found.p50 * 1000:,.0f} ms, p99 {found.p99 * 1000:,.0f} ms"
    )
    click.echo(f"wrote {found.stored} of {records} records, errors {len(found.errors)}, lock time-outs {found.locks}")
    sys.exit(0 if found.stored == records and not found.errors and not found.locks else 1)


@contextmanager
def _place(kind: str) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL of an empty store."""
    with tempfile.TemporaryDirectory(prefix="accountpulse-load-") as name:
        folder = Path(name)
        if kind == SQLITE:
            yield folder, str(folder / "accountpulse.db")
            return
        with temporary_postgres() as url:
            yield folder, url


if __name__ == "__main__":
    load(prog_name="python3 dev.py load")
