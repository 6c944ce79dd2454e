"""Which source accounts are the same customer, why, and since when."""

from accountpulse.core.identity.resolve import Candidate, Resolution, SourceAccount, resolve

__all__ = ["Candidate", "Resolution", "SourceAccount", "resolve"]
