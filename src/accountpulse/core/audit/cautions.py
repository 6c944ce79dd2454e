"""What to be careful about when reading an audit, in sentences."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from accountpulse.core.audit.assumed import Assumed
from accountpulse.core.audit.history import History
from accountpulse.core.audit.outcomes import LEAVING
from accountpulse.core.audit.sample import Sample

LATE = timedelta(days=7)


def cautions_of(headline: Sample, horizon: int, assumed: Assumed, history: History, now: datetime) -> tuple[str, ...]:
    """The sentences, those that matter most first."""
    found = []
    if not any(outcome.kind in LEAVING for outcome in history.outcomes):
        found.append(
            "No customer is known to have left: connect billing or the CRM's renewals, or enter outcomes; "
            "without departures there is nothing to foretell."
        )
    late = sorted(
        {
            f"{load.connection} (read {load.last_success_at:%Y-%m-%d})"
            for load in history.loads
            if load.last_success_at is not None and now - load.last_success_at > LATE and not load.removed
        }
    )
    if late:
        found.append(
            f"Not read lately: {', '.join(late)}. Departures since then are not known and count as customers who stayed."
        )
    evaluated = int((~headline.persisted).sum())
    if evaluated:
        found.append(
            f"{evaluated} of {len(headline)} snapshots were not scored on their day: they are evaluated now from what was "
            "known then, with today's models, peers of that day, and bands without steadiness and overrides."
        )
    if assumed.assumed and assumed.share is not None:
        found.append(
            f"{assumed.share:.0%} of the facts behind those evaluations are assumed to have been known then: they came with a "
            "first load afterwards."
        )
        if len(np.unique(headline.segment)) > 1:
            found.append("Segments there follow attributes (a plan, an owner) as they were at the first load, not on the day.")
    if assumed.left_out:
        found.append(
            "Left out of the models there, since their sources don't say what the values were then: "
            f"{', '.join(assumed.left_out)}."
        )
    found.append(
        f"All figures are for leaving within {horizon} days, and for this store: an AUC of another horizon can't be compared."
    )
    found.append(
        "A customer saved because of a low score counts as a false alarm; the better the team, the worse its score looks."
    )
    return tuple(found)
