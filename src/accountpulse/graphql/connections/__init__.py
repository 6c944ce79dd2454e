"""Connections to the sources, how far their streams are, and their runs."""
