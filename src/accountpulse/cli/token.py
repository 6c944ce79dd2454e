"""`accountpulse token`: make, list and revoke the tokens that the API asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from accountpulse.cli.common import Run, asking
from accountpulse.cli.common import command as declare
from accountpulse.cli.people import WHO

if TYPE_CHECKING:
    from accountpulse.core.store.scope import RowScope


@click.group("token", epilog="\b\nExample\n  accountpulse token create 'weekly report' --days 90")
def command() -> None:
    """Make, list and revoke API tokens."""


@declare("create", parent=command, example="accountpulse token create 'weekly report' --scope read --days 90")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, default=["read"], show_default=True, help="read, write or admin; may be repeated."
)
@click.option("--owner", "owners", multiple=True, help="Only accounts of this owner, as accounts name it; may be repeated.")
@click.option("--segment", "segments", multiple=True, help="Only accounts of this segment; may be repeated.")
@click.option("--region", "regions", multiple=True, help="Only accounts of this region, as accounts name it; may be repeated.")
@click.option("--days", type=click.IntRange(min=1), help="How long it is valid.  [default: until it is revoked]")
@click.option("--author", metavar="NAME", help=f"Who makes it, for the trail.  {WHO}")
def create(
    run: Run,
    name: str,
    scopes: tuple[str, ...],
    owners: tuple[str, ...],
    segments: tuple[str, ...],
    regions: tuple[str, ...],
    days: int | None,
    author: str | None,
) -> int:
    """Make a token for whatever NAME says. It is shown once: only a hash of it is kept.

    With --owner, --segment or --region it sees the accounts that meet all of them, and is told of no other.
    """
    from accountpulse.core.store.scope import RowScope

    rows = RowScope(*(frozenset(values) if values else None for values in (owners, segments, regions)))
    with run.hub() as hub:
        expires_at = hub.clock.now() + timedelta(days=days) if days else None
        token = hub.operations.create_token(name, scopes, expires_at, rows=rows, asker=asking(author)).token
    if run.as_json:
        run.emit(
            {"name": name, "token": token, "scopes": sorted(set(scopes)), "rows": rows.to_json(), "expires_at": expires_at}
        )
        return 0
    click.echo(token)
    click.echo("This is the only time it is shown. Send it as `Authorization: Bearer <token>`.", err=True)
    return 0


@declare("list", parent=command, example="accountpulse token list")
def listing(run: Run) -> int:
    """List all tokens ever made, newest first."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        tokens, now = hub.tokens(), hub.clock.now()
    if run.as_json:
        run.emit({"tokens": tokens})
        return 0
    run.out.print(
        table(
            [
                Column("token"),
                Column("name", wide=True),
                Column("scopes"),
                Column("accounts", wide=True),
                Column("made (UTC)"),
                Column("state"),
            ],
            [
                (
                    f"ap_{t.prefix}…",
                    t.name,
                    ", ".join(t.scopes),
                    _rows(t.rows),
                    instant(t.created_at),
                    _state(t.revoked_at, t.expires_at, now),
                )
                for t in tokens
            ],
        )
    )
    return 0


@declare("revoke", parent=command, example="accountpulse token revoke ap_4fQ0xY2b")
@click.argument("prefix")
@click.option("--author", metavar="NAME", help=f"Who ends it, for the trail.  {WHO}")
def revoke(run: Run, prefix: str, author: str | None) -> int:
    """End a token at once. PREFIX is how `token list` shows it."""
    with run.hub() as hub:
        hub.operations.revoke_token(prefix.rstrip("…."), asker=asking(author))
    if run.as_json:
        run.emit({"revoked": prefix})
        return 0
    click.echo("revoked")
    return 0


def _rows(rows: RowScope) -> str:
    named = rows.to_json().items()
    return "; ".join(f"{dimension}: {', '.join(values)}" for dimension, values in named) or "all"


def _state(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    if revoked_at is not None:
        return f"revoked {revoked_at.astimezone(UTC):%Y-%m-%d}"
    if expires_at is None:
        return "ok"
    return f"{'expired' if expires_at <= now else 'until'} {expires_at.astimezone(UTC):%Y-%m-%d}"
