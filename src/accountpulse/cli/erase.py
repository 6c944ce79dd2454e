"""`accountpulse erase`: a person or a customer is removed on request, with a certificate of what went."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accountpulse.cli.app import FAILED
from accountpulse.cli.common import Run, author, require_new
from accountpulse.cli.common import command as declare

if TYPE_CHECKING:
    from accountpulse.care import Certificate, DataCare

BY = click.option("--author", "named", metavar="NAME", help="Who erases.  [default: $ACCOUNTPULSE_USER, or who is logged in]")
CERTIFICATE = click.Path(path_type=Path)
ERASING = (
    click.option("--dry-run", is_flag=True, help="Only say what would be removed."),
    click.option("--yes", is_flag=True, help="Do not ask first."),
    click.option("--reason", metavar="TEXT", help="Why, such as the number of the request. Name nobody here."),
    BY,
    click.option("--certificate", "file", type=CERTIFICATE, metavar="FILE", help="Write the certificate there, too."),
    click.option("--force", is_flag=True, help="Replace FILE where there is one already."),
)


def erasing(function: Callable[..., int]) -> Callable[..., int]:
    """The options of whatever erases; see `_erase`."""
    for option in reversed(ERASING):
        function = option(function)
    return function


@click.group("erase", epilog="\b\nExample\n  accountpulse erase contact jane@northwind.example --dry-run")
def command() -> None:
    """Remove a person or a customer on request, with everything that was derived from them.

    What is removed: facts with all their versions, usage, links, scores and their history, what people wrote, quarantine, what
    was pushed, and the Parquet mirror. No later sync brings them back, unless the erasure is released. docs/data-care.md lists
    the fields that hold personal data.
    """


@declare("contact", parent=command, example='accountpulse erase contact jane@northwind.example --reason "request 17" --yes')
@click.argument("who")
@erasing
def contact(run: Run, who: str, **asked: Any) -> int:
    """Remove WHO, an e-mail address or connection:id of a contact, of every source that knows the same address."""
    return _erase(run, lambda care: care.erase_contact, who, **asked)


@declare("account", parent=command, example='accountpulse erase account "Northwind Traders" --dry-run')
@click.argument("account")
@erasing
def account(run: Run, account: str, **asked: Any) -> int:
    """Remove ACCOUNT (id, name, domain or connection:key) with its contacts, facts, scores and history."""
    return _erase(run, lambda care: care.erase_account, account, **asked)


@declare("list", parent=command, example="accountpulse erase list")
def listing(run: Run) -> int:
    """List what was erased, by whom, and whether it still keeps syncs from bringing it back. It names nobody."""
    from accountpulse.cli.display import Column, instant, table

    with run.hub() as hub:
        rows = hub.care.erasures()
    if run.as_json:
        names = ("id", "kind", "at", "author", "reason", "removed", "tombstones", "released_at", "released_by")
        run.emit({"erasures": [{name: getattr(row, name) for name in names} for row in rows]})
        return 0
    shown = [
        (str(row.id), row.kind, instant(row.at), row.author, "released" if row.released_at else "holds", row.reason or "")
        for row in rows
    ]
    columns = ["erasure", "kind", "at (UTC)", "by", "state"]
    run.out.print(table([*map(Column, columns), Column("reason", wide=True)], shown))
    return 0


@declare("release", parent=command, example="accountpulse erase release 3")
@click.argument("erasure", type=int)
@BY
def release(run: Run, erasure: int, named: str | None) -> int:
    """Let syncs bring again whom ERASURE removed, if the source still has them. What was removed does not come back by this."""
    with run.hub() as hub:
        count = hub.care.release(erasure, author=author(named))
    if run.as_json:
        run.emit({"released": count})
    else:
        click.echo(
            f"erasure {erasure} no longer keeps anybody away; `accountpulse sync --reset` reads what the sources still have"
        )
    return 0


def _erase(
    run: Run,
    erasure: Callable[[DataCare], Callable[..., Certificate]],
    who: str,
    *,
    dry_run: bool,
    yes: bool,
    reason: str | None,
    named: str | None,
    file: Path | None,
    force: bool,
) -> int:
    if file is not None and not dry_run:
        # Before anything is erased: the file is the proof of an earlier erasure, and this one is not to be left without.
        require_new(file, force=force)
        if not file.parent.is_dir():
            raise click.UsageError(f"{file} can't be written: there is no folder {file.parent}")
    with run.hub() as hub:
        erase = partial(erasure(hub.care), who, author=author(named), reason=reason)
        found = erase(dry_run=True)
        if not dry_run:
            if not yes:
                for line in _lines(found):
                    click.echo(line, err=True)
                if not click.confirm("Remove this for good?", err=True):
                    click.echo("nothing was erased", err=True)
                    return FAILED
            found = erase(dry_run=False)
            hub.rescore_changed()
    if file is not None and not dry_run:
        import json

        from accountpulse.cli.common import plain

        file.write_text(json.dumps(plain(found), indent=2) + "\n", encoding="utf-8")
    if run.as_json:
        run.emit(found)
        return 0
    for line in _lines(found):
        click.echo(line)
    return 0


def _lines(found: Certificate) -> list[str]:
    what = {"account": "an account", "contact": "a contact"}[found.kind]
    head = f"erasure {found.erasure} of {what} at {found.at:%Y-%m-%d %H:%M} UTC by {found.author}"
    if found.erasure is None:
        head = f"this would be removed of {what}:"
    rows = [f"  {name}: {count:,}" for name, count in found.removed.items()] or ["  nothing is stored"]
    if found.erasure is None:
        return [head, *rows]
    names = "1 name, kept as a hash" if found.tombstones == 1 else f"{found.tombstones:,} names, kept as hashes"
    rows.append(f"  no sync brings back: {names}")
    return [head, *rows, *(f"what remains: {each}" for each in found.remains)]
