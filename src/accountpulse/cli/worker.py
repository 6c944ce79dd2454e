"""`accountpulse worker`: schedules and jobs, without the API."""

from __future__ import annotations

import threading

import click

from accountpulse.cli.common import Run, end_in_order
from accountpulse.cli.common import command as declare


@declare("worker", example="accountpulse worker")
def command(run: Run) -> int:
    """Read, link and score as scheduled, besides `accountpulse serve --api-only`. Start as many as you like.

    Each connection is read by one of them at a time, and each schedule is met once. Ctrl-C or SIGTERM ends it: what is being
    read stops at its next record, and another worker goes on with it, or this one at its next start.
    """
    from accountpulse.delivering import DeliveryLoop
    from accountpulse.working import worker_of

    with run.hub() as hub:
        run.notice(hub)
        end_in_order()
        with DeliveryLoop(hub.deliverer), worker_of(hub):
            planned = hub.settings.schedules
            if run.as_json:
                run.emit({"schedules": planned, "scoring": hub.settings.scoring_schedule})
            else:
                names = ", ".join(planned) or "nothing: no connection has a `schedule`"
                click.echo(f"Working. Read by schedule: {names}. Ctrl-C ends it.")
            threading.Event().wait()  # until a signal
    return 0
