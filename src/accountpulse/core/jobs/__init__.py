"""What runs when, here or on many workers. The rest of the program asks for work through `Jobs` only."""

from accountpulse.core.jobs.jobs import InProcessJobs, Jobs

__all__ = ["InProcessJobs", "Jobs"]
