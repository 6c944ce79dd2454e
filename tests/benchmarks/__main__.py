"""`python3 dev.py bench [NAME]`: runs a benchmark, or lists them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from tests.benchmarks import engines, graphql_servers, jobs, scoring, sync
from tests.benchmarks.claims import Report

from accountpulse.cli.display import console


@click.group(invoke_without_command=True)
@click.pass_context
def bench(context: click.Context) -> None:
    """Benchmarks. Example: python3 dev.py bench scoring --accounts 10000"""
    if context.invoked_subcommand is None:
        for name, command in sorted(bench.commands.items()):
            click.echo(f"{name:10} {command.get_short_help_str(100)}")


@bench.command("scoring")
@click.option("--accounts", default=100_000, show_default=True, type=click.IntRange(min=50), help="How large the world is.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--check", is_flag=True, help="Exit with 1 when a claim misses its limit.")
@click.option("--pandas/--no-pandas", default=True, show_default=True, help="Compare with pandas (installed aside, once).")
@click.option("--featuretools", is_flag=True, help="Compare with featuretools (installed aside, once; takes minutes).")
@click.option("--postgres/--no-postgres", default=True, show_default=True, help="Measure on PostgreSQL, too.")
def scoring_command(
    accounts: int, rounds: int, as_json: bool, check: bool, pandas: bool, featuretools: bool, postgres: bool
) -> None:
    """Metrics, scores and history against their limits, as ratios of CPU time.

    100,000 accounts have 20 million rows of usage: making them takes some ten minutes the first time, 6 GB in .cache, and
    every round some minutes more. With --accounts 2000 all of it is a matter of a minute.

    Example: python3 dev.py bench scoring --accounts 10000 --rounds 1
    """
    options = scoring.Options(accounts, rounds, pandas=pandas, featuretools=featuretools, postgres=postgres)
    _show(lambda step: scoring.run(options, step), as_json=as_json, check=check)


@bench.command("engines")
@click.option("--accounts", default=(10_000,), show_default=True, multiple=True, type=click.IntRange(min=50), help="A size.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--master", default="local[*]", show_default=True, help="Where Spark runs.")
@click.option("--memory", default="3g", show_default=True, help="Of Spark's JVM.")
@click.option("--spark/--no-spark", default=True, show_default=True, help="Measure Spark, too.")
@click.option("--stores", default=100_000, show_default=True, help="Up to how many accounts SQLite takes part.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def engines_command(
    accounts: tuple[int, ...], rounds: int, master: str, memory: str, spark: bool, stores: int, as_json: bool
) -> None:
    """A past day scored in SQLite, DuckDB and Spark, by size, as ratios of CPU and of time.

    DuckDB and Spark read a mirror that is made straight: a million accounts have 200 million rows of usage, which take some
    ten minutes of CPU once, and 4 GB in .cache. The store of 100,000 for SQLite takes 6 GB; --stores 0 does without.

    Example: python3 dev.py bench engines --accounts 10000 --accounts 100000 --rounds 1
    """
    options = engines.Options(accounts, rounds, master=master, memory=memory, spark=spark, stores=stores)
    _show(lambda step: engines.run(options, step), as_json=as_json, check=False)


@bench.command("graphql")
@click.option("--accounts", default=5_000, show_default=True, type=click.IntRange(min=100), help="How many are in the store.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--check", is_flag=True, help="Exit with 1 when a claim misses its limit.")
@click.option("--node", is_flag=True, help="Compare with servers on Node, too (installed aside, once).")
@click.option("--ariadne/--no-ariadne", default=True, show_default=True, help="Compare with Ariadne (installed aside, once).")
@click.option("--postgres/--no-postgres", default=True, show_default=True, help="Measure on PostgreSQL, too.")
def graphql_command(accounts: int, rounds: int, as_json: bool, check: bool, node: bool, ariadne: bool, postgres: bool) -> None:
    """What a GraphQL request costs, beside other servers over the same rows.

    Example: python3 dev.py bench graphql --no-postgres --rounds 2
    """
    options = graphql_servers.Options(accounts, rounds, node=node, ariadne=ariadne, postgres=postgres)
    _show(lambda step: graphql_servers.run(options, step), as_json=as_json, check=check)


@bench.command("sync")
@click.option("--records", default=100_000, show_default=True, type=click.IntRange(min=1_000), help="Read from each vendor.")
@click.option("--most", default=1_000_000, show_default=True, type=click.IntRange(min=10_000), help="Read by the long sync.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--check", is_flag=True, help="Exit with 1 when a claim misses its limit.")
@click.option("--dlt/--no-dlt", default=True, show_default=True, help="Compare with dlt (installed aside, once).")
@click.option("--singer", is_flag=True, help="Compare with a Singer tap and target (installed aside, once), on PostgreSQL.")
@click.option("--postgres/--no-postgres", default=True, show_default=True, help="Measure on PostgreSQL, too.")
def sync_command(
    records: int, most: int, rounds: int, as_json: bool, check: bool, dlt: bool, singer: bool, postgres: bool
) -> None:
    """Records into a store, as a share of reading alone, against dlt, and the memory of a long sync.

    Zendesk and Stripe are simulated in a process of their own, which counts for nobody.

    Example: python3 dev.py bench sync --records 20000 --most 50000 --rounds 1
    """
    options = sync.Options(records, most, rounds, postgres=postgres, dlt=dlt, singer=singer)
    _show(lambda step: sync.run(options, step), as_json=as_json, check=check)


@bench.command("jobs")
@click.option("--jobs", "count", default=20, show_default=True, type=click.IntRange(min=4), help="Empty ones.")
@click.option("--records", default=5_000, show_default=True, type=click.IntRange(min=100), help="Of each connection read.")
@click.option("--accounts", default=300, show_default=True, type=click.IntRange(min=10), help="Where freshness is measured.")
@click.option("--pushes", default=6, show_default=True, type=click.IntRange(min=2), help="Webhooks of each kind.")
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(min=1), help="How often jobs and workers run.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--check", is_flag=True, help="Exit with 1 when a claim misses its limit.")
@click.option("--postgres/--no-postgres", default=True, show_default=True, help="Compare one worker with two.")
def jobs_command(
    count: int, records: int, accounts: int, pushes: int, rounds: int, as_json: bool, check: bool, postgres: bool
) -> None:
    """What a job costs, what a second worker brings, and how soon a webhook is seen by who watches.

    Example: python3 dev.py bench jobs --accounts 200 --rounds 1 --no-postgres
    """
    options = jobs.Options(count, records, accounts, pushes, rounds, postgres=postgres)
    _show(lambda step: jobs.run(options, step), as_json=as_json, check=check)


def _show(run: Callable[[Callable[[str], None]], Report], *, as_json: bool, check: bool) -> None:
    """Run a benchmark with its progress shown, and print what it found."""
    shown = console(stderr=True)
    columns = (BarColumn(bar_width=20), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=shown, disable=not shown.is_terminal) as progress:
        running = progress.add_task("", total=None)

        def step(what: str) -> None:
            progress.update(running, description=what)
            if not shown.is_terminal:
                click.echo(what, err=True)

        report = run(step)
    if as_json:
        click.echo(report.to_json())
    else:
        report.show()
    if check and report.misses:
        sys.exit(1)


if __name__ == "__main__":
    bench(prog_name="python3 dev.py bench")
