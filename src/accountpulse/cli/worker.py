"""`accountpulse worker`: schedules and jobs, without the API."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import click

from accountpulse.cli.common import Run, end_in_order, say
from accountpulse.cli.common import command as declare


@declare("worker", example="accountpulse worker\naccountpulse worker --health-port 8001")
@click.option("--health-port", type=click.IntRange(0, 65535), help="Answer /health/live and /health/ready on this port.")
@click.option("--health-host", default="127.0.0.1", show_default=True, help="And on this address.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Answer Prometheus there.  [default: server.metrics]")
def command(run: Run, health_port: int | None, health_host: str, metrics_port: int | None) -> int:
    """Read, link and score as scheduled, besides `accountpulse serve --api-only`. Start as many as you like.

    Each connection is read by one of them at a time, and each schedule is met once. Ctrl-C or SIGTERM ends it: what is being
    read stops at its next record, and another worker goes on with it, or this one at its next start.
    """
    from accountpulse.health import telling
    from accountpulse.repeating import delivering
    from accountpulse.serving import answering_prometheus
    from accountpulse.working import worker_of

    with run.hub() as hub, ExitStack() as stack:
        run.notice(hub)
        end_in_order()
        stack.enter_context(delivering(hub))
        metrics = stack.enter_context(answering_prometheus(hub, metrics_port))
        worker = stack.enter_context(worker_of(hub))
        port = None
        if health_port is not None:
            asked = telling(health_host, health_port, alive=worker.alive, ready=hub.store.answers)
            port = stack.enter_context(asked)
        planned = hub.settings.schedules
        if run.as_json:
            run.emit({"schedules": planned, "scoring": hub.settings.scoring_schedule, "health": port, "metrics": metrics})
        else:
            names = ", ".join(planned) or "nothing: no connection has a `schedule`"
            say(f"Working. Read by schedule: {names}. Ctrl-C ends it.")
            if metrics:
                say(f"Figures for Prometheus at {metrics}")
        threading.Event().wait()  # until a signal
    return 0
