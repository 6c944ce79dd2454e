"""`accountpulse serve`: the GraphQL API, and the door for what is pushed."""

from __future__ import annotations

from contextlib import ExitStack

import click

from accountpulse.cli.common import Run, end_in_order, say
from accountpulse.cli.common import command as declare


@declare("serve", example="accountpulse serve\naccountpulse serve --host 0.0.0.0 --port 80\naccountpulse serve --api-only")
@click.option("--host", help="The address to listen on.  [default: server.host]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port, 0 for any that is free.  [default: server.port]")
@click.option("--api-only", is_flag=True, help="Leave schedules and jobs to `accountpulse worker`, in processes of their own.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Answer Prometheus there.  [default: server.metrics]")
def command(run: Run, host: str | None, port: int | None, api_only: bool, metrics_port: int | None) -> int:
    """Serve the GraphQL API, apply what is pushed to /in/CONNECTION as it arrives, and do what is scheduled.

    Ctrl-C or SIGTERM ends it: what is being read stops at its next record, and goes on from there at the next start.
    """
    from accountpulse.arriving import draining
    from accountpulse.core.garbage import settle
    from accountpulse.repeating import delivering
    from accountpulse.serving import answering_prometheus, bound, server_of

    with ExitStack() as stack:
        hub = stack.enter_context(run.hub())
        run.notice(hub)
        server = hub.settings.server
        listener = stack.enter_context(bound(host or server.host, server.port if port is None else port))
        address = f"http://{listener.host}:{listener.port}"
        end_in_order()
        stack.enter_context(delivering(hub))
        metrics = stack.enter_context(answering_prometheus(hub, metrics_port))
        queue = None
        # Without a schedule there is nothing to do by itself, and the job engine is not even imported.
        if api_only or hub.settings.schedules or hub.settings.scoring_schedule:
            from accountpulse.working import asking_workers, worker_of

            if not api_only:
                stack.enter_context(worker_of(hub))
            queue = stack.enter_context(asking_workers(hub))
        # Of what is pushed this process applies what it took; the scoring is work, and so a worker's where there are others.
        stack.enter_context(draining(hub, queue.score if queue and api_only else None))
        if run.as_json:
            run.emit({"graphql": f"{address}/graphql", "metrics": metrics})
        else:
            say(f"GraphQL at {address}/graphql; make a token with `accountpulse token create NAME`. Ctrl-C ends it.")
            if metrics:
                say(f"Figures for Prometheus at {metrics}")
        api = server_of(hub)
        settle()
        api.run(sockets=[listener.socket])
    return 0
