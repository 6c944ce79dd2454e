"""Seeing what goes on: whose doing a line of the log is, figures for Prometheus, and spans for OpenTelemetry."""
