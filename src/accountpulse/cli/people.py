"""What the commands for people's input share: `accountpulse override ACCOUNT 80` beside `override list`, days and instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from accountpulse.cli.common import USER_VARIABLE

if TYPE_CHECKING:
    from accountpulse.core.people import Target
    from accountpulse.hub import Hub

DAY_LENGTH = len("2026-12-31")
WHO = f"[default: ${USER_VARIABLE}, else who is logged in]"
EXAMPLES = "such as 2026-12-31, or an instant with its time zone, such as 2026-12-31T17:00+01:00"


class DirectGroup(click.Group):
    """A group whose name followed by none of its commands means the first of them: what one does most needs no word more."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.commands)


def group(name: str, *, example: str) -> Callable[[Callable[[], None]], DirectGroup]:
    """Declare such a group."""
    return click.group(name, cls=DirectGroup, epilog=f"\b\nExample\n  {example}")


def moment(field: str, text: str, zone: ZoneInfo, *, through: bool = False) -> datetime:
    """An instant, or a day of the store's time zone: its beginning, or with `through` its end. Raises InvalidInput."""
    from accountpulse.core.clock import start_of_day
    from accountpulse.core.errors import InvalidInput

    try:
        if len(text) == DAY_LENGTH:
            return start_of_day(date.fromisoformat(text) + timedelta(days=int(through)), zone)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InvalidInput(field, f"found {text!r}; allowed is a day, {EXAMPLES}") from None


def rescored(hub: Hub, account_id: int) -> bool:
    """Score again, so that a person's word counts at once. False, with advice on stderr, where nothing was scored yet."""
    from accountpulse.cli.display import DayBar

    with DayBar() as bar:
        done = hub.rescore(account_id, on_progress=bar)
    if not done:
        click.echo("the account has no score yet; `accountpulse score` makes one, and what you said will count", err=True)
    return done


def about(hub: Hub, account_id: int) -> list[str]:
    """What people promised and noted about an account, a line each, where they did."""
    lines = [standing(target) for target in hub.people.targets(str(account_id))]
    if count := len(hub.people.notes(str(account_id))):
        lines.append(f"{'one note' if count == 1 else f'{count:,} notes'}: `accountpulse note list {account_id}`")
    return lines


def standing(target: Target) -> str:
    """How a target stands, in words."""
    from accountpulse.cli.display import number

    promise = f"target {number(target.score)} by {target.due.isoformat()} ({target.owner})"
    if target.missed_since is not None:
        return f"{promise}: missed since {target.missed_since.isoformat()}, {number(target.short)} points lack"
    if target.short is not None:
        return f"{promise}: open, {number(target.short)} points lack"
    return f"{promise}: {target.state.value}"
