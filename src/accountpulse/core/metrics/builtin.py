"""The plugin that registers the built-in metrics, through the same hook as a stranger's."""

from __future__ import annotations

import pluggy

from accountpulse.core.metrics.declare import Metric
from accountpulse.core.metrics.library.billing import BILLING
from accountpulse.core.metrics.library.feedback import FEEDBACK
from accountpulse.core.metrics.library.relationship import RELATIONSHIP
from accountpulse.core.metrics.library.support import SUPPORT
from accountpulse.core.metrics.library.usage import USAGE

# `core` may not import `accountpulse.plugins`, so it makes the same marker.
hookimpl = pluggy.HookimplMarker("accountpulse")

BUILTIN: tuple[Metric, ...] = (*USAGE, *SUPPORT, *BILLING, *FEEDBACK, *RELATIONSHIP)


@hookimpl
def register_metrics() -> tuple[Metric, ...]:
    return BUILTIN
