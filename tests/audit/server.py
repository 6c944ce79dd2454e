"""The `graphql-http` audit of a server of ours: how well it keeps to GraphQL over HTTP."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.graphql.world import NOW, SmallHub
from tests.node import NODE, installed

from accountpulse.core.store import tokens
from accountpulse.core.store.database import Store
from accountpulse.core.store.scope import EVERYTHING
from accountpulse.serving import serving

TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit. status: ok, notice (it may), warn (it should) or error (it must). reason: what was found instead."""

    id: str
    name: str
    status: str
    reason: str | None = None


class AuditFailed(Exception):
    """The audit could not be run; the message says why."""


def run() -> Sequence[Audit]:
    """Start a server over an empty store, and audit it. Raises AuditFailed, NoPackages."""
    place = installed(Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"{folder}/store.db")
        try:
            with store.write() as connection:
                token = tokens.create(connection, rows=EVERYTHING, name="audit", scopes=["read"], now=NOW)
            with serving(SmallHub(store), "127.0.0.1", 0) as listener:  # type: ignore[arg-type]  # as much as the API needs
                url = f"http://127.0.0.1:{listener.port}/graphql"
                done = subprocess.run(
                    [str(NODE), "audit.mjs", url, token],
                    cwd=place,
                    capture_output=True,
                    text=True,
                    timeout=TIMEOUT,
                    check=False,
                )
        finally:
            store.close()
    if done.returncode:
        raise AuditFailed(done.stderr.strip()[-1000:])
    return [Audit(**json.loads(line)) for line in done.stdout.splitlines()]
