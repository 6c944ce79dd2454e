"""`python3 dev.py audit`: prints `61/61 ok`, or what isn't; exits with 1 then."""

from __future__ import annotations

import sys

import click
from tests.audit import server
from tests.node import NoPackages


@click.command()
def audit() -> None:
    """Audit our server against GraphQL over HTTP, with the audits of the npm package graphql-http."""
    try:
        found = server.run()
    except (NoPackages, server.AuditFailed) as error:
        raise click.ClickException(str(error)) from error
    good = [each for each in found if each.status == "ok"]
    for each in found:
        if each.status != "ok":
            click.echo(f"{each.status}: {each.id} {each.name}: {each.reason}")
    click.echo(f"{len(good)}/{len(found)} ok")
    sys.exit(0 if found and len(good) == len(found) else 1)


if __name__ == "__main__":
    audit(prog_name="python3 dev.py audit")
