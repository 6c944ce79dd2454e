"""What people put in: overrides, targets, notes, their judgement of an account (pulse) and what became of it (outcome)."""

from accountpulse.core.people.entries import OutcomeEntry, PulseEntry
from accountpulse.core.people.notes import Note
from accountpulse.core.people.overrides import Override, OverrideState, override_state
from accountpulse.core.people.service import People
from accountpulse.core.people.targets import Target, TargetState, target_state

__all__ = [
    "Note",
    "OutcomeEntry",
    "Override",
    "OverrideState",
    "People",
    "PulseEntry",
    "Target",
    "TargetState",
    "override_state",
    "target_state",
]
