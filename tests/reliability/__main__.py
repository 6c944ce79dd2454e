"""`python3 dev.py chaos`: workers are killed at random while they read and score, and in the end nothing may be missing.

Real worker processes read a simulated Zendesk and a file of usage. Each round waits until a job is being done, and for a random
moment more, and kills the process that does it with SIGKILL; where the work was over before, the next moment is drawn from half
as long. On SQLite there is one worker, which is started again; on PostgreSQL there are three that share nothing else, and one
of them, on another host, is killed for good half-way. What is read changes all the while.

lost: records and scores that are missing, or are not as at their source; doubled: what is there twice, or should not be; stuck:
jobs that nobody took up within a minute although somebody could have, or that never end.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from tests.postgres import temporary_postgres
from tests.reliability.company import DESK, PRODUCT, Company
from tests.reliability.fleet import Fleet
from tests.reliability.verdict import Verdict, judge, judge_scores

from accountpulse.config.settings import Settings
from accountpulse.core.store.database import Store
from accountpulse.hub import Hub
from accountpulse.plugins.host import PluginHost
from accountpulse.testing.vendors.server import serving

SQLITE, POSTGRESQL = "sqlite", "postgresql"
WORKERS = {SQLITE: 1, POSTGRESQL: 3}
MISSES = 200
"""Rounds in a row in which nobody need be killed, the work being over before, or being done by one that is spared."""


@dataclass(slots=True)
class Outcome:
    """What one store went through."""

    killed: int
    verdict: Verdict
    stuck: int

    @property
    def good(self) -> bool:
        return not (self.verdict.lost or self.verdict.doubled or self.stuck)


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(1), default=50, show_default=True, help="How many kills, on each store.")
@click.option("--records", type=click.IntRange(100), default=100_000, show_default=True, help="How many records there are.")
@click.option("--store", "kinds", type=click.Choice([SQLITE, POSTGRESQL]), multiple=True, default=(SQLITE, POSTGRESQL))
@click.option("--spread", type=float, default=6.0, show_default=True, help="The longest random moment, in seconds.")
@click.option("--seed", type=int, help="Of what is random.  [default: another each time]")
def main(rounds: int, records: int, kinds: tuple[str, ...], spread: float, seed: int | None) -> None:
    seed = random.randrange(10**6) if seed is None else seed
    click.echo(f"seed {seed}")
    outcomes = []
    for kind in kinds:
        outcome = chaos(kind, rounds, records, spread, random.Random(seed))
        outcomes.append(outcome)
        for example in outcome.verdict.examples[:20]:
            click.echo(f"  {example}")
    lost, doubled = (sum(getattr(each.verdict, name) for each in outcomes) for name in ("lost", "doubled"))
    killed = min(each.killed for each in outcomes)
    click.echo(f"killed {killed}, lost {lost}, doubled {doubled}, stuck {sum(each.stuck for each in outcomes)}")
    sys.exit(0 if all(each.good for each in outcomes) else 1)


def chaos(kind: str, rounds: int, records: int, spread: float, chance: random.Random) -> Outcome:
    """Go through it on one kind of store."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="accountpulse-chaos-") as name, _store_url(kind, Path(name)) as url:
        folder = Path(name)
        company = Company(records, folder, chance)
        with serving(company.desk):
            configuration = company.write_configuration(url)
            Store.open(url).close()
            killed, stuck = _kill(kind, rounds, spread, company, configuration, url, chance)
            settings = Settings.load(configuration, PluginHost.load())
            with Hub.open(settings) as hub:
                verdict = judge(hub.store, company.expected())
                judge_scores(hub, company.accounts, verdict)
    took = time.monotonic() - began
    click.echo(
        f"{kind}: {verdict.records:,} records and {verdict.scores:,} scores as they should be"
        if not verdict.examples
        else f"{kind}: {len(verdict.examples)} faults"
    )
    click.echo(f"{kind}: {took:.0f} s")
    return Outcome(killed, verdict, stuck)


def _kill(
    kind: str, rounds: int, spread: float, company: Company, configuration: Path, url: str, chance: random.Random
) -> tuple[int, int]:
    store = Store(url)
    for_good = chance.randrange(rounds) if WORKERS[kind] > 1 else rounds
    began = time.monotonic()
    log = configuration.with_name("workers.log")
    killed, missed, reach, settled = 0, 0, spread, False
    try:
        with Fleet(store, configuration, WORKERS[kind], chance, log) as fleet:
            while killed < rounds:
                fleet.ask(DESK, PRODUCT)
                fleet.start()
                if killed == rounds // 2 and not settled:
                    # The first half interrupts the first reading, the second what comes after it: changes, links and scores.
                    settled = fleet.wait_until_done()
                    click.echo(f"{kind}: all was done after {time.monotonic() - began:.0f} s", err=True)
                    company.change(0.1)
                    continue
                missed += 1
                if missed > MISSES:
                    raise RuntimeError(f"{MISSES} times in a row nobody could be killed at work: take more records")
                if not fleet.wait_for_work():
                    continue
                fleet.pause(chance.uniform(0, reach))
                ends = killed >= for_good and not fleet.given_up
                if not fleet.kill_one(for_good=ends):
                    if not ends:
                        reach /= 2
                        company.change(0.02)
                    continue
                killed, missed, reach = killed + 1, 0, min(spread, 2 * reach)
                click.echo(f"{kind}: killed {killed} of {rounds} after {time.monotonic() - began:.0f} s", err=True)
                if chance.random() < 0.3:
                    company.change(0.02)
            fleet.start()
            unended = 0 if fleet.wait_until_done() else fleet.undone()
            # What changed while the last job ran is for the next one.
            fleet.ask(DESK, PRODUCT)
            unended += 0 if fleet.wait_until_done() else fleet.undone()
            click.echo(f"{kind}: killed while doing " + ", ".join(f"{what} {n}" for what, n in sorted(fleet.during.items())))
            return killed, len(fleet.stuck) + unended
    except BaseException:
        click.echo(log.read_text(errors="replace")[-4000:], err=True)
        raise
    finally:
        store.close()


@contextmanager
def _store_url(kind: str, folder: Path) -> Iterator[str]:
    if kind == SQLITE:
        yield str(folder / "accountpulse.db")
        return
    with temporary_postgres() as url:
        yield url


if __name__ == "__main__":
    main()
