"""The metadata with every table: a module registers its tables when it is imported, so each that has some is named here."""

from accountpulse.core.store import (  # noqa: F401
    absence,
    erasures,
    facts,
    frame_table,
    job_tables,
    link_decisions,
    link_evidence,
    outbox,
    people_tables,
    state_tables,
    sweeps,
    tables,
    trail,
)
from accountpulse.core.store.metadata import metadata

__all__ = ["metadata"]
