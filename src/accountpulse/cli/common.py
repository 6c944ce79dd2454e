"""What every command has: --config, --json, --debug, an example in its help, and a `Run` that opens what it needs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from accountpulse.cli.failures import keep_secret, without_secrets

if TYPE_CHECKING:
    from rich.console import Console

    from accountpulse.config.settings import Settings
    from accountpulse.core.trail import Asker
    from accountpulse.hub import Hub
    from accountpulse.plugins.host import PluginHost

log = logging.getLogger("accountpulse.cli")


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a command. config: the file named, None for the default one. as_json: answer with one JSON document."""

    config: Path | None
    as_json: bool

    @property
    def path(self) -> Path:
        """The configuration file."""
        from accountpulse.config.settings import default_path

        return self.config or default_path()

    def settings(self, engine: str | None = None) -> tuple[Settings, PluginHost]:
        """The configuration, and what is installed; with this engine instead of its own, where one is given.

        Raises SettingsError with all problems.
        """
        from accountpulse.config.reading import read_plugin_settings
        from accountpulse.config.secrets import secret_values
        from accountpulse.config.settings import Settings
        from accountpulse.plugins.host import PluginHost

        plugins = read_plugin_settings(self.path)
        host = PluginHost.load(allow=plugins.allow, strict=plugins.strict)
        settings = Settings.load(self.path, host)
        keep_secret(secret_values([connection.config for connection in settings.connections.values()]))
        keep_secret(secret_values([settings.notify.secret] if settings.notify else []))
        keep_secret(settings.spark.secrets)
        return settings if engine is None else replace(settings, engine=engine), host

    @contextmanager
    def hub(self, engine: str | None = None) -> Iterator[Hub]:
        """The running AccountPulse of the configuration; see `settings`."""
        from accountpulse.hub import Hub

        settings, _ = self.settings(engine)
        if settings.traces:
            from accountpulse.core.observe.trace import switch_on

            switch_on()
        with Hub.open(settings) as hub:
            yield hub

    def notice(self, hub: Hub) -> None:
        """Say on stderr where the configuration's models are not those in force."""
        if found := hub.releases.notice():
            say(f"notice: {found}", err=True)

    def emit(self, document: object) -> None:
        """Print the command's one JSON document on stdout."""
        click.echo(json.dumps(plain(document), indent=2, ensure_ascii=False))

    @property
    def out(self) -> Console:
        """Where tables go: stdout."""
        from accountpulse.cli.display import console

        return console()

    @property
    def err(self) -> Console:
        """Where progress goes: stderr."""
        from accountpulse.cli.display import console

        return console(stderr=True)


USER_VARIABLE = "ACCOUNTPULSE_USER"


def asking(named: str | None) -> Asker:
    """Who asks for a change from here, see `author`."""
    from accountpulse.core.trail import operator

    return operator(author(named))


def author(named: str | None) -> str:
    """Who does something that is noted with a name: the one named, else $ACCOUNTPULSE_USER, else who is logged in."""
    import getpass
    import os

    found = (named or os.environ.get(USER_VARIABLE) or "").strip()
    if found:
        return found
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        advice = f"say who you are with --author, or in ${USER_VARIABLE}"
        raise click.UsageError(f"nobody is logged in here by name; {advice}") from None


def require_new(file: Path, *, force: bool) -> None:
    """Refuse to replace a file that is there already, unless told to. Raises UsageError."""
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; name another file, or say --force")


Body = Callable[..., int | None]


def command(name: str, *, example: str, parent: click.Group | None = None) -> Callable[[Body], click.Command]:
    """Declare a command. The function gets a `Run` first, then its own options; what it returns is the exit code."""
    return _declaring(name, example, (parent or click).command)


def group(name: str, *, example: str) -> Callable[[Body], click.Group]:
    """Declare a group that does something by itself when no sub-command is named: what the function does."""

    def make(name: str, epilog: str) -> Callable[[Body], click.Group]:
        return click.group(name, epilog=epilog, invoke_without_command=True)

    def declare(body: Body) -> click.Group:
        @wraps(body)
        def alone(run: Run, **options: Any) -> int | None:
            context = click.get_current_context()
            if context.invoked_subcommand is None:
                return body(run, **options)
            if run.as_json or run.config:
                context.fail(f"put the options behind the command: {context.command_path} {context.invoked_subcommand} ...")
            return None

        return _declaring(name, example, make)(alone)

    return declare


Made = TypeVar("Made", bound=click.Command)


def _declaring(name: str, example: str, make: Callable[..., Callable[[Body], Made]]) -> Callable[[Body], Made]:
    def declare(body: Body) -> Made:
        @wraps(body)
        def call(config: Path | None, as_json: bool, debug: bool, log_format: str, **options: Any) -> int | None:
            _log_to_stderr(debug, log_format)
            return body(Run(config, as_json), **options)

        options = [
            click.option(
                "--config",
                type=click.Path(path_type=Path),
                help="The configuration file.  [default: $ACCOUNTPULSE_CONFIG or ./accountpulse.yaml]",
            ),
            click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document on stdout."),
            click.option("--debug", is_flag=True, help="Show the traceback of an error, and more of the log."),
            click.option(
                "--log-format",
                type=click.Choice(["text", "json"]),
                default="text",
                envvar="ACCOUNTPULSE_LOG_FORMAT",
                help="How lines of the log are written to stderr: for people, or a JSON object each, with more of them.",
            ),
        ]
        function: Callable[..., Any] = call
        for option in reversed(options):
            function = option(function)
        epilog = "\b\nExample\n" + "\n".join(f"  {line}" for line in example.splitlines())
        made = make(name, epilog=epilog)(function)
        # Options that belong to the command stand before those that all commands have.
        made.params = made.params[len(options) :] + made.params[: len(options)]
        return made

    return declare


def end_in_order() -> None:
    """Let SIGTERM end this process as Ctrl-C does, with exit code 0: left to itself Python would end at once."""
    import signal

    def end(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)


def plain(value: Any) -> Any:
    """A value as JSON data: what has `to_json` says it itself, other dataclasses are their fields, times are ISO text."""
    from dataclasses import fields, is_dataclass
    from datetime import date
    from enum import Enum
    from math import isfinite

    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.repr}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def log_is_json() -> bool:
    """Whether lines of the log are JSON objects: what reads them would stumble over anything else that is said."""
    return any(each.as_json for each in logging.getLogger("accountpulse").handlers if isinstance(each, _ToStderr))


def say(text: str, *, err: bool = False, level: int = logging.INFO) -> None:
    """Say how it stands, on stdout or stderr; where lines of the log are JSON, as one of them."""
    if log_is_json():
        log.log(level, "%s", text)
    else:
        click.echo(text, err=err)


class _ToStderr(logging.Handler):
    """Writes through click, which finds the stderr of the moment: a progress bar moves aside for it."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


def _log_to_stderr(debug: bool, form: str) -> None:
    from accountpulse.logs import JsonLines, TextLines

    logger = logging.getLogger("accountpulse")
    for handler in [each for each in logger.handlers if isinstance(each, _ToStderr)]:
        logger.removeHandler(handler)
    as_json = form == "json"
    handler = _ToStderr(as_json=as_json)
    handler.setFormatter(JsonLines(without_secrets) if as_json else TextLines(without_secrets, named=debug))
    logger.addHandler(handler)
    # What collects lines can filter them; a person at a terminal can't.
    logger.setLevel(logging.DEBUG if debug else logging.INFO if as_json else logging.WARNING)
