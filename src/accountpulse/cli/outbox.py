"""`accountpulse outbox`: what others are told of, whether they took it, and what was given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from accountpulse.core.notify.deliver import Deliverer
    from accountpulse.core.store.outbox import State
    from accountpulse.hub import Hub

MANY = 50


@click.group("outbox", epilog="\b\nExample\n  accountpulse outbox list --dead")
def command() -> None:
    """What is sent to the webhook of the configuration's `notify`: band changes and missed targets.

    `accountpulse serve` delivers it; what fails is tried again for half a day, and is a dead letter then.
    """


@declare("list", parent=command, example="accountpulse outbox list\naccountpulse outbox list --dead --json")
@click.option("--dead", "state", flag_value="dead", help="Only what was given up.")
@click.option("--waiting", "state", flag_value="waiting", help="Only what is to be delivered.")
@click.option("--limit", type=click.IntRange(min=1), default=MANY, show_default=True, help="How many, the newest first.")
def listing(run: Run, state: State | None, limit: int) -> int:
    """List what was delivered lately, what waits, and what was given up.

    Below each account stands why it was not taken last, as far as there is room; --json has all of it.
    """
    from accountpulse.cli.display import Column, instant, table
    from accountpulse.core.store import outbox

    with run.hub() as hub, hub.store.read() as connection:
        rows, depth = outbox.listing(connection, state, limit), outbox.depth(connection)
    if run.as_json:
        fields = ("delivery", "event", "account_id", "created_at", "attempts", "due_at", "delivered_at", "error", "body")
        run.emit({"depth": depth, "deliveries": [{name: getattr(row, name) for name in fields} for row in rows]})
        return 0
    columns = ["delivery", "event", "state", "tried", "since (UTC)"]
    shown = [
        (
            row.delivery,
            row.event,
            "ok" if row.delivered_at else "waiting" if row.due_at else "dead",
            str(row.attempts),
            instant(row.created_at),
            "\n".join(filter(None, [str(row.body.get("account", {}).get("name", row.account_id)), row.error])),
        )
        for row in rows
    ]
    # Both in one column, a line each: beside an id, which `retry` needs whole, there is no room for two.
    run.out.print(table([*map(Column, columns), Column("account, and what was wrong", wide=True, cut=True)], shown))
    click.echo(f"{depth['waiting']} wait, {depth['dead']} were given up, {depth['delivered']} delivered in the last days")
    return 0


@declare("retry", parent=command, example="accountpulse outbox retry --all\naccountpulse outbox retry 6f1c...")
@click.argument("delivery", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were not delivered: what waits for its next attempt, too.")
def retry(run: Run, delivery: tuple[str, ...], every: bool) -> int:
    """Try DELIVERY again from now on, as if for the first time, whether it was given up or waits for its next attempt.

    It is due then: `accountpulse serve` sends it within a second, or `accountpulse outbox deliver` at once.
    """
    from accountpulse.core.store import outbox

    return _change(run, delivery, every, "due now; `serve` or `accountpulse outbox deliver` sends them", outbox.revive)


@declare("drop", parent=command, example="accountpulse outbox drop --all")
@click.argument("delivery", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were given up.")
def drop(run: Run, delivery: tuple[str, ...], every: bool) -> int:
    """Remove DELIVERY, which nobody will be told of."""
    from accountpulse.core.store import outbox

    return _change(run, delivery, every, "removed", lambda connection, wanted, _: outbox.drop(connection, wanted))


@declare("deliver", parent=command, example="accountpulse outbox deliver")
def deliver(run: Run) -> int:
    """Deliver what is due now, as `serve` does all the time. Exit code 3 when something was not taken.

    What was not taken waits, longer each time; `accountpulse outbox retry --all` makes it due now.
    """
    from accountpulse.core.store import outbox

    with run.hub() as hub:
        done = _deliverer(run, hub).round()
        with hub.store.read() as connection:
            waiting = outbox.depth(connection)["waiting"]
    if run.as_json:
        run.emit(done)
    else:
        click.echo(f"{done.delivered} delivered, {done.failed} not taken, {done.dead} of them given up")
        if waiting:
            click.echo(f"{waiting:,} wait for their next attempt; `accountpulse outbox retry --all` makes them due now")
    return 3 if done.failed else 0


def _deliverer(run: Run, hub: Hub) -> Deliverer:
    from accountpulse.core.errors import SettingsError

    found = hub.deliverer
    if found is None:
        raise SettingsError([f"{run.path}: it names no webhook; add `notify: {{url: ..., secret: ${{NOTIFY_SECRET}}}}`"])
    return found


Change = Callable[["sa.Connection", "list[str] | None", "datetime"], int]


def _change(run: Run, delivery: tuple[str, ...], every: bool, done: str, change: Change) -> int:
    from accountpulse.core.errors import NotFound

    if every == bool(delivery):
        raise click.UsageError("name deliveries, as `accountpulse outbox list` shows them, or say --all")
    wanted = None if every else list(delivery)
    with run.hub() as hub, hub.store.write() as connection:
        count = change(connection, wanted, hub.clock.now())
        if wanted is not None and count < len(set(wanted)):
            raise NotFound("not all of these wait or were given up; nothing was changed. See `accountpulse outbox list`")
    if run.as_json:
        run.emit({"changed": count})
    else:
        click.echo(f"{count} {done}")
    return 0
