"""The metrics that come with AccountPulse, a module for each group."""
