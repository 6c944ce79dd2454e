"""AccountPulse: the open hub for customer health."""

__version__ = "0.1.0"
