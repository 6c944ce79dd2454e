"""`accountpulse model`: the group. Its commands are in the modules `model_*.py`, and in `audit.py`."""

from __future__ import annotations

import click

from accountpulse.cli import audit
from accountpulse.cli.model_files import diff, schema, validate
from accountpulse.cli.model_releases import listing, publish, rollback
from accountpulse.cli.model_trials import preview, shadow


@click.group("model", epilog="\b\nExample\n  accountpulse model validate models/*.yaml")
def command() -> None:
    """Check scoring models, try them, and put them in force."""


for each in (validate, diff, preview, shadow, publish, rollback, listing, schema):
    command.add_command(each)
audit.add_to(command)
