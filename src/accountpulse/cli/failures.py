"""What a person sees when a command fails: one message on stderr, without a traceback unless they ask for it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterable

import click

from accountpulse.cli.app import FAILED, INTERRUPTED, USAGE
from accountpulse.core.errors import AccountPulseError, InvalidInput, NotFound, SettingsError, raised_at

_secrets: set[str] = set()


def keep_secret(values: Iterable[str]) -> None:
    """Remember secrets of this process, so that not even a traceback shows them."""
    _secrets.update(values)


def without_secrets(text: str) -> str:
    """The text as it may be shown."""
    if not _secrets:
        return text
    from accountpulse.config.secrets import redact

    return redact(text, _secrets)


def report(error: BaseException, *, debug: bool, as_json: bool) -> int:
    """Say what went wrong and return the exit code. With `as_json`, stdout gets `{"error": {...}}` too."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED
    if debug:
        click.echo(without_secrets("".join(traceback.format_exception(error))), err=True, nl=False)
    kind, message, code = type(error).__name__, without_secrets(str(error)), FAILED
    problems: list[str] = []
    if isinstance(error, click.ClickException):
        error.show()
        kind, message, code = "UsageError", error.format_message(), error.exit_code
    elif isinstance(error, SettingsError):
        problems, code = error.problems, USAGE
        head = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        _complain(f"error: {head} in the configuration" if len(problems) != 1 else f"error: {message}")
        for problem in problems if len(problems) != 1 else ():
            _complain(f"  {problem}")
    elif isinstance(error, AccountPulseError):
        code = USAGE if isinstance(error, NotFound | InvalidInput) else FAILED  # the arguments can't be right
        _complain(f"error: {message}")
    else:
        # The text of a foreign exception may hold a secret, so only its kind and place are shown.
        message = f"{kind}{raised_at(error)}"
        hint = "" if debug else "; run it again with --debug for the traceback"
        _complain(f"error: {message}: this is a bug of AccountPulse{hint}")
    if as_json:
        document: dict[str, object] = {"type": kind, "message": message}
        click.echo(json.dumps({"error": document | ({"problems": problems} if problems else {})}, indent=2))
    return code


def _complain(text: str) -> None:
    from accountpulse.cli.common import say

    say(text, err=True, level=logging.ERROR)
