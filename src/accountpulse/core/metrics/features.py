"""Which features are key: those the configuration names, else all that any customer used in the 90 days before T.

A list holds for every day, past ones too, as a model does. Without one, the company's own customers say what there is to adopt:
the same facts, as of the same T and known at the same K, so the as-of laws hold. Only linked source accounts count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from accountpulse.core.metrics.asof import AsCorrected, Moment
from accountpulse.core.metrics.declare import KEY_FEATURE_DAYS
from accountpulse.core.metrics.dialects import Dialect
from accountpulse.core.metrics.engine import Facts, StoreFacts
from accountpulse.core.metrics.rows import Scope, visible_rows
from accountpulse.core.metrics.sources import sources
from accountpulse.core.metrics.translator import KEY_FEATURES
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.settings import read_setting, write_setting

NAMES = KEY_FEATURES
COUNT = "key_feature_count"
_SETTING = "key_features"


@dataclass(frozen=True, slots=True)
class KeyFeatures:
    """The key features at one moment, sorted."""

    names: tuple[str, ...]

    def parameters(self, dialect: Dialect) -> dict[str, object]:
        """What a query that asks for them may bind."""
        return {NAMES: dialect.texts(self.names), COUNT: len(self.names)}


def same_key_features(connection: sa.Connection, names: Sequence[str] | None) -> bool:
    """Whether the configured list (None: there is none) is what the store keeps."""
    return bool(read_setting(connection, _SETTING) == _kept(names))


def configure_key_features(connection: sa.Connection, names: Sequence[str] | None) -> bool:
    """Keep the configured list (None: there is none) in the store; returns whether it changed. In the caller's transaction."""
    if same_key_features(connection, names):
        return False
    write_setting(connection, _SETTING, _kept(names))
    bump(connection, "facts")
    return True


def _kept(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else sorted(set(names))


def configured_key_features(connection: sa.Connection) -> KeyFeatures | None:
    """The configured list; None where there is none."""
    configured = read_setting(connection, _SETTING)
    return None if configured is None else KeyFeatures(tuple(configured))


def key_features(connection: sa.Connection, moment: Moment, facts: Facts | None = None) -> KeyFeatures:
    """The key features as of a moment. facts: where usage is read, the store unless given."""
    configured = configured_key_features(connection)
    if configured is not None:
        return configured
    facts = facts or StoreFacts(connection)
    query, scope = _used(facts.dialect, isinstance(moment.mode, AsCorrected), moment.mode.at is not None)
    answer = facts.ask(query, moment.parameters(scope.bounds.used, facts.dialect))
    return KeyFeatures(tuple(sorted(str(name) for name in answer.objects(0))))


@lru_cache(maxsize=8)
def _used(dialect: Dialect, corrected: bool, pinned: bool) -> tuple[str, Scope]:
    scope = Scope(dialect, corrected, some_accounts=False, pinned=pinned)
    usage = sources()["usage_day"]
    rows = visible_rows(usage, ("feature",), scope, {"day": KEY_FEATURE_DAYS})
    return dialect.finished(f"select distinct feature from ({rows}) as visible"), scope  # noqa: S608  # ours
