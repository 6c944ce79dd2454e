"""`accountpulse query`: a GraphQL document from a file, answered without a server."""

from __future__ import annotations

import json
from typing import IO, Any

import click

from accountpulse.cli.common import Run, author
from accountpulse.cli.common import command as declare

EXAMPLE = 'accountpulse query worst.graphql\naccountpulse query account.graphql --variables \'{"id": "..."}\' | jq .data'


@declare("query", example=EXAMPLE)
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--variables", metavar="JSON", help="The document's variables, as a JSON object; @FILE reads them from a file.")
@click.option("--operation", metavar="NAME", help="Which operation, where the document has several.")
def command(run: Run, file: IO[str], variables: str | None, operation: str | None) -> int:
    """Answer the GraphQL document in FILE (- for stdin) over the configured store, with everything you may do there.

    The answer is printed as JSON, always. Exit code 1 when it has `errors`, even with `data` beside them.
    """
    from accountpulse.core.store.scope import EVERYTHING
    from accountpulse.core.store.tokens import SCOPES, Viewer
    from accountpulse.graphql.encoding import encode
    from accountpulse.graphql.inprocess import execute

    text, given = file.read(), _variables(variables)
    with run.hub() as hub:
        answer = execute(hub, text, given, operation, viewer=Viewer(author(None), "cli", frozenset(SCOPES), EVERYTHING))
    click.echo(json.dumps(json.loads(encode(answer)), indent=2, ensure_ascii=False))
    return 1 if answer.get("errors") else 0


def _variables(said: str | None) -> dict[str, Any]:
    if said is None:
        return {}
    if said.startswith("@"):
        from pathlib import Path

        try:
            said = Path(said[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise click.UsageError(f"--variables: {said[1:]} can't be read: {error.strerror}") from error
    try:
        found = json.loads(said)
    except ValueError as error:
        raise click.UsageError(f"--variables: that is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError("--variables: give a JSON object, such as '{\"first\": 10}'")
    return found
