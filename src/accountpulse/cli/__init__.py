"""The command line. Nothing heavy is imported here or in `app`: `accountpulse --help` must feel instant."""

from __future__ import annotations


def main() -> None:
    """Run the command line with the process's arguments, and exit with its code."""
    from accountpulse.cli.app import cli

    cli.main(prog_name="accountpulse")
