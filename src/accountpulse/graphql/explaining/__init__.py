"""Why a score moved between two days, and what it would take to reach a band."""
