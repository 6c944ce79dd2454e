"""Names that the store and what is above it share."""

from __future__ import annotations

UNKNOWN_NAME = "unknown"
"""The band of an account of which too little is known for one."""
