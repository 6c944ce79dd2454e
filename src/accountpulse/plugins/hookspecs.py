"""The hooks: everything a plugin may contribute. Verbs, no prefix; implement what you need and nothing else.

Hooks take keyword arguments that may grow: an implementation names only those it wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from accountpulse.core.identity import Candidate, SourceAccount
    from accountpulse.core.metrics.declare import Metric
    from accountpulse.core.metrics.engine import PluggedEngine
    from accountpulse.core.scoring.scorer import Scorer
    from accountpulse.core.scoring.types import ScoreChange
    from accountpulse.core.sync.connector import Connector

PROJECT = "accountpulse"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_connectors() -> Iterable[type[Connector]]:  # type: ignore[type-arg, empty-body]  # any config
    """Return connector classes."""


@hookspec
def register_scorers() -> Iterable[type[Scorer]]:  # type: ignore[empty-body]
    """Return scorer classes."""


@hookspec
def register_metrics() -> Iterable[Metric]:  # type: ignore[empty-body]
    """Return metric declarations."""


@hookspec
def register_engines() -> Iterable[type[PluggedEngine]]:  # type: ignore[empty-body]
    """Return classes of engines that metrics can run on."""


@hookspec
def register_commands(cli: object) -> None:
    """Add sub-commands to the `click.Group` that is the command line."""


@hookspec
def register_graphql_types() -> Iterable[type]:  # type: ignore[empty-body]
    """Return Strawberry types whose fields are merged into Query.

    A list of objects needs the argument `first` and keeps to it, else it may hold at most 100: what a query costs rests on it.
    """


@hookspec(firstresult=True)
def match_account(source_account: SourceAccount, candidates: list[Candidate]) -> Candidate | None:
    """Decide which account a source account is: return one of the candidates, or None to leave it to the rules."""


@hookspec
def score_changed(change: ScoreChange) -> None:
    """Observe a changed score, after commit. An error here is logged and costs nothing else."""
