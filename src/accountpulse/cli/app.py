"""The group of all commands: loads each only when it is called, and turns every error into one message and an exit code.

Exit codes: 0 all is well; 1 it failed; 2 the arguments or the configuration are wrong; 3 part of it failed; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

OK, FAILED, USAGE, PARTIAL, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS = (
    "init",
    "check",
    "sync",
    "links",
    "score",
    "explain",
    "override",
    "target",
    "note",
    "pulse",
    "outcome",
    "status",
    "runs",
    "pause",
    "resume",
    "cancel",
    "serve",
    "worker",
    "outbox",
    "query",
    "export",
    "erase",
    "retention",
    "backup",
    "restore",
    "token",
    "metrics",
    "model",
    "history",
    "mirror",
    "plugins",
    "schema",
    "demo",
)


ALSO = {"plugin": "plugins"}
"""Names that lead to a command as well, and are not listed: `plugin new` reads better than `plugins new`."""


class CommandLine(click.Group):
    """The commands of AccountPulse, followed by those of plugins."""

    _plugins_added = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_plugin_commands()
        return [*COMMANDS, *sorted(super().list_commands(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = ALSO.get(cmd_name, cmd_name)
        if cmd_name in COMMANDS:
            found: click.Command = import_module(f"accountpulse.cli.{cmd_name}").command
            return found
        self._add_plugin_commands()
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches

            known = self.list_commands(ctx)
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"commands are: {', '.join(known)}"
            ctx.fail(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command. Like click's own, but with our exit codes and error messages."""
        arguments = list(sys.argv[1:] if args is None else args)
        options = {"args": arguments, "prog_name": prog_name, "complete_var": complete_var, **extra}
        if not standalone_mode:
            return super().main(standalone_mode=False, **options)
        sys.exit(self._exit_code(arguments, options))

    def _exit_code(self, arguments: Sequence[str], options: dict[str, Any]) -> int:
        try:
            result = super().main(standalone_mode=False, **options)
        except BrokenPipeError:
            # Whoever reads our output has gone (`| head`); Python would complain once more when it flushes at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except BaseException as error:
            from accountpulse.cli.failures import report

            return report(error, debug="--debug" in arguments, as_json="--json" in arguments)
        return result if isinstance(result, int) else OK

    def _add_plugin_commands(self) -> None:
        """Let installed plugins add theirs. Ours add none, so that nothing is loaded where there is no other plugin."""
        if self._plugins_added:
            return
        self._plugins_added = True
        others = [entry for entry in entry_points(group="accountpulse") if not _is_ours(entry)]
        if others:
            from accountpulse.plugins.host import PluginHost

            PluginHost.load(allow=_allowed(), found=others).add_commands(self)


def _allowed() -> tuple[str, ...] | None:
    """The allow-list of the configuration, where there is one that can be read."""
    from accountpulse.config.reading import read_plugin_settings
    from accountpulse.config.settings import default_path
    from accountpulse.core.errors import SettingsError

    try:
        return read_plugin_settings(default_path()).allow
    except SettingsError:
        return None  # the command itself will tell what is wrong with it


def _is_ours(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == "accountpulse"


@click.group(
    cls=CommandLine,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nBegin with one of\n"
    "  accountpulse demo        a made-up company, ready to look at: pip install 'accountpulse[demo]'\n"
    "  accountpulse init        write a configuration for yours",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error, and more of the log.")
@click.version_option(package_name="accountpulse", prog_name="accountpulse", message="%(prog)s %(version)s")
def cli() -> None:
    """The open hub for customer health: what is the score, why, since when, and how sure are we."""
